"""docs/connector.md builds what it says: its code is taken out, run inside the real bridge, and talked through."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from bridge.conversations.access import Access
from bridge.conversations.database import Database
from tests.services import port

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "connector.md").read_text()
SECRET, TOKEN = "the gateway's secret", "the bridge's token"


def blocks(language: str) -> list[str]:
    """The code of the page, in its order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@dataclass
class Gateway:
    """Textline itself, as the page describes it."""

    url: str = ""
    sent: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """what it refuses with, before it sends again"""

    async def messages(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        said = await request.json()
        if self.answers:
            status, headers = self.answers.pop(0)
            return web.Response(status=status, headers=headers)
        if all(before["key"] != said["key"] for before in self.sent):
            self.sent.append(said)
        return web.json_response({"id": f"t-{len(self.sent)}"})

    async def account(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"number": "+49 30 1234"})

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Who was sent what."""
        return [(said["to"], said["text"]) for said in self.sent]


@dataclass
class Phone:
    """The bridge, with the connector of the page."""

    url: str
    http: aiohttp.ClientSession
    token: str = ""

    async def text(self, id: str, words: str, *, forged: bool = False) -> int:
        """A customer's text message, as the gateway posts it."""
        return await self.post(
            json.dumps({"id": id, "from": "+4912345", "text": words}).encode(), forged=forged
        )

    async def post(self, body: bytes, *, forged: bool = False) -> int:
        digest = hmac.new(b"wrong" if forged else SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Textline-Signature": digest}
        async with self.http.post(f"{self.url}/hooks/phone", data=body, headers=headers) as answer:
            return answer.status

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What an agent's program asks of the API."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": secrets.token_hex(8)}
        async with self.http.request(
            method, f"{self.url}/api/v1{path}", json=body, headers=headers
        ) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def said(self) -> list[str]:
        """What the customer has said, in his one dialog."""
        (dialog,) = (await self.ask("GET", "/dialogs?channel=phone"))["items"]
        messages = (await self.ask("GET", f"/dialogs/{dialog['id']}/messages"))["items"]
        return [message["text"] for message in messages if message["author"]["kind"] == "contact"]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    made = Gateway()
    app = web.Application()
    app.router.add_post("/messages", made.messages)
    app.router.add_get("/account", made.account)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def written(folder: Path, gateway: Gateway) -> tuple[Path, dict[str, str]]:
    """The page's file and a configuration around its channel; and the environment in which both are found."""
    (folder / "textline.py").write_text("".join(blocks("python")))
    (channel,) = blocks("yaml")
    config = yaml.safe_load(channel)
    config["channels"]["phone"] |= {"api_url": gateway.url, "bot": False}
    config |= {
        "data": str(folder / "data"),
        "http": {"port": port()},
        "lines": {"first": {"speaks": True, "desks": ["web"]}},
        "desks": {"web": {"desk": "web"}},
        "agents": [{"login": "ann", "name": "Ann", "lines": ["first"]}],
        "hold": "0s",
        "workers": {"count": 0},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    given = {"PYTHONPATH": f"{ROOT}:{folder}", "TEXTLINE_TOKEN": TOKEN, "TEXTLINE_SECRET": SECRET}
    return path, {**os.environ, **given}


@asynccontextmanager
async def running(folder: Path, gateway: Gateway) -> AsyncIterator[Phone]:
    """The bridge as `bridge run` starts it."""
    path, environment = written(folder, gateway)
    config = yaml.safe_load(path.read_text())
    log = folder / "bridge.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "run", "--no-workers", "-c", str(path),
            cwd=folder, env=environment, stdout=out, stderr=out,
        )  # fmt: skip
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        phone = Phone(f"http://127.0.0.1:{config['http']['port']}", http)

        async def ready() -> bool:
            assert process.returncode is None, log.read_text()
            try:
                async with http.get(f"{phone.url}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        try:
            await until(ready, 60)
            phone.token = await asyncio.to_thread(issued, folder / "data" / "bridge.db")
            yield phone
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            told = log.read_text()
    assert TOKEN not in told
    assert SECRET not in told
    assert "Traceback" not in told, told


def issued(path: Path) -> str:
    """A token of Ann's."""
    database = Database(f"sqlite:///{path}")
    access = Access(database, {})
    try:
        return access.issue_token("ann", "page")
    finally:
        access.close()
        database.close()


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 -- another process has no event of ours
            await asyncio.sleep(0.05)


async def test_the_connector_of_the_page_carries_a_talk(tmp_path: Path, gateway: Gateway) -> None:
    async with running(tmp_path, gateway) as phone:
        assert [await phone.text("m-1", "My site is down") for _ in range(3)] == [200] * 3
        assert await phone.text("m-2", "Let me in", forged=True) == 403
        assert await phone.post(b"{") == 200
        assert await phone.text("m-3", "Since this morning 🙁") == 200
        assert await phone.said() == ["My site is down", "Since this morning 🙁"]

        gateway.answers = [(429, {"Retry-After": "1"}), (503, {}), (502, {})]
        (dialog,) = (await phone.ask("GET", "/dialogs?channel=phone"))["items"]
        for words in ("We look into it.", "x" * 1700):
            said = {"text": words, "mode": "send"}
            await phone.ask("POST", f"/dialogs/{dialog['id']}/reply", said)

        async def arrived() -> bool:
            return len(gateway.sent) == 3

        await until(arrived)
        assert gateway.texts == [("+4912345", words) for words in ("We look into it.", "x" * 1600, "x" * 100)]


async def test_the_connector_of_the_page_says_how_it_is(tmp_path: Path, gateway: Gateway) -> None:
    path, environment = written(tmp_path, gateway)

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bridge", "check", "-c", str(path)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    found = await asyncio.to_thread(check)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "+49 30 1234" in found.stdout


def test_the_page_is_a_module_in_the_style_of_the_house(tmp_path: Path) -> None:
    path = tmp_path / "textline.py"
    # Between the pieces the page has prose where a file has blank lines.
    first, *others = blocks("python")
    path.write_text("\n\n".join([first, others[0]]) + "".join("\n" + block for block in others[1:]))
    for command in (["format", "--diff"], ["check", "--ignore", "INP001"]):
        found = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stdout
    assert len(path.read_text().splitlines()) < 170
