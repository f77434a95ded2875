"""Chats of Telegram: messages, topics, and who is told of what.

Owns saying, changing and deleting in a chat, and telling bots' inboxes and customers' record of it. It must never ask for
a right: methods do before they come here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from bridge.playground.record import SeenFile, Sight
from bridge.playground.telegram.files import uniques
from bridge.playground.telegram.members import Member
from bridge.playground.telegram.messages import Json, Said, wire
from bridge.playground.telegram.topics import Topic

if TYPE_CHECKING:
    from bridge.playground.telegram.bots import Bot
    from bridge.playground.telegram.people import Person
    from bridge.playground.telegram.telegram import Telegram


class Chat(ABC):
    """Messages in the order in which they were said, bounded."""

    kind: Literal["private", "group", "supergroup"]

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.messages: dict[int, Said] = {}
        self.topics: dict[int, Topic] = {}
        self.pinned: list[int] = []
        self.typing: dict[int, tuple[str, float]] = {}
        """who (by account) does what, and until when"""

    @property
    @abstractmethod
    def id(self) -> int:
        """Its id as bots know it."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Its name in the record: the bot's id for a private chat, the chat's own for a group."""

    @abstractmethod
    def short(self) -> Json:
        """The Chat object within messages."""

    @abstractmethod
    def full(self, bot: Bot) -> Json:
        """What getChat answers."""

    @abstractmethod
    def watchers(self) -> Iterator[Person]:
        """The people before whom it is open."""

    @abstractmethod
    def listeners(self, said: Said) -> Iterator[Bot]:
        """The bots that are told of a message, its author aside."""

    @abstractmethod
    def next_id(self) -> int:
        """The id of the next message."""

    def say(
        self,
        sender: Json,
        content: Json,
        *,
        bot: int | None = None,
        thread: int | None = None,
        reply_to: Said | None = None,
        quote: Json | None = None,
        markup: Json | None = None,
        album: str | None = None,
        service: bool = False,
        at: float | None = None,
    ) -> Said:
        """A new message, before everybody's eyes."""
        said = Said(
            self.next_id(),
            self,
            self.telegram.frame.clock.now() if at is None else at,
            sender,
            content,
            bot,
            thread,
            reply_to,
            quote,
            markup,
            album=album,
            service=service,
        )
        self.messages[said.id] = said
        while len(self.messages) > self.telegram.frame.bounds.messages:
            del self.messages[next(iter(self.messages))]
        self.typing.pop(int(sender["id"]), None)
        self._sighted(said, "shown")
        self._told("message", said, said.at)
        return said

    def edit(self, said: Said, content: Json, markup: Json | None, *, hidden: bool = False) -> None:
        """The same message with other content; `hidden` leaves no mark of it, as a change of the buttons alone does."""
        said.content, said.markup = content, markup
        if not hidden:
            said.edited_at = self.telegram.frame.clock.now()
        self._sighted(said, "edited")
        if said.by_bot is None:
            self._told("edited_message", said, said.edited_at or said.at)

    def delete(self, said: Said) -> None:
        """The message is gone, for everybody; no bot is told."""
        said.deleted = True
        self.messages.pop(said.id, None)
        if said.id in self.pinned:
            self.pinned.remove(said.id)
        self._sighted(said, "deleted")

    def find(self, id: int) -> Said | None:
        """A message that is still there."""
        return self.messages.get(id)

    def busy(self, account: int, action: str) -> None:
        """Somebody types, or sends something, for the next seconds."""
        self.typing[account] = (action, self.telegram.frame.clock.now() + 5)
        self.telegram.touch(self)

    def _told(self, kind: str, said: Said, at: float) -> None:
        for bot in self.listeners(said):
            bot.inbox.add(kind, wire(said, bot.id), str(self.id), at, str(self.id))

    def _sighted(self, said: Said, kind: Literal["shown", "edited", "deleted"]) -> None:
        buttons = (said.markup or {}).get("inline_keyboard", [])
        for person in self.watchers():
            if self.telegram.deaf(person, said):
                continue
            sight = Sight(
                self.telegram.frame.clock.now(),
                str(person.id),
                self.place,
                kind,
                str(said.id),
                str(said.sender["id"]),
                mine=said.sender["id"] == person.id,
                text=said.text,
                files=tuple(self._files(said)),
                buttons=tuple(button["text"] for row in buttons for button in row),
                reply_to=str(said.reply_to.id) if said.reply_to else None,
            )
            self.telegram.frame.record.saw(sight)
        self.telegram.touch(self)

    def _files(self, said: Said) -> Iterator[SeenFile]:
        for unique in uniques(said.content):
            file = self.telegram.files.get(unique)
            if file is not None:
                yield file.seen


class Private(Chat):
    """A person and a bot."""

    kind = "private"

    def __init__(self, telegram: Telegram, person: Person, bot: Bot) -> None:
        super().__init__(telegram)
        self.person = person
        self.bot = bot
        self.started = False
        """Whether the person has written or pressed Start: before that the bot may not write."""
        self.blocked = False

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def place(self) -> str:
        return str(self.bot.id)

    def short(self) -> Json:
        user = self.person.user()
        names: Json = {key: user[key] for key in ("first_name", "last_name", "username") if key in user}
        return {"id": self.id, **names, "type": "private"}

    def full(self, bot: Bot) -> Json:
        return self.short() | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": True,
                "limited_gifts": True,
                "unique_gifts": True,
                "premium_subscription": True,
                "gifts_from_channels": True,
            },
        }

    def watchers(self) -> Iterator[Person]:
        yield self.person

    def listeners(self, said: Said) -> Iterator[Bot]:
        if said.by_bot != self.bot.id and not self.blocked:
            yield self.bot

    def next_id(self) -> int:
        return self.bot.next_message()


class Group(Chat):
    """A basic group or a supergroup, with topics when it is a forum."""

    def __init__(
        self, telegram: Telegram, id: int, title: str, kind: Literal["group", "supergroup"], *, forum: bool
    ) -> None:
        super().__init__(telegram)
        self._id = id
        self.kind = kind
        self.title = title
        self.description = ""
        self.forum = forum
        self.members: dict[int, Member] = {}
        self.general_closed = self.general_hidden = False
        self.migrated_to: Group | None = None
        self._messages = 0

    @property
    def id(self) -> int:
        return self._id

    @property
    def place(self) -> str:
        return str(self._id)

    def short(self) -> Json:
        forum = {"is_forum": True} if self.forum else {}
        basic = {"all_members_are_administrators": False} if self.kind == "group" else {}
        return {"id": self._id, "title": self.title, "type": self.kind, **forum, **basic}

    def full(self, bot: Bot) -> Json:
        pinned = self.find(self.pinned[-1]) if self.pinned else None
        found = self.short() | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": False,
                "limited_gifts": False,
                "unique_gifts": False,
                "premium_subscription": False,
                "gifts_from_channels": False,
            },
            "permissions": {"can_send_messages": True, "can_manage_topics": False},
        }
        if self.description:
            found["description"] = self.description
        return found | ({"pinned_message": wire(pinned, bot.id)} if pinned else {})

    def member(self, account: int) -> Member | None:
        """Somebody's place in the group, also when he has left."""
        return self.members.get(account)

    def watchers(self) -> Iterator[Person]:
        for account, member in self.members.items():
            if member.inside and not member.user["is_bot"]:
                yield self.telegram.people[account]

    def listeners(self, said: Said) -> Iterator[Bot]:
        if said.by_bot is not None and not said.service:
            return  # no bot hears another one
        for bot in self.bots():
            if bot.id != said.by_bot and self._hears(bot, said):
                yield bot

    def bots(self) -> Iterator[Bot]:
        """The bots in it."""
        for account, member in self.members.items():
            if member.inside and member.user["is_bot"]:
                bot = self.telegram.bot_by_id(account)
                if bot is not None:
                    yield bot

    def _hears(self, bot: Bot, said: Said) -> bool:
        """Privacy mode: commands, replies to the bot, mentions and service messages, unless it may hear all."""
        if bot.reads_all or self.members[bot.id].admin or said.service:
            return True
        replied = said.reply_to is not None and said.reply_to.by_bot == bot.id
        return replied or said.text.startswith("/") or f"@{bot.username}" in said.text

    def next_id(self) -> int:
        if self.kind == "supergroup":
            self._messages += 1
            return self._messages
        return self.telegram.next_basic()
