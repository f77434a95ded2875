"""What a customer does with Messenger, as the page asks for it.

Owns the names of the acts and their fields. It must never do what `Person` cannot, but for `answer`, which is somebody in
the page's own inbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.playground.body import Fields, Upload
from bridge.playground.facebook.files import UPLOAD_BYTES, Kind
from bridge.playground.facebook.pages import Page
from bridge.playground.facebook.people import Person
from bridge.playground.platform import Impossible

Json = dict[str, Any]
STICKER = 126361874215276
"""The number of the page's sample; any but that of the thumb."""
_AS = ("photo", "document", "voice", "sticker")


def act(person: Person, page: Page, action: str, fields: Fields) -> Json:
    """Does one of the acts; raises `Impossible` for what cannot be."""
    doing = _ACTS.get(action)
    if doing is None:
        raise Impossible(f"nobody can {action or 'do nothing'} here; known: {', '.join(_ACTS)}")
    return doing(person, page, fields) or {}


def _start(person: Person, page: Page, fields: Fields) -> None:
    ref = _text(fields, "payload")
    if len(ref) > 250:
        raise Impossible("what a link carries has 250 characters at most")
    person.start(page, ref)


def _write(person: Person, page: Page, fields: Fields) -> Json:
    said = person.write(page, _text(fields, "text"), reply_to=_text(fields, "reply_to") or None)
    return {"message": said.mid}


def _edit(person: Person, page: Page, fields: Fields) -> None:
    person.edit(page, _text(fields, "message"), _text(fields, "text"))


def _delete(person: Person, page: Page, fields: Fields) -> None:
    person.unsend(page, _text(fields, "message"))


def _send(person: Person, page: Page, fields: Fields) -> Json:
    """Files, or a sticker; `kind` says as what."""
    kind = _text(fields, "kind") or "document"
    if kind not in _AS:
        raise Impossible(f"no kind of file; known: {', '.join(_AS)}")
    files = [upload for upload in fields.files.values() if _fits(upload)]
    if not files:
        raise Impossible("there is no file")
    if kind == "sticker":
        said = person.stick(page, files[0].data, files[0].type, STICKER)
    else:
        sent = [(_kind(kind, one), one.data, one.name, one.type) for one in files[:10]]
        said = person.send(page, *sent, reply_to=_text(fields, "reply_to") or None)
    return {"message": said.mid}


def _kind(kind: str, upload: Upload) -> Kind:
    """What is no picture cannot be sent as one."""
    if kind == "voice":
        return "audio"
    family = upload.type.partition("/")[0]
    if kind == "photo" and family in {"image", "video"}:
        return "video" if family == "video" else "image"
    return "file"


def _fits(upload: Upload) -> bool:
    if not upload.data:
        raise Impossible("the file is empty")
    if len(upload.data) > UPLOAD_BYTES:
        raise Impossible("Messenger takes 25 MB at most")
    return True


def _react(person: Person, page: Page, fields: Fields) -> None:
    person.react(page, _text(fields, "message"), _text(fields, "emoji"))


def _press(person: Person, page: Page, fields: Fields) -> None:
    person.press(page, _text(fields, "message"), _text(fields, "data"))


def _read(person: Person, page: Page, _fields: Fields) -> None:
    person.read(page)


def _answer(person: Person, page: Page, fields: Fields) -> Json:
    text = _text(fields, "text").strip()
    if not text or page.chat(person).heard_at is None:
        raise Impossible("there is nothing to answer" if text else "there is nothing to send")
    return {"message": page.answer(person, text).mid}


def _block(person: Person, page: Page, _fields: Fields) -> None:
    person.block(page)


def _unblock(person: Person, page: Page, _fields: Fields) -> None:
    person.unblock(page)


def _text(fields: Fields, name: str) -> str:
    value = fields.values.get(name, "")
    return str(value) if isinstance(value, str | int | float) else ""


_ACTS: dict[str, Callable[[Person, Page, Fields], Json | None]] = {
    "start": _start,
    "write": _write,
    "edit": _edit,
    "delete": _delete,
    "send": _send,
    "react": _react,
    "press": _press,
    "read": _read,
    "answer": _answer,
    "block": _block,
    "unblock": _unblock,
}
