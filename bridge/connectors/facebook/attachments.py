"""What hangs on a message of Messenger: files, places, links, and what can only be named.

Owns the reading of one list of attachments. It must never raise because of what it reads, nor drop what it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import parse_qs, unquote, urlsplit

from bridge import text
from bridge.connectors.facebook import addresses, kinds
from bridge.fields import Fields
from bridge.messages import Json, Remote

Kind = Literal["file", "photo", "video", "voice", "audio", "sticker", "video_note", "animation"]
LIKES = frozenset(("369239263222822", "369239343222814", "369239383222810"))
"""The stickers that the thumb beside the keyboard sends, by how long it was pressed."""
_WORDS = 4000
"""Characters of a card that are read."""
LONGEST = 8192
"""Characters of an address that anybody could mean."""
_SERVERS = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
"""Where Facebook's own files lie; all else is a page to look at."""


@dataclass(slots=True)
class Found:
    """What the attachments of a message hold."""

    remote: list[Remote] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """address and title"""
    named: list[tuple[str, str]] = field(default_factory=list)
    """kinds that cannot be shown, with what can be said of them"""
    words: list[str] = field(default_factory=list)
    """what a template says"""
    place: Json | None = None
    like: bool = False
    stickers: set[str] = field(default_factory=set)


def read(message: Fields, found: Found) -> None:
    """Reads all attachments of a message, a sticker once: for a while Facebook sent it as a picture, too."""
    attached = [
        *message.many("attachments"),
        *([message.one("attachment")] if "attachment" in message else []),
    ]
    whole = addresses.identity(message.value("sticker_id"))
    for one in attached:
        _one(one, whole if len(attached) == 1 else "", found)
    if whole and not attached:
        found.named.append(("sticker", whole))
    found.like = bool(({whole} | found.stickers) & LIKES)


def _one(attachment: Fields, whole: str, found: Found) -> None:
    kind = text.excerpt(attachment.words("type"), 64) or "attachment"
    payload = attachment.one("payload")
    sticker = addresses.identity(payload.value("sticker_id")) or addresses.identity(
        attachment.value("sticker_id")
    )
    if sticker or kind == "sticker":
        _sticker(sticker or whole, payload, found)
    elif kind in kinds.FILES:
        _file(kind, kinds.FILES[kind], attachment, found)
    elif kind == "location":
        _place(attachment, found)
    elif kind == "template":
        _template(attachment, found)
    elif kind in kinds.LINKS:
        _link(kind, attachment, found)
    else:
        _post(kind, attachment, found)


def _sticker(id: str, payload: Fields, found: Found) -> None:
    url = address(payload.words("url"))
    if id and id in found.stickers:
        return
    if not url:
        found.named.append(("sticker", id))
        return
    found.stickers.add(id or url)
    found.remote.append(Remote(url, name(url), kind="sticker"))


def _file(kind: str, shown: str, attachment: Fields, found: Found) -> None:
    payload = attachment.one("payload")
    url = address(payload.words("url")) or address(attachment.words("url"))
    title = payload.words("title") or payload.words("name") or attachment.words("name")
    if not url:
        found.named.append((kind, text.excerpt(title or attachment.words("title"), 200)))
        return
    called = text.filename(title) if title else name(url)
    found.remote.append(Remote(url, called, kind=cast("Kind", shown)))


def _post(kind: str, attachment: Fields, found: Found) -> None:
    """Something that was shared, or a kind that is newer than this code."""
    payload = attachment.one("payload")
    url, title = _url(attachment), _title(attachment)
    if url and is_file(url):
        shown = kinds.POSTS.get(kind, "file")
        found.remote.append(Remote(url, name(url), kind=cast("Kind", shown)))
        if title:
            found.named.append((kind, title))
        return
    told = title or text.excerpt(payload.words("text") or payload.words("body"), 500)
    found.named.append((kind, told))
    if url:
        found.links.append((url, ""))


def _link(kind: str, attachment: Fields, found: Found) -> None:
    url, title = _url(attachment), _title(attachment)
    if url:
        found.links.append((url, title))
    else:
        found.named.append((kind, title))


def _place(attachment: Fields, found: Found) -> None:
    payload = attachment.one("payload")
    spot = payload.one("coordinates") or payload
    latitude = spot.decimal("lat") if "lat" in spot else spot.decimal("latitude")
    longitude = next((spot.decimal(each) for each in ("long", "lng", "longitude") if each in spot), None)
    if latitude is None or longitude is None or found.place is not None:
        found.named.append(("location", _title(attachment)))
        return
    found.place = {"latitude": latitude, "longitude": longitude}
    if title := _title(attachment):
        found.place["title"] = title


def _template(attachment: Fields, found: Found) -> None:
    """A card: what it says in words; its pictures stay where they are."""
    payload = attachment.one("payload")
    cards = payload.many("elements") or payload.one("product").many("elements")
    lines = [payload.words("text") or payload.words("title") or attachment.words("title")]
    lines += [" · ".join(filter(None, (card.words("title"), card.words("subtitle")))) for card in cards]
    buttons = [button for holder in (payload, *cards) for button in holder.many("buttons")]
    lines += [f"[{words}]" for button in buttons if (words := button.words("title"))]
    said = "\n".join(filter(None, lines))
    if said:
        found.words.append(said[:_WORDS])
    if url := _url(attachment):
        found.links.append((url, ""))
    if not said and not url:
        found.named.append(("template", text.excerpt(payload.words("template_type"), 64)))


def _title(attachment: Fields) -> str:
    title = attachment.words("title") or attachment.one("payload").words("title")
    return text.excerpt(title or attachment.words("name"), 500)


def _url(attachment: Fields) -> str:
    payload = attachment.one("payload")
    given = (attachment.words("url"), attachment.words("URL"), payload.words("url"), payload.words("link"))
    return next((unwrapped(found) for each in given if (found := address(each))), "")


def address(value: str) -> str:
    """An address of the web as it was written; "" for what is none."""
    value = value.strip()
    if not value.lower().startswith(("https://", "http://")) or len(value) > LONGEST:
        return ""
    try:
        return value if urlsplit(value).hostname else ""
    except ValueError:
        return ""


def unwrapped(url: str) -> str:
    """The address behind Facebook's own detour."""
    parts = urlsplit(url)
    if (parts.hostname or "") in ("l.facebook.com", "lm.facebook.com", "l.instagram.com"):
        return address(next(iter(parse_qs(parts.query).get("u", ())), "")) or url
    return url


def is_file(url: str) -> bool:
    """True for what lies on Facebook's servers of files."""
    host = (urlsplit(url).hostname or "").lower()
    return f".{host}".endswith(_SERVERS)


def name(url: str) -> str:
    """What a file is called, as far as its address says so."""
    last = unquote(urlsplit(url).path.rsplit("/", 1)[-1], errors="replace")
    return text.filename(last) if "." in last else ""
