"""Updates with fields removed, of other types, nested or huge: never an exception, never a word that cannot be kept."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import fields
from bridge.connectors.telegram.addresses import place
from bridge.connectors.telegram.speech import Bot
from bridge.connectors.telegram.updates import read
from bridge.messages import ChannelName, Incoming
from tests.connectors.telegram.payloads import names, update
from tests.connectors.telegram.test_updates import ANNA, CHAT, DATE, GROUP, message

BOT = Bot(7, ChannelName("shop"))
FILE = {"file_id": "f", "file_size": 1, "mime_type": "a/b", "file_name": "f.txt", "emoji": "👍"}
FULL = [
    message(
        text="/start x",
        entities=[{"type": "text_link", "offset": 0, "length": 2, "url": "https://x.example"}],
        reply_to_message=message(),
        quote={"text": "q", "position": 0},
        forward_origin={"type": "user", "sender_user": ANNA, "date": DATE},
        external_reply={"origin": {"type": "channel", "chat": GROUP}},
        business_connection_id="b",
        message_thread_id=3,
        is_topic_message=True,
    ),
    message(caption="c", photo=[FILE, FILE], document=FILE, sticker=FILE, media_group_id="m", chat=GROUP),
    message(venue={"location": {"latitude": 1, "longitude": 2}, "title": "t"}, contact={"phone_number": "1"}),
    message(
        poll={"question": "q", "options": [{"text": "a"}]},
        direct_messages_topic={"topic_id": 1, "user": ANNA},
    ),
    message(rich_message={"blocks": [{"type": "table", "cells": [[{"text": ["a", {"text": "b"}]}]]}]}),
    message(checklist={"title": "t", "tasks": [{"text": "a"}]}),
]
KINDS = ["message", "edited_message", "business_message", "edited_business_message", "guest_message"]
OTHERS: list[dict[str, Any]] = [
    {
        "callback_query": {
            "id": "q",
            "from": ANNA,
            "data": "d",
            "message": message(reply_markup={"inline_keyboard": [[{"text": "t", "callback_data": "d"}]]}),
        }
    },
    {
        "message_reaction": {
            "chat": CHAT,
            "message_id": 5,
            "user": ANNA,
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }
    },
    {"my_chat_member": {"chat": CHAT, "from": ANNA, "new_chat_member": {"status": "kicked"}}},
    {"deleted_business_messages": {"chat": CHAT, "business_connection_id": "b", "message_ids": [1, 2]}},
    {"pre_checkout_query": {"id": "1", "from": ANNA, "currency": "EUR", "total_amount": 5}},
]
SAMPLES = [
    *(update("updates", name) for name in names("updates")),
    *(update("messages", name) for name in names("messages")),
    *({"update_id": 1, kind: held} for kind in KINDS for held in FULL),
    *({"update_id": 1} | held for held in OTHERS),
]

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        2**31,
        2**63,
        10**400,
        -(10**30),
        0.5,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "\0",
        "\ud800",
        "\udc00\ud800",
        "5",
        "-7",
        "٣",
        "9" * 25,
        "x" * 5000,
        [],
        {},
        [[]],
        [None],
        [{}],
        {"id": {}},
        {"\ud800": "\0"},
        {"id": "42", "type": 7},
    ]
).map(copy.deepcopy)


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
                holder[draw(st.sampled_from(["\ud800", "telepathy", "text", "chat", "from"]))] = draw(ODD)
        if not found:
            break
    return found


def _values(held: Any) -> Any:
    """Every place in a JSON value at which something can be exchanged."""
    places = []
    waiting = [held]
    while waiting:
        holder = waiting.pop()
        names = list(holder) if isinstance(holder, dict) else range(len(holder))
        for name in names:
            places.append((holder, name))
            if isinstance(holder[name], dict | list):
                waiting.append(holder[name])
    return places


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_whatever_comes_is_read_or_kept_and_can_be_stored(raw: Any) -> None:
    body = json.dumps(raw).encode()
    try:
        parsed = fields.parsed(body)
    except ValueError:
        return
    found = read(parsed, BOT)
    for event in found.events:
        _check(dataclasses.asdict(event))
        assert place(event.address) is not None
        if isinstance(event, Incoming):
            assert event.text or event.remote or event.about
    _check(found.unread)


def _check(value: Any) -> None:
    """Nothing in it that a database or JSON refuses."""
    match value:
        case str():
            value.encode()
            assert "\0" not in value
        case int():
            assert abs(value) < 2**63
        case float():
            assert abs(value) <= 2**63
        case dict():
            for name, held in value.items():
                _check(name)
                _check(held)
        case list() | tuple():
            for held in value:
                _check(held)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_are_no_json(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(fields.parsed(body), BOT)


def test_depth_costs_nothing() -> None:
    for body in (b"[" * 500_000, b'{"a":' * 200_000, b"[" * 65 + b"]" * 65, b"9" * 6000):
        try:
            fields.parsed(body)
        except ValueError:
            continue
        raise AssertionError(body[:20])
