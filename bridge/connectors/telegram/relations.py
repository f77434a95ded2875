"""What a message of Telegram refers to: the one it answers, the words quoted of it, whose it was first.

Owns the reading of replies, quotes and forwards, also of old shapes. It must never take the root of a topic for what
is answered: there every message refers to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.connectors.telegram.addresses import Place
from bridge.connectors.telegram.contents import called
from bridge.fields import Fields
from bridge.messages import Json, NativeId


@dataclass(frozen=True, slots=True)
class Relations:
    """The native id of what is answered in the same chat, the words marked of it, and the rest by name."""

    reply_to: NativeId | None = None
    quote: str = ""
    about: Json = field(default_factory=dict)


def read(message: Fields, place: Place) -> Relations:
    """What this message refers to."""
    about: Json = {}
    if forwarded := _forwarded(message):
        about["forwarded"] = forwarded
    if elsewhere := _elsewhere(message):
        about["reply_elsewhere"] = elsewhere
    return Relations(_reply_to(message, place), message.one("quote").words("text"), about)


def _reply_to(message: Fields, place: Place) -> NativeId | None:
    answered = message.one("reply_to_message")
    if "forum_topic_created" in answered:
        return None
    if ephemeral := answered.number("ephemeral_message_id"):
        return place.native(ephemeral, ephemeral=True)
    number = answered.number("message_id")
    if not number or number < 0 or (message.flag("is_topic_message") and number == place.thread):
        return None
    return place.native(number)


def _forwarded(message: Fields) -> Json:
    """Whose words these are, and when they were said."""
    origin = message.one("forward_origin")
    names = (
        called(origin.one("sender_user")),
        called(origin.one("sender_chat")),
        called(origin.one("chat")),
        origin.words("sender_user_name"),
        called(message.one("forward_from")),
        called(message.one("forward_from_chat")),
        message.words("forward_sender_name"),
    )
    at = origin.moment("date") or message.moment("forward_date")
    if not (origin or at or any(names)):
        return {}
    return {"from": next(filter(None, names), ""), **({"at": at.isoformat()} if at else {})}


def _elsewhere(message: Fields) -> Json:
    """What is answered in another chat, or a story: it cannot be shown, only named."""
    if "reply_to_story" in message:
        return {"kind": "story", "from": called(message.one("reply_to_story").one("chat"))}
    external = message.one("external_reply")
    if not external:
        return {}
    origin = external.one("origin")
    names = (called(external.one("chat")), called(origin.one("sender_user")), called(origin.one("chat")))
    return {"kind": "message", "from": next(filter(None, names), origin.words("sender_user_name"))}
