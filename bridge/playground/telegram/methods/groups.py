"""Methods about chats and who is in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.chats import Group, Private
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.refusals import bad, unable


async def get_chat(ask: Ask) -> Json:
    """Everything about a chat."""
    return ask.chat().full(ask.bot)


async def get_member(ask: Ask) -> Json:
    """Somebody's place in a chat."""
    chat = ask.chat()
    account = ask.get("user_id")
    if isinstance(chat, Private):
        users = {chat.person.id: chat.person.user(), chat.bot.id: chat.bot.user()}
        if account not in users:
            raise unable("member not found")
        return {"user": users[account], "status": "member"}
    found = chat.member(account) if isinstance(chat, Group) else None
    if found is not None:
        return found.wire()
    person = ask.telegram.people.get(account)
    if person is None:
        raise unable("invalid user_id specified")
    return {"user": person.user(), "status": "left"}


async def get_administrators(ask: Ask) -> list[Json]:
    """Those who run a group; other bots are left out."""
    chat = ask.chat()
    if not isinstance(chat, Group):
        raise unable("there are no administrators in the private chat")
    return [
        member.wire()
        for account, member in chat.members.items()
        if member.admin and (not member.user["is_bot"] or account == ask.bot.id)
    ]


async def count_members(ask: Ask) -> int:
    """How many there are."""
    chat = ask.chat()
    return 2 if not isinstance(chat, Group) else sum(member.inside for member in chat.members.values())


async def leave(ask: Ask) -> bool:
    """The bot goes."""
    group = ask.group()
    ask.telegram.join(group, ask.bot, "left")
    return True


async def set_title(ask: Ask) -> bool:
    """Another name for a group."""
    group = _changeable(ask)
    if not ask.get("title"):
        raise bad("chat title is empty")
    if group.title == ask.get("title"):
        raise unable("chat title is not modified")
    group.title = ask.get("title")
    group.say(ask.bot.user(), {"new_chat_title": group.title}, bot=ask.bot.id, service=True)
    return True


async def set_description(ask: Ask) -> bool:
    """What a group is about."""
    group = _changeable(ask)
    group.description = ask.get("description", "")
    return True


def _changeable(ask: Ask) -> Group:
    group = ask.group()
    if not ask.member(group).may("can_change_info"):
        raise unable("not enough rights to change chat title")
    return group


async def get_profile_photos(ask: Ask) -> Json:
    """Nobody here has a picture."""
    if ask.get("user_id") not in ask.telegram.people:
        raise unable("user not found")
    return {"total_count": 0, "photos": []}


METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatAdministrators": get_administrators,
    "getChatMemberCount": count_members,
    "leaveChat": leave,
    "setChatTitle": set_title,
    "setChatDescription": set_description,
    "getUserProfilePhotos": get_profile_photos,
}
