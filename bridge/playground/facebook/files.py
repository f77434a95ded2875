"""Files of Messenger: bytes in memory, a link to each, and what a message says of a file.

Owns storing and the names in links. It must never keep more bytes than it may: the oldest files go first, and then their
links lead nowhere, as Facebook's do after some days.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from bridge.playground.record import SeenFile

Kind = Literal["image", "audio", "video", "file", "sticker"]
KINDS: tuple[Kind, ...] = ("image", "audio", "video", "file")
"""What a page can send."""
UPLOAD_BYTES = 25 * 1_048_576
IMAGE_BYTES = 8 * 1_048_576
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "mp4",
    "video/mp4": "mp4",
}


@dataclass(frozen=True, slots=True)
class File:
    """A stored file; `id` is its attachment_id, `sticker` the number of a sticker."""

    id: str
    kind: Kind
    name: str
    type: str
    data: bytes = field(repr=False)
    sticker: int | None = None

    @property
    def seen(self) -> SeenFile:
        """The file as somebody saves it."""
        return SeenFile(
            self.kind, self.name, self.type, len(self.data), hashlib.sha256(self.data).hexdigest()
        )

    @property
    def path(self) -> str:
        """What its link has below the address of the files: Facebook's names say little but for documents."""
        ending = _ENDINGS.get(self.type, "bin")
        name = self.name if self.kind == "file" and self.name else f"{self.id}_n.{ending}"
        return f"{self.id}/{quote(name)}"


class Files:
    """All files, bounded together."""

    def __init__(self, most_bytes: int) -> None:
        self._kept: OrderedDict[str, File] = OrderedDict()
        self._most = most_bytes
        self._bytes = 0

    def keep(
        self, kind: Kind, data: bytes, name: str = "", type: str = "", sticker: int | None = None
    ) -> File:
        """Stores a file."""
        id = str(10**15 + secrets.randbelow(9 * 10**15))
        file = File(id, kind, name, type or "application/octet-stream", data, sticker)
        self._kept[id] = file
        self._bytes += len(data)
        while self._bytes > self._most and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.data)
        return file

    def get(self, id: str) -> File | None:
        """A stored file; None when it is not known or has been forgotten."""
        return self._kept.get(id)

    def forget(self) -> None:
        """Drops all."""
        self._kept.clear()
        self._bytes = 0
