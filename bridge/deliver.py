"""The hands: they drain lanes through connectors and desks, and alone decide what a failed try means.

Owns `decide`, the one place where a `SendError` becomes an outcome, and the loop that takes, sends and settles. It must
never send a row that it has not taken, nor write just before its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any

import redis
import sqlalchemy.exc
import structlog

from bridge import errors, metrics
from bridge.connector import Connector
from bridge.conversations.heal import Heal
from bridge.conversations.lanes import Bells
from bridge.conversations.router import Router
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Outcome
from bridge.desk import Desk
from bridge.downloads import Downloads
from bridge.media import Kept
from bridge.messages import (
    Address,
    Attachment,
    Author,
    Card,
    DeskName,
    DialogId,
    FileId,
    Json,
    Limits,
    Mark,
    Message,
    NativeId,
    ThreadId,
)
from bridge.tasks import ending
from bridge.text import clean

log = structlog.get_logger()

GIVE_UP = timedelta(hours=24)
"""A reply that could not be sent, or a file that could not be fetched, for this long has failed.

Desk posts are tried for ever: agents must see them.
"""
SWEEP = 2.0
"""Seconds between two looks for rows that nobody settled, and for which a Redis that failed is not asked again."""
GATHER = 0.015
"""Seconds to wait after a ring under load, so that many lanes are taken in one transaction."""
BUSY = timedelta(milliseconds=50)
"""It is load when rows were taken so short a while ago."""
LONGEST_PAUSE = 3600
"""Seconds; who asks us to stay away for longer is asked again after an hour."""

Edge = Connector | Desk
Outward = Edge | Downloads
"""What the hands work for."""


def decide(error: Exception, row: OutRow, limits: Limits, now: datetime) -> Outcome:  # noqa: PLR0911
    """What becomes of a row whose try ended in this error."""
    # A platform's words may hold what a database refuses, and an outcome has to be stored.
    reason = clean(str(error)) or type(error).__name__
    backoff = now + timedelta(seconds=min(60, 2 ** min(row.attempts - 1, 6)))
    tired = (_to_contact(row) or row.kind == "fetch") and now - row.created_at > GIVE_UP
    # The same words set twice, or the same message taken away twice, surprise nobody.
    harmless = limits.keyed or row.kind in ("edit", "delete")
    match error:
        case errors.Throttled(retry_after=seconds):
            pause = timedelta(seconds=min(max(seconds, 0), LONGEST_PAUSE))
            return Outcome("delayed", now, reason=reason, not_before=now + pause)
        case errors.Unreachable() if not tired:
            return Outcome("delayed", now, reason=reason, not_before=backoff)
        case errors.BadConfig() if not tired:
            return Outcome("delayed", now, reason=reason, not_before=now + timedelta(seconds=60))
        case errors.SendError() if row.kind == "open" and not (
            limits.keyed and isinstance(error, errors.Ambiguous)
        ):
            # Without its thread a dialog is invisible at its desk: a second thread is the lesser evil.
            return Outcome("delayed", now, reason=reason, not_before=now + timedelta(seconds=60))
        case errors.SendError() if not isinstance(error, errors.Ambiguous):
            gone = isinstance(error, errors.ContactGone) and _to_contact(row)
            return Outcome("failed", now, reason=reason, gone=gone)
        case _ if harmless and not tired:
            # The platform drops a repeat that bears the same key: trying again cannot double anything.
            return Outcome("unknown", now, reason=reason, not_before=backoff)
        case _ if row.human and not row.doubled:
            again = now + timedelta(seconds=10)
            return Outcome("unknown", now, reason=reason, not_before=again, doubled=True)
        case _:
            return Outcome("failed", now, reason=f"it may not have arrived: {reason}")


def _to_contact(row: OutRow) -> bool:
    """True for what the contact reads; all else is shown to agents, who must see it in the end."""
    changes = row.kind in ("edit", "delete") and row.destination.startswith("channel:")
    return row.kind == "send" or changes


class Hands:
    """Takes and sends for all destinations of one process."""

    def __init__(
        self,
        router: Router,
        bells: Bells,
        heal: Heal,
        edges: Mapping[str, Outward],
        owner: str,
        now: Callable[[], datetime],
        lease: timedelta,
    ) -> None:
        self._router = router
        self._bells = bells
        self._heal = heal
        self._edges = edges
        self._owner = owner
        self._now = now
        self._lease = lease
        """how long a taken row is ours"""
        self._margin = lease / 4
        """what must be left of the lease just before writing, and is left after the longest call"""
        self._rung = {destination: asyncio.Event() for destination in edges}
        self._carrying: set[asyncio.Task[None]] = set()
        self._busy = dict.fromkeys(edges, 0)
        self._full: set[str] = set()
        """destinations where more is ready than could be carried at once"""
        self._threads: dict[tuple[str, DialogId], ThreadId] = {}
        self._stopping = False
        self._redis_out_until = now()
        self._took_at = now() - BUSY

    def ring(self, destination: str) -> None:
        """Somebody says that a destination has work."""
        if destination in self._rung:
            self._rung[destination].set()

    async def run(self) -> None:
        """Works until cancelled; what is being sent then is finished first."""
        try:
            async with asyncio.TaskGroup() as group:
                for destination in self._edges:
                    group.create_task(self._serve(destination))
                group.create_task(self._recover())
        finally:
            self._stopping = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease.total_seconds()):
                    while self._carrying:  # what is being taken now is carried as well
                        await asyncio.wait(self._carrying)

    async def _serve(self, destination: str) -> None:
        """Takes what is ready at one destination, as much as it can carry at once."""
        limits, rung = self._edges[destination].limits, self._rung[destination]
        while not ending():
            if rung.is_set() and self._now() - self._took_at < BUSY:
                await asyncio.sleep(GATHER)  # under load the next lanes are taken together
            rung.clear()
            free = limits.concurrent - self._busy[destination]
            self._full.add(destination)
            lanes: list[str] = []
            wait = 1.0
            if free > 0:
                try:
                    lanes, wait = await self._ready(destination, free, limits)
                    if len(lanes) < free:
                        self._full.discard(destination)
                    if lanes:
                        # Rows that are ours by a commit must be carried even if we are stopped in its middle.
                        await asyncio.shield(self._hold(self._take(lanes)))
                        continue
                except errors.Unavailable as error:
                    log.warning("nothing can be taken now", destination=destination, reason=error.reason)
                    await asyncio.sleep(1)
                    continue
            # Not wait_for: it swallows a cancellation that comes together with the bell, and then nothing ends us.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(wait, 1.0) if wait >= 0 else 1.0):
                    await rung.wait()

    async def _ready(self, destination: str, free: int, limits: Limits) -> tuple[list[str], float]:
        """Lanes whose bell has rung; found in SQL while Redis is out."""
        now = self._now()
        if now >= self._redis_out_until:
            try:
                return await self._bells.ready(destination, free, per_second=limits.per_second, now=now)
            except (redis.RedisError, OSError):
                # A Redis that hangs costs a second each time it is asked.
                self._redis_out_until = now + timedelta(seconds=SWEEP)
        try:
            effects = await asyncio.to_thread(self._heal.due, now, [destination])
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise errors.Unavailable("Redis and the database are out of reach") from error
        if limits.per_second is not None:
            free = min(free, max(1, int(limits.per_second)))
            await asyncio.sleep(1.0)
        lanes = list(effects.lanes)[:free]
        if not lanes:
            await asyncio.sleep(0.5)
        return lanes, 0.5

    async def _take(self, lanes: list[str]) -> None:
        rows = await self._router.take(lanes, self._owner, self._now() + self._lease)
        self._took_at = self._now()
        for row in rows:
            self._busy[row.destination] += 1
            self._hold(self._carry(row))

    def _hold(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts something that is finished even when we are stopped."""
        task = asyncio.create_task(work)
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        return task

    async def _carry(self, row: OutRow | None) -> None:
        """Sends a row, then the next of its lane, until the lane is empty or its next row is not due."""
        destination = row.destination if row else ""
        limits = self._edges[destination].limits
        try:
            while row is not None:
                outcome = await self._try(row)
                row = await self._settle(row, outcome, take_next=limits.per_second is None)
        except errors.BridgeError as error:
            # The row stays `sending` in SQL; when its time is over `_recover` finds it.
            log.error("an outcome could not be stored", destination=destination, reason=error.reason)  # noqa: TRY400
        finally:
            self._busy[destination] -= 1
            if destination in self._full:
                self.ring(destination)

    async def _settle(self, row: OutRow, outcome: Outcome, *, take_next: bool) -> OutRow | None:
        """Writes the outcome; the next head of the lane is taken in the same commit."""
        metrics.POSTS.labels(row.destination, outcome.state).inc()
        if outcome.state != "accepted":
            log.info(
                "not sent",
                destination=row.destination,
                row=row.id,
                state=outcome.state,
                reason=outcome.reason,
            )
        if not take_next or self._stopping or outcome.state in ("delayed", "unknown"):
            await self._store(row, outcome)
            if outcome.state in ("accepted", "failed"):
                self._router.ring(row.lane, row.destination)
            return None
        settled, taken = await asyncio.gather(
            self._store(row, outcome),
            self._router.take([row.lane], self._owner, self._now() + self._lease),
            return_exceptions=True,
        )
        if isinstance(settled, BaseException):
            raise settled
        if isinstance(taken, BaseException):
            raise taken
        return taken[0] if taken else None

    async def _store(self, row: OutRow, outcome: Outcome) -> None:
        """Writes the outcome, however long SQL is out: what is known to have arrived must not be sent again."""
        while True:
            try:
                await self._router.settle(row, outcome)
            except errors.Unavailable as error:
                if self._stopping:
                    raise
                log.warning("an outcome waits for SQL", destination=row.destination, reason=error.reason)
                await asyncio.sleep(1)
            else:
                return

    async def _try(self, row: OutRow) -> Outcome:
        limits = self._edges[row.destination].limits
        try:
            result = await self._call(row)
        except errors.SendError as error:
            if isinstance(error, errors.BadConfig):
                log.error("a channel needs its operator", destination=row.destination, reason=error.reason)  # noqa: TRY400
            return decide(error, row, limits, self._now())
        except TimeoutError:
            return decide(errors.Ambiguous("no answer in time"), row, limits, self._now())
        except Exception as error:
            log.exception("an edge failed", destination=row.destination, row=row.id)
            return decide(error, row, limits, self._now())
        if isinstance(result, Kept):
            return Outcome("accepted", self._now(), kept=result)
        return Outcome("accepted", self._now(), native=result)

    async def _call(self, row: OutRow) -> str | Kept | None:
        """The one platform call this row stands for."""
        edge = self._edges[row.destination]
        thread, native = ThreadId(""), None
        if isinstance(edge, Desk) and row.kind != "open":
            thread = await self._thread(edge, row)
        if row.kind in ("edit", "delete"):
            native = await self._native(row)
        left = (row.sending_until or self._now()) - self._now() - self._margin
        if left <= timedelta():
            raise errors.Unreachable("this process was stopped for too long and has not tried")
        async with asyncio.timeout(left.total_seconds()):
            if isinstance(edge, Downloads):
                return await edge.fetch(row.payload, row.key)
            if isinstance(edge, Connector):
                return await self._speak(edge, row, native)
            if row.kind == "open":
                opened = await edge.open(card(row.payload["card"]), row.key)
                self._remember(edge.name, row.dialog, opened)
                return opened
            if row.kind == "show":
                await edge.show(thread, card(row.payload["card"]), row.key)
                return None
            if row.kind in ("mark", "edit", "delete"):
                change = {"mark": edge.mark, "edit": edge.edit, "delete": edge.delete}[row.kind]
                await change(thread, message(row, native))
                return None
            return await edge.post(thread, message(row))

    async def _speak(self, connector: Connector, row: OutRow, native: NativeId | None) -> NativeId | None:
        """What the contact is told, or told otherwise."""
        to = Address(row.payload["address"])
        if row.kind == "send":
            return await connector.send(to, message(row))
        if native is None:
            raise errors.Rejected("the message itself has not arrived")
        if row.kind == "edit":
            await connector.edit(to, message(row, native))
        elif row.kind == "delete":
            await connector.delete(to, native)
        else:
            raise errors.Rejected(f"nothing knows how to {row.kind}")
        return None

    async def _native(self, row: OutRow) -> NativeId | None:
        """What the edge calls the message that it is to change."""
        try:
            return await self._router.native(row)
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise errors.Unreachable("the database is out of reach; it has not been tried") from error

    async def _thread(self, desk: Desk, row: OutRow) -> ThreadId:
        """Where the desk shows the dialog; it is opened there now if it never was."""
        if row.dialog is None:
            raise errors.Rejected("it belongs to no dialog")
        known = self._threads.get((desk.name, row.dialog))
        if known is None:
            try:
                native = await self._router.thread(desk.name, row.dialog)
                if native is None:
                    key = hashlib.sha256(f"open>{row.lane}".encode()).hexdigest()[:32]
                    known = await desk.open(card(await self._router.card(row.dialog)), key)
                    await self._router.opened(desk.name, known, row.dialog)
                else:
                    known = ThreadId(native)
            except (errors.Unavailable, sqlalchemy.exc.SQLAlchemyError) as error:
                raise errors.Unreachable("the database is out of reach; it has not been tried") from error
            self._remember(desk.name, row.dialog, known)
        return known

    def _remember(self, desk: DeskName, dialog: DialogId | None, thread: ThreadId) -> None:
        if dialog is not None:
            if len(self._threads) > 50_000:
                self._threads.clear()
            self._threads[desk, dialog] = thread

    async def _recover(self) -> None:
        """Rows whose sender never said what became of them are decided on, by the same rule as a time-out."""
        while True:
            try:
                lost = await asyncio.to_thread(self._heal.lost, self._now())
            except sqlalchemy.exc.SQLAlchemyError as error:
                log.warning("lost rows could not be looked for", reason=type(error).__name__)
                lost = []
            for row in lost:
                limits = self._edges[row.destination].limits if row.destination in self._edges else Limits()
                lost_try = errors.Ambiguous("the process that sent it has died or was stopped")
                try:
                    await self._router.settle(row, decide(lost_try, row, limits, self._now()))
                except errors.BridgeError as refusal:
                    log.warning("a lost row could not be settled", row=row.id, reason=refusal.reason)
            await asyncio.sleep(SWEEP)


def message(row: OutRow, native: NativeId | None = None) -> Message:
    """What the edge is given: the row's payload in the shared words; `native` is what it calls this message already."""
    payload = row.payload
    author = payload.get("author") or {"kind": "system", "id": None, "name": ""}
    files = payload.get("attachments") or ([payload["file"]] if "file" in payload else [])
    return Message(
        dialog=row.dialog or DialogId(0),
        seq=payload.get("seq", 0),
        author=Author(author["kind"], None if author["id"] is None else int(author["id"]), author["name"]),
        text=payload.get("text", ""),
        key=row.key,
        private=payload.get("private", False),
        attachments=tuple(
            Attachment(FileId(int(file["id"])), file["name"], file["type"], file["size"]) for file in files
        ),
        buttons=tuple((command, label) for command, label in payload.get("buttons", ())),
        reply_to=NativeId(payload["reply_to"]) if payload.get("reply_to") else None,
        native=native,
        event=payload.get("event"),
        data={
            **(payload.get("data") or {}),
            **({"reason": payload["reason"]} if payload.get("reason") else {}),
        },
        mark=Mark(payload["mark"]) if payload.get("mark") else None,
        doubled=row.doubled,
    )


def card(payload: Json) -> Card:
    """What the edge is given of a card's plain data."""
    due_at = payload.get("due_at")
    return Card(**{**payload, "due_at": datetime.fromisoformat(due_at) if due_at else None})
