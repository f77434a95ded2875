"""A person with Telegram in his hand: what a customer, or somebody in a group, can do there.

Owns the acts of people and what they lead to. It must never answer a call of the API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.playground.platform import Impossible
from bridge.playground.record import Seen
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.chats import Chat, Group, Private
from bridge.playground.telegram.entities import detected, trimmed
from bridge.playground.telegram.files import File, Kind, content
from bridge.playground.telegram.messages import Json, Said, wire
from bridge.playground.telegram.presses import Press
from bridge.text import count_utf16

if TYPE_CHECKING:
    from bridge.playground.telegram.telegram import Telegram

Where = Bot | Group


class Person:
    """One account; `language` is what his application speaks."""

    def __init__(
        self, telegram: Telegram, id: int, name: str, last_name: str, username: str, language: str
    ) -> None:
        self.telegram = telegram
        self.id = id
        self.name = name
        self.last_name = last_name
        self.username = username
        self.language = language
        self.premium = False
        self.deactivated = False

    def user(self) -> Json:
        """The User object."""
        found: Json = {"id": self.id, "is_bot": False, "first_name": self.name}
        if self.last_name:
            found["last_name"] = self.last_name
        if self.username:
            found["username"] = self.username
        if self.language:
            found["language_code"] = self.language
        return found | ({"is_premium": True} if self.premium else {})

    def seen(self, where: Where | None = None) -> list[Seen]:
        """What he has before him, by the record."""
        return self.telegram.frame.record.seen(str(self.id), None if where is None else _place(where))

    def texts(self, where: Where | None = None) -> list[str]:
        """The words that others have left before him."""
        return self.telegram.frame.record.texts(str(self.id), None if where is None else _place(where))

    def typing(self, where: Where) -> list[str]:
        """What the others there are doing now ("typing", "upload_photo")."""
        now = self.telegram.frame.clock.now()
        chat = self._chat(where)
        return [action for who, (action, until) in chat.typing.items() if until > now and who != self.id]

    def start(self, bot: Bot, payload: str = "") -> Said:
        """Presses Start, or follows t.me/<bot>?start=<payload>."""
        return self.write(bot, f"/start {payload}".strip())

    def write(
        self,
        where: Where,
        text: str,
        *,
        entities: Sequence[Json] = (),
        reply_to: int | None = None,
        quote: str = "",
        thread: int | None = None,
    ) -> Said:
        """Sends words."""
        text, moved = trimmed(text, [*entities])
        if not text:
            raise Impossible("there is nothing to send")
        if count_utf16(text) > 4096:
            raise Impossible("a message has 4096 characters at most")
        found = detected(text, moved)
        said = {"text": text} | ({"entities": found} if found else {})
        return self.put(where, said, reply_to=reply_to, quote=quote, thread=thread)

    def send(
        self,
        where: Where,
        kind: Kind,
        data: bytes,
        name: str = "",
        type: str = "",
        *,
        caption: str = "",
        reply_to: int | None = None,
        thread: int | None = None,
        **about: Any,
    ) -> Said:
        """Sends a photo, document, voice or another file; `about` holds duration, sides, emoji."""
        file = self.telegram.files.keep(kind, data, "" if kind == "photo" else name, type, **about)
        return self.put(where, content(file) | _captioned(caption), reply_to=reply_to, thread=thread)

    def album(
        self,
        where: Where,
        files: Sequence[tuple[Kind, bytes, str, str]],
        caption: str = "",
        *,
        thread: int | None = None,
    ) -> list[Said]:
        """Sends several files as one album: (kind, bytes, name, type) each; the caption stands with the first."""
        album = self.telegram.next_album()
        said = []
        for place, (kind, data, name, type) in enumerate(files):
            file: File = self.telegram.files.keep(kind, data, "" if kind == "photo" else name, type)
            words = _captioned(caption if place == 0 else "")
            said.append(self.put(where, content(file) | words, thread=thread, album=album))
        return said

    def locate(self, where: Where, latitude: float, longitude: float, **more: Any) -> Said:
        """Sends a place."""
        return self.put(where, {"location": {"latitude": latitude, "longitude": longitude, **more}})

    def share_contact(self, where: Where, phone: str, name: str, user_id: int | None = None) -> Said:
        """Sends a contact of his address book; with his own `user_id` it is himself."""
        who = {"user_id": user_id} if user_id is not None else {}
        return self.put(where, {"contact": {"phone_number": phone, "first_name": name, **who}})

    def put(
        self,
        where: Where,
        said: Json,
        *,
        reply_to: int | None = None,
        quote: str = "",
        thread: int | None = None,
        album: str | None = None,
    ) -> Said:
        """Sends content of any kind, as the Message object has it (`{"dice": …}`)."""
        chat = self._chat(where)
        if isinstance(chat, Private):
            self._begin(chat)
        answered = self._found(chat, reply_to) if reply_to is not None else None
        quoted = None
        if quote and answered is not None:
            at = answered.text.find(quote)
            if at < 0:
                raise Impossible("this is no part of the message")
            quoted = {"text": quote, "position": count_utf16(answered.text[:at]), "is_manual": True}
        if answered is not None and thread is None:
            thread = answered.thread
        return chat.say(self.user(), said, thread=thread, reply_to=answered, quote=quoted, album=album)

    def edit(self, where: Where, message: int, text: str) -> Said:
        """Changes the words of a message of his."""
        chat = self._chat(where)
        said = self._own(chat, message)
        key, marks = ("text", "entities") if "text" in said.content else ("caption", "caption_entities")
        changed = {name: value for name, value in said.content.items() if name not in {key, marks}}
        found = detected(text, [])
        changed |= {key: text} | ({marks: found} if found else {})
        chat.edit(said, changed, said.markup)
        return said

    def delete(self, where: Where, message: int) -> None:
        """Takes a message away, for both sides."""
        chat = self._chat(where)
        chat.delete(self._found(chat, message))

    def press(self, where: Where, message: int, button: str) -> Press:
        """Presses an inline button, found by its words or its data; `Press.heard` is set when the bot has answered."""
        chat = self._chat(where)
        said = self._found(chat, message)
        rows = (said.markup or {}).get("inline_keyboard", [])
        found = [one for row in rows for one in row if button in (one["text"], one.get("callback_data"))]
        if not found or "callback_data" not in found[0]:
            raise Impossible("there is no such button")
        bot = self.telegram.bot_by_id(said.by_bot or 0)
        if bot is None:
            raise Impossible("nobody would hear of it")
        press = self.telegram.pressed(bot)
        query = {
            "id": press.id,
            "from": self.user(),
            "message": wire(said, bot.id),
            "chat_instance": str(abs(hash((bot.id, chat.place)))),
            "data": found[0]["callback_data"],
        }
        bot.inbox.add("callback_query", query, f"callback:{self.id}", press.at, str(chat.id))
        return press

    def react(self, where: Where, message: int, *emojis: str) -> None:
        """Puts these reactions on a message, or none; bots hear of it when they are administrators and ask for it."""
        chat = self._chat(where)
        said = self._found(chat, message)
        old = said.reactions.pop(self.id, [])
        new = [{"type": "emoji", "emoji": emoji} for emoji in emojis]
        if new:
            said.reactions[self.id] = new
        now = self.telegram.frame.clock.now()
        event = {
            "chat": chat.short(),
            "message_id": said.id,
            "user": self.user(),
            "date": int(now),
            "old_reaction": old,
            "new_reaction": new,
        }
        for bot in self.telegram.reaction_listeners(chat):
            bot.inbox.add("message_reaction", event, f"reaction:{chat.id}", now, str(chat.id))
        self.telegram.touch(chat)

    def block(self, bot: Bot) -> None:
        """Stops the bot: it is told, and may not write any more."""
        self._set_blocked(self.telegram.private(self, bot), blocked=True)

    def unblock(self, bot: Bot) -> None:
        """Lets it write again."""
        self._set_blocked(self.telegram.private(self, bot), blocked=False)

    def open_topic(self, bot: Bot, name: str) -> int:
        """Makes a topic in his chat with a bot that has them; returns its message_thread_id."""
        chat = self.telegram.private(self, bot)
        if not bot.topics:
            raise Impossible("the chat with this bot has no topics")
        self._begin(chat)
        return self.telegram.open_topic(chat, self.user(), name, creator=self.id).id

    def _begin(self, chat: Private) -> None:
        if chat.blocked:
            self._set_blocked(chat, blocked=False)
        chat.started = True

    def _set_blocked(self, chat: Private, *, blocked: bool) -> None:
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        now = self.telegram.frame.clock.now()
        me = chat.bot.user()
        member: Json = {"user": me, "status": "member"}
        kicked: Json = {"user": me, "status": "kicked", "until_date": 0}
        event = {
            "chat": chat.short(),
            "from": self.user(),
            "date": int(now),
            "old_chat_member": member if blocked else kicked,
            "new_chat_member": kicked if blocked else member,
        }
        chat.bot.inbox.add("my_chat_member", event, f"member:{chat.id}", now, str(chat.id))
        self.telegram.touch(chat)

    def _chat(self, where: Where) -> Chat:
        if isinstance(where, Bot):
            return self.telegram.private(self, where)
        member = where.member(self.id)
        if member is None or not member.inside:
            raise Impossible(f"{self.name} is not in this group")
        return where

    def _found(self, chat: Chat, message: int) -> Said:
        said = chat.find(message)
        if said is None:
            raise Impossible("there is no such message any more")
        return said

    def _own(self, chat: Chat, message: int) -> Said:
        said = self._found(chat, message)
        if said.sender["id"] != self.id:
            raise Impossible("only one's own messages can be changed")
        return said


def _place(where: Where) -> str:
    return str(where.id)


def _captioned(caption: str) -> Json:
    if not caption:
        return {}
    found = detected(caption, [])
    return {"caption": caption} | ({"caption_entities": found} if found else {})
