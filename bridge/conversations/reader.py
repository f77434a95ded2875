"""The reader: answers what pages, edges and the REST API ask of SQL, off the event loop.

Owns the threads that read and the word for a database out of reach. It must never write; the queries live in reading/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy.exc
import structlog

from bridge import views as v
from bridge.actions import Agent
from bridge.conversations.database import Database
from bridge.conversations.lines import Rules
from bridge.conversations.reading import dialogs, messages, records, reports, tickets
from bridge.conversations.reading.search import search
from bridge.errors import Unavailable
from bridge.messages import Address, ChannelName, DialogId, FileId, TicketId, WishId

log = structlog.get_logger()

T = TypeVar("T")
THREADS = 4


class Reader:
    """Implements `bridge.ports.Reader` on SQL."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="reader")

    def close(self) -> None:
        """Ends the threads; what has begun is finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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
        return await self._read(
            dialogs.part,
            status=status,
            line=line,
            channel=channel,
            assignee=assignee,
            contact=contact,
            unclaimed=unclaimed,
            search=search,
            order=order,
            cursor=cursor,
            limit=limit,
        )

    async def dialog(self, id: DialogId) -> v.DialogView:
        return await self._read(dialogs.one, id)

    async def messages(self, dialog: DialogId, *, after: int = 0, limit: int = 500) -> list[v.MessageView]:
        return await self._read(messages.changed, dialog, after, limit)

    async def visible(
        self, channel: ChannelName, address: Address, *, after: int = 0, limit: int = 500
    ) -> list[v.MessageView]:
        return await self._read(messages.visible, channel, address, after, limit)

    async def current(self, channel: ChannelName, address: Address) -> v.DialogView | None:
        return await self._read(dialogs.current, channel, address)

    async def whereabouts(self, dialog: DialogId) -> tuple[ChannelName, Address]:
        """The channel and address at which a dialog's contact is reached."""
        return await self._read(dialogs.whereabouts, dialog)

    async def tickets(
        self,
        *,
        status: Collection[str] = (),
        line: str | None = None,
        dialog: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> v.Page[v.TicketView]:
        return await self._read(
            tickets.tickets, status=status, line=line, dialog=dialog, cursor=cursor, limit=limit
        )

    async def ticket(self, id: TicketId) -> v.TicketView:
        return await self._read(tickets.ticket, id)

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
        return await self._read(
            tickets.wishes,
            status=status,
            dialog=dialog,
            vouched=vouched,
            order=order,
            cursor=cursor,
            limit=limit,
        )

    async def wish(self, id: WishId, *, vouched: bool = False) -> v.WishView:
        return await self._read(tickets.wish, id, vouched=vouched)

    async def search(self, words: str, *, limit: int = 20) -> list[v.FoundView]:
        return await self._read(search, words, limit)

    async def lines(self) -> list[v.LineView]:
        return await self._read(dialogs.lines, self._rules.lines, datetime.now(UTC))

    async def outbox(
        self, *, states: Collection[str], cursor: str | None = None, limit: int = 50
    ) -> v.Page[v.OutboxView]:
        return await self._read(records.outbox, states, cursor, limit)

    async def troubles(self, since: datetime) -> list[v.TroubleView]:
        return await self._read(records.troubles, since)

    async def quarantined(
        self, *, state: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> v.Page[v.QuarantineView]:
        return await self._read(records.quarantined, state, cursor, limit)

    async def raw(self, event: int) -> tuple[ChannelName, bytes, str]:
        """The channel of an event in quarantine, its bytes as they came, and its state."""
        return await self._read(records.raw, event)

    async def bookmark(self, channel: ChannelName) -> str:
        return await self._read(records.bookmark, channel)

    async def actions(self, subject: str, *, limit: int = 100) -> list[v.ActionView]:
        return await self._read(records.actions, subject, limit)

    async def findings(self, *, gone: bool = False) -> list[v.FindingView]:
        return await self._read(records.findings, gone=gone)

    async def promises(
        self, promise: v.PromiseName, first: date, last: date, zone: ZoneInfo, by: v.ReportBy
    ) -> v.PromiseReport:
        asked = reports.Asked(promise, first, last, zone)
        return await self._read(reports.report, asked, by, self._rules.lines)

    async def breaches(
        self, promise: v.PromiseName, first: date, last: date, zone: ZoneInfo, *, limit: int = 50
    ) -> v.BreachReport:
        asked = reports.Asked(promise, first, last, zone)
        return await self._read(reports.breaches, asked, self._rules.lines, limit)

    async def file(self, id: FileId) -> tuple[v.FileView, str, str]:
        return await self._read(messages.file, id)

    async def agents(self) -> list[Agent]:
        return await self._read(records.agents)

    async def _read(self, query: Callable[..., T], *args: Any, **options: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(self._run, query, *args, **options))

    def _run(self, query: Callable[..., T], *args: Any, **options: Any) -> T:
        try:
            with self._database.read() as connection:
                return query(connection, *args, **options)
        except (sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError) as error:
            log.warning("nothing could be read", query=query.__name__, error=str(error).splitlines()[0])
            raise Unavailable("the database is out of reach") from error
