"""Updates that nobody has ever seen: each is acknowledged, each is seen by people, none stands in the way."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.connectors.facebook import attachments
from bridge.conversations import tables as t
from tests.connectors.facebook.house import PAGE, Shop
from tests.connectors.facebook.test_events import CDN, attached, echo, message, update
from tests.connectors.telegram.test_strangers import HUGE, LONG, UNLIKE, nested

pytestmark = pytest.mark.anyio

STRANGE: dict[str, Any] = {
    "nothing": {},
    "a text": "hi",
    "a number": 7,
    "null": None,
    "a message of nothing": update(message={}),
    "a message that is a text": update(message="hi"),
    "a message that is null": update(message=None),
    "a message that is a list": update(message=[{"text": "hi"}]),
    "words that are a number": message(text=5),
    "words that are null": message(text=None),
    "words without end": message(text=LONG),
    "halves of characters": message(text="a\ud800b\udc00\0c"),
    "nothing but blanks": message(text=" \n\u200b "),
    "no sender": {"recipient": {"id": PAGE}, "timestamp": 1, "message": {"mid": "m", "text": "hi"}},
    "a sender in a list": update(sender=["42"], message={"mid": "m_l", "text": "hi"}),
    "a sender that is a text": update(message={"mid": "m_t", "text": "hi"}) | {"sender": "42"},
    "a sender without end": update(sender=UNLIKE, message={"mid": "m_s", "text": "hi"}),
    "a sender of half a character": update(sender="\ud800\0", message={"mid": "m_h", "text": "hi"}),
    "an id without end": message(UNLIKE, text="hi"),
    "an id that is a number": update(message={"mid": 5, "text": "hi"}),
    "a huge moment": update(at=HUGE, message={"mid": "m_m", "text": "hi"}),
    "a moment of next year": update(at=253_402_300_799_000, message={"mid": "m_y", "text": "hi"}),
    "a moment that is none": update(at=float("nan"), message={"mid": "m_n", "text": "hi"}),
    "attachments that are none": message("m_a", text="hi", attachments=[None, 7, "f", [], {}, {"type": 7}]),
    "attachments that are an object": message("m_o", text="hi", attachments={"type": "image"}),
    "an attachment of next year": message("m_f", attachments=[attached("hologram", depth=3)]),
    "an attachment with an endless name": message("m_e", attachments=[{"type": LONG, LONG: {}}]),
    "an attachment with an endless address": message(
        "m_u", attachments=[attached("image", CDN + "x" * 9000)]
    ),
    "an address that is none": message(
        "m_b", attachments=[attached("image", "http://[::1"), attached("file", "x")]
    ),
    "a place in words": message(
        "m_p", attachments=[attached("location", coordinates={"lat": "1", "long": "2"})]
    ),
    "a card of cards": message("m_c", attachments=[attached("template", elements=[nested(30)])]),
    "a message as deep as a well": message("m_w", text="hi", quick_reply=nested(100)),
    "an echo to nobody": update(
        sender=PAGE, recipient=None, message={"mid": "m_q", "is_echo": True, "text": "hi"}
    ),
    "an echo of the page to itself": update(
        sender=PAGE, recipient=PAGE, message={"mid": "m_i", "is_echo": True, "text": "hi"}
    ),
    "an echo with a strange key": echo("m_k", text="hi", metadata="G" * 32),
    "an unknown reaction": update(reaction={"mid": "m_1", "reaction": UNLIKE, "action": "react"}),
    "a reaction to nothing": update(reaction={"emoji": "❤"}),
    "an edit without words": update(message_edit={"mid": "m_1"}),
    "a delivery of nothing": update(delivery={"mids": [None, 7, {}], "watermark": None}),
    "a watermark without end": update(read={"watermark": HUGE}),
    "a postback without a payload": update(postback={"title": "Plans"}),
    "two events in one": update(message={"mid": "m_2", "text": "hi"}, read={"watermark": 1}),
    "an event of next year": update(telepathy={"thought": "hi"}),
    "an event with an endless name": update(**{LONG: 1}),
}


def named(raw: Any, number: int) -> Any:
    """A message that bears a sample's id bears one of its own."""
    held = raw.get("message") if isinstance(raw, dict) else None
    return (
        raw | {"message": held | {"mid": f"m_{number}x"}}
        if isinstance(held, dict) and held.get("mid") == "m_1"
        else raw
    )


async def test_each_stranger_is_acknowledged_and_none_is_silent(shop: Shop) -> None:
    for number, (stranger, raw) in enumerate(STRANGE.items()):
        before = shop.counts()
        assert await shop.post(named(raw, number)) == (200, "EVENT_RECEIVED"), stranger
        assert shop.counts() != before, stranger
    assert await shop.post(message("m_last", text="and now me")) == (200, "EVENT_RECEIVED")
    assert "and now me" in await shop.heard("42")
    for row in shop.rows(t.message):
        assert row.text or row.data or row.event, row


async def test_all_strangers_in_one_delivery_are_one_commit(shop: Shop) -> None:
    all_of_them = [named(raw, number) for number, raw in enumerate(STRANGE.values())]
    assert await shop.post(*all_of_them, message("m_last", text="and now me")) == (200, "EVENT_RECEIVED")
    assert "and now me" in await shop.heard("42")
    events, messages, kept = shop.counts()
    assert min(events, messages, kept) > 5


def test_an_address_is_one_of_the_web() -> None:
    assert attachments.address(" https://x.example/a ") == "https://x.example/a"
    for value in (
        "",
        "x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
        "https://[::1",
        "h" * 9000,
    ):
        assert attachments.address(value) == ""
    assert (
        attachments.unwrapped("https://l.facebook.com/l.php?u=javascript%3A1")
        == "https://l.facebook.com/l.php?u=javascript%3A1"
    )
