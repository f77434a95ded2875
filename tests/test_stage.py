"""The playground within a bridge and alone: when it is there, what it brings along, and that it ends at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bridge import stage
from bridge.config import Config, load
from tests.services import port
from tests.test_app import Crm, crm, running

__all__ = ["crm"]
pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parent.parent
MENU = [{"name": "plans", "label": {"en": "Plans", "ru": "Тарифы"}, "say": {"en": "Two.", "ru": "Два."}}]
BASE: dict[str, Any] = {
    "playground": True,
    "desks": {"web": {"desk": "web"}},
    "lines": {"back": {"speaks": False, "desks": ["web"]}, "first": {"speaks": True, "desks": ["web"]}},
    "channels": {"shop": {"connector": "site", "line": "first", "menu": MENU}},
}


def config(folder: Path, **changes: Any) -> Config:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(BASE | changes, allow_unicode=True), encoding="utf-8")
    return load(file, {})


def test_a_bot_comes_along_that_speaks_as_the_first_channel_does(tmp_path: Path) -> None:
    made = stage.furnished(config(tmp_path, http={"port": 8123}))
    channel = made.channels["telegram"]
    assert (channel.connector, channel.line) == ("telegram", "first")
    assert channel.menu == made.channels["shop"].menu
    assert channel.settings["api_url"] == "http://127.0.0.1:8123/playground/telegram"
    page = made.channels["facebook"]
    assert (page.connector, page.menu) == ("facebook", channel.menu)
    assert page.settings["api_url"] == "http://127.0.0.1:8123/playground/facebook"
    assert made.channels["shop"].connector == "site"


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({"playground": False}, {"shop"}),
        ({"channels": {}, "lines": {"back": {"speaks": False, "desks": ["web"]}}}, set()),
        (
            {"channels": {"own": {"connector": "telegram", "line": "first", "token": "1:x"}}},
            {"own", "facebook"},
        ),
        (
            {
                "channels": {
                    "own": {
                        "connector": "facebook",
                        "line": "first",
                        "page_id": 1,
                        "token": "EAAG",
                        "app_secret": "12345678",
                        "verify_token": "12345678",
                    }
                }
            },
            {"own", "telegram"},
        ),
        ({"channels": {}}, {"telegram", "facebook"}),
        (
            {"channels": {"telegram": {"connector": "site", "line": "first"}}},
            {"telegram", "telegram-playground", "facebook"},
        ),
    ],
    ids=[
        "off",
        "nobody speaks",
        "a bot of one's own",
        "a page of one's own",
        "no channel at all",
        "the name is taken",
    ],
)
def test_no_bot_comes_along_where_it_is_not_wanted(
    tmp_path: Path, changes: dict[str, Any], channels: set[str]
) -> None:
    assert stage.furnished(config(tmp_path, **changes)).channels.keys() == channels


async def test_a_bridge_with_people_at_its_playground_still_ends_at_once(tmp_path: Path, crm: Crm) -> None:
    async with running(tmp_path, crm, playground=True) as house:
        api = f"{house.url}/playground/api"
        page = await house.http.get(f"{api}/events")
        headers = {"X-Bridge": "1"}
        async with house.http.post(
            f"{api}/telegram/customers", json={"name": "Anna"}, headers=headers
        ) as answer:
            anna = (await answer.json())["id"]
        bot = stage.TOKEN.partition(":")[0]
        chat = f"{api}/telegram/{bot}/{anna}"
        async with house.http.post(f"{chat}/start", json={}, headers=headers) as answer:
            assert answer.status == 200
        async with asyncio.timeout(60):
            while not (await (await house.http.get(f"{chat}/dialog")).json()):  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.1)
        assert await house.end() < 5
        page.close()


async def test_alone_it_needs_no_bridge_and_ends_while_somebody_asks(tmp_path: Path) -> None:
    number = port()
    command = [sys.executable, "-m", "bridge", "playground", "--port", str(number), "--rates"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220 -- it blocks for a moment only
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    url = f"http://127.0.0.1:{number}/playground"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            async with asyncio.timeout(20):
                while not await answers(http, url):  # noqa: ASYNC110 -- another process
                    await asyncio.sleep(0.05)
            async with http.get(f"{url}/telegram/bot9:any-token-is-a-bot-here/getMe") as answer:
                assert (await answer.json())["result"]["id"] == 9
            async with http.get(f"{url}/api/state") as answer:
                assert (await answer.json())["rates"] is True
            poll = asyncio.create_task(
                http.get(f"{url}/telegram/bot9:any-token-is-a-bot-here/getUpdates?timeout=50")
            )
            await asyncio.sleep(0.2)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) in {0, -signal.SIGTERM}, log.read_text()
            assert time.monotonic() - began < 3
            await asyncio.gather(poll, return_exceptions=True)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
