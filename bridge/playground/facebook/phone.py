"""Messenger on a customer's phone: the chats he has, and what stands in one, for the page that draws it.

Owns the views. It must never change anything, nor show what that customer cannot see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.playground.facebook.chats import Chat, Said
from bridge.playground.facebook.files import File
from bridge.playground.facebook.pages import Page
from bridge.playground.facebook.people import Person
from bridge.playground.facebook.reactions import OFFERED
from bridge.playground.platform import Impossible

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook

Json = dict[str, Any]
ABOUT: Json = {
    "title": "Messenger",
    "order": 2,
    "speaker": "page",
    "acts": ["start", "write", "reply", "edit", "delete", "send", "react", "block", "read", "answer"],
    "kinds": ["photo", "document", "voice", "sticker"],
    "album": 10,
    "caption": False,
    "reactions": list(OFFERED),
    "link": {"address": "m.me/{handle}?ref=", "example": "spring_sale", "most": 250},
    "mishaps": {"calls": "messages", "news": "message"},
}
"""What the phone can do."""
_KINDS = {"image": "photo", "audio": "voice", "video": "video", "file": "document", "sticker": "sticker"}


def accounts(facebook: Facebook) -> list[Json]:
    """All pages."""
    return [{"id": page.id, "name": page.name, "handle": page.handle} for page in facebook.pages.values()]


def customers(facebook: Facebook) -> list[Json]:
    """All people, the newest last, and up to where pages have written to them."""
    return [
        {
            "id": person.id,
            "name": person.name,
            "language": person.language,
            "chats": {
                page.id: _last(page.chats[person.id])
                for page in facebook.pages.values()
                if person.id in page.chats
            },
        }
        for person in facebook.people.values()
    ]


def _last(chat: Chat) -> int:
    return max((said.number for said in chat.messages.values() if not said.person), default=0)


def found(facebook: Facebook, customer: str, account: str) -> tuple[Person, Page]:
    """Who it is and whom he writes to."""
    person, page = facebook.people.get(customer), facebook.pages.get(account)
    if person is None or page is None:
        raise Impossible("there is no such customer" if person is None else "there is no such page")
    return person, page


def chat(person: Person, page: Page) -> Json:
    """The conversation with a page: what was said, whether it types, and what may be done."""
    chat = page.chat(person)
    left = chat.typing_until - page.facebook.frame.clock.now()
    return {
        "title": page.name,
        "handle": page.handle,
        "about": page.greeting,
        "started": bool(chat.messages) or not page.get_started,
        "blocked": chat.blocked,
        "typing": {"does": "typing", "for": left} if left > 0 and not chat.blocked else None,
        "commands": [],
        "last": _last(chat),
        "unread": any(not said.person and said.at > chat.read_by_person for said in chat.messages.values()),
        "messages": [_message(said) for said in chat.messages.values() if not said.deleted],
    }


def _message(said: Said) -> Json:
    mine = bool(said.person)
    me = said.chat.person.id
    return {
        "id": said.mid,
        "at": said.at / 1000,
        "edited": said.edits > 0,
        "mine": mine,
        "taken": mine and not said.chat.page.webhook.holds(said.mid),
        "service": False,
        "text": said.words,
        "entities": [],
        "files": [_file(file) for file in said.files],
        "album": None,
        "reply_to": None if said.reply_to is None else _quoted(said.reply_to),
        "quick": said.template is None,
        "buttons": [
            [{"text": one.get("title"), "data": one.get("payload"), "url": one.get("url")}]
            for one in said.buttons
        ],
        "reactions": [{"emoji": emoji, "mine": who == me} for who, emoji in said.reactions.items()],
    }


def _file(file: File) -> Json:
    return {
        "id": file.id,
        "kind": _KINDS[file.kind],
        "name": file.name,
        "type": file.type,
        "size": len(file.data),
    }


def _quoted(answered: Said) -> Json:
    return {
        "id": answered.mid,
        "mine": bool(answered.person),
        "text": answered.words,
        "files": [_file(file) for file in answered.files],
    }


def file(facebook: Facebook, customer: str, id: str) -> tuple[bytes, str, str] | None:
    """A file of a conversation of his."""
    known = facebook.files.get(id)
    if known is None:
        return None
    for page in facebook.pages.values():
        chat = page.chats.get(customer)
        if chat and any(file.id == id for said in chat.messages.values() for file in said.files):
            return known.data, known.name or known.path.rpartition("/")[2], known.type
    return None
