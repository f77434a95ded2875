"""What an edge may ask of the router, as types: edges are handed these and never import the conversations.

Owns Protocols only. It must never hold behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from bridge import actions as a
from bridge import views as v
from bridge.messages import (
    Address,
    AgentId,
    Author,
    ChannelName,
    DeskName,
    DialogId,
    FileId,
    Heard,
    Incoming,
    Json,
    LineName,
    Mark,
    NativeId,
    Priority,
    Receipt,
    TicketId,
    WishId,
)

Mode = Literal["auto", "send", "note"]


class Router(Protocol):
    """The mind, as edges see it. Every method returns after the commit or raises a `BridgeError`."""

    @property
    def read(self) -> Reader:
        """Reading what SQL holds."""

    @property
    def presence(self) -> Presence:
        """Who views and types now."""

    async def receive(self, incoming: Incoming, files: Collection[FileId] = ()) -> Receipt:
        """Takes a contact's message once, for ever, by its event key."""

    async def hear(self, event: Heard) -> Receipt | None:
        """Takes what a connector heard once, for ever, by its event key, whatever its kind.

        Answers after the commit with where the event stands in a dialog; None where it concerns none. What comes
        together (`asyncio.gather` of several calls) is taken in the order of the calls.
        """

    async def reply(
        self,
        dialog: DialogId,
        author: Author,
        text: str,
        *,
        key: str,
        mode: Mode = "auto",
        files: Collection[FileId] = (),
        via: DeskName | None = None,
        native: NativeId | None = None,
        reply_to: int | None = None,
    ) -> Receipt:
        """An agent's words: sent, held with Undo, or kept inside, by the safe-side rule and `mode`.

        `native` is what the desk `via` calls them, `reply_to` the seq of the message that they answer.
        """

    async def act(
        self,
        subject: DialogId | TicketId | WishId,
        kind: Literal["dialog", "ticket", "wish"],
        agent: a.Agent,
        verb: a.DialogAction | a.TicketAction | a.WishAction,
    ) -> Json:
        """An agent's verb on a dialog, ticket or wish."""

    async def make_task(self, agent: a.Agent, title: str, text: str, priority: Priority) -> Json:
        """The developers set themselves a task, which stands beside the wishes."""

    async def next(self, line: LineName, agent: a.Agent) -> DialogId | None:
        """Claims the most urgent unclaimed dialog of a line; None when nobody waits."""

    async def duty(self, agent: a.Agent, *, on: bool) -> None:
        """The agent is there for his lines for the next minutes, or no longer; `Unavailable` while Redis is out."""

    async def on_duty(self, lines: Collection[LineName]) -> dict[LineName, list[AgentId]]:
        """Who counts as on duty on each of these lines; `Unavailable` while Redis is out."""

    async def reached(self, channel: ChannelName, address: Address, upto: int, mark: Mark) -> None:
        """The contact's side has, or has read, everything up to a message."""

    async def introduce(
        self, channel: ChannelName, address: Address, *, name: str = "", email: str | None = None
    ) -> None:
        """The contact tells his name or e-mail address; raises `Refused` when it is none."""

    async def store_file(
        self, owner: str, url: str, name: str, type: str, size: int, *, per_day: int | None = None
    ) -> FileId:
        """Remembers an uploaded file; `owner` is "<channel>/<address>" or "agent/<id>".

        Raises `TooMuch` when it would be more than `per_day` bytes of this owner's within a day.
        """

    async def bookmark(self, channel: ChannelName, place: str) -> None:
        """Keeps how far a channel has read what its platform keeps for it, in the connector's own words."""

    async def quarantine(self, channel: ChannelName, event_key: str, raw: bytes, reason: str) -> None:
        """Keeps an authentic event that could not be understood; the same event key once."""

    async def replay(self, event: int, agent: a.Agent) -> Json:
        """Gives such an event back to its connector: {"state": "replayed" | "held", "reason": why it is still held}."""


class Reader(Protocol):
    """Reading what SQL holds, off the event loop; raises `Missing`."""

    async def dialogs(
        self,
        *,
        status: Collection[str] = (),
        line: str | None = None,
        channel: str | None = None,
        assignee: int | None = None,
        contact: int | None = None,
        unclaimed: bool = False,
        search: str | None = None,
        order: Literal["due", "changed"] = "changed",
        cursor: str | None = None,
        limit: int = 50,
    ) -> v.Page[v.DialogView]:
        """Dialogs, by due time (soonest first, none last) or latest change first."""

    async def dialog(self, id: DialogId) -> v.DialogView:
        """One dialog."""

    async def messages(self, dialog: DialogId, *, after: int = 0, limit: int = 500) -> list[v.MessageView]:
        """What has changed in a dialog since `rev` was `after`, in the order of rev."""

    async def visible(
        self, channel: ChannelName, address: Address, *, after: int = 0, limit: int = 500
    ) -> list[v.MessageView]:
        """What the contact at this address may see of his dialogs and has changed since `after`."""

    async def current(self, channel: ChannelName, address: Address) -> v.DialogView | None:
        """The latest dialog of an address."""

    async def tickets(
        self,
        *,
        status: Collection[str] = (),
        line: str | None = None,
        dialog: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> v.Page[v.TicketView]:
        """Tickets, latest change first."""

    async def ticket(self, id: TicketId) -> v.TicketView:
        """One ticket with quotes and story."""

    async def wishes(
        self,
        *,
        status: Collection[str] = (),
        dialog: int | None = None,
        vouched: bool = False,
        order: v.WishOrder = "urgent",
        cursor: str | None = None,
        limit: int = 50,
    ) -> v.Page[v.WishView]:
        """Wishes, by priority and age or latest change first; with `vouched` only those that an agent stands for."""

    async def wish(self, id: WishId, *, vouched: bool = False) -> v.WishView:
        """One wish with those who asked; with `vouched` only one that an agent stands for."""

    async def search(self, words: str, *, limit: int = 20) -> list[v.FoundView]:
        """Dialogs whose contact, words or ticket hold the words, among those that changed last."""

    async def lines(self) -> list[v.LineView]:
        """The lines and how much waits there."""

    async def outbox(
        self, *, states: Collection[str], cursor: str | None = None, limit: int = 50
    ) -> v.Page[v.OutboxView]:
        """Posts in these states."""

    async def troubles(self, since: datetime) -> list[v.TroubleView]:
        """Per destination what is late, and what has failed since then."""

    async def quarantined(
        self, *, state: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> v.Page[v.QuarantineView]:
        """Events that could not be understood, or those of them in one state."""

    async def bookmark(self, channel: ChannelName) -> str:
        """How far a channel has read what its platform keeps for it; "" when it never has."""

    async def actions(self, subject: str, *, limit: int = 100) -> list[v.ActionView]:
        """Who did what to a subject ("dialog:7"), latest first."""

    async def findings(self, *, gone: bool = False) -> list[v.FindingView]:
        """What the audit has found."""

    async def promises(
        self, promise: v.PromiseName, first: date, last: date, zone: ZoneInfo, by: v.ReportBy
    ) -> v.PromiseReport:
        """How the promises made on these days of a zone, the last one included, were kept."""

    async def breaches(
        self, promise: v.PromiseName, first: date, last: date, zone: ZoneInfo, *, limit: int = 50
    ) -> v.BreachReport:
        """Why promises made on these days broke, and the latest of them."""

    async def file(self, id: FileId) -> tuple[v.FileView, str, str]:
        """A stored file, its fsspec url, and the dialog ("" while no message carries it) it belongs to."""

    async def agents(self) -> list[a.Agent]:
        """Everybody who is not disabled."""


class Presence(Protocol):
    """Who views a dialog and types in it now: a hint that lives for seconds, and nothing while Redis is out."""

    async def view(self, dialog: DialogId, agent: a.Agent, *, typing: bool, private: bool = False) -> None:
        """The agent has the dialog before him now, and types in it (`private`: a note) or does not."""

    async def typing(self, channel: ChannelName, address: Address) -> None:
        """The contact types now."""

    async def here(self, dialog: DialogId) -> list[v.HereView]:
        """Who views the dialog, and whether he types."""

    async def typist(self, channel: ChannelName, address: Address) -> str | None:
        """The name of the agent who types to the contact at this address now."""


class Leases(Protocol):
    """Work that one process at a time does for all; a hint, so what is done must be right also when two do it."""

    async def hold(self, name: str, span: timedelta) -> bool:
        """True when this process holds it now, for so long; raises `Unavailable` while Redis is out."""

    async def leave(self, name: str) -> None:
        """Lets go of it, so that another need not wait; raises `Unavailable` while Redis is out."""


class Live(Protocol):
    """Wake-ups of live pages: a hint that something changed, never what."""

    def watch(self, *keys: str) -> AsyncIterator[frozenset[str]]:
        """Yields what to look at: all keys at first and once a minute, the touched ones (four times a second at most).

        An empty set is a sign of life, every 15 seconds when nothing happens. Keys: "desk", "board", "agent:<id>" (what
        is his), "dialog:<id>", "ticket:<id>", "wish:<id>", "address:<channel>/<address>"; and of presence
        "here:<dialog>" (who views it) and "typing:<channel>/<address>" (an agent types to the contact).
        """


class Access(Protocol):
    """Who may come in: one-time links, sessions and API tokens, all hashed at rest."""

    async def by_token(self, token: str) -> a.Agent | None:
        """The agent (or the house itself) an API bearer token stands for."""

    async def by_session(self, session: str) -> a.Agent | None:
        """The agent of a browser session."""

    async def redeem(self, link: str) -> tuple[str, a.Agent]:
        """Trades a one-time login link for a new session; raises `NotAllowed`."""

    async def leave(self, session: str) -> None:
        """Ends a session."""
