"""One call on its way to its method: who asks, with what, and the things it speaks of.

Owns finding chats, messages and threads, and the rights that every method asks for. It must never change anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.playground.body import Upload
from bridge.playground.calls import Call
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.chats import Chat, Group, Private
from bridge.playground.telegram.members import Member
from bridge.playground.telegram.messages import Said
from bridge.playground.telegram.refusals import bad, forbidden, migrated, unable
from bridge.text import count_utf16

if TYPE_CHECKING:
    from bridge.playground.telegram.telegram import Telegram

NO_RIGHT = {
    "can_send_messages": "not enough rights to send text messages to the chat",
    "can_send_photos": "not enough rights to send photos to the chat",
    "can_send_documents": "not enough rights to send documents to the chat",
    "can_send_videos": "not enough rights to send videos to the chat",
    "can_send_audios": "not enough rights to send music to the chat",
    "can_send_voice_notes": "not enough rights to send voice notes to the chat",
    "can_send_video_notes": "not enough rights to send video notes to the chat",
    "can_send_polls": "not enough rights to send polls to the chat",
    "can_send_other_messages": "not enough rights to send stickers to the chat",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A call with its arguments read; `files` came within it, by the names of their parts."""

    telegram: Telegram
    bot: Bot
    call: Call
    given: Mapping[str, Any]
    files: Mapping[str, Upload]

    def get(self, name: str, otherwise: Any = None) -> Any:
        """An argument, or what stands in for it."""
        return self.given.get(name, otherwise)

    def chat(self, name: str = "chat_id") -> Chat:
        """The chat that is spoken of, as long as the bot knows it."""
        id = self.get(name)
        if id is None:
            raise bad("chat_id is empty") if name == "chat_id" else bad(f"{name} is empty")
        chat = self._known(id)
        if chat is None:
            raise unable("chat not found")
        if isinstance(chat, Group):
            if chat.migrated_to is not None:
                raise migrated(chat.migrated_to.id)
            self._inside(chat)
        return chat

    def _known(self, id: int | str) -> Chat | None:
        if isinstance(id, str):
            return next(
                (
                    one
                    for one in self.bot.privates.values()
                    if f"@{one.person.username}" == id and one.started
                ),
                None,
            )
        if id in self.telegram.groups:
            group = self.telegram.groups[id]
            return group if self.bot.id in group.members else None
        if self.telegram.bot_by_id(id) is not None:
            raise forbidden("bots can't send messages to bots")
        chat = self.bot.privates.get(id)
        return chat if chat is not None and chat.started else None

    def _inside(self, group: Group) -> None:
        match group.members[self.bot.id].status:
            case "kicked":
                raise forbidden(f"bot was kicked from the {group.kind} chat")
            case "left":
                raise forbidden(f"bot is not a member of the {group.kind} chat")

    def group(self) -> Group:
        """The group that is spoken of."""
        chat = self.chat()
        if not isinstance(chat, Group):
            raise unable("method is available only for supergroups")
        return chat

    def place_to_write(self, right: str = "can_send_messages") -> tuple[Chat, int | None]:
        """The chat and thread to write into, when the bot may."""
        chat = self.chat()
        if isinstance(chat, Private):
            if chat.person.deactivated:
                raise forbidden("user is deactivated")
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
        elif isinstance(chat, Group) and not self.member(chat).may_send(right):
            raise unable(NO_RIGHT[right])
        return chat, self._thread(chat)

    def member(self, group: Group) -> Member:
        """The bot's own place in a group."""
        return group.members[self.bot.id]

    def _thread(self, chat: Chat) -> int | None:
        id = self.get("message_thread_id")
        if id is None or id == 0:
            if isinstance(chat, Group) and chat.forum and chat.general_closed and not self._master(chat, 0):
                raise unable("TOPIC_CLOSED")
            return None
        topic = chat.topics.get(id)
        if topic is None:
            raise unable("message thread not found")
        if topic.closed and not self._master(chat, topic.creator):
            raise unable("TOPIC_CLOSED")
        return topic.id

    def _master(self, chat: Chat, creator: int) -> bool:
        if creator == self.bot.id or not isinstance(chat, Group):
            return True
        return self.member(chat).may("can_manage_topics")

    def message(self, chat: Chat, what: str, name: str = "message_id") -> Said:
        """The message that is spoken of; `what` is done to it ("edit")."""
        id = self.get(name)
        if id is None:
            raise bad("message identifier is not specified")
        said = chat.find(id)
        if said is None:
            raise unable(f"message to {what} not found")
        return said

    def answered(self, chat: Chat) -> tuple[Said | None, dict[str, Any] | None]:
        """What the message to be sent replies to, and the part of it that it quotes."""
        asked = self.get("reply_parameters") or {}
        id = asked.get("message_id", self.get("reply_to_message_id"))
        lenient = asked.get("allow_sending_without_reply", self.get("allow_sending_without_reply", False))
        if id is None:
            return None, None
        said = chat.find(id) if isinstance(id, int) else None
        if said is None:
            if lenient:
                return None, None
            raise unable("message to be replied not found")
        quote = asked.get("quote")
        if not quote:
            return said, None
        at = said.text.find(quote)
        if at < 0 or len(quote) > 1024:
            raise bad("QUOTE_TEXT_INVALID")
        position = count_utf16(said.text[:at])
        return said, {"text": quote, "position": position, "is_manual": True}
