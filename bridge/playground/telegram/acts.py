"""What a customer does with his phone, as the page asks for it.

Owns the names of the acts and their fields. It must never do what `Person` cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bridge.playground.body import Fields, Upload
from bridge.playground.platform import Impossible
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.files import FOLDERS, UPLOAD_BYTES, Kind
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.people import Person
from bridge.playground.telegram.reactions import EMOJIS

if TYPE_CHECKING:
    from bridge.playground.telegram.telegram import Telegram

HEARD_SECONDS = 15.0
"""Real seconds for which a pressed button shows that it waits."""


def act(person: Person, bot: Bot, action: str, fields: Fields) -> Json:
    """Does one of the acts; raises `Impossible` for what cannot be."""
    doing = _ACTS.get(action)
    if doing is None:
        raise Impossible(f"nobody can {action or 'do nothing'} here; known: {', '.join(_ACTS)}")
    return doing(person, bot, fields) or {}


def _start(person: Person, bot: Bot, fields: Fields) -> Json:
    payload = _text(fields, "payload")
    if len(payload) > 64 or not all(
        one.isalnum() or one in "_-" for one in payload.encode().decode("ascii", "replace")
    ):
        raise Impossible("what a link carries has 64 characters of A-Z, a-z, 0-9, _ and - at most")
    return {"message": str(person.start(bot, payload).id)}


def _write(person: Person, bot: Bot, fields: Fields) -> Json:
    said = person.write(bot, _text(fields, "text"), reply_to=_answered(fields), quote=_text(fields, "quote"))
    return {"message": str(said.id)}


def _edit(person: Person, bot: Bot, fields: Fields) -> Json:
    person.edit(bot, _message(fields), _text(fields, "text"))
    return {}


def _delete(person: Person, bot: Bot, fields: Fields) -> Json:
    person.delete(bot, _message(fields))
    return {}


def _send(person: Person, bot: Bot, fields: Fields) -> Json:
    """One file, or several as an album; `kind` says as what."""
    kind = _text(fields, "kind") or "document"
    if kind not in FOLDERS:
        raise Impossible(f"no kind of file; known: {', '.join(FOLDERS)}")
    files = [upload for upload in fields.files.values() if _fits(upload)]
    if not files:
        raise Impossible("there is no file")
    caption = _text(fields, "text")
    if len(files) > 1:
        album = [(_of(kind, one), one.data, one.name, one.type) for one in files[:10]]
        said = person.album(bot, album, caption)
        return {"message": str(said[0].id)}
    (one,) = files
    about: dict[str, Any] = (
        {"duration": int(seconds)} if (seconds := _text(fields, "duration")).isdecimal() else {}
    )
    if emoji := _text(fields, "emoji"):
        about["emoji"] = emoji
    name = "" if kind in {"voice", "video_note", "sticker"} else one.name
    sent = person.send(
        bot, _of(kind, one), one.data, name, one.type, caption=caption, reply_to=_answered(fields), **about
    )
    return {"message": str(sent.id)}


def _of(kind: str, upload: Upload) -> Kind:
    """What is no picture cannot be sent as one."""
    if kind == "photo" and upload.type.startswith("video/"):
        return "video"
    if kind == "photo" and not upload.type.startswith("image/"):
        return "document"
    return next(known for known in FOLDERS if known == kind)


def _fits(upload: Upload) -> bool:
    if not upload.data:
        raise Impossible("the file is empty")
    if len(upload.data) > UPLOAD_BYTES:
        raise Impossible("the file is too large for the playground")
    return True


def _locate(person: Person, bot: Bot, fields: Fields) -> Json:
    try:
        latitude, longitude = float(_text(fields, "latitude")), float(_text(fields, "longitude"))
    except ValueError:
        raise Impossible("a place has a latitude and a longitude") from None
    return {"message": str(person.locate(bot, latitude, longitude).id)}


def _share_contact(person: Person, bot: Bot, fields: Fields) -> Json:
    phone, name = _text(fields, "phone"), _text(fields, "name") or person.name
    if not phone:
        raise Impossible("a contact has a number")
    return {"message": str(person.share_contact(bot, phone, name).id)}


def _throw(person: Person, bot: Bot, _fields: Fields) -> Json:
    """Something that has no words of ours."""
    return {"message": str(person.put(bot, {"dice": {"emoji": "🎲", "value": 5}}).id)}


def _react(person: Person, bot: Bot, fields: Fields) -> Json:
    emoji = _text(fields, "emoji")
    if emoji and emoji not in EMOJIS:
        raise Impossible("this is no reaction")
    person.react(bot, _message(fields), *filter(None, [emoji]))
    return {}


def _press(person: Person, bot: Bot, fields: Fields) -> Json:
    return {"outcome": person.press(bot, _message(fields), _text(fields, "data")).id}


def _block(person: Person, bot: Bot, _fields: Fields) -> Json:
    person.block(bot)
    return {}


def _unblock(person: Person, bot: Bot, _fields: Fields) -> Json:
    person.unblock(bot)
    return {}


async def outcome(telegram: Telegram, press: str) -> Json:
    """What the bot has answered to a pressed button: `text`, `alert`, `url`; {} when it has not."""
    known = telegram.presses.get(press)
    if known is None:
        return {}
    try:
        async with asyncio.timeout(HEARD_SECONDS):
            await known.heard.wait()
    except TimeoutError:
        return {}
    return {"text": known.text, "alert": known.alert, "url": known.url}


def _text(fields: Fields, name: str) -> str:
    value = fields.values.get(name, "")
    return str(value) if isinstance(value, str | int | float) else ""


def _message(fields: Fields) -> int:
    text = _text(fields, "message")
    if not text.isdecimal():
        raise Impossible("which message?")
    return int(text)


def _answered(fields: Fields) -> int | None:
    return int(text) if (text := _text(fields, "reply_to")).isdecimal() else None


_ACTS: dict[str, Callable[[Person, Bot, Fields], Json]] = {
    "start": _start,
    "write": _write,
    "edit": _edit,
    "delete": _delete,
    "send": _send,
    "locate": _locate,
    "contact": _share_contact,
    "dice": _throw,
    "react": _react,
    "press": _press,
    "block": _block,
    "unblock": _unblock,
}
