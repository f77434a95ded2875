"""From an update of Messenger to what the router hears.

Owns what each kind of update becomes. It must never raise because of what it reads: what nobody can place is told as
`unread`, and the intake keeps it for people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge import text
from bridge.connectors.facebook import addresses, kinds, orders, presses, speech
from bridge.connectors.facebook.batches import Item
from bridge.connectors.facebook.speech import Event, Found, Page
from bridge.fields import Fields
from bridge.messages import Heard, Incoming, Mark, NativeId, Reacted, Receipted

REACTIONS = {
    "love": "❤",
    "smile": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
    "like": "👍",
    "dislike": "👎",
}
"""Messenger's own reactions by their name, where an update does not show the sign."""
_ENVELOPE = frozenset(("sender", "recipient", "timestamp", "prior_message", "is_self", "hop_context"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What an update holds: news for the router."""

    events: tuple[Heard, ...] = ()
    left: str = ""
    """the kind of an update that nobody needs to hear of"""
    unread: str = ""


def read(raw: object, page: Page) -> Taken:
    """What this update holds."""
    update = Fields(raw)
    kind = _kind(update)
    if not kind:
        return Taken(unread="it holds no event")
    if kind in kinds.UNHEARD:
        return Taken(left=kind)
    if kind not in _READERS:
        return Taken(unread=f"an event of a kind that is not known here: {kind}")
    event = _event(kind, update, raw, page)
    if not event.address and kind != "policy_enforcement":
        return Taken(unread=f"it names nobody whose {kind} it is")
    found = _READERS[kind](event)
    return Taken(unread=found) if isinstance(found, str) else Taken(tuple(found), left="" if found else kind)


def change(item: Item) -> Taken:
    """What has changed on the page, where it is no update of a conversation."""
    if item.left and item.left not in kinds.CHANGES:
        return Taken(unread=f"a change of a kind that is not known here: {item.left}")
    return Taken(left=item.left, unread=item.unread)


def _kind(update: Fields) -> str:
    """What an update is about; a referral may stand beside a message or a press, and then belongs to it."""
    names = [name.replace("-", "_") for name in update.names() if name not in _ENVELOPE]
    known = [name for name in names if name in _READERS]
    main = next((name for name in known if name != "referral"), next(iter(known), ""))
    left = next((name for name in names if name in kinds.UNHEARD), "")
    return main or left or text.excerpt(text.clean(next(iter(names), "")), 64)


def _event(kind: str, update: Fields, raw: object, page: Page) -> Event:
    """An update with the conversation it is of: the side that is not the page."""
    sender, recipient = addresses.address(update.one("sender")), addresses.address(update.one("recipient"))
    fields = update.one(kind) or update.one(kind.replace("_", "-"))
    echo = fields.flag("is_echo") and recipient not in ("", page.id)
    ours = sender == page.id or echo
    return Event(
        kind=kind,
        fields=fields,
        raw=update,
        address=recipient if ours else sender,
        ours=ours,
        at=addresses.moment(update.value("timestamp")),
        digest=addresses.digest(raw),
        page=page,
    )


# -- news


def _pressed(event: Event) -> Found:
    """A press of a button; in another app's conversation Facebook does not say what it carries."""
    if event.ours:
        return []
    press = event.fields
    native = addresses.native(press.value("mid"))
    label = press.words("title")
    command = presses.command(press.value("payload"))
    return [
        _incoming(
            event,
            label or command or "",
            native=native,
            command=command,
            start=speech.started(press.one("referral") or event.raw.one("referral")),
            unsupported="" if label or command else "button",
        )
    ]


def _referred(event: Event) -> Found:
    referral = event.fields
    said = (
        referral.words("source"),
        referral.words("type"),
        referral.one("ads_context_data").words("ad_title"),
    )
    detail = ", ".join(filter(None, said))
    return [
        _incoming(
            event,
            "",
            command="start",
            start=speech.started(referral),
            unsupported="referral",
            detail=detail,
        )
    ]


def _opted(event: Event) -> Found:
    """He came by a plugin of the site's, or has asked for news under a title."""
    optin = event.fields
    if "notification_messages_status" in optin and optin.words("notification_messages_status").startswith(
        "STOP"
    ):
        return []
    title = optin.words("title")
    start = optin.words("ref") or optin.words("payload")
    return [
        _incoming(
            event,
            "",
            command="start",
            start=start[:512],
            unsupported="optin",
            detail=text.excerpt(title or optin.words("type"), 500),
        )
    ]


def _reacted(event: Event) -> Found:
    reaction = event.fields
    native = addresses.native(reaction.value("mid"))
    if native is None:
        return "a reaction that names no message"
    if event.ours:
        return []
    taken_back = reaction.words("action") == "unreact"
    name = reaction.words("reaction")
    sign = reaction.words("emoji") or REACTIONS.get(name) or name or "other"
    emojis = () if taken_back else (text.excerpt(sign, 32),)
    return [_reaction(event, native, emojis)]


def _rated(event: Event) -> Found:
    native = addresses.native(event.fields.value("mid"))
    if native is None:
        return "a rating that names no message"
    good = event.fields.words("feedback").lower().startswith("good")
    return [_reaction(event, native, ("👍" if good else "👎",))]


def _reaction(event: Event, native: NativeId, emojis: tuple[str, ...]) -> Reacted:
    moment = event.raw.number("timestamp") or event.digest
    key = addresses.key(event.page.id, event.kind, native, event.address, moment, "".join(emojis) or "none")
    return Reacted(event.page.channel, event.address, key, native, emojis)


def _delivered(event: Event) -> Found:
    return _receipt(event, Mark.delivered)


def _seen(event: Event) -> Found:
    return _receipt(event, Mark.read)


def _receipt(event: Event, mark: Mark) -> Found:
    """All that was said up to a moment, or these messages."""
    if event.ours:
        return []
    news = event.fields
    mids = [*news.items("mids"), news.value("mid")]
    natives = tuple(native for each in mids if (native := addresses.native(each)) is not None)
    upto = addresses.moment(news.value("watermark"))
    if not natives and upto is None:
        return f"a {event.kind} that names no message"
    which = addresses.digest(natives) if natives else ""
    key = addresses.key(event.page.id, event.kind, event.address, news.value("watermark"), which)
    return [Receipted(event.page.channel, event.address, key, mark, natives, upto)]


def _ordered(event: Event) -> Found:
    return [_incoming(event, "", unsupported=event.kind, detail=orders.words(event.kind, event.fields))]


def _restricted(event: Event) -> Found:
    """Nobody can do anything about it but people."""
    news = event.fields
    action, reason = (text.excerpt(news.words(name), 500) for name in ("action", "reason"))
    return ": ".join(filter(None, (f"Facebook has restricted the page ({action or 'no action'})", reason)))


def _incoming(
    event: Event,
    words: str,
    *,
    native: NativeId | None = None,
    command: str | None = None,
    start: str = "",
    **about: str,
) -> Incoming:
    """What a contact does that is no message."""
    page = event.page
    return Incoming(
        channel=page.channel,
        address=event.address,
        event_key=addresses.key(page.id, event.kind, native or event.digest),
        text=words,
        name=page.named(event.address),
        language=page.language(event.address),
        native=native,
        command=command,
        asks_person=command == presses.PERSON,
        about={name: value for name, value in about.items() if value},
        start=start,
        said_at=event.at,
    )


_READERS: dict[str, Callable[[Event], Found]] = {
    "message": speech.said,
    "message_edit": speech.edited,
    "postback": _pressed,
    "referral": _referred,
    "optin": _opted,
    "reaction": _reacted,
    "response_feedback": _rated,
    "delivery": _delivered,
    "read": _seen,
    "checkout_update": _ordered,
    "payment": _ordered,
    "pre_checkout": _ordered,
    "order": _ordered,
    "messaging_feedback": _ordered,
    "messaging_customer_information": _ordered,
    "in_thread_lead_form_submit": _ordered,
    "policy_enforcement": _restricted,
}
