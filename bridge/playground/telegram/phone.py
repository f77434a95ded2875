"""Telegram on a customer's phone: the chats he has, and what stands in one, for the page that draws it.

Owns the views. It must never change anything, nor show what that customer cannot see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.playground.platform import Impossible
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.chats import Private
from bridge.playground.telegram.files import uniques
from bridge.playground.telegram.messages import Json, Said
from bridge.playground.telegram.people import Person

if TYPE_CHECKING:
    from bridge.playground.telegram.telegram import Telegram

ABOUT: Json = {
    "title": "Telegram",
    "order": 1,
    "speaker": "bot",
    "acts": [
        "start",
        "write",
        "reply",
        "edit",
        "delete",
        "delete_any",
        "send",
        "locate",
        "contact",
        "dice",
        "react",
        "block",
    ],
    "kinds": ["photo", "document", "voice", "sticker"],
    "album": 10,
    "caption": True,
    "reactions": ["👍", "❤", "🔥", "🎉", "😁", "😢"],
    "link": {"address": "t.me/{handle}?start=", "example": "spring_sale", "most": 64},
    "mishaps": {"calls": "send*", "news": "message"},
}
"""What the phone can do."""
_PLAIN = ("location", "contact", "dice", "poll", "venue")


def accounts(telegram: Telegram) -> list[Json]:
    """All bots that are alive."""
    return [
        {"id": str(bot.id), "name": bot.name, "handle": f"@{bot.username}"}
        for bot in telegram.bots.values()
        if not bot.revoked
    ]


def customers(telegram: Telegram) -> list[Json]:
    """All people, the newest last, and up to where bots have written to them."""
    return [
        {
            "id": str(person.id),
            "name": person.name,
            "language": person.language,
            "chats": {
                str(bot.id): _last(bot.privates[person.id])
                for bot in telegram.bots.values()
                if person.id in bot.privates
            },
        }
        for person in telegram.people.values()
    ]


def _last(chat: Private) -> int:
    return max((said.id for said in chat.messages.values() if said.by_bot is not None), default=0)


def found(telegram: Telegram, customer: str, account: str) -> tuple[Person, Bot]:
    """Who it is and whom he writes to."""
    person = telegram.people.get(_number(customer))
    bot = telegram.bot_by_id(_number(account))
    if person is None or bot is None:
        raise Impossible("there is no such customer" if person is None else "there is no such bot")
    return person, bot


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def chat(person: Person, bot: Bot) -> Json:
    """The chat with a bot: what was said, who types, what may be done, and what the bot offers."""
    private = bot.telegram.private(person, bot)
    now = bot.telegram.frame.clock.now()
    typing = [
        {"does": does, "for": until - now}
        for who, (does, until) in private.typing.items()
        if who == bot.id and until > now and not private.blocked
    ]
    return {
        "title": bot.name,
        "handle": f"@{bot.username}",
        "about": bot.profile.get(("description", ""), ""),
        "started": private.started,
        "blocked": private.blocked,
        "typing": typing[0] if typing else None,
        "last": _last(private),
        "commands": next((value for (what, _), value in bot.profile.items() if what == "commands"), []),
        "messages": [_message(said, person, bot) for said in private.messages.values()],
    }


def _message(said: Said, person: Person, bot: Bot) -> Json:
    content = said.content
    mine = said.sender["id"] == person.id
    return {
        "id": str(said.id),
        "at": said.at,
        "edited": said.edited_at is not None,
        "mine": mine,
        "taken": mine and not bot.inbox.holds(said.chat.id, said.id),
        "service": said.service,
        "text": said.text,
        "entities": content.get("entities", content.get("caption_entities", [])),
        "files": _files(said),
        "album": said.album,
        "reply_to": None if said.reply_to is None else _quoted(said.reply_to, said, person),
        "buttons": _buttons(said.markup),
        "reactions": _reactions(said, person),
        **{name: content[name] for name in _PLAIN if name in content},
    }


def _files(said: Said) -> list[Json]:
    """What is attached; a file that the stand-in has forgotten has no type any more."""
    made = []
    for unique in uniques(said.content):
        file = said.chat.telegram.files.get(unique)
        if file is None:
            made.append({"id": unique, "kind": "gone", "name": "", "type": "", "size": 0})
            continue
        about = {name: value for name, value in file.about.items() if isinstance(value, int | float | str)}
        made.append(
            {
                **about,
                "id": unique,
                "kind": file.kind,
                "name": file.name,
                "type": file.type,
                "size": len(file.data),
            }
        )
    return made


def _quoted(answered: Said, by: Said, person: Person) -> Json:
    return {
        "id": str(answered.id),
        "mine": answered.sender["id"] == person.id,
        "text": (by.quote or {}).get("text") or answered.text,
        "files": _files(answered),
    }


def _buttons(markup: Json | None) -> list[list[Json]]:
    rows: list[list[Json]] = (markup or {}).get("inline_keyboard", [])
    return [
        [
            {"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")}
            for button in row
        ]
        for row in rows
    ]


def _reactions(said: Said, person: Person) -> list[Json]:
    return [
        {"emoji": one.get("emoji", "★"), "mine": who == person.id}
        for who, given in said.reactions.items()
        for one in given
    ]


def file(telegram: Telegram, customer: str, unique: str) -> tuple[bytes, str, str] | None:
    """A file of a chat of his."""
    person = telegram.people.get(_number(customer))
    known = telegram.files.get(unique)
    if person is None or known is None:
        return None
    for bot in telegram.bots.values():
        private = bot.privates.get(person.id)
        said: list[Any] = list(private.messages.values()) if private else []
        if any(unique in uniques(one.content) for one in said):
            return known.data, known.name or known.path.rpartition("/")[2], known.type
    return None
