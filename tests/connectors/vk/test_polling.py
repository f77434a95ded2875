"""Asking for events: in order, from where it was left, once, and what VK's queue has forgotten is found again."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.vk import bookmark, polling
from bridge.connectors.vk.bookmark import Bookmark
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.vk.house import GROUP, Shop, opened
from tests.connectors.vk.server import Error, Server
from tests.connectors.vk.test_events import event, message, new
from tests.conversations.samples import SHOP
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio


class Queue:
    """VK's queue, as far as the contract tells: a place is a number, and what lies behind it is told again and again."""

    def __init__(self, server: Server, first: int = 10) -> None:
        self.first = first
        self.events: list[dict[str, Any]] = []
        self.forced: list[dict[str, Any]] = []
        """answers before all others"""
        self.key = "k"
        server.queue = self.answer
        server.answers["groups.getLongPollServer"] = lambda _: {
            "server": "HERE/poll",
            "key": self.key,
            "ts": str(self.first + len(self.events)),
        }

    def answer(self, asked: dict[str, str]) -> Any:
        assert (asked["act"], asked["wait"]) == ("a_check", str(polling.WAIT))
        if self.forced:
            return self.forced.pop(0)
        if asked["key"] != self.key:
            return {"failed": 2}
        place = int(asked["ts"]) - self.first
        if place < 0:
            return {"failed": 1, "ts": self.first + len(self.events)}
        return {"ts": str(self.first + len(self.events)), "updates": self.events[place:]}

    def say(self, number: int, text: str) -> None:
        self.events.append(
            new(f"e{number}", id=number, conversation_message_id=number, text=text, date=int(time.time()))
        )


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "RETRY", 0.02)
    monkeypatch.setattr(polling, "LONGEST", 0.05)
    monkeypatch.setattr(polling, "WATCH", 0.05)


@pytest.fixture
def house(database: Database, redis_url: str, tmp_path: Path, server: Server) -> Any:
    """Opens the channel, as often as it is asked."""

    def open(**options: Any) -> AbstractAsyncContextManager[Shop]:
        return opened(database, redis_url, tmp_path, api_url=server.url, listen=True, **options)

    return open


async def heard(shop: Shop, count: int, address: str = "42") -> list[str]:
    await until(lambda: len([row for row in shop.rows(t.message) if row.author == "contact"]) >= count)
    return await shop.heard(address)


async def placed(shop: Shop) -> Bookmark:
    return await bookmark.read(shop.house.router, SHOP)


async def test_events_come_in_their_order_once(house: Any, server: Server) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        for number in range(1, 21):
            queue.say(number, str(number))
        assert await heard(shop, 20) == [str(number) for number in range(1, 21)]
        queue.events.append(event("group_join", "j", user_id=42))
        await until(lambda: server.polls[-1]["ts"] == "31")
        assert (await placed(shop)).ts == "31"


async def test_what_was_said_while_the_bridge_was_down_is_heard(house: Any, server: Server) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "before")
        await heard(shop, 1)
    for number in range(2, 12):
        queue.say(number, str(number))
    async with house() as shop:
        assert await heard(shop, 11) == ["before", *map(str, range(2, 12))]
    assert server.named("messages.getConversations") == []


async def test_the_place_moves_only_behind_what_is_stored(
    house: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        before = (await placed(shop)).ts
        await asyncio.to_thread(shop.house.mind.committer.stop)
        queue.say(1, "held up")
        asked = len(server.polls)
        await until(lambda: len(server.polls) > asked + 3)
        assert {poll["ts"] for poll in server.polls[asked + 1 :]} == {before}
    async with house() as shop:
        assert await heard(shop, 1) == ["held up"]


async def test_a_key_that_has_expired_is_renewed_and_the_place_is_kept(house: Any, server: Server) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.key = "another"
        queue.say(1, "hi")
        assert await heard(shop, 1) == ["hi"]
    assert server.named("messages.getConversations") == []


def conversations(server: Server, *messages: dict[str, Any]) -> None:
    """What VK keeps of Anna's conversation."""
    latest = sorted(messages, key=lambda one: one["conversation_message_id"], reverse=True)
    talk = {"conversation": {"peer": {"id": 42, "type": "user"}}, "last_message": latest[0]}
    server.answers["messages.getConversations"] = {
        "count": 1,
        "items": [talk],
        "profiles": [{"id": 42, "first_name": "Anna", "last_name": "Petrova"}],
    }
    server.answers["messages.getHistory"] = {"count": len(latest), "items": latest}


@pytest.mark.parametrize("forgotten", [{"failed": 1, "ts": "50"}, {"failed": 1, "ts": 50}, {"failed": 3}])
async def test_what_the_queue_has_forgotten_is_found_in_the_conversations(
    house: Any, server: Server, forgotten: dict[str, Any]
) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "heard")
        await heard(shop, 1)
        now = int(time.time())
        conversations(
            server,
            message(conversation_message_id=0, id=1, text="long ago", date=now - 10**6),
            message(conversation_message_id=1, id=1, text="heard", date=now),
            message(conversation_message_id=2, id=2, text="missed", date=now),
            message(
                conversation_message_id=3,
                id=3,
                text="ours",
                date=now,
                from_id=-GROUP,
                out=1,
                admin_author_id=9,
            ),
            message(conversation_message_id=4, id=4, text="missed too", date=now),
        )
        queue.first, queue.events = 50, []
        queue.forced.append(forgotten)
        assert await heard(shop, 3) == ["heard", "missed", "missed too"]
        said = [one.text for one in await shop.messages("42") if not one.private]
        assert said == ["heard", "missed", "ours", "missed too"]
        await until(lambda: server.polls[-1]["ts"] == "50")
        queue.events.append(new("late", id=4, conversation_message_id=4, text="missed too", date=now))
        queue.say(5, "after")
        assert await heard(shop, 4) == ["heard", "missed", "missed too", "after"]
        assert (await shop.connector.check()).ok


async def test_what_cannot_be_found_again_is_said_aloud(house: Any, server: Server) -> None:
    queue = Queue(server)
    server.answers["messages.getConversations"] = Error(15)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "heard")
        await heard(shop, 1)
        queue.forced.append({"failed": 3})
        queue.say(2, "after")
        await until(lambda: server.named("messages.getConversations"))
        queue.say(3, "and after")
        assert (await heard(shop, 2))[-1] == "and after"
        health = await shop.connector.check()
        assert not health.ok
        assert health.reason.startswith("messages may be missing")
        assert health.said["ru"][0].startswith("могли потеряться")


async def test_a_search_that_fails_for_now_is_begun_again_before_anything_else(
    house: Any, server: Server
) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "heard")
        await heard(shop, 1)
        conversations(server, message(conversation_message_id=2, text="missed", date=int(time.time())))
        found = server.answers["messages.getConversations"]
        server.answers["messages.getConversations"] = (Error(10), Error(6), found)
        queue.first, queue.events = 50, []
        queue.say(3, "after")
        queue.first = 50
        queue.forced.append({"failed": 3})
        await until(lambda: len(server.named("messages.getConversations")) == 3)
        assert await heard(shop, 2) == ["heard", "missed"]


async def test_one_process_asks_and_another_takes_over(house: Any, server: Server) -> None:
    queue = Queue(server)
    async with house(owner="one") as first:
        await until(lambda: server.polls)
        async with house(owner="two"):
            await asyncio.sleep(0.3)
            assert len(server.named("groups.getLongPollServer")) == 1
            queue.say(1, "hi")
            assert await heard(first, 1) == ["hi"]


async def test_long_poll_is_switched_on_with_the_events_that_are_wanted(house: Any, server: Server) -> None:
    Queue(server)
    server.answers["groups.getLongPollSettings"] = {"is_enabled": False, "events": {"message_new": 0}}
    async with house():
        await until(lambda: server.named("groups.setLongPollSettings"))
    (call, *_) = server.named("groups.setLongPollSettings")
    assert (call.fields["enabled"], call.fields["message_new"], call.fields["api_version"]) == (
        "1",
        "1",
        "5.199",
    )


async def test_a_long_poll_that_is_off_is_switched_on_first(house: Any, server: Server) -> None:
    queue = Queue(server)
    named = server.answers["groups.getLongPollServer"]
    server.answers["groups.getLongPollServer"] = (Error(15, "longpoll for this group is not enabled"), named)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "hi")
        assert await heard(shop, 1) == ["hi"]
    assert server.named("groups.setLongPollSettings")


@pytest.mark.parametrize("answer", [{}, [], {"ts": None}, {"failed": 4}, {"failed": 9}, {"updates": []}])
async def test_an_answer_of_next_year_is_got_over(house: Any, server: Server, answer: Any) -> None:
    queue = Queue(server)
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "heard")
        await heard(shop, 1)
        queue.forced.append(answer)
        await asyncio.sleep(0.1)
        queue.say(2, "after")
        if answer == {"failed": 9}:
            conversations(server, message(conversation_message_id=2, text="after", date=int(time.time())))
        assert await heard(shop, 2) == ["heard", "after"]


async def test_an_answer_that_never_comes_is_got_over(house: Any, server: Server) -> None:
    queue = Queue(server)
    nobody = {"server": "http://127.0.0.1:9/nobody", "key": "k", "ts": "10"}
    server.answers["groups.getLongPollServer"] = (nobody, nobody | {"server": "HERE/poll"})
    async with house() as shop:
        await until(lambda: server.polls)
        queue.say(1, "hi")
        assert await heard(shop, 1) == ["hi"]
