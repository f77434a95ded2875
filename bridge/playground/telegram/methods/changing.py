"""Methods that change what has been said, or say something without a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram import words
from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.chats import Chat, Group
from bridge.playground.telegram.files import content
from bridge.playground.telegram.messages import Json, Said, wire
from bridge.playground.telegram.reactions import EMOJIS
from bridge.playground.telegram.refusals import NOT_MODIFIED, OLD_QUERY, bad, unable
from bridge.playground.telegram.uploads import sent

DELETABLE_SECONDS = 48 * 60 * 60
CALLBACK_SECONDS = 60
"""How long an answer to a pressed button is waited for [unverified: the server says "too old" after about so long]."""


async def edit_text(ask: Ask) -> Json:
    """Other words."""
    new = words.text(ask)
    chat, said = _target(ask)
    if "text" not in said.content:
        raise unable("there is no text in the message to edit")
    return _edited(ask, chat, said, new)


async def edit_caption(ask: Ask) -> Json:
    """Other words beneath a file, or none."""
    new = words.caption(ask)
    chat, said = _target(ask)
    if "text" in said.content or not said.content.keys() & _FILES:
        raise unable("there is no caption in the message to edit")
    kept = {key: value for key, value in said.content.items() if not key.startswith("caption")}
    return _edited(ask, chat, said, kept | new)


async def edit_media(ask: Ask) -> Json:
    """Another file."""
    media = ask.get("media") or {}
    kind = media.get("type")
    if kind not in {"photo", "video", "animation", "audio", "document"}:
        raise bad("type of media must be one of photo, video, animation, audio, document")
    chat, said = _target(ask)
    new = content(sent(ask, kind, media.get("media"))) | words.item_caption(ask, media)
    return _edited(ask, chat, said, new)


async def edit_markup(ask: Ask) -> Json:
    """Other buttons."""
    chat, said = _target(ask)
    return _edited(ask, chat, said, said.content)


def _target(ask: Ask) -> tuple[Chat, Said]:
    if ask.get("inline_message_id") is not None:
        raise unable("MESSAGE_ID_INVALID")
    chat = ask.chat()
    said = ask.message(chat, "edit")
    if said.by_bot != ask.bot.id or said.service:
        raise unable("message can't be edited")
    return chat, said


def _edited(ask: Ask, chat: Chat, said: Said, new: Json) -> Json:
    """An edit without reply_markup takes the buttons away, as the server does."""
    buttons = words.markup(ask)
    if new == said.content and buttons == said.markup:
        raise unable(NOT_MODIFIED)
    chat.edit(said, new, buttons, hidden=new == said.content)
    return wire(said, ask.bot.id)


async def delete_message(ask: Ask) -> bool:
    """Takes one message away."""
    chat = ask.chat()
    said = ask.message(chat, "delete")
    if not _deletable(ask, chat, said):
        raise unable("message can't be deleted for everyone")
    chat.delete(said)
    return True


async def delete_messages(ask: Ask) -> bool:
    """Takes up to 100 away; those that are not there any more are passed over."""
    ids = ask.get("message_ids") or []
    if not 1 <= len(ids) <= 100:
        raise bad("there are no messages to delete" if not ids else "too many message identifiers specified")
    chat = ask.chat()
    found = [said for id in ids if (said := chat.find(id)) is not None]
    for said in found:
        if not _deletable(ask, chat, said):
            raise unable("message can't be deleted for everyone")
    for said in found:
        chat.delete(said)
    return True


def _deletable(ask: Ask, chat: Chat, said: Said) -> bool:
    if isinstance(chat, Group) and ask.member(chat).may("can_delete_messages"):
        return True
    young = ask.telegram.frame.clock.now() - said.at < DELETABLE_SECONDS
    return young and (said.by_bot == ask.bot.id or not isinstance(chat, Group))


async def send_chat_action(ask: Ask) -> bool:
    """Says for five seconds at most that the bot types, or sends something."""
    if ask.get("action") is None:
        raise bad("wrong parameter action in request")
    chat, _ = ask.place_to_write()
    chat.busy(ask.bot.id, ask.get("action"))
    return True


async def set_reaction(ask: Ask) -> bool:
    """One emoji on a message, or none."""
    chat = ask.chat()
    said = ask.message(chat, "react")
    wanted = ask.get("reaction") or []
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for one in wanted:
        if not isinstance(one, dict) or (one.get("type") == "emoji" and one.get("emoji") not in EMOJIS):
            raise bad("REACTION_INVALID")
    said.reactions.pop(ask.bot.id, None)
    if wanted:
        said.reactions[ask.bot.id] = wanted
    ask.telegram.touch(chat)
    return True


async def answer_callback_query(ask: Ask) -> bool:
    """What the person who pressed a button sees."""
    press = ask.telegram.presses.get(ask.get("callback_query_id", ""))
    now = ask.telegram.frame.clock.now()
    if press is None or press.bot is not ask.bot or press.answered or now - press.at > CALLBACK_SECONDS:
        raise unable(OLD_QUERY)
    if len(ask.get("text", "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    press.answered = True
    press.text, press.url = ask.get("text", ""), ask.get("url", "")
    press.alert = ask.get("show_alert", False)
    press.heard.set()
    ask.telegram.frame.changes.touch("telegram")
    return True


async def pin_message(ask: Ask) -> bool:
    """Keeps a message in sight."""
    chat = _pinnable(ask)
    said = ask.message(chat, "pin")
    if said.id not in chat.pinned:
        chat.pinned.append(said.id)
        chat.say(
            ask.bot.user(),
            {"pinned_message": wire(said, ask.bot.id, nested=True)},
            bot=ask.bot.id,
            service=True,
            thread=said.thread,
        )
    return True


async def unpin_message(ask: Ask) -> bool:
    """The opposite; without a message the latest."""
    chat = _pinnable(ask)
    id = ask.get("message_id")
    if id is None and chat.pinned:
        id = chat.pinned[-1]
    if id not in chat.pinned:
        raise unable("message to unpin not found")
    chat.pinned.remove(id)
    return True


async def unpin_all(ask: Ask) -> bool:
    """No message is pinned any more."""
    _pinnable(ask).pinned.clear()
    return True


def _pinnable(ask: Ask) -> Chat:
    chat = ask.chat()
    if isinstance(chat, Group) and not ask.member(chat).may("can_pin_messages"):
        raise unable("not enough rights to manage pinned messages in the chat")
    return chat


_FILES = {"photo", "document", "voice", "audio", "video", "animation"}
METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "sendChatAction": send_chat_action,
    "setMessageReaction": set_reaction,
    "answerCallbackQuery": answer_callback_query,
    "pinChatMessage": pin_message,
    "unpinChatMessage": unpin_message,
    "unpinAllChatMessages": unpin_all,
}
