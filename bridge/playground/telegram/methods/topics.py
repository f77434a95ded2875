"""Methods about the topics of a forum, or of a private chat that has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.chats import Chat, Group, Private
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.refusals import bad, unable
from bridge.playground.telegram.topics import COLORS, ICONS, Topic
from bridge.text import count_utf16


async def icon_stickers(_ask: Ask) -> list[Json]:
    """The icons that any topic may have."""
    return [
        {
            "file_id": f"icon-{id}",
            "file_unique_id": f"icon{id[-8:]}",
            "type": "custom_emoji",
            "width": 100,
            "height": 100,
            "is_animated": True,
            "is_video": False,
            "emoji": emoji,
            "set_name": "Topics",
            "custom_emoji_id": id,
            "needs_repainting": False,
        }
        for id, emoji in ICONS.items()
    ]


async def create(ask: Ask) -> Json:
    """A new topic."""
    chat = _forum(ask, "create a topic")
    name = _name(ask)
    color = ask.get("icon_color", COLORS[0])
    if color not in COLORS:
        raise bad("invalid topic icon color specified")
    icon = ask.get("icon_custom_emoji_id", "")
    if icon and icon not in ICONS:
        raise bad("DOCUMENT_INVALID")
    topic = ask.telegram.open_topic(
        chat, ask.bot.user(), name, creator=ask.bot.id, color=color, icon=icon, bot=ask.bot.id
    )
    return topic.wire()


async def edit(ask: Ask) -> bool:
    """Another name or icon; what is not given stays."""
    chat, topic = _topic(ask, "edit the topic")
    name = ask.get("name") or topic.name
    icon = ask.get("icon_custom_emoji_id", topic.icon)
    if count_utf16(name) > 128:
        raise bad("TOPIC_TITLE_INVALID")
    if icon and icon not in ICONS:
        raise bad("DOCUMENT_INVALID")
    if (name, icon) == (topic.name, topic.icon):
        raise unable("TOPIC_NOT_MODIFIED")
    changed: Json = {} if name == topic.name else {"name": name}
    changed |= {} if icon == topic.icon else {"icon_custom_emoji_id": icon}
    topic.name, topic.icon = name, icon
    _serve(ask, chat, topic, {"forum_topic_edited": changed})
    return True


async def close(ask: Ask) -> bool:
    """Nobody but those who manage topics may write there."""
    return _set_closed(ask, closed=True)


async def reopen(ask: Ask) -> bool:
    """Everybody may write there again."""
    return _set_closed(ask, closed=False)


def _set_closed(ask: Ask, *, closed: bool) -> bool:
    chat, topic = _topic(ask, "toggle the topic")
    if topic.closed == closed:
        raise unable("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    _serve(ask, chat, topic, {"forum_topic_closed" if closed else "forum_topic_reopened": {}})
    return True


async def delete(ask: Ask) -> bool:
    """The topic is gone with all its messages; no bot is told."""
    chat, topic = _topic(ask, "delete the topic", "can_delete_messages")
    del chat.topics[topic.id]
    for said in [said for said in chat.messages.values() if said.thread == topic.id]:
        chat.delete(said)
    return True


async def unpin_in_topic(ask: Ask) -> bool:
    """No message of a topic is pinned any more."""
    chat, topic = _topic(ask, "unpin messages", "can_pin_messages")
    chat.pinned = [id for id in chat.pinned if (said := chat.find(id)) is None or said.thread != topic.id]
    return True


async def edit_general(ask: Ask) -> bool:
    """Another name for the first topic of a forum."""
    group = _general(ask)
    _name(ask)
    _serve(ask, group, None, {"forum_topic_edited": {"name": ask.get("name")}})
    return True


async def close_general(ask: Ask) -> bool:
    """Nobody but those who manage topics may write in General."""
    return _set_general(ask, "general_closed", "forum_topic_closed", value=True)


async def reopen_general(ask: Ask) -> bool:
    """Everybody may write in General again."""
    return _set_general(ask, "general_closed", "forum_topic_reopened", value=False)


async def hide_general(ask: Ask) -> bool:
    """General is out of sight, and closed."""
    _general(ask).general_closed = True
    return _set_general(ask, "general_hidden", "general_forum_topic_hidden", value=True)


async def unhide_general(ask: Ask) -> bool:
    """General is in sight again."""
    return _set_general(ask, "general_hidden", "general_forum_topic_unhidden", value=False)


async def unpin_general(ask: Ask) -> bool:
    """No message of General is pinned any more."""
    group = _general(ask)
    group.pinned = [id for id in group.pinned if (said := group.find(id)) and said.thread]
    return True


def _set_general(ask: Ask, field: str, service: str, *, value: bool) -> bool:
    group = _general(ask)
    if getattr(group, field) == value:
        raise unable("TOPIC_NOT_MODIFIED")
    setattr(group, field, value)
    _serve(ask, group, None, {service: {}})
    return True


def _general(ask: Ask) -> Group:
    chat = _forum(ask, "edit the topic")
    if not isinstance(chat, Group):
        raise unable("the chat is not a forum")
    return chat


def _forum(ask: Ask, what: str) -> Chat:
    chat = ask.chat()
    if isinstance(chat, Private):
        if not ask.bot.topics:
            raise unable("the chat is not a forum")
        return chat
    if not isinstance(chat, Group) or not chat.forum:
        raise unable("the chat is not a forum")
    if not ask.member(chat).may("can_manage_topics"):
        raise unable(f"not enough rights to {what}")
    return chat


def _topic(ask: Ask, what: str, right: str = "can_manage_topics") -> tuple[Chat, Topic]:
    chat = ask.chat()
    if isinstance(chat, Group):
        if not chat.forum:
            raise unable("the chat is not a forum")
        topic = chat.topics.get(ask.get("message_thread_id", 0))
        mine = topic is not None and topic.creator == ask.bot.id
        if not ask.member(chat).may(right) and not (mine and right == "can_manage_topics"):
            raise unable(f"not enough rights to {what}")
    else:
        topic = chat.topics.get(ask.get("message_thread_id", 0))
    if topic is None:
        raise unable("message thread not found")
    return chat, topic


def _name(ask: Ask) -> str:
    name = str(ask.get("name", "")).strip()
    if not name or count_utf16(name) > 128:
        raise bad("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_INVALID")
    return name


def _serve(ask: Ask, chat: Chat, topic: Topic | None, service: Json) -> None:
    thread = topic.id if topic else None
    chat.say(ask.bot.user(), service, bot=ask.bot.id, thread=thread, service=True)


METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "getForumTopicIconStickers": icon_stickers,
    "createForumTopic": create,
    "editForumTopic": edit,
    "closeForumTopic": close,
    "reopenForumTopic": reopen,
    "deleteForumTopic": delete,
    "unpinAllForumTopicMessages": unpin_in_topic,
    "editGeneralForumTopic": edit_general,
    "closeGeneralForumTopic": close_general,
    "reopenGeneralForumTopic": reopen_general,
    "hideGeneralForumTopic": hide_general,
    "unhideGeneralForumTopic": unhide_general,
    "unpinAllGeneralForumTopicMessages": unpin_general,
}
