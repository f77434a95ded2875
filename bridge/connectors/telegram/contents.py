"""What a message of Telegram says: its words, its files, and whatever else it holds.

Owns the reading of one message. It must never raise because of what it reads, nor let a message say nothing: what
nobody knows how to show is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, NamedTuple

from bridge import text
from bridge.connectors.telegram import kinds, rich
from bridge.fields import Fields
from bridge.messages import Json, Remote

ENTITIES = 100
"""Telegram itself honours no more in one message."""
_NAME = 200
_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Contents:
    """What one message says; `service` names what Telegram itself wrote, and then there is nothing else."""

    text: str = ""
    remote: tuple[Remote, ...] = ()
    about: Json = field(default_factory=dict)
    service: str = ""


def read(message: Fields) -> Contents:
    """What this message says."""
    said = message.words("text") or message.words("caption")
    if not said and "rich_message" in message:
        said = rich.plain(message.value("rich_message"))
    remote = tuple(_files(message))
    about: Json = {}
    for kind, show in _SHOWN.items():
        if kind in message and (shown := show(message.one(kind))):
            about.setdefault("location" if kind == "venue" else kind, shown)
    if emoji := message.one("sticker").words("emoji"):
        about["emoji"] = emoji[:16]
    if not (said or remote or about):
        kind = _kind(message)
        if kind in kinds.SERVICE:
            return Contents(service=kind)
        about["unsupported"] = kind
        if detail := _detail(kind, message.one(kind)):
            about["detail"] = detail
    entities = _entities(message, "entities" if "text" in message else "caption_entities")
    if entities:
        about["entities"] = entities
    return Contents(said, remote, about)


def called(somebody: Fields) -> str:
    """How a person or a chat is called: by name, else by username."""
    names = (somebody.words("first_name"), somebody.words("last_name"))
    name = " ".join(filter(None, names)) or somebody.words("title") or somebody.words("username")
    return text.excerpt(name, _NAME)


# -- files


class _File(NamedTuple):
    """What a file is, and is called, where Telegram does not say."""

    kind: Literal["file", "photo", "video", "voice", "audio", "sticker", "video_note", "animation"]
    type: str
    name: str


_FILES = {
    "animation": _File("animation", "video/mp4", "animation.mp4"),
    "live_photo": _File("video", "video/mp4", "live-photo.mp4"),
    "photo": _File("photo", "image/jpeg", "photo.jpg"),
    "video": _File("video", "video/mp4", "video.mp4"),
    "video_note": _File("video_note", "video/mp4", "video-note.mp4"),
    "voice": _File("voice", "audio/ogg", "voice.ogg"),
    "audio": _File("audio", "audio/mpeg", "audio.mp3"),
    "document": _File("file", "", ""),
    "sticker": _File("sticker", "image/webp", "sticker.webp"),
}
_MOVING_STICKER = _File("sticker", "application/x-tgsticker", "sticker.tgs")
_VIDEO_STICKER = _File("sticker", "video/webm", "sticker.webm")


def _files(message: Fields) -> Iterator[Remote]:
    taken: set[str] = set()
    for kind in kinds.FILES:
        for file in _of_kind(kind, message):
            if file.ref not in taken:
                taken.add(file.ref)
                yield file
        if taken and kind in ("animation", "live_photo"):
            return  # the same comes again as a document or a photo, for programs that do not know these


def _of_kind(kind: str, message: Fields) -> Iterator[Remote]:
    if kind == "photo":
        yield from _photo(message)
    elif kind == "paid_media":
        for paid in message.one(kind).many("paid_media"):
            yield from _photo(paid)
            for moving in ("live_photo", "video"):
                yield from _file(_FILES[moving], paid.one(moving))
    else:
        file = message.one(kind)
        known = _FILES[kind]
        if kind == "sticker" and file.flag("is_animated"):
            known = _MOVING_STICKER
        elif kind == "sticker" and file.flag("is_video"):
            known = _VIDEO_STICKER
        yield from _file(known, file)


def _photo(holder: Fields) -> Iterator[Remote]:
    """The largest of the sizes of a photo."""
    sizes = [size for size in holder.many("photo") if size.words("file_id")]
    if sizes:
        yield from _file(_FILES["photo"], max(sizes, key=_area))


def _area(size: Fields) -> tuple[int, int]:
    return (size.number("width") or 0) * (size.number("height") or 0), size.number("file_size") or 0


def _file(known: _File, file: Fields) -> Iterator[Remote]:
    if ref := file.words("file_id"):
        size = file.number("file_size")
        yield Remote(
            ref=ref,
            name=file.words("file_name") or known.name,
            type=file.words("mime_type") or known.type,
            size=size if size is not None and size >= 0 else None,
            kind=known.kind,
        )


# -- what else can be shown


def _venue(venue: Fields) -> Json:
    named = {name: words for name in ("title", "address") if (words := venue.words(name))}
    return {**_location(venue.one("location")), **named}


def _location(location: Fields) -> Json:
    latitude, longitude = location.decimal("latitude"), location.decimal("longitude")
    if latitude is None or longitude is None:
        return {}
    live = {"live": True} if "live_period" in location else {}
    return {"latitude": latitude, "longitude": longitude, **live}


def _contact(contact: Fields) -> Json:
    found = {"name": called(contact), "phone": contact.words("phone_number")}
    return found if any(found.values()) else {}


def _poll(poll: Fields) -> Json:
    options = [option.words("text") for option in poll.many("options")]
    found: Json = {"question": poll.words("question"), "options": options}
    return found if any(found.values()) else {}


_SHOWN: dict[str, Callable[[Fields], Json]] = {
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "poll": _poll,
}


def _entities(message: Fields, name: str) -> list[Json]:
    """Marks within the text: links, mentions and how it looks; offset and length in UTF-16 units."""
    found: list[Json] = []
    for entity in message.many(name)[:ENTITIES]:
        offset, length, type = entity.number("offset"), entity.number("length"), entity.words("type")
        if type and offset is not None and length is not None and offset >= 0 and length > 0:
            more = {extra: words for extra in ("url", "language") if (words := entity.words(extra))}
            found.append({"type": type, "offset": offset, "length": length, **more})
    return found


# -- what cannot be shown


def _kind(message: Fields) -> str:
    """The name of what this message holds; a kind that is newer than this table is named as it comes."""
    held = [name for name in message.names() if name not in kinds.ABOUT_A_MESSAGE]
    known = (name for name in (*kinds.FILES, *kinds.STRUCTURED, *kinds.UNSUPPORTED) if name in held)
    new = (text.excerpt(text.clean(name), 64) for name in held if name not in kinds.SERVICE)
    return next(chain(known, filter(None, new), held), "message")


def _detail(kind: str, held: Fields) -> str:
    """What can be said in words of something that cannot be shown."""
    match kind:
        case "dice":
            words = [held.words("emoji"), str(held.number("value") or "")]
        case "checklist":
            tasks = [task.words("text") for task in held.many("tasks")]
            words = [held.words("title"), ", ".join(filter(None, tasks))]
        case "invoice" | "successful_payment" | "refunded_payment":
            words = [held.words("title"), str(held.number("total_amount") or ""), held.words("currency")]
        case "users_shared":
            words = [", ".join(filter(None, map(called, held.many("users"))))]
        case "story":
            words = [called(held.one("chat"))]
        case "web_app_data":
            words = [held.words("button_text"), held.words("data")]
        case _:
            words = [held.words("title") or held.words("text")]
    return text.excerpt(" ".join(filter(None, words)), _DETAIL)
