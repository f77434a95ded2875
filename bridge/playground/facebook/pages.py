"""Apps and pages: who calls the Graph API, who is called by it, and what a page is told of.

Owns tokens, subscriptions and the way of an event to its webhook. It must never decide what an event says.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.playground.facebook.chats import Chat, Said
from bridge.playground.facebook.webhooks import Update, Webhook

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook
    from bridge.playground.facebook.people import Person

Json = dict[str, Any]
INBOX = "263902037430900"
"""The app by which Facebook tells what somebody has answered in the page's own inbox."""


@dataclass(slots=True)
class App:
    """An app of Meta's; `callback` is where all its pages' events go, while it is not empty."""

    id: str
    secret: str = field(repr=False)
    callback: str = ""
    verify_token: str = field(default="", repr=False)
    fields: tuple[str, ...] = ()

    def proof(self, token: str) -> str:
        """The appsecret_proof of a token."""
        return hmac.new(self.secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class Page:
    """A page with its access token; `human_agent` says whether its app may use that tag.

    Events reach its app's callback while the page is subscribed to their fields. `get_started` is the payload of the
    button that a new customer sees, "" for none.
    """

    def __init__(self, facebook: Facebook, id: str, token: str, name: str, handle: str, app: App) -> None:
        self.facebook = facebook
        self.id = id
        self.token = token
        self.name = name
        self.handle = handle
        self.app = app
        self.subscribed: tuple[str, ...] = ()
        self.human_agent = True
        self.get_started = ""
        self.greeting = ""
        self.chats: dict[str, Chat] = {}
        self.webhook = Webhook(facebook.frame, self)
        self._held: Update | None = None

    def chat(self, person: Person) -> Chat:
        """The conversation with a person."""
        found = self.chats.get(person.id)
        if found is None:
            found = self.chats[person.id] = Chat(person, self)
        return found

    def listen(self, callback: str, *fields: str) -> None:
        """Takes events at an address from now on, as if it had been set by hand in the app's dashboard."""
        self.app.callback = callback
        if fields:
            self.subscribed = fields

    def answer(self, person: Person, text: str) -> Said:
        """Somebody answers in the page's own inbox: an echo of another app, without metadata."""
        said = self.chat(person).say("", text, app=INBOX)
        self.facebook.events.shown(said)
        return said

    def tell(self, kind: str, subscription: str, event: Json, mid: str = "", place: str = "") -> None:
        """An event happens; it is told if the page is subscribed to its field. `kind` is what mishaps name it by."""
        if subscription not in self.subscribed or not self.app.callback:
            return
        update = Update(kind, event, mid)
        faults = self.facebook.frame.faults
        fault = faults.take_for_update("facebook", self.id, kind, place)
        if fault is not None and fault.kind == "reorder" and self._held is None:
            self._held = update
            return
        self.webhook.news(update)
        if fault is not None and fault.kind == "duplicate":
            self.webhook.news(Update(kind, event, mid, alone=True))
        if self._held is not None:
            held, self._held = self._held, None
            self.webhook.news(held)

    def unsubscribe(self) -> None:
        """Facebook tells it nothing any more."""
        self.subscribed = ()
        self.webhook.close()
        self.facebook.frame.changes.touch("facebook")
