"""A person with Messenger in his hand: what a customer can do there.

Owns the acts of people and what they lead to. It must never answer a call of the Graph API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.playground.facebook.chats import Chat, Said
from bridge.playground.facebook.files import Kind
from bridge.playground.facebook.pages import Page
from bridge.playground.platform import Impossible
from bridge.playground.record import Seen

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook

EDIT_SECONDS = 15 * 60
MOST_EDITS = 5
LONGEST = 20_000
"""Characters that a person may write; only pages are held to 2000."""
LIKE = 369239263222822
"""The sticker of the thumb beside the composer."""


class Person:
    """Somebody; `id` is his page-scoped id, here the same for all pages. `last_name` may be kept from pages."""

    def __init__(self, facebook: Facebook, id: str, name: str, last_name: str, language: str) -> None:
        self.facebook = facebook
        self.id = id
        self.name = name
        self.last_name = last_name
        self.language = language
        self.deactivated = False

    def seen(self, page: Page | None = None) -> list[Seen]:
        """What he has before him, by the record."""
        return self.facebook.frame.record.seen(self.id, page.id if page else None)

    def texts(self, page: Page | None = None) -> list[str]:
        """The words that pages have left before him."""
        return self.facebook.frame.record.texts(self.id, page.id if page else None)

    def typing(self, page: Page) -> bool:
        """Whether the page types."""
        return page.chat(self).typing_until > self.facebook.frame.clock.now()

    def start(self, page: Page, ref: str = "") -> None:
        """Presses Get Started, or follows m.me/<page>?ref=<ref>."""
        chat = self._open(page)
        if page.get_started and not chat.messages:
            said = chat.say(self.id, "Get Started")
            chat.hear()
            self.facebook.events.pressed(chat, "Get Started", page.get_started, said.mid, ref)
        elif ref:
            chat.hear()
            self.facebook.events.referred(chat, ref)
        else:
            raise Impossible("this page has no button to begin with: write to it")

    def write(
        self, page: Page, text: str, *, reply_to: str | None = None, payload: str | None = None
    ) -> Said:
        """Sends words; `payload` is that of the quick reply which he has pressed."""
        text = text.strip()
        if not text:
            raise Impossible("there is nothing to send")
        if len(text) > LONGEST:
            raise Impossible(f"a message has {LONGEST} characters at most")
        chat = self._open(page)
        answered = self._find(chat, reply_to) if reply_to else None
        said = chat.say(self.id, text, reply_to=answered, payload=payload)
        self._told(said)
        return said

    def send(self, page: Page, *files: tuple[Kind, bytes, str, str], reply_to: str | None = None) -> Said:
        """Sends pictures, or another file, as (kind, bytes, name, type); Messenger has no words with them."""
        chat = self._open(page)
        answered = self._find(chat, reply_to) if reply_to else None
        kept = tuple(self.facebook.files.keep(*file) for file in files)
        said = chat.say(self.id, files=kept, reply_to=answered)
        self._told(said)
        return said

    def stick(self, page: Page, data: bytes, type: str = "image/webp", sticker: int = LIKE) -> Said:
        """Sends a sticker."""
        chat = self._open(page)
        said = chat.say(
            self.id, files=(self.facebook.files.keep("sticker", data, type=type, sticker=sticker),)
        )
        self._told(said)
        return said

    def edit(self, page: Page, mid: str, text: str) -> None:
        """Changes his own words, within fifteen minutes and five times at most."""
        chat = self._open(page)
        said = self._own(chat, mid)
        if not said.text or not text.strip():
            raise Impossible("only words can be changed")
        if self.facebook.frame.clock.now() - said.at / 1000 > EDIT_SECONDS or said.edits >= MOST_EDITS:
            raise Impossible("Messenger lets words be changed for 15 minutes, and five times")
        said.text, said.edits = text.strip(), said.edits + 1
        chat.saw(said, "edited")
        self.facebook.events.edited(said)
        chat.touch()

    def unsend(self, page: Page, mid: str) -> None:
        """Takes back what he has said."""
        chat = self._open(page)
        said = self._own(chat, mid)
        said.deleted = True
        chat.saw(said, "deleted")
        self.facebook.events.unsent(said)
        chat.touch()

    def react(self, page: Page, mid: str, emoji: str = "") -> None:
        """Puts a reaction on a message; none takes his away."""
        chat = self._open(page)
        said = self._find(chat, mid)
        before = said.reactions.pop(self.id, "")
        if emoji:
            said.reactions[self.id] = emoji
            chat.hear()
        if emoji or before:
            self.facebook.events.reacted(said, emoji or before, on=bool(emoji))
        chat.touch()

    def press(self, page: Page, mid: str, payload: str) -> None:
        """Presses a button: a quick reply says its title, a postback says nothing."""
        chat = self._open(page)
        said = self._find(chat, mid)
        found = next((one for one in said.buttons if one.get("payload") == payload), None)
        if found is None:
            raise Impossible("there is no such button any more")
        title = str(found.get("title", ""))
        if said.template is None:
            self.write(page, title, payload=payload)
            return
        chat.hear()
        self.read(page)
        self.facebook.events.pressed(chat, title, payload, f"m_{self.facebook.number()}postback")

    def read(self, page: Page) -> None:
        """Looks at what the page has said, which the page is told."""
        chat = page.chat(self)
        latest = max((said.at for said in chat.messages.values() if not said.person), default=0)
        if latest > chat.read_by_person and not chat.blocked:
            chat.read_by_person = latest
            self.facebook.events.read(chat)

    def block(self, page: Page) -> None:
        """Takes nothing of the page any more; the page is not told."""
        chat = page.chat(self)
        chat.blocked = True
        chat.touch()

    def unblock(self, page: Page) -> None:
        """Takes its messages again."""
        chat = page.chat(self)
        chat.blocked = False
        chat.touch()

    def _told(self, said: Said) -> None:
        said.chat.hear()
        self.read(said.chat.page)
        self.facebook.events.written(said)

    def _open(self, page: Page) -> Chat:
        chat = page.chat(self)
        if chat.blocked:
            raise Impossible("you have blocked the page")
        return chat

    def _find(self, chat: Chat, mid: str) -> Said:
        said = chat.messages.get(mid)
        if said is None or said.deleted:
            raise Impossible("there is no such message")
        return said

    def _own(self, chat: Chat, mid: str) -> Said:
        said = self._find(chat, mid)
        if said.person != self.id:
            raise Impossible("that is another's message")
        return said
