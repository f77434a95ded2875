"""The router: the one door to the mind, for edges, hands, clock and workers.

Owns the list of what can be asked, each a command for the committer. It must never decide (the pure core does) and
never write (the committer does). Every method answers after the commit or raises a `BridgeError`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import redis
import structlog

from bridge import actions as a
from bridge import metrics
from bridge.conversations import natives, posts, roles, store
from bridge.conversations.commands import Bookmark, Introduce, Reached, Receive, Reply, StoreFile
from bridge.conversations.committer import Committer
from bridge.conversations.database import Database
from bridge.conversations.dialog import Mode
from bridge.conversations.duty import Duty
from bridge.conversations.effects import Effects
from bridge.conversations.news import SUBJECT, Hear, Stray
from bridge.conversations.notices import Confirm, Echo, Reach
from bridge.conversations.presence import Presence
from bridge.conversations.quarantine import Quarantine, Replayed
from bridge.conversations.queue import Queue
from bridge.conversations.reader import Reader
from bridge.conversations.rings import ArmChore, Chore, Expire
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Opened, Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog, ActOnTicket, ActOnWish, MakeTask
from bridge.errors import BridgeError, Missing, NotAllowed, Refused, Unavailable
from bridge.messages import (
    Address,
    AgentId,
    Author,
    ChannelName,
    Deleted,
    DeskName,
    DialogId,
    Echoed,
    Edited,
    FileId,
    Heard,
    Incoming,
    Json,
    LineName,
    Mark,
    NativeId,
    Priority,
    Reachable,
    Reacted,
    Receipt,
    Receipted,
    ThreadId,
    TicketId,
    WishId,
)
from bridge.text import clean

log = structlog.get_logger()

ON_DUTY = timedelta(minutes=15)
"""After the last sign of life an agent counts as on duty so long."""


class Router:
    """What can be asked of the conversations in one process."""

    def __init__(
        self,
        database: Database,
        committer: Committer,
        reader: Reader,
        queue: Queue,
        hint: Callable[[Effects], None],
        presence: Presence,
    ) -> None:
        self._database = database
        self._hint = hint
        self._committer = committer
        self._queue = queue
        self.attendance = Duty(queue)
        self.read = reader
        self.presence = presence
        self.on_announce: Callable[[], None] | None = None
        """Called when a wish's news may go out, so that its chore need not wait for its turn."""
        self.replays: Mapping[ChannelName, Callable[[bytes], Awaitable[None]]] = {}
        """What reads an event of a channel once more"""

    # -- edges

    async def receive(self, incoming: Incoming, files: Collection[FileId] = ()) -> Receipt:
        receipt = await self._committer.run(Receive(incoming, tuple(files), self.attendance.absent))
        if receipt.new:
            metrics.RECEIVED.labels(incoming.channel).inc()
        return receipt

    async def hear(self, event: Heard) -> Receipt | None:
        match event:
            case Incoming():
                return await self.receive(event)
            case Edited() | Deleted() | Reacted():
                return await self._committer.run(Hear(event))
            case Reachable():
                return await self._committer.run(Reach(event))
            case Receipted():
                return await self._committer.run(Confirm(event))
            case Echoed():
                return await self._committer.run(Echo(event))

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
        command = Reply(dialog, author, text, f"reply:{key}", mode, tuple(files), via, native, reply_to)
        return await self._committer.run(command)

    async def act(
        self,
        subject: DialogId | TicketId | WishId,
        kind: Literal["dialog", "ticket", "wish"],
        agent: a.Agent,
        verb: a.DialogAction | a.TicketAction | a.WishAction,
    ) -> Json:
        if kind == "dialog" and isinstance(verb, a.DialogAction):
            return await self._committer.run(ActOnDialog(DialogId(subject), agent, verb))
        if kind == "ticket" and isinstance(verb, a.TicketAction):
            dialog = DialogId(int((await self.read.ticket(TicketId(subject))).dialog))
            return await self._committer.run(ActOnTicket(TicketId(subject), dialog, agent, verb))
        if kind == "wish" and isinstance(verb, a.WishAction):
            dialog_of_wish = None
            if isinstance(verb, a.AskBack | a.Clarify):
                askers = (await self.read.wish(WishId(subject))).askers
                dialog_of_wish = DialogId(int(askers[0].dialog)) if askers else None
            outcome = await self._committer.run(ActOnWish(WishId(subject), agent, verb, dialog_of_wish))
            if outcome["announce"] == "going" and self.on_announce is not None:
                self.on_announce()
            return outcome
        raise Refused(f"a {kind} cannot be told to {verb.action}")

    async def make_task(self, agent: a.Agent, title: str, text: str, priority: Priority) -> Json:
        return await self._committer.run(MakeTask(agent, title, text, priority))

    async def next(self, line: LineName, agent: a.Agent) -> DialogId | None:
        """Claims the most urgent unclaimed dialog of a line: Redis says where to look, SQL who wins."""
        for look in (self._hinted, self._waiting):
            for dialog in await look(line):
                if await self._claim(dialog, line, agent):
                    return dialog
        return None

    async def _hinted(self, line: LineName) -> list[DialogId]:
        try:
            return await self._queue.waiting(line)
        except (redis.RedisError, OSError):
            return []

    async def _waiting(self, line: LineName) -> list[DialogId]:
        """By SQL, for what a lost hint has left out of the queue."""
        page = await self.read.dialogs(status=["open"], line=line, unclaimed=True, order="due", limit=20)
        return [DialogId(int(dialog.id)) for dialog in page.items]

    async def _claim(self, dialog: DialogId, line: LineName, agent: a.Agent) -> bool:
        try:
            view = await self.read.dialog(dialog)
            if view.assignee is None and view.status == "open" and view.line == line:
                await self.act(dialog, "dialog", agent, a.Claim())
                return True
        except NotAllowed:
            raise
        except Refused:
            log.debug("somebody else was first", dialog=dialog)
        with contextlib.suppress(redis.RedisError, OSError):
            # Entries that are wrong would else stand before the right ones for ever.
            await self._queue.drop(line, dialog)
        return False

    async def duty(self, agent: a.Agent, *, on: bool) -> None:
        try:
            for line in agent.lines:
                if on:
                    await self._queue.on_duty(line, agent.id, datetime.now(UTC) + ON_DUTY)
                else:
                    await self._queue.off_duty(line, agent.id)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis is out: nobody knows who is on duty") from error

    async def on_duty(self, lines: Collection[LineName]) -> dict[LineName, list[AgentId]]:
        now = datetime.now(UTC)
        try:
            return {line: await self._queue.duty(line, now) for line in lines}
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis is out: nobody knows who is on duty") from error

    async def reached(self, channel: ChannelName, address: Address, upto: int, mark: Mark) -> None:
        await self._committer.run(Reached(channel, address, upto, mark))

    async def introduce(
        self, channel: ChannelName, address: Address, *, name: str = "", email: str | None = None
    ) -> None:
        await self._committer.run(Introduce(channel, address, name, email))

    async def store_file(
        self, owner: str, url: str, name: str, type: str, size: int, *, per_day: int | None = None
    ) -> FileId:
        return await self._committer.run(StoreFile(owner, url, name, type, size, per_day))

    async def bookmark(self, channel: ChannelName, place: str) -> None:
        await self._committer.run(Bookmark(channel, place))

    async def quarantine(self, channel: ChannelName, event_key: str, raw: bytes, reason: str) -> None:
        await self._committer.run(Quarantine(channel, event_key, raw, reason))

    async def replay(self, event: int, agent: a.Agent) -> Json:
        roles.works(agent)
        channel, raw, state = await self.read.raw(event)
        if state != "held":
            raise Refused("it has been read already")
        reason = await self._replay(channel, raw)
        return {"state": await self._committer.run(Replayed(event, agent.id, reason)), "reason": reason}

    async def _replay(self, channel: ChannelName, raw: bytes) -> str | None:
        """Why a connector does not understand an event still; None when it does."""
        again = self.replays.get(channel)
        if again is None:
            return f"no channel {channel!r} is configured"
        try:
            await again(raw)
        except Unavailable:
            raise
        except BridgeError as error:
            return clean(error.reason) or type(error).__name__
        except Exception as error:
            log.exception("an event could not be read again", channel=channel)
            return f"it could not be read: {type(error).__name__}"
        return None

    # -- hands

    async def take(self, lanes: Collection[str], owner: str, until: datetime) -> list[OutRow]:
        """Makes the due heads of these lanes the owner's until a moment."""
        return await self._committer.run(Take(lanes, owner, until))

    async def settle(self, row: OutRow, outcome: Outcome) -> None:
        """Writes what became of a try."""
        await self._committer.run(Settle(row, outcome))

    def ring(self, lane: str, destination: str) -> None:
        """The lane has more to do; a hint."""
        effects = Effects()
        effects.ring(lane, destination, datetime.now(UTC))
        self._hint(effects)

    async def thread(self, desk: DeskName, dialog: DialogId) -> str | None:
        """Where a desk shows a dialog; None while it has not been opened there."""
        return await asyncio.to_thread(self._thread, desk, f"dialog:{dialog}")

    def _thread(self, desk: DeskName, subject: str) -> str | None:
        with self._database.read() as connection:
            return store.thread(connection, desk, subject)

    async def native(self, row: OutRow) -> NativeId | None:
        """What the other end of a lane calls the part of a message that a row is to change; None when it has none."""
        return await asyncio.to_thread(self._native, row)

    def _native(self, row: OutRow) -> NativeId | None:
        if row.dialog is None or row.message_seq is None:
            return None
        with self._database.read() as connection:
            parts = natives.parts(connection, row.dialog, row.message_seq, row.lane)
        part = row.payload.get("part", 0)
        return parts[part] if part < len(parts) else None

    async def card(self, dialog: DialogId) -> Json:
        """The head of a dialog as it is now."""
        return await asyncio.to_thread(self._card, dialog)

    def _card(self, dialog: DialogId) -> Json:
        with self._database.read() as connection:
            for _, found in store.dialogs(connection, [dialog])():
                return posts.card(found)
        raise Missing("there is no such dialog")

    async def opened(self, desk: DeskName, thread: ThreadId, dialog: DialogId) -> None:
        """A desk shows a dialog that it had not shown before."""
        await self._committer.run(Opened(desk, thread, dialog))

    # -- clock

    async def expire(self, subject: str, name: str, gen: int) -> bool:
        """A timer has rung, of a dialog or of a message that has not come; False when that timer is of the past."""
        if subject.startswith(SUBJECT):
            return await self._committer.run(Stray(subject, name, gen, self.attendance.absent))
        if not subject.startswith("dialog:"):
            raise Missing(f"nobody owns a timer of {subject!r}")
        return await self._committer.run(Expire(subject, name, gen))

    async def arm_chore(self, name: str, at: datetime) -> None:
        await self._committer.run(ArmChore(name, at))

    async def chore(self, name: str, gen: int, every: timedelta) -> bool:
        """A chore's timer has rung; True for the one process that shall start it."""
        return await self._committer.run(Chore(name, gen, every))
