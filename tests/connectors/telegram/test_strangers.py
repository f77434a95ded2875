"""Updates that nobody has ever seen, by both ways in: each is answered, each is seen by people, none stands in the way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.telegram import polling
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.telegram.house import Bots, opened
from tests.connectors.telegram.server import Call, Server
from tests.connectors.telegram.test_updates import ANNA, CHAT, message
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio
LONG = "ы" * 50_000
UNLIKE = "".join(hashlib.sha256(b"%d" % number).hexdigest() for number in range(800))
"""So long, and so hard to make shorter, that PostgreSQL takes it into no index."""
HUGE = 10**400


def nested(depth: int, held: Any = "x") -> Any:
    """Something in so many lists."""
    for _ in range(depth):
        held = [held]
    return held


STRANGE: dict[str, dict[str, Any]] = {
    "a kind of next year": {"telepathy": {"from": ANNA, "thought": "?"}},
    "a kind with a name of half a character": {"tele\ud800\0": {"from": ANNA}},
    "a kind with an endless name": {LONG: {"from": ANNA}},
    "a message and a kind with such a name": {"message": message(text="hi"), LONG: {"from": ANNA}},
    "a message and one with half a character": {"message": message(text="hi"), "\ud800": {"from": ANNA}},
    "a kind that is a number": {"telepathy": 7},
    "a message that is null": {"message": None},
    "a message that is a list": {"message": [message(text="hi")]},
    "a message that is a text": {"message": "hi"},
    "a message of nothing": {"message": {}},
    "a message without words": {"message": message()},
    "a content of next year": {"message": message(hologram={"depth": 3})},
    "a content with a name of half a character": {"message": message(**{"\udc00\0": 1})},
    "words that are a number": {"message": message(text=5)},
    "words that are null": {"message": message(text=None)},
    "words that are a list": {"message": message(text=["a", "b"])},
    "no sender": {"message": {"message_id": 1, "date": 1, "chat": CHAT, "text": "hi"}},
    "no date and no number": {"message": {"chat": CHAT, "text": "hi"}},
    "a chat that is a number": {"message": message(chat=42, text="hi")},
    "a chat with a number in words": {"message": message(chat={"id": "42", "type": "private"}, text="hi")},
    "a chat with a huge number": {"message": message(chat={"id": HUGE}, text="hi", **{"from": {}})},
    "a sender who is a list": {"message": message(**{"from": [ANNA]}, text="hi")},
    "a huge number of a message": {"message": message(message_id=HUGE, text="hi")},
    "the largest number of a message": {"message": message(message_id=2**63 - 1, text="hi")},
    "a number of a message with a fraction": {"message": message(message_id=1.5, text="hi")},
    "a huge date": {"message": message(date=HUGE, text="hi")},
    "a date in the year 9999": {"message": message(date=253_402_300_799, text="hi")},
    "a date before all dates": {"message": message(date=-(2**62), text="hi")},
    "no number at all": {"message": message(date=float("nan"), text="hi")},
    "halves of characters": {"message": message(text="a\ud800b\udc00\0c")},
    "words without end": {"message": message(text=LONG)},
    "nothing but blanks": {"message": message(text=" \n\u200b ")},
    "names without end": {"message": message(text="hi", **{"from": {**ANNA, "first_name": LONG}})},
    "a language without end": {"message": message(text="hi", **{"from": {**ANNA, "language_code": LONG}})},
    "an album without end": {"message": message(text="hi", media_group_id=LONG)},
    "a business account without end": {"business_message": message(text="hi", business_connection_id=LONG)},
    "a business account that no index takes": {
        "business_message": message(text="hi", business_connection_id=UNLIKE)
    },
    "a file without end": {
        "message": message(
            document={"file_id": LONG, "file_name": LONG, "mime_type": LONG, "file_size": HUGE}
        )
    },
    "a file of less than nothing": {"message": message(document={"file_id": "f", "file_size": -5})},
    "a file that is a text": {"message": message(document="f")},
    "photos that are no photos": {"message": message(photo=[None, 7, "f", [], {"file_id": 7}])},
    "a place nowhere": {"message": message(location={"latitude": "north", "longitude": HUGE})},
    "a place of no number": {"message": message(location={"latitude": float("nan"), "longitude": 1})},
    "marks that are none": {
        "message": message(text="hi", entities=[None, {"offset": HUGE, "length": -1}, 7])
    },
    "a thousand marks": {
        "message": message(text="hi", entities=[{"type": "b", "offset": 0, "length": 1}] * 1000)
    },
    "an answer to itself": {"message": message(text="hi", reply_to_message=message(text="hi"))},
    "an answer to nothing": {"message": message(text="hi", reply_to_message=[], quote=7, external_reply="x")},
    "a forward of nobody": {"message": message(text="hi", forward_origin={"type": "ghost", "date": "x"})},
    "a start without end": {"message": message(text="/start " + "a" * 50_000)},
    "a command without end": {"message": message(text="/" + "a" * 50_000)},
    "an edit of nothing": {"edited_message": {"chat": CHAT, "text": "hi"}},
    "an edit of what nobody knows": {"edited_message": message(message_id=77_777, text="changed")},
    "a press of nothing": {"callback_query": {"from": ANNA}},
    "a press of nobody": {"callback_query": {"id": "q", "data": "person"}},
    "a press without end": {"callback_query": {"id": LONG, "from": ANNA, "data": LONG}},
    "a reaction of next year": {
        "message_reaction": {
            "chat": CHAT,
            "message_id": 5,
            "user": ANNA,
            "new_reaction": [{"type": "smell"}, 7],
        }
    },
    "a reaction to nothing": {"message_reaction": {"chat": CHAT, "new_reaction": "👍"}},
    "a state of next year": {"my_chat_member": {"chat": CHAT, "new_chat_member": {"status": "asleep"}}},
    "a state of nothing": {"my_chat_member": {"chat": CHAT}},
    "a deletion of everything": {"deleted_business_messages": {"chat": CHAT, "message_ids": "all"}},
    "a payment of a huge sum": {"pre_checkout_query": {"from": ANNA, "total_amount": HUGE, "currency": 7}},
    "depth": {"message": message(text="hi", hologram=nested(70))},
    "more depth": {"message": message(rich_message={"blocks": nested(300)})},
    "a rich message without end": {"message": message(rich_message={"blocks": [{"text": LONG}] * 3})},
    "all at once": {
        "message": message(text="a"),
        "edited_message": message(text="b"),
        "telepathy": {"from": ANNA},
    },
}
INVISIBLE = {"a reaction of next year", "a state of next year", "an edit of what nobody knows"}
"""What is taken, and changes nothing that anybody sees."""


def updates() -> list[tuple[str, str]]:
    """Each with a number of its own, as it goes over the wire."""
    return [
        (name, json.dumps({"update_id": number, **held}))
        for number, (name, held) in enumerate(STRANGE.items(), 1)
    ]


def seen(bots: Bots) -> int:
    """How much people see."""
    return len(bots.rows(t.message)) + len(bots.rows(t.quarantine))


async def test_what_is_posted_is_answered_200_and_seen(bots: Bots) -> None:
    for name, body in updates():
        before, events = seen(bots), len(bots.rows(t.seen))
        assert await bots.post(None, raw=body.encode()) == 200, name
        assert len(bots.rows(t.seen)) > events, name
        assert seen(bots) > before or name in INVISIBLE, name
        after = bots.counts()
        assert await bots.post(None, raw=body.encode()) == 200, name
        assert bots.counts() == after, name
    reasons = {row.reason for row in bots.rows(t.quarantine)}
    assert ("it could not be stored" in reasons) == (bots.database.writer.dialect.name == "postgresql")
    assert await bots.post({"update_id": 900, "message": message(chat={**CHAT, "id": 43}, text="on")}) == 200
    assert await bots.heard("43") == ["on"]


async def test_what_is_asked_for_is_confirmed_and_seen_alike(
    database: Database, redis_url: str, tmp_path: Path, server: Server
) -> None:
    last = json.dumps({"update_id": 900, "message": message(chat={**CHAT, "id": 43}, text="on")})
    waiting = [body for _, body in updates()] + [last]
    confirmed: list[int] = []

    def answer(call: Call) -> tuple[int, Any, dict[str, str]]:
        confirmed.append(call.fields.get("offset") or 0)
        rest = [body for body in waiting if json.loads(body)["update_id"] >= confirmed[-1]]
        return 200, '{"ok": true, "result": [' + ", ".join(rest) + "]}", {}

    server.answer = answer
    async with opened(database, redis_url, tmp_path, api_url=server.url, listen=True) as bots:
        await until(lambda: 901 in confirmed, 30)
        assert await bots.heard("43") == ["on"]
        assert seen(bots) >= len(STRANGE) - len(INVISIBLE)


async def test_updates_that_lost_their_numbers_are_kept_and_not_asked_for_without_pause(
    database: Database, redis_url: str, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "RETRY", 0.1)
    loop = asyncio.get_running_loop()
    server.says(200, {"ok": True, "result": [{"message": message(text="hi")}, 7, {"update_id": HUGE}]})
    async with opened(database, redis_url, tmp_path, api_url=server.url, listen=True) as bots:
        began = loop.time()
        await until(lambda: len([call for call in server.calls if call.method == "getUpdates"]) > 2)
        assert loop.time() - began > 0.2
        assert await bots.heard("42") == ["hi"]
        assert len(bots.rows(t.quarantine)) == 2
        health = await bots.connector.check()
        assert not health.ok


async def test_the_type_of_a_body_is_not_asked_for(bots: Bots) -> None:
    for number, type in enumerate(
        ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "?")
    ):
        body = json.dumps(
            {"update_id": number, "message": message(message_id=number + 1, text=type)}
        ).encode()
        assert await bots.post(None, raw=body, **{"Content-Type": type}) == 200
    assert len(await bots.heard("42")) == 4
