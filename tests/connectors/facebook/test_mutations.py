"""Deliveries with fields removed, of other types, nested or huge: never an exception, never a word that cannot be kept."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import fields
from bridge.connectors.facebook import batches, events
from bridge.messages import Incoming
from tests.connectors.facebook.house import PAGE, delivery
from tests.connectors.facebook.payloads import names, payload
from tests.connectors.facebook.test_events import FILES, NAMED, SHOP, STREET, echo, message, update
from tests.connectors.telegram.test_mutations import ODD, _check, _values

CARD = {"title": "Shoes", "buttons": [{"title": "Buy"}]}
SAMPLES: list[Any] = [
    *(payload("webhooks", name) for name in names("webhooks")),
    *(payload("instagram", name) for name in names("instagram")),
    delivery(
        message(text="hi", quick_reply={"payload": "x"}, reply_to={"mid": "m"}, referral={"ref": "r"}),
        message(attachments=[held for held, _ in FILES] + [held for held, *_ in NAMED]),
        message(attachments=[{"type": "template", "payload": {"elements": [CARD]}}]),
        message(is_deleted=True),
        echo(text="x", metadata="0" * 32, app_id=5),
    ),
    delivery(
        update(postback={"title": "t", "payload": "p", "mid": "m", "referral": {"ref": "r"}}),
        update(reaction={"mid": "m", "action": "react", "emoji": "❤"}),
        update(message_edit={"mid": "m", "text": "x", "num_edit": 1}),
        update(delivery={"mids": ["m"], "watermark": 1}),
        update(checkout_update={"shipping_address": STREET}),
        update(messaging_feedback={"feedback_screens": [{"questions": {"q": {"payload": "4"}}}]}),
        standby=[message(text="x")],
        changes=[{"field": "messages", "value": message(text="x")}, {"field": "feed", "value": {}}],
    ),
]
NAMES = ["\ud800", "telepathy", "text", "message", "id", "metadata", "entry", "sticker_id", "attachments"]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A sample with a few of its values taken away, exchanged or put elsewhere."""
    found = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 4))):
        holder, name = draw(st.sampled_from(list(_values(found))))
        match draw(st.sampled_from(["drop", "odd", "odd", "nest", "more"])):
            case "drop":
                del holder[name]
            case "odd":
                holder[name] = draw(ODD)
            case "nest":
                listed = draw(st.booleans())
                for _ in range(draw(st.integers(1, 300))):
                    holder[name] = [holder[name]] if listed else {"text": holder[name]}
            case "more" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NAMES))] = draw(ODD)
        if not found:
            break
    return found


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_whatever_comes_is_read_or_kept_and_can_be_stored(raw: Any) -> None:
    try:
        parsed = fields.parsed(json.dumps(raw).encode())
    except ValueError:
        return
    items = batches.apart(parsed, PAGE)
    assert items
    for item in items:
        json.dumps(item.alone)
        found = events.change(item) if item.unread or item.left else events.read(item.raw, SHOP)
        assert bool(found.events) + bool(found.left) + bool(found.unread) == 1
        for one in found.events:
            _check(dataclasses.asdict(one))
            assert one.address
            if isinstance(one, Incoming):
                assert one.text or one.remote or one.about
        _check(found.unread)
        _check(found.left)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_are_no_json(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert batches.apart(fields.parsed(body), PAGE)
