"""Events with fields removed, of other types, nested or huge: never an exception, never a word that cannot be kept."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import fields
from bridge.connectors.vk import addresses
from bridge.connectors.vk.events import read
from bridge.messages import Incoming
from tests.connectors.telegram.test_mutations import ODD, _check, _values
from tests.connectors.vk.payloads import names, payload
from tests.connectors.vk.test_events import CHAT, FILES, NAMED, SHOP, event, message, new

GEO = {"type": "point", "coordinates": {"latitude": 1, "longitude": 2}, "place": {"title": "t"}}
FORWARD = {
    "from_id": 9,
    "text": "f",
    "attachments": [FILES["photo"][0]],
    "fwd_messages": [{"from_id": 1, "text": "g"}],
}
SAMPLES: list[Any] = [
    *(payload("callback", name) for name in names("callback")),
    *(payload("longpoll", name) for name in names("longpoll")),
    new(
        text="hi",
        reply_message=message(text="x"),
        fwd_messages=[FORWARD],
        geo=GEO,
        payload='{"command":"start"}',
        ref="r",
    ),
    new(attachments=[held for held, _ in [*FILES.values(), *NAMED.values()]]),
    new(peer_id=CHAT, action={"type": "chat_kick_user"}),
    new(peer_id=CHAT, text="hi", is_cropped=True),
    event("message_reply", **message(from_id=-7, out=1, random_id=5, admin_author_id=9)),
    event("message_edit", **message(text="new", update_time=5)),
    event("message_read", from_id=42, peer_id=42, conversation_message_id=5),
    event("message_reaction_event", reacted_id=42, peer_id=42, cmid=5, reaction_id=3),
    event("message_event", user_id=42, peer_id=42, payload={"command": "x"}),
    event("message_allow", user_id=42),
    event("market_order_new", user_id=42, id=5, total_price={"text": "1"}),
    event("lead_forms_new", user_id=42, answers=[{"key": "k", "answer": ["a"]}]),
    event("message_typing_state", from_id=42, to_id=-7, state="typing"),
]


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
                holder[draw(st.sampled_from(["\ud800", "telepathy", "text", "peer_id", "fwd_messages"]))] = (
                    draw(ODD)
                )
        if not found:
            break
    return found


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_whatever_comes_is_read_or_kept_and_can_be_stored(raw: Any) -> None:
    body = json.dumps(raw).encode()
    try:
        parsed = fields.parsed(body)
    except ValueError:
        return
    found = read(parsed, SHOP)
    for one in found.events:
        _check(dataclasses.asdict(one))
        assert addresses.peer(one.address) is not None
        if isinstance(one, Incoming):
            assert one.text or one.remote or one.about
    _check(found.unread)
    _check(found.left)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_are_no_json(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(fields.parsed(body), SHOP)
