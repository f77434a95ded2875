"""A conversation of one person with one page, and what stands in it.

Owns the messages, the windows in which the page may write, and what the person sees. It must never tell a webhook: events
do.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.playground.facebook.files import File
from bridge.playground.record import Sight

if TYPE_CHECKING:
    from bridge.playground.facebook.pages import Page
    from bridge.playground.facebook.people import Person

Json = dict[str, Any]
DAY = 24 * 60 * 60
TYPING = 20.0
"""Seconds for which typing_on shows."""


@dataclass(slots=True)
class Said:
    """A message; `at` in milliseconds. `person` is the PSID of who said it, "" for the page."""

    chat: Chat
    mid: str
    number: int
    at: int
    person: str
    text: str = ""
    files: tuple[File, ...] = ()
    quick: list[Json] = field(default_factory=list)
    template: Json | None = None
    reply_to: Said | None = None
    payload: str | None = None
    metadata: str | None = None
    app: str | None = None
    edits: int = 0
    deleted: bool = False
    reactions: dict[str, str] = field(default_factory=dict)

    @property
    def buttons(self) -> list[Json]:
        """What can be pressed on it: those of a template, or quick replies while nothing has been said after it."""
        if self.template is not None:
            elements = self.template.get("elements") or [{}]
            return [*(self.template.get("buttons") or elements[0].get("buttons") or [])]
        latest = next(reversed(self.chat.messages), None)
        return [*self.quick] if latest == self.mid else []

    @property
    def words(self) -> str:
        """What one reads: the text, or that of a template."""
        if self.template is None:
            return self.text
        elements = self.template.get("elements") or [{}]
        titles = [self.template.get("text"), elements[0].get("title"), elements[0].get("subtitle")]
        return "\n".join(str(one) for one in titles if one)


@dataclass(slots=True)
class Chat:
    """Everything between a person and a page; `heard_at` is when he last did something there, on the playground's clock."""

    person: Person
    page: Page
    messages: OrderedDict[str, Said] = field(default_factory=OrderedDict)
    heard_at: float | None = None
    blocked: bool = False
    typing_until: float = 0.0
    read_by_page: int = 0
    """watermarks, in milliseconds"""
    read_by_person: int = 0

    def say(self, person: str, text: str = "", files: tuple[File, ...] = (), **about: Any) -> Said:
        """Puts a message in; who sees it is written down. The oldest goes when there are too many."""
        facebook = self.page.facebook
        mid = f"m_{secrets.token_urlsafe(48)}"
        said = Said(self, mid, facebook.number(), facebook.stamp(), person, text, files, **about)
        self.messages[mid] = said
        while len(self.messages) > facebook.frame.bounds.messages:
            self.messages.popitem(last=False)
        if not person:
            self.typing_until = 0.0
        self.saw(said, "shown")
        self.touch()
        return said

    def saw(self, said: Said, kind: Any) -> None:
        """The person sees it so now."""
        self.page.facebook.frame.record.saw(
            Sight(
                said.at / 1000,
                self.person.id,
                self.page.id,
                kind,
                said.mid,
                said.person or self.page.id,
                mine=bool(said.person),
                text=said.words,
                files=tuple(file.seen for file in said.files),
                buttons=tuple(str(one.get("title", "")) for one in said.buttons),
                reply_to=said.reply_to.mid if said.reply_to else None,
            )
        )

    def hear(self) -> None:
        """The person has done something that lets the page write to him."""
        self.heard_at = self.page.facebook.frame.clock.now()

    def age(self) -> float | None:
        """Seconds since he did; None when he never has."""
        return None if self.heard_at is None else self.page.facebook.frame.clock.now() - self.heard_at

    def touch(self) -> None:
        """The page that shows this chat looks again."""
        self.page.facebook.frame.changes.touch(f"facebook/{self.page.id}/{self.person.id}")
