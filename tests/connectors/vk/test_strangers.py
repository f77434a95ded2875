"""Events that nobody has ever seen, by both ways in: each is answered, each is seen by people, none stands in the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.vk import polling
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.telegram.test_strangers import HUGE, LONG, UNLIKE, nested
from tests.connectors.vk.house import GROUP, SECRET, Shop, opened
from tests.connectors.vk.server import Server
from tests.connectors.vk.test_events import CHAT, attached, event, message, new
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio
OK = (200, "ok")


def told(**fields: Any) -> dict[str, Any]:
    """The event of a message, without a name of its own."""
    raw = new(**fields)
    del raw["event_id"]
    return raw


STRANGE: dict[str, dict[str, Any]] = {
    "a message of nothing": {"type": "message_new", "object": {"message": {}}},
    "an object that is a list": {"type": "message_new", "object": [message(text="hi")]},
    "an object that is null": {"type": "message_new", "object": None},
    "a message that is a text": {"type": "message_new", "object": {"message": "hi"}},
    "a message without words": told(),
    "words that are a number": told(text=5),
    "words that are null": told(text=None),
    "words that are a list": told(text=["a"]),
    "no sender": {"type": "message_new", "object": {"message": {"peer_id": 42, "text": "hi"}}},
    "no conversation": {"type": "message_new", "object": {"message": {"from_id": 42, "text": "hi"}}},
    "a conversation in words": told(peer_id="42", text="hi"),
    "a conversation with a huge number": told(peer_id=HUGE, from_id=HUGE, text="hi"),
    "a huge number of a message": told(conversation_message_id=HUGE, text="hi"),
    "the largest number of a message": told(conversation_message_id=2**63 - 1, text="hi"),
    "a number of a message with a fraction": told(conversation_message_id=1.5, text="hi"),
    "a negative number of a message": told(conversation_message_id=-5, text="hi"),
    "a huge date": told(date=HUGE, text="hi"),
    "a date in the year 9999": told(date=253_402_300_799, text="hi"),
    "no number at all": told(date=float("nan"), text="hi"),
    "halves of characters": told(text="a\ud800b\udc00\0c"),
    "words without end": told(text=LONG),
    "nothing but blanks": told(text=" \n\u200b "),
    "signs that are none": told(text="&#0; &#1114112; &#55296; &lt"),
    "an event with a name without end": new(UNLIKE, text="hi"),
    "an event with a name of half a character": new("\ud800\0", text="hi"),
    "attachments that are none": told(text="hi", attachments=[None, 7, "f", [], {}, {"type": 7}, {"type": "photo"}]),
    "attachments that are an object": told(text="hi", attachments={"type": "photo"}),
    "an attachment of next year": told(attachments=[attached("hologram", depth=3)]),
    "an attachment with an endless name": told(attachments=[{"type": LONG, LONG: {}}]),
    "a hundred attachments": told(attachments=[attached("doc", url=f"https://x.example/{n}", title="d") for n in range(100)]),
    "a file without end": told(attachments=[attached("doc", url="https://x.example/" + UNLIKE, title=LONG, size=HUGE, ext=LONG)]),
    "a file of less than nothing": told(attachments=[attached("doc", url="https://x.example/a", title="d", size=-5)]),
    "a file on a disk": told(attachments=[attached("doc", url="file:///etc/passwd", title="d")]),
    "photos that are no photos": told(attachments=[attached("photo", sizes=[None, 7, {"url": 7}, {"url": "javascript:x"}])]),
    "a poll of nothing": told(attachments=[attached("poll", answers="yes")]),
    "a place nowhere": told(geo={"coordinates": {"latitude": "north", "longitude": HUGE}}),
    "a place of no number": told(geo={"coordinates": "nan inf"}),
    "an answer to itself": told(text="hi", reply_message=message(text="hi")),
    "an answer to nothing": told(text="hi", reply_message=[], ref=7),
    "forwards without end": told(fwd_messages=[{"from_id": 1, "text": "f"}] * 300),
    "forwards that are none": told(text="hi", fwd_messages=[None, 7, [], {}]),
    "a payload of nothing": told(text="hi", payload="[" * 5000),
    "a payload without end": told(text="hi", payload={"command": LONG}),
    "an action of next year": told(peer_id=CHAT, action={"type": "chat_flies"}),
    "an edit of nothing": {"type": "message_edit", "object": {"peer_id": 42, "text": "hi"}},
    "an edit of what nobody knows": event("message_edit", "s1", **message(conversation_message_id=77_777, text="x")),
    "an echo of nothing": {"type": "message_reply", "object": {}},
    "an echo with a huge key": event("message_reply", "s2", **message(random_id=HUGE, out=1, conversation_message_id=9)),
    "a press of nothing": {"type": "message_event", "object": {"user_id": 42}},
    "a press of nobody": {"type": "message_event", "object": {"event_id": "p", "payload": {"command": "person"}}},
    "a press without end": {"type": "message_event", "object": {"user_id": 42, "event_id": LONG, "payload": LONG}},
    "a reaction of next year": {"type": "message_reaction_event", "object": {"peer_id": 42, "cmid": 5, "reaction_id": "x"}},
    "a reaction to nothing": {"type": "message_reaction_event", "object": {"peer_id": 42}},
    "a permission of nobody": {"type": "message_allow", "object": {"key": "k"}},
    "a read of nobody": {"type": "message_read", "object": {}},
    "an order of nobody": {"type": "market_order_new", "object": {"id": 5}},
    "an order of a huge sum": {"type": "market_order_new", "object": {"user_id": 42, "total_price": HUGE}},
    "a form without answers": {"type": "lead_forms_new", "object": {"user_id": 42, "answers": [None, 7, {"answer": [7]}]}},
    "a kind of messages of next year": {"type": "message_telepathy", "object": {"peer_id": 42, "thought": "?"}},
    "depth": told(text="hi", hologram=nested(70)),
    "depth within forwards": told(text="hi", fwd_messages=[{"fwd_messages": nested(100)}]),
}  # fmt: skip
INVISIBLE = {"a reaction of next year", "an edit of what nobody knows"}
"""What is taken, and changes nothing that anybody sees."""


def numbered() -> list[tuple[str, dict[str, Any]]]:
    """Each with a message of its own, where it has one."""
    found = []
    for number, (name, raw) in enumerate(STRANGE.items(), 100):
        held = raw["object"].get("message") if isinstance(raw["object"], dict) else None
        if isinstance(held, dict) and held.get("conversation_message_id") == 5:
            held["conversation_message_id"] = number
        found.append((name, raw))
    return found


def seen(shop: Shop) -> int:
    """How much people see."""
    return len(shop.rows(t.message)) + len(shop.rows(t.quarantine))


async def test_what_is_posted_is_answered_ok_and_seen(shop: Shop) -> None:
    for name, raw in numbered():
        before, events = seen(shop), len(shop.rows(t.seen))
        body = json.dumps({**raw, "group_id": GROUP, "secret": SECRET}).encode()
        assert await shop.raw(body) == OK, name
        assert len(shop.rows(t.seen)) > events, name
        assert seen(shop) > before or name in INVISIBLE, name
        after = shop.counts()
        assert await shop.raw(body) == OK, name
        assert shop.counts() == after, name
    assert await shop.post(new("last", peer_id=43, from_id=43, text="on")) == OK
    assert await shop.heard("43") == ["on"]


async def test_what_is_asked_for_is_gone_past_and_seen_alike(
    database: Database, redis_url: str, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "RETRY", 0.02)
    waiting = [raw for _, raw in numbered()] + [new("last", peer_id=43, from_id=43, text="on")]
    told = json.loads(json.dumps(waiting))
    server.queue = lambda asked: {"ts": "11", "updates": told if asked["ts"] == "10" else []}
    async with opened(database, redis_url, tmp_path, api_url=server.url, listen=True) as shop:
        await until(lambda: server.polls and server.polls[-1]["ts"] == "11")
        assert await shop.heard("43") == ["on"]
        assert seen(shop) >= len(STRANGE) - len(INVISIBLE)
