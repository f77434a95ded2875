"""The stand-in of Facebook: its apps, pages and people.

Owns making and finding them, numbers and moments. It must never be asked for anything that an app or a person could not do:
the Graph API and people are the ways in.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.routing import BaseRoute

from bridge.playground.body import Fields
from bridge.playground.facebook import acts, phone
from bridge.playground.facebook.endpoint import Endpoint
from bridge.playground.facebook.events import Events
from bridge.playground.facebook.files import File, Files
from bridge.playground.facebook.pages import App, Page
from bridge.playground.facebook.people import Person
from bridge.playground.platform import Platform

if TYPE_CHECKING:
    from bridge.playground.frame import Playground

Json = dict[str, Any]


class Facebook(Platform):
    """All of Facebook that an app and its customers can see.

    `base` is the address below which it stands, which links to files begin with; it is that of the latest call unless set.
    """

    name = "facebook"

    def __init__(self, frame: Playground) -> None:
        self.frame = frame
        self.base = ""
        self.files = Files(frame.bounds.file_bytes)
        self.events = Events(self)
        self.apps: dict[str, App] = {}
        self.pages: dict[str, Page] = {}
        self.people: dict[str, Person] = {}
        self._endpoint = Endpoint(self)
        self._numbers = itertools.count(1)
        # Drawn anew at each start: whoever comes after it is nobody whom a page has known before.
        self._persons = itertools.count(10**16 + secrets.randbelow(10**15))
        self._moment = 0

    # Making

    def app(self, id: str, secret: str) -> App:
        """The app of this number, made when it is new."""
        return self.apps.setdefault(id, App(id, secret))

    def page(self, id: str, token: str, app: App, name: str = "", handle: str = "") -> Page:
        """The page of this number, made when it is new; all but `id` is taken then only."""
        found = self.pages.get(id)
        if found is None:
            found = Page(self, id, token, name or f"Page {id}", handle or f"page{id}", app)
            self.pages[id] = found
            self.frame.changes.touch("facebook")
        return found

    def customer(self, name: str, *, last_name: str = "", language: str = "en") -> Person:
        """A new person."""
        person = Person(self, str(next(self._persons)), name, last_name, language)
        self.people[person.id] = person
        while len(self.people) > self.frame.bounds.chats:
            gone = next(iter(self.people))
            del self.people[gone]
            for page in self.pages.values():
                page.chats.pop(gone, None)
        self.frame.changes.touch("facebook")
        return person

    # Finding

    def page_of(self, token: str) -> Page | None:
        """The page to which a token belongs."""
        return next((page for page in self.pages.values() if page.token == token), None)

    def link(self, file: File) -> str:
        """Where a file is to be had."""
        return f"{self.base}/cdn/{file.path}"

    # Numbers

    def number(self) -> int:
        """One more than the last."""
        return next(self._numbers)

    def stamp(self) -> int:
        """Now, in milliseconds; no two things happen at the same."""
        self._moment = max(self._moment + 1, int(self.frame.clock.now() * 1000))
        return self._moment

    # The platform

    def routes(self) -> Sequence[BaseRoute]:
        return self._endpoint.routes()

    def about(self) -> Json:
        return phone.ABOUT

    def accounts(self) -> list[Json]:
        return phone.accounts(self)

    def customers(self) -> list[Json]:
        return phone.customers(self)

    def arrive(self, name: str, language: str) -> str:
        return self.customer(name, language=language).id

    def chat(self, customer: str, account: str) -> Json:
        return phone.chat(*phone.found(self, customer, account))

    def act(self, customer: str, account: str, action: str, fields: Fields) -> Json:
        return acts.act(*phone.found(self, customer, account), action, fields)

    async def outcome(self, thing: str) -> Json:
        return {}

    def file(self, customer: str, file: str) -> tuple[bytes, str, str] | None:
        return phone.file(self, customer, file)

    def forget(self) -> None:
        for page in self.pages.values():
            page.webhook.close()
            page.chats.clear()
        self.people.clear()
        self.files.forget()

    async def close(self) -> None:
        for page in self.pages.values():
            page.webhook.close()
