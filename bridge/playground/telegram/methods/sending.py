"""Methods that send: words, files, albums, places, contacts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram import words
from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.files import Kind, content
from bridge.playground.telegram.messages import Json, Said, wire
from bridge.playground.telegram.refusals import bad, unable
from bridge.playground.telegram.uploads import sent

RIGHTS: dict[Kind, str] = {
    "photo": "can_send_photos",
    "document": "can_send_documents",
    "voice": "can_send_voice_notes",
    "audio": "can_send_audios",
    "video": "can_send_videos",
    "video_note": "can_send_video_notes",
    "animation": "can_send_other_messages",
    "sticker": "can_send_other_messages",
}
SHARED = {"photo": "visual", "video": "visual", "document": "document", "audio": "audio"}
"""What may stand in one album with what."""


async def send_message(ask: Ask) -> Json:
    """Words."""
    said = words.text(ask)
    return _said(ask, said)


def _file_sender(kind: Kind, *, captioned: bool = True) -> Callable[[Ask], Awaitable[Json]]:
    async def sender(ask: Ask) -> Json:
        names = ("duration", "width", "height", "length", "performer", "title", "emoji")
        about = {name: ask.get(name) for name in names}
        caption = words.caption(ask) if captioned else {}
        ask.place_to_write(RIGHTS[kind])  # who may not write is told so before his file is stored
        file = sent(ask, kind, ask.get(kind), **about)
        return _said(ask, content(file) | caption, RIGHTS[kind])

    return sender


async def send_location(ask: Ask) -> Json:
    """A place, for ever or live for a while."""
    return _said(ask, {"location": _location(ask)})


async def send_venue(ask: Ask) -> Json:
    """A place with its name."""
    venue = {
        "location": _location(ask),
        "title": ask.get("title", ""),
        "address": ask.get("address", ""),
    }
    return _said(ask, {"venue": venue, "location": venue["location"]})


def _location(ask: Ask) -> Json:
    latitude, longitude = ask.get("latitude"), ask.get("longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise (
            bad("wrong latitude or longitude specified") if latitude is not None else bad("latitude is empty")
        )
    live = ask.get("live_period")
    if live is not None and not (60 <= live <= 86400 or live == 0x7FFFFFFF):
        raise bad("LIVE_PERIOD_INVALID")
    more = ("horizontal_accuracy", "live_period", "heading", "proximity_alert_radius")
    found = {name: ask.get(name) for name in more if ask.get(name) is not None}
    return {"latitude": latitude, "longitude": longitude, **found}


async def send_contact(ask: Ask) -> Json:
    """Somebody's number."""
    if not ask.get("phone_number"):
        raise bad("contact phone number must be non-empty")
    if not ask.get("first_name"):
        raise bad("contact first name must be non-empty")
    more = {name: ask.get(name) for name in ("last_name", "vcard") if ask.get(name)}
    return _said(
        ask,
        {"contact": {"phone_number": ask.get("phone_number"), "first_name": ask.get("first_name"), **more}},
    )


async def send_media_group(ask: Ask) -> list[Json]:
    """An album: all of it or nothing."""
    items = ask.get("media") or []
    if not 2 <= len(items) <= 10:
        raise bad("wrong number of messages in the album" if items else "there are no messages to send")
    if not all(isinstance(item, dict) and item.get("type") in SHARED for item in items):
        raise bad("type of media must be one of photo, video, document, audio")
    if len({SHARED[item["type"]] for item in items}) > 1:
        kind = "Document" if any(item["type"] == "document" for item in items) else "Audio"
        raise bad(f"{kind.lower()} can't be mixed with other media types")
    chat, thread = ask.place_to_write()
    answered, quote = ask.answered(chat)
    captions = [words.item_caption(ask, item) for item in items]
    names = ("duration", "width", "height", "performer", "title")
    files = [
        sent(ask, item["type"], item.get("media"), **{name: item.get(name) for name in names})
        for item in items
    ]
    album = ask.telegram.next_album()
    said = [
        chat.say(
            ask.bot.user(),
            content(file) | caption,
            bot=ask.bot.id,
            thread=thread,
            reply_to=answered,
            quote=quote,
            album=album,
        )
        for file, caption in zip(files, captions, strict=True)
    ]
    return [wire(one, ask.bot.id) for one in said]


async def forward_message(ask: Ask) -> Json:
    """A message again, with where it came from."""
    original = _original(ask, "forward")
    origin: Json = {"type": "user", "sender_user": original.sender, "date": int(original.at)}
    return _said(ask, {**original.content, "forward_origin": origin}, reply=False)


async def copy_message(ask: Ask) -> Json:
    """A message again, as the bot's own."""
    original = _original(ask, "copy")
    said = dict(original.content)
    if ask.get("caption") is not None:
        said = {key: value for key, value in said.items() if not key.startswith("caption")} | words.caption(
            ask
        )
    return {"message_id": _said(ask, said)["message_id"]}


def _original(ask: Ask, what: str) -> Said:
    original = ask.message(ask.chat("from_chat_id"), what)
    if original.service:
        raise unable(f"message can't be {'forwarded' if what == 'forward' else 'copied'}")
    return original


def _said(ask: Ask, said: Json, right: str = "can_send_messages", *, reply: bool = True) -> Json:
    markup = words.markup(ask) if reply else None
    chat, thread = ask.place_to_write(right)
    answered, quote = ask.answered(chat) if reply else (None, None)
    made = chat.say(
        ask.bot.user(),
        said,
        bot=ask.bot.id,
        thread=thread,
        reply_to=answered,
        quote=quote,
        markup=markup,
    )
    return wire(made, ask.bot.id)


METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "sendMessage": send_message,
    "sendPhoto": _file_sender("photo"),
    "sendDocument": _file_sender("document"),
    "sendVoice": _file_sender("voice"),
    "sendAudio": _file_sender("audio"),
    "sendVideo": _file_sender("video"),
    "sendAnimation": _file_sender("animation"),
    "sendVideoNote": _file_sender("video_note", captioned=False),
    "sendSticker": _file_sender("sticker", captioned=False),
    "sendLocation": send_location,
    "sendVenue": send_venue,
    "sendContact": send_contact,
    "sendMediaGroup": send_media_group,
    "forwardMessage": forward_message,
    "copyMessage": copy_message,
}
