"""What files are called, and what they are: by their bytes, not by what somebody says.

Owns the normalised name and the honest type. Pure. It must never call a file a picture, a sound or a film whose first
bytes are none: those are what browsers show.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable

from bridge import text

UNKNOWN = "application/octet-stream"
HEAD = 512
"""So many first bytes tell what a file is."""
INLINE = frozenset(
    (
        "image/png", "image/jpeg", "image/gif", "image/webp",
        "audio/ogg", "audio/mpeg", "audio/mp4", "audio/wav", "audio/flac", "audio/aac",
        "video/mp4", "video/webm", "video/ogg",
    )
)  # fmt: skip
"""Types that a browser may show in its place; all else is only saved."""

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_SHOWN = ("image/", "audio/", "video/")
_SAME = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/aac": "audio/aac",
    "audio/opus": "audio/ogg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "application/ogg": "audio/ogg",
}
"""Other words for the same type."""
_EXTENSIONS = {"image/jpeg": ".jpg", "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a"}


def called(name: str, type: str = "", kind: str = "file") -> str:
    """A file's name, safe to store and to show everywhere; one without a name is called by its kind and type."""
    if name.strip():
        return text.filename(name)
    type = media_type(type)
    extension = _EXTENSIONS.get(type) or (mimetypes.guess_extension(type) if type != UNKNOWN else "") or ""
    return text.filename(f"{kind.replace('_', '-')}{extension}")


def media_type(declared: str) -> str:
    """A media type as it may stand in a header; what looks like none is unknown."""
    kind = declared.partition(";")[0].strip().lower()
    return _SAME.get(kind, kind) if _TYPE.fullmatch(kind) else UNKNOWN


def honest(declared: str, head: bytes) -> str:
    """What a file is by its first bytes; by what it is said to be only where browsers do not show it."""
    kind, found = media_type(declared), _found(head)
    if found is None:
        return UNKNOWN if kind.startswith(_SHOWN) else kind
    if kind.partition("/")[2] == found.partition("/")[2] and kind.startswith(("audio/", "video/")):
        return (
            kind  # the bytes tell the container; whether there is a picture in it, only who has made it knows
        )
    return found


def _found(head: bytes) -> str | None:
    for type, is_it in _SIGNS:
        if is_it(head):
            return type
    return None


def _starts(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signs)


def _riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"RIFF") and head[8:12] == kind


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and (not brands or head[8:11] in brands)


def _frames(head: bytes) -> bool:
    """An MPEG audio stream without a tag."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0


_SIGNS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", _starts(b"\xff\xd8\xff")),
    ("image/gif", _starts(b"GIF87a", b"GIF89a")),
    ("image/webp", _riff(b"WEBP")),
    ("audio/wav", _riff(b"WAVE")),
    ("audio/ogg", _starts(b"OggS")),
    ("audio/flac", _starts(b"fLaC")),
    ("audio/mp4", _brand(b"M4A", b"M4B")),
    ("video/mp4", _brand(b"iso", b"mp4", b"avc", b"M4V", b"das", b"MSN", b"3gp", b"f4v")),
    ("video/webm", _starts(b"\x1a\x45\xdf\xa3")),
    ("audio/mpeg", _starts(b"ID3")),
    ("audio/aac", _starts(b"\xff\xf1", b"\xff\xf9")),
    ("audio/mpeg", _frames),
    ("application/pdf", _starts(b"%PDF-")),
)
"""How files begin. https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern"""
