"""Files on their way to Facebook: streamed out of the store, in the call that says them.

Owns what a file is called there. It must never hold a whole file in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bridge import text
from bridge.connector import Surroundings
from bridge.connectors.facebook.client import File
from bridge.errors import Missing, Rejected, Unreachable
from bridge.messages import Attachment

_MB = 1_048_576
PICTURE = 8 * _MB
"""Bytes; a larger picture goes as a file. https://developers.facebook.com/docs/messenger-platform/send-messages"""
_PICTURES = frozenset(("image/jpeg", "image/png", "image/gif"))
_FILMS = frozenset(("video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/x-msvideo"))
_SOUNDS = frozenset(
    ("audio/mpeg", "audio/mp4", "audio/aac", "audio/x-m4a", "audio/wav", "audio/x-wav", "audio/ogg")
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file of the store, begun: what cannot be read is known before anything is written."""

    first: bytes
    rest: AsyncIterator[bytes]

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.first
        async for chunk in self.rest:
            yield chunk


def kind(file: Attachment) -> str:
    """What Facebook shall show it as."""
    type = file.type.partition(";")[0].strip().lower()
    if type in _PICTURES and file.size <= PICTURE:
        return "image"
    if type in _FILMS:
        return "video"
    return "audio" if type in _SOUNDS else "file"


async def stored(around: Surroundings, file: Attachment) -> File:
    """The file, ready to be sent."""
    try:
        _, place, _ = await around.router.read.file(file.id)
        chunks = around.files.open(place)
        begun = _Stored(await anext(chunks, b""), chunks)
    except (Missing, FileNotFoundError):
        raise Rejected("the file is not in the store any more") from None
    except OSError as error:
        raise Unreachable(f"the store of files is out: {type(error).__name__}") from error
    return File(text.filename(file.name), file.type or "application/octet-stream", file.size, begun.chunks())
