"""Asking for updates: confirmed only when committed, one process at a time, and what stands in the way is said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.telegram import polling
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.telegram.house import Bots, opened
from tests.connectors.telegram.server import Call, Server, done, no
from tests.connectors.telegram.test_hook import update
from tests.conversations.shell import until
from tests.services import RedisServer

pytestmark = pytest.mark.anyio


class Waiting:
    """Updates at Telegram, which are forgotten when an offset confirms them, and everything that was asked."""

    def __init__(self, server: Server) -> None:
        self.updates: list[dict[str, Any]] = []
        self.offsets: list[int | None] = []
        self.refusals: list[tuple[int, Any]] = []
        self.others: list[str] = []
        server.answer = self.answer

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        if call.method != "getUpdates":
            self.others.append(call.method)
            return 200, done(True), {}
        offset = call.fields.get("offset")
        self.offsets.append(offset)
        if self.refusals:
            return (*self.refusals.pop(0), {})
        if offset is not None:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
        return 200, done(self.updates[: call.fields["limit"]]), {}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in a test."""
    monkeypatch.setattr(polling, "WAIT", 1)
    monkeypatch.setattr(polling, "WATCH", 0.05)
    monkeypatch.setattr(polling, "RETRY", 0.05)
    monkeypatch.setattr(polling, "LONGEST", 0.2)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    yield database
    database.close()


@pytest.fixture
def start(database: Database, redis_url: str, tmp_path: Path, server: Server) -> Callable[..., Any]:
    """Opens a channel that asks."""

    @asynccontextmanager
    async def started(**settings: Any) -> AsyncIterator[Bots]:
        async with opened(database, redis_url, tmp_path, api_url=server.url, listen=True, **settings) as bots:
            yield bots

    return started


async def test_what_waits_is_taken_in_order_and_confirmed_when_it_is_stored(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    waiting.updates = [update(number, text=str(number)) for number in range(1, 251)]
    async with start() as bots:
        await until(lambda: not waiting.updates)
        assert await bots.heard("42") == [str(number) for number in range(1, 251)]
    # Whoever begins knows no offset; a batch is confirmed once; and then there is nothing to confirm.
    assert waiting.offsets[:4] == [None, 101, 201, 251]
    assert set(waiting.offsets[4:]) <= {None}


async def test_two_thousand_updates_are_taken_while_one_waits(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    waiting.updates = [
        {
            "update_id": n,
            "message": {
                "message_id": n,
                "date": 1,
                "chat": {"id": n % 100 + 1, "type": "private"},
                "text": str(n),
            },
        }
        for n in range(1, 2_001)
    ]
    async with start() as bots:
        await until(lambda: not waiting.updates, 90)
        assert bots.counts()[0] == 2_000
        for chat in (1, 50, 100):
            said = [int(words) for words in await bots.heard(str(chat))]
            assert said == sorted(said)
            assert len(said) == 20


async def test_nothing_is_confirmed_while_nothing_can_be_stored(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    async with start() as bots:
        await until(lambda: waiting.offsets)
        await asyncio.to_thread(bots.house.mind.committer.stop)
        waiting.updates = [update(1, text="hi")]
        before = len(waiting.offsets)
        await until(lambda: len(waiting.offsets) > before + 3)
        assert set(waiting.offsets) == {None}
        assert bots.connector._polling.trouble
    async with start() as bots:
        await until(lambda: not waiting.updates)
        assert await bots.heard("42") == ["hi"]


async def test_a_number_drawn_anew_is_not_behind_the_last_one(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    waiting.updates = [update(900, text="before")]
    async with start() as bots:
        await until(lambda: not waiting.updates)
        count = len(waiting.offsets)
        await until(lambda: len(waiting.offsets) > count + 1)
        waiting.updates = [update(5, text="a week later")]
        await until(lambda: not waiting.updates)
        assert await bots.heard("42") == ["before", "a week later"]


async def test_an_update_that_nobody_understands_stands_in_nobodys_way(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    waiting.updates = [update(1, text="a"), {"update_id": 2, "message": {}}, update(3, text="b")]
    async with start() as bots:
        await until(lambda: not waiting.updates)
        assert await bots.heard("42") == ["a", "b"]
        (kept,) = bots.rows(t.quarantine)
        assert "names no chat" in kept.reason


async def test_a_webhook_that_is_in_the_way_is_taken_away(start: Callable[..., Any], server: Server) -> None:
    waiting = Waiting(server)
    words = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    waiting.refusals = [(409, no(409, words))]
    waiting.updates = [update(1, text="hi")]
    async with start() as bots:
        await until(lambda: not waiting.updates)
        assert waiting.others == ["deleteWebhook"]
        assert await bots.heard("42") == ["hi"]
    assert server.calls[1] == Call("deleteWebhook", {"drop_pending_updates": False})


async def test_another_who_asks_is_named_and_waited_for(start: Callable[..., Any], server: Server) -> None:
    waiting = Waiting(server)
    words = (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    waiting.refusals = [(409, no(409, words))] * 3
    waiting.updates = [update(1, text="hi")]
    async with start() as bots:
        await until(lambda: bots.connector._polling.trouble)
        health = await bots.connector.check()
        assert (health.ok, "somebody else" in health.reason, "token" in health.repair) == (False, True, True)
        await until(lambda: not waiting.updates)
        await until(lambda: not bots.connector._polling.trouble)
        assert "deleteWebhook" not in waiting.others
        assert await bots.heard("42") == ["hi"]


@pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)
@pytest.mark.parametrize(
    "refusal", [(500, "oops"), (502, ""), (429, no(429, "x", retry_after=1)), (401, no(401, "Unauthorized"))]
)
async def test_telegram_in_trouble_is_asked_again(
    start: Callable[..., Any], server: Server, refusal: tuple[int, Any]
) -> None:
    waiting = Waiting(server)
    waiting.refusals = [refusal] * 2
    waiting.updates = [update(1, text="hi")]
    async with start() as bots:
        await until(lambda: not waiting.updates)
        assert await bots.heard("42") == ["hi"]


async def test_of_several_processes_one_asks_and_when_it_leaves_another_does(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    async with AsyncExitStack() as second:
        async with start(owner="first") as bots:
            await until(lambda: bots.connector._polling._held)
            other = await second.enter_async_context(start(owner="second"))
            await until(lambda: other.connector._parts is not None and other.connector._parts.done())
            await asyncio.sleep(0.2)
            assert not other.connector._polling._held
            assert bots.connector._polling._held
        await until(lambda: other.connector._polling._held)
        waiting.updates = [update(1, text="hi")]
        await until(lambda: not waiting.updates)
        assert await other.heard("42") == ["hi"]


class Deaf:
    """Leases that end a call in the moment in which it is cancelled, as redis-py does before Python 3.12."""

    async def hold(self, name: str, span: timedelta) -> bool:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return True

    async def leave(self, name: str) -> None:
        """Nobody else wants it."""


@pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)
async def test_who_is_told_to_end_while_he_asks_redis_asks_telegram_nothing_more(
    start: Callable[..., Any], server: Server
) -> None:
    waiting = Waiting(server)
    async with start(public_url="https://bridge.example") as bots:
        client, _ = await bots.connector._ready()
        asking = asyncio.create_task(
            polling.Polling(bots.connector.name, 7, bots.connector._intake, Deaf()).run(client)
        )
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.wait({asking}, timeout=5)
        assert asking.done()
        assert waiting.offsets == []


async def test_asking_ends_at_whatever_moment_it_is_told_to(
    start: Callable[..., Any], server: Server
) -> None:
    Waiting(server)
    async with start(public_url="https://bridge.example") as bots:
        client, _ = await bots.connector._ready()
        for moment in range(60):
            asking = asyncio.create_task(
                polling.Polling(bots.connector.name, 7, bots.connector._intake, bots.around.leases).run(
                    client
                )
            )
            await asyncio.sleep(moment * 0.0005)
            asking.cancel()
            await asyncio.wait({asking}, timeout=5)
            assert asking.done(), f"{moment / 2} ms after it began"


async def test_without_redis_it_asks_all_the_same(
    start: Callable[..., Any], server: Server, redis_server: RedisServer
) -> None:
    waiting = Waiting(server)
    async with start() as bots:
        await until(lambda: waiting.offsets)
        redis_server.stop()
        waiting.updates = [update(1, text="hi")]
        await until(lambda: not waiting.updates, 20)
        assert await bots.heard("42") == ["hi"]
        redis_server.start()
