"""From an update of Telegram to what the router hears, before any library's typed model has a say.

Owns what each kind of update becomes. It must never raise because of what it reads: what nobody can place is told as
`unread`, and the ingress keeps it for people.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge import text
from bridge.connectors.telegram import kinds, presses
from bridge.connectors.telegram.addresses import Place
from bridge.connectors.telegram.contents import called
from bridge.connectors.telegram.speech import Bot, Found, Update, heard, is_private, language, place_of
from bridge.fields import Fields, whole
from bridge.messages import Deleted, EventKey, Heard, Incoming, Json, Reachable, Reacted

GONE = frozenset(("kicked", "left", "banned"))
"""What the bot is in a chat where it cannot write."""
_KINDS = kinds.HEARD.keys() | kinds.UNHEARD.keys()
CUSTOM_EMOJI, PAID = "custom emoji", "⭐"
"""What a reaction is called that is no emoji."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an update holds: events for the router, presses that wait for an answer, and why it could not be read."""

    events: tuple[Heard, ...] = ()
    presses: tuple[str, ...] = ()
    unread: str = ""


def key(bot: Bot, number: object) -> EventKey:
    """What an update is called for ever. Its number is unique for a bot; it rises, but not always."""
    return EventKey(f"telegram:{bot.id}:{number}")


def read(raw: object, bot: Bot) -> Taken:
    """What this update holds; where it holds several kinds, as those of some programs do, every one of them."""
    update = Fields(raw)
    held = [kind for kind in update.names() if kind != "update_id"]
    if not held or ("update_id" not in update and not _KINDS.intersection(held)):
        return Taken(unread="it is no update of Telegram")
    number = update.number("update_id")
    name = str(number) if number is not None else _digest(raw)
    events: list[Heard] = []
    unread = ""
    for kind in held:
        own = key(bot, f"{name}:{kind if kind in _KINDS else _digest(kind)}" if events else name)
        found = _reader(kind)(Update(kind, update.one(kind), own, bot))
        if isinstance(found, str):
            unread = unread or found
        else:
            events += found
    callback = update.one("callback_query").words("id")
    return Taken(tuple(events), (callback,) if callback else (), unread)


def _digest(raw: object) -> str:
    """What something is called that has no name to be stored by: the same again is the same."""
    return "x" + hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:32]


def _reader(kind: str) -> Callable[[Update], Found]:
    return _nothing if kind in kinds.UNHEARD else _READERS.get(kind, _unknown)


def _nothing(_update: Update) -> Found:
    return []


def _unknown(update: Update) -> Found:
    """A kind that is newer than this code: whoever it comes from is shown to have sent something."""
    return _unsupported(update, text.excerpt(text.clean(update.kind), 64) or "update")


def _unsupported(update: Update, kind: str, detail: str = "") -> Found:
    """A line that names what cannot be shown."""
    fields = update.fields
    person = fields.one("from") or fields.one("user")
    place = place_of(fields) or (Place(id) if (id := person.number("id")) else None)
    if place is None:
        return f"a {kind} that names neither a chat nor a person"
    about: Json = {"unsupported": kind, **({"detail": detail} if detail else {})}
    return [_incoming(update, place, person or fields.one("chat"), about=about)]


def _incoming(
    update: Update, place: Place, person: Fields, *, words: str = "", command: str | None = None, about: Json
) -> Incoming:
    """What a person does that is no message."""
    return Incoming(
        channel=update.bot.channel,
        address=place.address,
        event_key=update.key,
        text=words,
        name=called(person),
        language=language(person, update.bot),
        command=command,
        asks_person=command == presses.PERSON,
        about=about,
    )


def _guest(update: Update) -> Found:
    """Somebody has called the bot into a chat where it is no member: he is answered in private."""
    person = update.fields.one("from")
    id = person.number("id")
    found = heard(replace(update, bot=replace(update.bot, groups=True)))
    if isinstance(found, str) or id is None:
        return found if isinstance(found, str) else "a guest_message of nobody"
    guest = {"guest": called(update.fields.one("chat"))}
    return [
        replace(event, address=Place(id).address, name=called(person), about={**event.about, **guest})
        for event in found
        if isinstance(event, Incoming)
    ]


def _pressed(update: Update) -> Found:
    """A button: what it carries is a command, what stands on it is what the contact has said."""
    query = update.fields
    person = query.one("from")
    place = place_of(query.one("message")) or (Place(id) if (id := person.number("id")) else None)
    if place is None:
        return "a callback_query that names neither a chat nor a person"
    command, label = presses.pressed(query)
    if command is None and not label:
        return [_incoming(update, place, person, about={"unsupported": "game"})]
    return [_incoming(update, place, person, words=label, command=command, about={})]


def _deleted(update: Update) -> Found:
    place = place_of(update.fields)
    numbers = [id for raw in update.fields.items("message_ids") if (id := whole(raw)) and id > 0]
    if place is None or not numbers:
        return "a deletion that names no message"
    return [
        Deleted(update.bot.channel, place.address, EventKey(f"{update.key}:{id}"), place.native(id))
        for id in numbers
    ]


def _reacted(update: Update) -> Found:
    reaction = update.fields
    place, number = place_of(reaction), reaction.number("message_id")
    if place is None or not number or number < 0:
        return "a reaction that names no message"
    if reaction.one("user").flag("is_bot") or not _counts(reaction.one("chat"), update.bot):
        return []
    emojis = tuple(filter(None, map(_emoji, reaction.many("new_reaction"))))
    return [Reacted(update.bot.channel, place.address, update.key, place.native(number), emojis)]


def _emoji(reaction: Fields) -> str:
    return {"custom_emoji": CUSTOM_EMOJI, "paid": PAID}.get(
        reaction.words("type"), reaction.words("emoji")[:32]
    )


def _reachable(update: Update) -> Found:
    """In a private chat this comes only when the contact blocks or unblocks the bot."""
    place, member = place_of(update.fields), update.fields.one("new_chat_member")
    status = member.words("status")
    if place is None or not status:
        return "a my_chat_member that names no chat or no state"
    chat = update.fields.one("chat")
    if not _counts(chat, update.bot):
        return []
    silenced = status == "restricted" and member.value("can_send_messages") is False
    gone = status in GONE or silenced
    reason = (
        "the contact has blocked the bot" if is_private(chat) else "the group lets the bot write no longer"
    )
    return [Reachable(update.bot.channel, place.address, update.key, not gone, reason if gone else "")]


def _counts(chat: Fields, bot: Bot) -> bool:
    return is_private(chat) or (bot.groups and chat.words("type") != "channel")


def _commerce(update: Update) -> Found:
    fields = update.fields
    words = (str(fields.number("total_amount") or ""), fields.words("currency"), fields.words("state"))
    return _unsupported(update, update.kind, " ".join(filter(None, words)))


_READERS: dict[str, Callable[[Update], Found]] = {
    "message": heard,
    "edited_message": heard,
    "business_message": heard,
    "edited_business_message": heard,
    "deleted_business_messages": _deleted,
    "guest_message": _guest,
    "message_reaction": _reacted,
    "callback_query": _pressed,
    "my_chat_member": _reachable,
    "shipping_query": _commerce,
    "pre_checkout_query": _commerce,
    "purchased_paid_media": _commerce,
    "subscription": _commerce,
}
