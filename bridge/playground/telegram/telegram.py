"""The stand-in of Telegram: its bots, people and groups, and the call of a method.

Owns making and finding them. It must never be asked for anything that a bot or a person could not do: methods and people
are the ways in.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from starlette.routing import BaseRoute

from bridge.playground.body import Fields
from bridge.playground.door import Answer
from bridge.playground.platform import Platform
from bridge.playground.telegram import acts, phone
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.chats import Chat, Group, Private
from bridge.playground.telegram.endpoint import Endpoint
from bridge.playground.telegram.files import Files
from bridge.playground.telegram.members import ADMIN_RIGHTS, Member, Status
from bridge.playground.telegram.messages import Json, Said
from bridge.playground.telegram.people import Person
from bridge.playground.telegram.presses import Press
from bridge.playground.telegram.topics import COLORS, Topic

if TYPE_CHECKING:
    from bridge.playground.frame import Playground

TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{20,}")


class Telegram(Platform):
    """All of Telegram that a bot and its customers can see."""

    name = "telegram"

    def __init__(self, frame: Playground) -> None:
        self.frame = frame
        self.files = Files(frame.bounds.file_bytes)
        self.bots: dict[str, Bot] = {}
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.presses: dict[str, Press] = {}
        self._endpoint = Endpoint(self)
        # Drawn anew at each start: whoever comes to a bot after it is nobody whom the bot has known before.
        self._numbers = itertools.count(secrets.randbelow(1_000_000_000))
        self._basic = itertools.count(1)

    # Making

    def bot(self, token: str, name: str = "", username: str = "") -> Bot:
        """The bot of a token, made when it is new; `name` and `username` are taken then only."""
        if TOKEN.fullmatch(token) is None:
            raise ValueError("a token is <number>:<20 letters or more>")
        found = self.bots.get(token)
        if found is None:
            number = token.partition(":")[0]
            found = Bot(self, token, name or f"Bot {number}", username or f"playground_{number}_bot")
            self.bots[token] = found
            self.frame.changes.touch("telegram")
        return found

    def customer(
        self,
        name: str,
        *,
        last_name: str = "",
        username: str = "",
        language: str = "en",
        id: int | None = None,
    ) -> Person:
        """A new person."""
        number = id or 5_000_000_000 + next(self._numbers)
        person = Person(self, number, name, last_name, username, language)
        self.people[number] = person
        self._forget_oldest()
        self.frame.changes.touch("telegram")
        return person

    def group(
        self,
        title: str,
        owner: Person,
        *,
        forum: bool = False,
        kind: Literal["group", "supergroup"] = "supergroup",
    ) -> Group:
        """A new group with its owner in it."""
        number = next(self._numbers)
        id = -1_000_000_000_000 - 2_000_000_000 - number if kind == "supergroup" else -4_000_000_000 - number
        group = Group(self, id, title, kind, forum=forum and kind == "supergroup")
        group.members[owner.id] = Member(owner.user(), "creator")
        self.groups[id] = group
        self.frame.changes.touch("telegram")
        return group

    def private(self, person: Person, bot: Bot) -> Private:
        """The chat of a person with a bot."""
        chat = bot.privates.get(person.id)
        if chat is None:
            chat = bot.privates[person.id] = Private(self, person, bot)
        return chat

    # Groups

    def join(
        self,
        group: Group,
        account: Person | Bot,
        status: Status = "member",
        rights: Collection[str] = (),
        *,
        by: Person | None = None,
    ) -> Member:
        """Puts an account into a group, gives it another status there, or takes it out; bots are told."""
        before = group.member(account.id) or Member(account.user(), "left")
        old = before.wire()
        was_inside = before.inside
        member = Member(
            account.user(),
            status,
            set(rights) & set(ADMIN_RIGHTS) if status == "administrator" else set(rights),
        )
        if status == "administrator":
            member.rights.add("can_manage_chat")
        group.members[account.id] = member
        actor = (by or self._owner(group)).user()
        if member.inside and not was_inside:
            said: Json = {"new_chat_members": [account.user()], "new_chat_member": account.user()}
            group.say(actor, said, service=True)
        elif was_inside and not member.inside:
            group.say(actor, {"left_chat_member": account.user()}, service=True)
        self._tell_membership(group, account, actor, old, member)
        return member

    def _tell_membership(
        self, group: Group, account: Person | Bot, actor: Json, old: Json, member: Member
    ) -> None:
        now = self.frame.clock.now()
        event = {
            "chat": group.short(),
            "from": actor,
            "date": int(now),
            "old_chat_member": old,
            "new_chat_member": member.wire(),
        }
        if isinstance(account, Bot):
            account.inbox.add("my_chat_member", event, f"member:{group.id}", now, str(group.id))
        for bot in group.bots():
            if bot.id != account.id and group.members[bot.id].admin:
                bot.inbox.add("chat_member", event, f"chat_member:{group.id}", now, str(group.id))
        self.touch(group)

    def migrate(self, group: Group) -> Group:
        """Makes a supergroup of a basic group: another id, and the old one answers with it."""
        owner = self._owner(group)
        new = self.group(group.title, owner, kind="supergroup")
        new.members = group.members
        group.migrated_to = new
        group.say(owner.user(), {"migrate_to_chat_id": new.id}, service=True)
        new.say(owner.user(), {"migrate_from_chat_id": group.id}, service=True)
        return new

    def open_topic(
        self,
        chat: Chat,
        sender: Json,
        name: str,
        *,
        creator: int,
        color: int = COLORS[0],
        icon: str = "",
        bot: int | None = None,
    ) -> Topic:
        """A new topic, and the service message whose id is the topic's."""
        made: Json = {"name": name, "icon_color": color} | ({"icon_custom_emoji_id": icon} if icon else {})
        said = chat.say(sender, {"forum_topic_created": made}, service=True, bot=bot)
        said.thread = said.id
        topic = chat.topics[said.id] = Topic(said.id, name, color, icon, creator=creator)
        return topic

    def _owner(self, group: Group) -> Person:
        owner = next(id for id, member in group.members.items() if member.status == "creator")
        return self.people[owner]

    # Finding

    def bot_by_id(self, id: int) -> Bot | None:
        """A bot by its account."""
        return next((bot for bot in self.bots.values() if bot.id == id), None)

    def reaction_listeners(self, chat: Chat) -> Iterator[Bot]:
        """Bots that hear of reactions: administrators of a group; the bot of a private chat [unverified]."""
        if isinstance(chat, Private):
            yield chat.bot
        elif isinstance(chat, Group):
            yield from (bot for bot in chat.bots() if chat.members[bot.id].admin)

    def deaf(self, person: Person, said: Said) -> bool:
        """Whether a person does not see what is said: a bot's words in a chat that he has stopped."""
        chat = said.chat
        return isinstance(chat, Private) and chat.blocked and said.by_bot is not None

    # Numbers

    def next_basic(self) -> int:
        """The id of the next message in a basic group."""
        return next(self._basic)

    def next_album(self) -> str:
        """A media_group_id."""
        return str(13_000_000_000_000_000 + next(self._numbers))

    def pressed(self, bot: Bot) -> Press:
        """A new callback query."""
        press = Press(str(secrets.randbits(62)), bot, self.frame.clock.now())
        self.presses[press.id] = press
        while len(self.presses) > 1000:
            del self.presses[next(iter(self.presses))]
        return press

    # The platform

    def routes(self) -> Sequence[BaseRoute]:
        return self._endpoint.routes()

    async def asked(self, bot: Bot, method: str, values: Mapping[str, Any]) -> Answer:
        """A call that came in the answer to a webhook."""
        return await self._endpoint.call(bot, method, Fields(dict(values)))

    def touch(self, chat: Chat) -> None:
        """The page that shows this chat looks again."""
        inside = f"/{chat.id}" if isinstance(chat, Private) else ""
        self.frame.changes.touch(f"telegram/{chat.place}{inside}")

    def forget(self) -> None:
        for bot in self.bots.values():
            bot.inbox.clear()
            bot.privates.clear()
        self.people.clear()
        self.groups.clear()
        self.presses.clear()
        self.files.forget()

    async def close(self) -> None:
        for bot in self.bots.values():
            bot.inbox.terminate()
            bot.webhook.close()

    def about(self) -> Json:
        return phone.ABOUT

    def accounts(self) -> list[Json]:
        return phone.accounts(self)

    def customers(self) -> list[Json]:
        return phone.customers(self)

    def arrive(self, name: str, language: str) -> str:
        return str(self.customer(name, language=language).id)

    def chat(self, customer: str, account: str) -> Json:
        return phone.chat(*phone.found(self, customer, account))

    def act(self, customer: str, account: str, action: str, fields: Fields) -> Json:
        return acts.act(*phone.found(self, customer, account), action, fields)

    async def outcome(self, thing: str) -> Json:
        return await acts.outcome(self, thing)

    def file(self, customer: str, file: str) -> tuple[bytes, str, str] | None:
        return phone.file(self, customer, file)

    def _forget_oldest(self) -> None:
        while len(self.people) > self.frame.bounds.chats:
            gone = next(iter(self.people))
            del self.people[gone]
            for bot in self.bots.values():
                bot.privates.pop(gone, None)
