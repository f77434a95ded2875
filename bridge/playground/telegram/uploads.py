"""Files that a bot sends: uploaded with the call, or known by a file_id.

Owns where the bytes come from and the platform's bounds for them. Addresses of the web are not fetched: a stand-in calls
nobody but webhooks.
"""

from __future__ import annotations

from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.files import PHOTO_BYTES, UPLOAD_BYTES, File, Kind
from bridge.playground.telegram.pictures import measure
from bridge.playground.telegram.refusals import WRONG_FILE_TO_SEND, Refusal, bad

MOST_NAME = 60
"""Letters of a file's name that Telegram keeps [unverified]."""
NOUNS: dict[str, str] = {"video_note": "video note"}


def sent(ask: Ask, kind: Kind, reference: Any, **about: Any) -> File:
    """The file that an argument refers to, stored."""
    reference = str(reference or "")
    if not reference:
        raise bad(f"there is no {NOUNS.get(kind, kind)} in the request")
    if reference.startswith("attach://"):
        upload = ask.files.get(reference.removeprefix("attach://"))
        if upload is None:
            raise bad(f"there is no {NOUNS.get(kind, kind)} in the request")
        _fits(kind, upload.data)
        known = {name: value for name, value in about.items() if value is not None}
        name = "" if kind in {"photo", "voice", "video_note"} else upload.name
        type = upload.type if kind in {"document", "audio", "video", "animation"} else ""
        return ask.telegram.files.keep(kind, upload.data, name[-MOST_NAME:], type, **known)
    if reference.startswith(("http://", "https://")):
        raise bad("failed to get HTTP URL content")
    file = ask.telegram.files.by_id(ask.bot.id, reference)
    if file is None:
        raise bad(WRONG_FILE_TO_SEND)
    if file.kind != kind:
        raise bad(f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}")
    return file


def _fits(kind: Kind, data: bytes) -> None:
    if not data:
        raise bad("file must be non-empty")
    if len(data) > UPLOAD_BYTES:
        raise Refusal(413, "Request Entity Too Large", wrong=True)
    if kind != "photo":
        return
    if len(data) > PHOTO_BYTES:
        raise bad(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
        )
    sides = measure(data)
    if sides is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = sides
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
