"""Files of Telegram: bytes in memory, a file_id for each bot, and what a message says of a file.

Owns storing, the ids and the fields of PhotoSize, Document, Voice and their like. It must never keep more bytes than it
may: the oldest files go first, and then cannot be downloaded any more.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.playground.record import SeenFile
from bridge.playground.telegram.pictures import measure

Kind = Literal["photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker"]
FOLDERS: dict[Kind, str] = {
    "photo": "photos",
    "document": "documents",
    "voice": "voice",
    "audio": "music",
    "video": "videos",
    "video_note": "video_notes",
    "animation": "animations",
    "sticker": "stickers",
}
DOWNLOAD_BYTES = 20 * 1024 * 1024
UPLOAD_BYTES = 50 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """A stored file; `unique` is its file_unique_id, the same for all bots."""

    unique: str
    kind: Kind
    name: str
    type: str
    data: bytes = field(repr=False)
    path: str
    about: dict[str, Any]

    @property
    def seen(self) -> SeenFile:
        """The file as somebody saves it."""
        return SeenFile(
            self.kind, self.name, self.type, len(self.data), hashlib.sha256(self.data).hexdigest()
        )


class Files:
    """All files of all bots, bounded together."""

    def __init__(self, most_bytes: int) -> None:
        self._kept: OrderedDict[str, File] = OrderedDict()
        self._most = most_bytes
        self._bytes = 0
        self._numbers = 0

    def keep(self, kind: Kind, data: bytes, name: str = "", type: str = "", **about: Any) -> File:
        """Stores a file; `about` holds duration, sides, emoji and the like."""
        self._numbers += 1
        unique = base64.urlsafe_b64encode(hashlib.sha256(f"{self._numbers}".encode()).digest()[:11]).decode()
        unique = unique.rstrip("=")
        ending = name.rpartition(".")[2] if "." in name else _ENDINGS.get(kind, "bin")
        path = f"{FOLDERS[kind]}/file_{self._numbers}.{_plain(ending)}"
        file = File(unique, kind, name, type or _TYPES.get(kind, ""), data, path, _about(kind, data) | about)
        self._kept[unique] = file
        self._bytes += len(data)
        while self._bytes > self._most and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.data)
        return file

    def get(self, unique: str) -> File | None:
        """A stored file; None when it is not known or has been forgotten."""
        return self._kept.get(unique)

    def by_path(self, path: str) -> File | None:
        """The file at a file_path."""
        return next((file for file in self._kept.values() if file.path == path), None)

    def by_id(self, bot: int, file_id: str) -> File | None:
        """The file of a file_id; None when that was another bot's."""
        try:
            owner, _, unique = (
                base64.urlsafe_b64decode(file_id + "=" * (-len(file_id) % 4)).decode().partition(":")
            )
        except ValueError:
            return None
        return self.get(unique) if owner == str(bot) else None

    def forget(self) -> None:
        """Drops all."""
        self._kept.clear()
        self._bytes = 0


def file_id(bot: int, unique: str) -> str:
    """How one bot names a file; no other bot can use it."""
    return base64.urlsafe_b64encode(f"{bot}:{unique}".encode()).decode().rstrip("=")


def content(file: File) -> dict[str, Any]:  # noqa: PLR0911 -- one answer a kind
    """The field of a message that holds the file. `file_id` is added for each bot that reads it."""
    common = {"file_unique_id": file.unique, "file_size": len(file.data)}
    about = dict(file.about)
    match file.kind:
        case "photo":
            width, height = about.get("width", 1), about.get("height", 1)
            return {"photo": [{**common, "width": width, "height": height}]}
        case "document":
            return {"document": _named(file, common)}
        case "voice":
            return {"voice": {**common, "duration": about.get("duration", 0), "mime_type": file.type}}
        case "audio":
            more = {key: about[key] for key in ("performer", "title") if key in about}
            return {"audio": {**_named(file, common), "duration": about.get("duration", 0), **more}}
        case "video":
            return {"video": {**_named(file, common), **_moving(about)}}
        case "animation":
            moving = {**_named(file, common), **_moving(about)}
            return {"animation": moving, "document": _named(file, common)}
        case "video_note":
            length = about.get("length", 240)
            return {"video_note": {**common, "length": length, "duration": about.get("duration", 0)}}
        case "sticker":
            sides = {"width": about.get("width", 512), "height": about.get("height", 512)}
            flags = {"is_animated": False, "is_video": False, "type": "regular"}
            emoji = {"emoji": about["emoji"]} if about.get("emoji") else {}
            return {"sticker": {**common, **sides, **flags, **emoji}}


def uniques(value: Any) -> list[str]:
    """The files of a message's content, each once."""
    found: dict[str, None] = {}
    if isinstance(value, dict):
        if isinstance(value.get("file_unique_id"), str):
            found[value["file_unique_id"]] = None
        for key, inner in value.items():
            if key != "thumbnail":
                found |= dict.fromkeys(uniques(inner))
    elif isinstance(value, list):
        for inner in value:
            found |= dict.fromkeys(uniques(inner))
    return list(found)


def _named(file: File, common: dict[str, Any]) -> dict[str, Any]:
    name = {"file_name": file.name} if file.name else {}
    kind = {"mime_type": file.type} if file.type else {}
    return {**name, **kind, **common}


def _moving(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "width": about.get("width", 320),
        "height": about.get("height", 240),
        "duration": about.get("duration", 0),
    }


def _about(kind: Kind, data: bytes) -> dict[str, Any]:
    sides = measure(data) if kind in {"photo", "sticker"} else None
    return {"width": sides[0], "height": sides[1]} if sides else {}


def _plain(ending: str) -> str:
    return "".join(letter for letter in ending.lower() if letter.isascii() and letter.isalnum())[:8] or "bin"


_ENDINGS: dict[str, str] = {
    "photo": "jpg",
    "voice": "oga",
    "audio": "mp3",
    "video": "mp4",
    "video_note": "mp4",
    "animation": "mp4",
    "sticker": "webp",
}
_TYPES: dict[str, str] = {
    "photo": "image/jpeg",
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "animation": "video/mp4",
    "sticker": "image/webp",
}
