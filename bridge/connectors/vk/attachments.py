"""What hangs on a message of VK: files, places, polls, and all that can only be named.

Owns the reading of one attachment. It must never raise because of what it reads, nor let one say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bridge import text
from bridge.fields import Fields
from bridge.messages import Json, Remote

_DETAIL = 300
_LONGEST = 4096
"""Characters of an address; VK's own have some hundreds."""
_OLD_SIZES = "smxopqryzw"
"""VK's letters for the sizes of a photo, the smallest first, where it does not tell how large they are."""
Kind = Literal["file", "photo", "video", "voice", "audio", "sticker", "video_note", "animation"]


@dataclass(slots=True)
class Found:
    """What hangs on a message; `named` are kinds that cannot be shown, each with what words can say of it."""

    remote: list[Remote] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    polls: list[Json] = field(default_factory=list)


def read(attachments: list[Fields], found: Found) -> None:
    """Adds what these are."""
    for attachment in attachments:
        kind = text.excerpt(attachment.words("type"), 64) or next(iter(attachment.names()), "")
        held = attachment.one(kind)
        if kind == "poll":
            found.polls.append(_poll(held))
        elif kind == "link" and (url := _url(held.value("url"))):
            found.links.append(url)
        elif (file := _FILES[kind](held) if kind in _FILES else None) is not None:
            found.remote.append(file)
        else:
            found.named.append((text.excerpt(kind, 64) or "attachment", _said_of(kind, held, found)))


def place(geo: Fields) -> Json:
    """Coordinates, and the name of the place; also as old versions wrote them, in one text."""
    coordinates = geo.one("coordinates")
    latitude, longitude = coordinates.decimal("latitude"), coordinates.decimal("longitude")
    written = geo.words("coordinates").split()
    if latitude is None and len(written) == 2:
        latitude, longitude = (_number(part) for part in written)
    if latitude is None or longitude is None:
        return {}
    known = geo.one("place")
    title, city = known.words("title"), known.words("city") or known.words("address")
    named = {name: words for name, words in (("title", title), ("address", city)) if words}
    return {"latitude": latitude, "longitude": longitude, **named}


# -- files


def _photo(photo: Fields) -> Remote | None:
    """The largest of the sizes of a photo, in any of the ways that VK has written them."""
    sizes = [*photo.many("sizes"), *photo.many("images"), photo.one("orig_photo")]
    known = [
        (_area(size), url) for size in sizes if (url := _url(size.value("url")) or _url(size.value("src")))
    ]
    for name in photo.names():
        width = name.removeprefix("photo_")
        if name.startswith("photo_") and width.isdecimal() and (url := _url(photo.value(name))):
            known.append(((int(width[:6]), 0), url))
    url = max(known, default=((0, 0), _url(photo.value("url"))))[1]
    return Remote(url, "photo.jpg", "image/jpeg", kind="photo") if url else None


def _area(size: Fields) -> tuple[int, int]:
    letter = _OLD_SIZES.find(size.words("type")[:1] or "?")
    return (size.number("width") or 0) * (size.number("height") or 0), letter


def _doc(doc: Fields) -> Remote | None:
    preview = doc.one("preview")
    for name in ("audio_message", "audio_msg"):
        if (voice := _voice(preview.one(name))) is not None:
            return voice
    url = _url(doc.value("url"))
    if not url:
        return None
    ext = doc.words("ext").lower()[:16]
    title = doc.words("title") or "document"
    name = title if not ext or title.lower().endswith(f".{ext}") else f"{title}.{ext}"
    size = doc.number("size")
    kind: Kind = "animation" if ext == "gif" else "file"
    return Remote(url, name, _TYPES.get(ext, ""), size if size is not None and size >= 0 else None, kind)


def _voice(voice: Fields) -> Remote | None:
    if ogg := _url(voice.value("link_ogg")):
        return Remote(ogg, "voice.ogg", "audio/ogg", kind="voice")
    mp3 = _url(voice.value("link_mp3"))
    return Remote(mp3, "voice.mp3", "audio/mpeg", kind="voice") if mp3 else None


def _graffiti(graffiti: Fields) -> Remote | None:
    found = _url(graffiti.value("url")) or _largest(graffiti)
    return Remote(found, "graffiti.png", "image/png", kind="photo") if found else None


def _sticker(sticker: Fields) -> Remote | None:
    found = _largest(sticker)
    return Remote(found, "sticker.png", "image/png", kind="sticker") if found else None


def _largest(held: Fields) -> str:
    """The largest picture of a sticker or drawing."""
    for name in ("images", "images_with_background"):
        known = [(_area(image), url) for image in held.many(name) if (url := _url(image.value("url")))]
        if known:
            return max(known)[1]
    photo = _photo(held)
    return photo.ref if photo else ""


def _audio(audio: Fields) -> Remote | None:
    url = _url(audio.value("url"))
    if not url or ".m3u8" in url:  # a list of pieces is no file
        return None
    name = " – ".join(filter(None, (audio.words("artist"), audio.words("title")))) or "audio"
    return Remote(url, f"{text.excerpt(name, 100)}.mp3", "audio/mpeg", kind="audio")


def _video(video: Fields) -> Remote | None:
    files = video.one("files")
    known = [
        (int(quality), url)
        for name in files.names()
        if (quality := name.removeprefix("mp4_")).isdecimal()
        and len(quality) < 6
        and (url := _url(files.value(name)))
    ]
    if not known:
        return None
    name = f"{text.excerpt(video.words('title') or 'video', 100)}.mp4"
    return Remote(max(known)[1], name, "video/mp4", kind="video")


_FILES: dict[str, Callable[[Fields], Remote | None]] = {
    "photo": _photo,
    "posted_photo": _photo,
    "doc": _doc,
    "audio_message": _voice,
    "graffiti": _graffiti,
    "sticker": _sticker,
    "ugc_sticker": _sticker,
    "audio": _audio,
    "video": _video,
    "video_message": _video,
}
_TYPES = {
    "pdf": "application/pdf",
    "gif": "image/gif",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "txt": "text/plain",
    "zip": "application/zip",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}


# -- what can only be named


def _poll(poll: Fields) -> Json:
    options = [answer.words("text") for answer in poll.many("answers")]
    return {"question": poll.words("question"), "options": [option for option in options if option]}


def _said_of(kind: str, held: Fields, found: Found) -> str:
    """What words can say of it; what is found within it is added."""
    if kind == "wall":
        read(held.many("attachments"), found)
        for copied in held.many("copy_history")[:5]:
            read(copied.many("attachments"), found)
    elif kind == "gift" and (picture := _url(held.value("thumb_256")) or _url(held.value("thumb_96"))):
        found.remote.append(Remote(picture, "gift.jpg", "image/jpeg", kind="photo"))
    elif kind == "market" and (picture := _url(held.value("thumb_photo"))):
        found.remote.append(Remote(picture, "product.jpg", "image/jpeg", kind="photo"))
    if page := _page(kind, held):
        found.links.append(page)
    return text.excerpt(" ".join(filter(None, _words_of(kind, held))), _DETAIL)


def _words_of(kind: str, held: Fields) -> Iterator[str]:
    yield held.words("artist")
    yield held.words("title") or held.words("name")
    yield held.one("price").words("text")
    yield held.words("text")
    if kind == "wall":
        yield from (copied.words("text") for copied in held.many("copy_history")[:5])
    if kind == "call":
        yield held.words("state")
        yield f"{seconds} s" if (seconds := held.number("duration")) else ""
    yield held.words("caption") or held.words("description")
    amount = held.one("amount")
    yield amount.words("text") or held.words("amount")


_PAGES = {
    "photo": "photo",
    "video": "video",
    "wall": "wall",
    "market": "product",
    "story": "story",
    "audio_playlist": "audio_playlist",
    "article": "",
    "doc": "doc",
    "podcast": "podcast",
}


def _page(kind: str, held: Fields) -> str:
    """Where a person can look at it on VK."""
    for name in ("url", "view_url", "share_url", "player"):
        if (url := _url(held.value(name))) and kind not in ("audio", "doc"):
            return url
    owner, number = (
        held.number("owner_id") or held.number("to_id") or held.number("from_id"),
        held.number("id"),
    )
    if kind == "wall_reply" and owner and (post := held.number("post_id")):
        return f"https://vk.com/wall{owner}_{post}?reply={number or ''}"
    page = _PAGES.get(kind)
    return f"https://vk.com/{page}{owner}_{number}" if page and owner and number else ""


def _url(value: object) -> str:
    """An address of the web, made storable; "" for anything else."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")) or len(value) > _LONGEST:
        return ""
    return text.clean(value)


def _number(words: str) -> float | None:
    try:
        found = float(words)
    except ValueError:
        return None
    return found if abs(found) <= 360 else None
