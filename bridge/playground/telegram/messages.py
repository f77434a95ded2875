"""A message of Telegram and its form on the wire.

Owns the dataclass and `wire`. It must never change a message: chats do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.playground.telegram.files import file_id

if TYPE_CHECKING:
    from bridge.playground.telegram.chats import Chat

Json = dict[str, Any]


@dataclass(slots=True)
class Said:
    """One message of a chat; `content` is what makes its kind (text, photo…), without file_ids."""

    id: int
    chat: Chat
    at: float
    sender: Json
    content: Json
    by_bot: int | None = None
    thread: int | None = None
    reply_to: Said | None = None
    quote: Json | None = None
    markup: Json | None = None
    edited_at: float | None = None
    album: str | None = None
    service: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    deleted: bool = False

    @property
    def text(self) -> str:
        """Its words: text or caption."""
        return str(self.content.get("text", self.content.get("caption", "")))


def wire(said: Said, bot: int, *, nested: bool = False) -> Json:
    """The Message object as one bot gets it; a message replied to stands within, without its own."""
    found: Json = {
        "message_id": said.id,
        "from": said.sender,
        "chat": said.chat.short(),
        "date": int(said.at),
    }
    if said.thread is not None:
        found["message_thread_id"] = said.thread
        found["is_topic_message"] = True
    if said.edited_at is not None:
        found["edit_date"] = int(said.edited_at)
    if said.album is not None:
        found["media_group_id"] = said.album
    if said.reply_to is not None and not nested:
        found["reply_to_message"] = wire(said.reply_to, bot, nested=True)
        if said.quote is not None:
            found["quote"] = said.quote
    found |= with_ids(said.content, bot)
    if said.markup is not None and "inline_keyboard" in said.markup:
        found["reply_markup"] = said.markup
    return found


def with_ids(value: Any, bot: int) -> Any:
    """A copy in which every file has the file_id by which this bot knows it."""
    if isinstance(value, dict):
        made = {key: with_ids(inner, bot) for key, inner in value.items()}
        unique = value.get("file_unique_id")
        return {"file_id": file_id(bot, unique), **made} if isinstance(unique, str) else made
    if isinstance(value, list):
        return [with_ids(inner, bot) for inner in value]
    return value
