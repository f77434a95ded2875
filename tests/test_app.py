"""One process with all roles: it answers, outlives its Redis, says when SQL is out, and ends without losing anything."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import sqlalchemy as sa
import yaml
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.services import PostgresServer, RedisServer, port

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
ROOT = Path(__file__).parent.parent


@dataclass
class Crm:
    """Another system, behind a webhook desk: it keeps what it was asked, and answers as fast as it is told."""

    url: str = ""
    pause: float = 0.0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    finished: int = 0
    refusals: int = 0

    async def hear(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls.append((request.headers["webhook-id"], body["type"], body))
        self.begun.set()
        await asyncio.sleep(self.pause)
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=500)
        self.finished += 1
        return web.json_response({"id": f"c-{len(self.calls)}"})

    def texts(self) -> list[str]:
        """The contacts' words as the system has them, repeats dropped by their id."""
        found = {key: body["message"]["text"] for key, kind, body in self.calls if kind == "post"}
        return [text for text in found.values() if text.startswith("words")]


@dataclass
class House:
    """A running bridge."""

    url: str
    log: Path
    database: str
    process: subprocess.Popen[bytes]
    http: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, str]:
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def visitor(self) -> str:
        async with self.http.post(f"{self.url}/site/shop/session", json={}) as answer:
            return str((await answer.json())["token"])

    async def write(self, token: str, text: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        said = {"text": text, "client_id": hashlib.sha256(text.encode()).hexdigest()[:32]}
        async with self.http.post(f"{self.url}/site/shop/messages", json=said, headers=headers) as answer:
            return answer.status

    def valkey(self) -> psutil.Process:
        (found,) = (
            child
            for child in psutil.Process(self.process.pid).children(recursive=True)
            if "valkey" in child.name()
        )
        return found

    async def end(self) -> float:
        """SIGTERM; returns how long it took to end, and it must end well."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, 20)
        assert code == 0, self.log.read_text()
        assert "Traceback" not in self.log.read_text()
        return time.monotonic() - started

    def states(self) -> list[str]:
        """What became of the posts, as SQL has it."""
        database = Database(self.database)
        with database.read() as connection:
            found = list(connection.execute(sa.select(t.outbox.c.state)).scalars())
        database.close()
        return found


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    made = Crm()
    app = web.Application()
    app.router.add_post("/desk", made.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/desk"
    yield made
    await runner.cleanup()


@asynccontextmanager
async def running(folder: Path, crm: Crm, **changes: Any) -> AsyncIterator[House]:
    """One process with all roles, and no worker."""
    number = port()
    config = folder / "config.yaml"
    database = changes.pop("database", f"sqlite:///{folder / 'data' / 'bridge.db'}")
    settings = {
        "data": str(folder / "data"),
        "secret": "in the tests only, long",
        "demo": True,
        "http": {"port": number},
        "database": {"url": database},
        "lines": {"first": {"speaks": True, "desks": ["web", "crm"]}},
        "channels": {"shop": {"connector": "site", "line": "first"}},
        "desks": {
            "web": {"desk": "web"},
            "crm": {"desk": "webhook", "url": crm.url, "secret": "in the tests only, long"},
        },
        "agents": [{"login": "ann", "name": "Ann", "lines": ["first"]}],
        "limits": {"messages_per_minute": 100_000},
        "workers": {"count": 0},
    }
    config.write_text(yaml.safe_dump(settings | changes))
    command = [sys.executable, "-m", "bridge", "run", "--config", str(config)]
    log = folder / "log"
    process = _started(command, log)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        house = House(f"http://127.0.0.1:{number}", log, database, process, http)
        try:
            await until(lambda: _ready(house), 40)
            yield house
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _started(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


async def _ready(house: House) -> bool:
    assert house.process.poll() is None, house.log.read_text()
    try:
        return (await house.get("/readyz"))[0] == 200
    except aiohttp.ClientError:
        return False


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 -- what is asked is another process
            await asyncio.sleep(0.05)


def gauges(text: str) -> dict[str, float]:
    """Samples by their name and labels."""
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "le" not in sample.labels
    }


async def test_one_process_answers_everything_and_counts_what_it_did(tmp_path: Path, crm: Crm) -> None:
    async with running(tmp_path, crm) as house:
        for path in ("/", "/healthz", "/readyz", "/metrics", "/site/shop", "/desk", "/static/widget/chat.js"):
            assert (await house.get(path))[0] == 200, path
        assert (await house.get("/api/v1/dialogs"))[0] == 401
        crm.refusals = 1
        token = await house.visitor()
        for text in ("words 1", "words 2", "words 2"):
            assert await house.write(token, text) == 200

        async def arrived() -> bool:
            return crm.texts() == ["words 1", "words 2"]

        await until(arrived)
        ids = [key for key, kind, _ in crm.calls if kind == "open"]
        assert len(ids) == 2, "the refused call was repeated"
        assert len(set(ids)) == 1, "under the same id"

        async def settled() -> bool:
            found = gauges((await house.get("/metrics"))[1])
            return found["bridge_outbox_rows queued"] + found["bridge_outbox_rows sending"] == 0

        await until(settled)
        found = gauges((await house.get("/metrics"))[1])
        assert found["bridge_messages_received_total shop"] == 2
        assert found["bridge_posts_total desk:crm unknown"] == 1
        assert found["bridge_posts_total desk:crm accepted"] == crm.finished
        assert found["bridge_commits_total"] == found["bridge_commit_batch_size_count"] > 0
        assert found["bridge_timers_fired_total"] >= 1, "chores are timers"
        assert found["bridge_timer_lateness_seconds_count"] >= 1
        assert found["bridge_redis_up"] == 1
        assert found["bridge_dialogs_open first"] == 1
        assert found["bridge_promises_overdue first"] == 0
        assert await house.end() < 5


async def test_a_post_under_way_is_finished_before_the_end(tmp_path: Path, crm: Crm) -> None:
    async with running(tmp_path, crm) as house:
        crm.pause = 1.5
        assert await house.write(await house.visitor(), "words") == 200
        async with asyncio.timeout(10):
            await crm.begun.wait()
        assert await house.end() < 5
        assert (len(crm.calls), crm.finished) == (1, 1)
        states = house.states()
        assert "accepted" in states
        assert "sending" not in states, "its outcome was written"


async def test_what_was_acknowledged_while_we_were_ended_is_there_afterwards(
    tmp_path: Path, crm: Crm
) -> None:
    acknowledged: list[str] = []

    async def chatter(house: House, number: int) -> None:
        token = await house.visitor()
        for count in range(10_000):
            text = f"words {number}.{count}"
            try:
                if await house.write(token, text) != 200:
                    return
            except aiohttp.ClientError:
                return
            acknowledged.append(text)

    async with running(tmp_path, crm) as house:
        chatters = [asyncio.create_task(chatter(house, number)) for number in range(4)]

        async def busy() -> bool:
            return len(acknowledged) >= 20

        await until(busy)
        assert await house.end() < 5
        await asyncio.gather(*chatters)
    async with running(tmp_path, crm):

        async def told() -> bool:
            return set(acknowledged) <= set(crm.texts())

        await until(told, 30)


async def test_a_killed_embedded_redis_is_back_in_seconds_and_work_goes_on(tmp_path: Path, crm: Crm) -> None:
    async with running(tmp_path, crm) as house:
        token = await house.visitor()
        before = house.valkey()
        before.kill()
        assert await house.write(token, "words in between") == 200

        async def back() -> bool:
            return gauges((await house.get("/metrics"))[1])["bridge_redis_up"] == 1

        await until(back, 8)
        assert house.valkey().pid != before.pid
        assert await house.write(token, "words after") == 200

        async def arrived() -> bool:
            return set(crm.texts()) == {"words in between", "words after"}

        await until(arrived)
        assert await house.end() < 5


async def test_without_redis_it_is_ready_all_the_same_and_says_so(
    tmp_path: Path, crm: Crm, redis_server: RedisServer
) -> None:
    async with running(tmp_path, crm, redis={"url": redis_server.url}) as house:
        redis_server.stop()
        status, told = await house.get("/readyz")
        assert status == 200
        assert "Redis is out" in told
        assert gauges((await house.get("/metrics"))[1])["bridge_redis_up"] == 0
        assert await house.write(await house.visitor(), "words") == 200

        async def arrived() -> bool:
            return crm.texts() == ["words"]

        await until(arrived)
        assert await house.end() < 5


async def test_without_sql_it_is_alive_but_not_ready_and_comes_back_by_itself(
    tmp_path: Path, crm: Crm, postgres_server: PostgresServer
) -> None:
    name = postgres_server.create()
    async with running(tmp_path, crm, database=postgres_server.url(name)) as house:
        token = await house.visitor()
        assert await house.write(token, "words before") == 200
        server = psutil.Process(postgres_server.pid)
        frozen = [server, *server.children(recursive=True)]
        for process in frozen:
            process.suspend()
        started = time.monotonic()
        status, told = await house.get("/readyz")
        for process in frozen:
            process.resume()
        assert time.monotonic() - started < 8, "also when the database hangs instead of refusing"
        assert status == 503
        assert "does not answer" in told
        await until(lambda: _ready(house))
        postgres_server.stop()
        assert (await house.get("/readyz"))[0] == 503
        assert (await house.get("/healthz"))[0] == 200
        assert await house.write(token, "words that were not taken") == 503
        status, told = await house.get("/metrics")
        assert status == 200
        assert "bridge_dialogs_open" not in told
        assert gauges(told)["bridge_redis_up"] == 1
        postgres_server.start()
        await until(lambda: _ready(house))
        assert await house.write(token, "words after") == 200

        async def arrived() -> bool:
            return crm.texts() == ["words before", "words after"]

        await until(arrived, 30)
