"""From an event of VK to what the router hears.

Owns what each kind of event becomes. It must never raise because of what it reads: what nobody can place is told as
`unread`, and the ingress keeps it for people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from bridge import text
from bridge.connectors.vk import addresses, kinds, presses, speech
from bridge.connectors.vk.presses import Press
from bridge.connectors.vk.speech import Community, Event, Found
from bridge.fields import Fields
from bridge.messages import Address, EventKey, Heard, Incoming, Mark, Reachable, Reacted, Receipted

REACTIONS = ("❤", "🔥", "😂", "👍", "💩", "❓", "😭", "😡", "👎", "👌", "😃", "🤔", "🙏", "😘", "😍", "🎉")
"""VK's reactions by their number, from 1 on. https://dev.vk.com/ru/method/messages.sendReaction"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an event holds: news for the router, a press that waits, who types, whose message must be fetched whole."""

    events: tuple[Heard, ...] = ()
    press: Press | None = None
    typist: Address | None = None
    cropped: tuple[int, int] | None = None
    """the conversation and the number of a message that VK has shortened"""
    left: str = ""
    """the kind of an event that nobody needs to hear of"""
    unread: str = ""


def read(raw: object, community: Community) -> Taken:
    """What this event holds."""
    envelope = Fields(raw)
    kind = text.excerpt(envelope.words("type"), 64)
    if not kind or not isinstance(envelope.value("object"), dict):
        return Taken(unread="it is no event of VK")
    event = Event(kind, envelope.one("object"), key(raw, community), community)
    if kind in kinds.UNHEARD or (kind not in _READERS and not kind.startswith("message")):
        return Taken(left=kind)
    if kind == "message_typing_state":
        return _typing(event)
    found = _READERS.get(kind, _unknown)(event)
    if isinstance(found, str):
        return Taken(unread=found)
    return Taken(tuple(found), press=_press(event), cropped=_cropped(event))


def key(raw: object, community: Community) -> EventKey:
    """What an event is called for ever: by VK's own word, or by what it says."""
    envelope = Fields(raw)
    name = envelope.words("event_id")
    if not 0 < len(name) <= 128:
        held = [envelope.value("type"), envelope.value("object")]
        name = "x" + hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:32]
    return EventKey(f"vk:{community.id}:{name}")


# -- beside the router


def _press(event: Event) -> Press | None:
    fields = event.fields
    name, user = fields.words("event_id")[:256], fields.number("user_id")
    if event.kind != "message_event" or not name or not user:
        return None
    return Press(name, user, fields.number("peer_id") or user)


def _typing(event: Event) -> Taken:
    user = event.fields.number("from_id") or event.fields.number("user_id")
    typing = event.fields.words("state") in ("typing", "audiomessage", "")
    return Taken(typist=addresses.address(user) if user and user > 0 and typing else None)


def _cropped(event: Event) -> tuple[int, int] | None:
    message = speech.message(event)
    peer = speech.peer_of(message)
    native = speech.native_of(message, peer) if peer else None
    return addresses.message(native) if message.value("is_cropped") in (True, 1) else None


# -- news


def _pressed(event: Event) -> Found:
    fields = event.fields
    peer = speech.peer_of(fields)
    if peer is None:
        return f"a {event.kind} that names nobody"
    if not speech.counts(peer, event.community):
        return []
    command, label = presses.pressed(fields.value("payload"))
    about = {} if label else {"unsupported": "button"}
    return [_incoming(event, peer, label, command=command, **about)]


def _read(event: Event) -> Found:
    fields = event.fields
    peer, reader = speech.peer_of(fields), fields.number("from_id")
    native = speech.native_of(fields, peer) if peer else None
    if peer is None:
        return f"a {event.kind} that names no conversation"
    if native is None or (reader or 0) < 0:
        return []
    return [Receipted(event.community.channel, addresses.address(peer), event.key, Mark.read, (native,))]


def _reacted(event: Event) -> Found:
    fields = event.fields
    peer = fields.number("peer_id") or fields.number("reacted_id")
    native = speech.native_of(fields, peer) if peer else None
    if peer is None or native is None:
        return f"a {event.kind} that names no message"
    if (fields.number("reacted_id") or 1) < 0 or not speech.counts(peer, event.community):
        return []
    number = fields.number("reaction_id")
    emojis: tuple[str, ...] = ()
    if number and number > 0:
        emojis = (REACTIONS[number - 1] if number <= len(REACTIONS) else f"reaction {number}",)
    return [Reacted(event.community.channel, addresses.address(peer), event.key, native, emojis)]


def _reachable(event: Event) -> Found:
    user = event.fields.number("user_id")
    if not user:
        return f"a {event.kind} that names nobody"
    reason = _GONE.get(event.kind, "")
    return [Reachable(event.community.channel, addresses.address(user), event.key, not reason, reason)]


_GONE = {
    "message_deny": "the contact has forbidden the community to write to him",
    "user_block": "the contact stands on the community's blacklist",
}


def _commerce(event: Event) -> Found:
    fields = event.fields
    user = fields.number("user_id") or fields.number("from_id")
    if not user:
        return f"a {event.kind} that names nobody"
    detail = text.excerpt("; ".join(filter(None, _WORDS[event.kind](fields))), 1000)
    return [_incoming(event, user, "", unsupported=event.kind, **({"detail": detail} if detail else {}))]


def _order(fields: Fields) -> list[str]:
    items = fields.many("preview_order_items")
    recipient = fields.one("recipient")
    return [
        fields.words("display_order_id") or str(fields.number("id") or ""),
        ", ".join(filter(None, (item.words("title") or item.one("item").words("title") for item in items))),
        fields.one("total_price").words("text"),
        fields.words("comment"),
        recipient.words("display_text") or recipient.words("name"),
        recipient.words("phone"),
    ]


def _form(fields: Fields) -> list[str]:
    answers = [
        f"{one.words('question') or one.words('key')}: {_answer(one)}"
        for one in fields.many("answers")
        if _answer(one)
    ]
    return [fields.words("form_name"), *answers]


def _answer(answer: Fields) -> str:
    """One answer of a form: a text, or several."""
    several = [item for item in answer.items("answer") if isinstance(item, str)]
    return answer.words("answer") or text.clean(", ".join(several))


def _payment(fields: Fields) -> list[str]:
    amount = fields.number("amount")
    return [f"{amount / 1000:.2f} RUB" if amount else "", fields.words("description")]


_WORDS: dict[str, Callable[[Fields], list[str]]] = {
    "market_order_new": _order,
    "lead_forms_new": _form,
    "vkpay_transaction": _payment,
}


def _unknown(event: Event) -> Found:
    """A kind about messages that is newer than this code: whoever it comes from is shown to have sent something."""
    peer = speech.peer_of(speech.message(event))
    if peer is None:
        return f"a {event.kind} that names no conversation"
    return [_incoming(event, peer, "", unsupported=event.kind)]


def _incoming(event: Event, peer: int, words: str, *, command: str | None = None, **about: str) -> Incoming:
    """What a person does that is no message."""
    return Incoming(
        channel=event.community.channel,
        address=addresses.address(peer),
        event_key=event.key,
        text=words,
        name=event.community.named(peer),
        command=command,
        asks_person=command == presses.PERSON,
        about=dict(about),
    )


_READERS: dict[str, Callable[[Event], Found]] = {
    "message_new": speech.said,
    "message_reply": speech.said,
    "message_edit": speech.edited,
    "messages_edit": speech.edited,
    "message_allow": _reachable,
    "message_deny": _reachable,
    "message_read": _read,
    "message_typing_state": lambda _: [],
    "message_reaction_event": _reacted,
    "message_event": _pressed,
    "user_block": _reachable,
    "user_unblock": _reachable,
    "market_order_new": _commerce,
    "lead_forms_new": _commerce,
    "vkpay_transaction": _commerce,
}
