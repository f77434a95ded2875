"""What Telegram's refusals mean: from its status and words to what happened.

Owns that one table, after the texts of Telegram's own server (github.com/tdlib/telegram-bot-api) and of MTProto. It
must never decide what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import (
    Ambiguous,
    BadConfig,
    ContactGone,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
)
from bridge.fields import Fields


class ThreadGone(Rejected):
    """The topic is no more, or closed; the chat still is."""


class Moved(Rejected):
    """The group has become a supergroup and has the number `chat` now."""

    def __init__(self, reason: str, chat: int) -> None:
        super().__init__(reason)
        self.chat = chat


class NoPicture(Rejected):
    """Telegram does not take this file for a picture, voice message or film; as a document it does."""


class Unchanged(Rejected):
    """The message says that already."""


class Absent(Rejected):
    """The message is no more."""


class NoText(Rejected):
    """The message is a file; what can be changed is the text under it."""


class Conflict(BadConfig):
    """Somebody else asks for this bot's updates, by a webhook or as we do."""


_GONE: dict[str, str] = {
    "bot was blocked by the user": "the contact has blocked the bot",
    "user is deactivated": "the contact's account was deleted",
    "input_user_deactivated": "the contact's account was deleted",
    "bot was kicked": "the group has removed the bot",
    "bot is not a member": "the group has removed the bot",
    "can't initiate conversation": "the contact has never written to the bot",
    "can't send messages to bots": "the contact is a bot",
    "chat not found": "Telegram does not know this chat any more",
    "user not found": "Telegram does not know this contact any more",
    "peer_id_invalid": "Telegram does not know this chat any more",
    "group chat was deactivated": "the group does not exist any more",
    "have no rights to send": "the group lets the bot write no longer",
    "not enough rights to send": "the group lets the bot write no longer",
    "chat_write_forbidden": "the group lets the bot write no longer",
    "chat_restricted": "the group lets the bot write no longer",
    "need administrator rights": "the channel lets the bot write no longer",
    "business_connection_invalid": "the business account does not use the bot any more",
    "business connection not found": "the business account does not use the bot any more",
    "business_peer_invalid": "the business account does not let the bot into this chat",
    "business_connection_not_allowed": "the business account does not let the bot answer",
}
_BAD_CONFIG: dict[str, str] = {
    "unauthorized": "Telegram does not accept the bot's token",
    "bot token": "Telegram does not accept the bot's token",
    "logged out": "the bot is logged out from this Bot API server",
}
_CLOSED: dict[str, str] = {
    "business_peer_usage_missing": "a business account may answer only within 24 hours of the contact's message",
}
_OWN: dict[str, tuple[type[Rejected], str]] = {
    "message thread not found": (ThreadGone, "the topic does not exist any more"),
    "topic_deleted": (ThreadGone, "the topic does not exist any more"),
    "topic_id_invalid": (ThreadGone, "the topic does not exist any more"),
    "topic_closed": (ThreadGone, "the topic is closed"),
    "message is not modified": (Unchanged, "it says that already"),
    "message to delete not found": (Absent, "the message does not exist any more"),
    "message to edit not found": (Absent, "the message does not exist any more"),
    "message_id_invalid": (Absent, "the message does not exist any more"),
    "there is no text in the message": (NoText, "the message is a file"),
    "message_delete_forbidden": (Rejected, "Telegram lets nobody take it back after 48 hours"),
    "message can't be deleted": (Rejected, "Telegram lets nobody take it back after 48 hours"),
    "message can't be edited": (Rejected, "Telegram lets nobody change it any more"),
    "photo_": (NoPicture, "Telegram does not take the file for a picture"),
    "image_process_failed": (NoPicture, "Telegram does not take the file for a picture"),
    "voice_messages_forbidden": (NoPicture, "the contact wants no voice messages"),
    "video_file_invalid": (NoPicture, "Telegram does not take the file for a film"),
    "video_content_type_invalid": (NoPicture, "Telegram does not take the file for a film"),
    "media_invalid": (NoPicture, "Telegram does not take the file for what it seems"),
    "wrong type of file": (NoPicture, "Telegram does not take the file for what it seems"),
    "file is too big": (Rejected, "too big for Telegram's bots, who are handed files of 20 MB at most"),
    "file is temporarily unavailable": (Rejected, "Telegram cannot hand the file over"),
    "wrong file": (Rejected, "Telegram does not know the file any more"),
    "invalid file": (Rejected, "Telegram does not know the file any more"),
    "request entity too large": (Rejected, "Telegram takes files of 50 MB at most"),
    "file_parts_invalid": (Rejected, "Telegram takes files of 50 MB at most"),
    "file must be non-empty": (Rejected, "the file is empty"),
    "caption is too long": (Rejected, "the text under the file is too long for Telegram"),
    "caption_too_long": (Rejected, "the text under the file is too long for Telegram"),
    "message is too long": (Rejected, "the text is too long for Telegram"),
    "message_too_long": (Rejected, "the text is too long for Telegram"),
    "message text is empty": (Rejected, "there is nothing to send"),
    "text must be non-empty": (Rejected, "there is nothing to send"),
    "button_data_invalid": (Rejected, "a button carries more than Telegram takes"),
}

_FLOOD = 5.0
"""Seconds to wait where Telegram does not say."""


def refusal(status: int, answer: Fields, header: str = "") -> SendError:
    """What a call has come to that Telegram did not do; `header` is its Retry-After."""
    code = answer.number("error_code") or status
    if code == 429:
        asked = answer.one("parameters").number("retry_after")
        seconds = asked or (int(header) if header.isdecimal() and len(header) < 9 else _FLOOD)
        return Throttled(float(seconds), "Telegram asks us to slow down")
    if code >= 500 or not answer:
        return _broken(status)
    return _told(code, answer)


def _told(code: int, answer: Fields) -> SendError:
    said = answer.words("description")
    if (chat := answer.one("parameters").number("migrate_to_chat_id")) is not None:
        return Moved("the group has a new number", chat)
    if code == 409:
        return Conflict(said)
    if (known := _known(said.lower())) is not None:
        return known
    if code == 403:
        return ContactGone(said.removeprefix("Forbidden: ") or "Telegram does not let the bot write there")
    if code in (401, 404, 421):
        return BadConfig("Telegram does not accept the bot's token")
    return Rejected(said.removeprefix("Bad Request: ") or f"Telegram refuses it ({code})")


def _known(words: str) -> SendError | None:
    tables: tuple[tuple[dict[str, str], Callable[[str], SendError]], ...] = (
        (_GONE, ContactGone),
        (_CLOSED, WindowClosed),
        (_BAD_CONFIG, BadConfig),
    )
    for table, happened in tables:
        for part, reason in table.items():
            if part in words:
                return happened(reason)
    return next((made(reason) for part, (made, reason) in _OWN.items() if part in words), None)


def _broken(status: int) -> SendError:
    """Nobody has told what became of it, or that the server could not even begin."""
    if status in (500, 503):
        return Unreachable(f"Telegram's server has an error ({status})")
    if status == 413:
        return Rejected("Telegram takes files of 50 MB at most")
    if status == 404 or 300 <= status < 400:
        return BadConfig(f"what answers at api_url is not Telegram ({status})")
    if 400 <= status < 500:
        return Rejected(f"Telegram refuses it ({status})")
    return Ambiguous(f"Telegram did not say what became of it ({status})")
