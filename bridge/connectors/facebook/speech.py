"""Who says what: from a message of Messenger to the one event that it is.

Owns the reading of a message as a whole: its words, its files, what it answers, whether a contact or the page said it. It
must never raise because of what it reads, nor let a message say nothing: what nobody knows how to show is named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bridge import text
from bridge.connectors.facebook import addresses, attachments, presses
from bridge.connectors.facebook.attachments import Found as Attached
from bridge.fields import Fields
from bridge.messages import (
    Address,
    ChannelName,
    Deleted,
    Echoed,
    Edited,
    Heard,
    Incoming,
    Json,
    NativeId,
    Remote,
)

INBOX = frozenset(("263902037430900",))
"""The apps by which people answer on the page's own pages."""


@dataclass(frozen=True, slots=True)
class Page:
    """Whose events are read: its number, its channel, and how contacts are called, as far as that is known."""

    id: str
    channel: ChannelName
    named: Callable[[Address], str] = lambda _: ""
    language: Callable[[Address], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Event:
    """One update: its kind, what stands under that name, all of it, and whose conversation it is of."""

    kind: str
    fields: Fields
    raw: Fields
    address: Address
    ours: bool
    """whether the page itself did it"""
    at: datetime | None
    digest: str
    page: Page


Found = list[Heard] | str
"""What an event means; or, in words, why it could not be read."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one message says."""

    text: str = ""
    remote: tuple[Remote, ...] = ()
    about: Json = field(default_factory=dict)


def said(event: Event) -> Found:
    """A message: the contact's, new or taken back, or one in the page's name."""
    message = event.fields
    native = addresses.native(message.value("mid"))
    if message.flag("is_echo") or event.ours:
        return [_echoed(event, native)] if not message.flag("is_deleted") else []
    if message.flag("is_deleted"):
        return _deleted(event, native)
    return [_incoming(event, native)]


def edited(event: Event) -> Found:
    """An edit; of the page's own words whoever edited them knows."""
    edit = event.fields
    native = addresses.native(edit.value("mid"))
    if native is None:
        return "an edit that names no message"
    if event.ours:
        return []
    said = read(edit)
    count = edit.number("num_edit")
    part = count if count is not None else event.digest
    key = addresses.key(event.page.id, "edit", native, part)
    return [
        Edited(event.page.channel, event.address, key, native, said.text, said.remote, said.about, event.at)
    ]


def started(referral: Fields) -> str:
    """The word of the link, or of the advertisement, that somebody came by."""
    ads = referral.one("ads_context_data")
    known = (referral.words("ref"), ads.words("ad_title"), addresses.identity(referral.value("ad_id")))
    return next((each for each in known if each), "")[:512]


def read(message: Fields) -> Contents:
    """What this message says."""
    found = Attached()
    attachments.read(message, found)
    words = message.words("text")
    whole = "\n".join(filter(None, (words, *found.words)))
    about = _about(message, found, whole)
    if not (whole or found.remote or about):
        about["unsupported"] = _kind(message)
    return Contents(whole, tuple(dict.fromkeys(found.remote)), about)


def _incoming(event: Event, native: NativeId | None) -> Incoming:
    message, page = event.fields, event.page
    said = read(message)
    command = presses.command(message.one("quick_reply").value("payload"), said.text)
    referral = message.one("referral") or event.raw.one("referral")
    return Incoming(
        channel=page.channel,
        address=event.address,
        event_key=addresses.key(page.id, "said", native or event.digest),
        text=said.text,
        name=page.named(event.address),
        language=page.language(event.address),
        native=native,
        command=command,
        asks_person=command == presses.PERSON,
        remote=said.remote,
        reply_to=addresses.native(message.one("reply_to").value("mid")),
        about=said.about,
        start=started(referral),
        said_at=event.at,
    )


def _echoed(event: Event, native: NativeId | None) -> Echoed:
    message, page = event.fields, event.page
    said = read(message)
    app = addresses.identity(message.value("app_id"))
    key = addresses.row_key(message.words("metadata"))
    return Echoed(
        channel=page.channel,
        address=event.address,
        event_key=addresses.key(page.id, "echo", native or event.digest),
        native=native or NativeId(event.digest),
        key=key,
        text=said.text or ("" if said.remote else _named(said.about)),
        remote=said.remote,
        said_at=event.at,
        automatic=key is None and bool(app) and app not in INBOX,
    )


def _deleted(event: Event, native: NativeId | None) -> Found:
    if native is None:
        return "it says that a message was taken back, but not which"
    key = addresses.key(event.page.id, "deleted", native)
    return [Deleted(event.page.channel, event.address, key, native)]


# -- what is no text


def _about(message: Fields, found: Attached, said: str) -> Json:
    about: Json = {}
    if found.place is not None:
        about["location"] = found.place
    if found.like and not said:
        about["emoji"] = "👍"
    story = message.one("reply_to").one("story")
    if story:
        about["reply_elsewhere"] = {"kind": "story", "from": ""}
    links = [(url, title) for url, title in dict.fromkeys(found.links) if not _holds(said, url)]
    if links:
        about["entities"] = [{"type": "text_link", "offset": 0, "length": 0, "url": url} for url, _ in links]
        titles = [title for _, title in links if title and title not in said]
        if titles and not found.named:
            found.named.append(("link", "; ".join(titles)))
    if found.named:
        (kind, detail), *others = found.named
        more = (f"{other}: {words}" if words else other for other, words in others)
        about["unsupported"] = kind
        if detail := "; ".join(filter(None, (detail, *more))):
            about["detail"] = text.excerpt(detail, 1000)
    if message.flag("is_unsupported"):
        about.setdefault("unsupported", "message")
    return about


def _holds(said: str, url: str) -> bool:
    """True where the text shows this address, be it without its last stroke or by the other of the two schemes."""
    return url.partition("://")[2].rstrip("/") in said


def _named(about: Json) -> str:
    """An echo has no place for what is no text: its words say it."""
    place = about.get("location")
    if place:
        return f"📍 {place['latitude']}, {place['longitude']}"
    links = [link["url"] for link in about.get("entities", [])]
    kind = f"[{about['unsupported']}]" if "unsupported" in about else ""
    return (
        "\n".join(filter(None, (" ".join(filter(None, (kind, about.get("detail", "")))), *links)))
        or "[message]"
    )


def _kind(message: Fields) -> str:
    """The name of what a message without anything else holds."""
    plain = (
        "mid",
        "seq",
        "text",
        "nlp",
        "attachments",
        "metadata",
        "app_id",
        "is_echo",
        "reply_to",
        "traits",
    )
    name = next((name for name in message.names() if name not in plain), "")
    return text.excerpt(text.clean(name), 64) or "message"
