"""Sweep and rebuild: whatever Redis should know is found in SQL by index and told again.

Owns the one idempotent way from SQL to Redis, run at every start, when the epoch key is missing, and every two seconds
for what is due. Redis may be wiped at any moment. It must never change a row.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import redis
import sqlalchemy as sa

from bridge import lease
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.effects import EPOCH, NO_DUE, Effects, milliseconds, timer_member
from bridge.conversations.lanes import TAKEABLE
from bridge.conversations.store import OUT_COLUMNS, OutRow

GRACE = timedelta(seconds=1)
"""What is due for less than this is left to the bell that was rung for it."""
PAGE = 2000

_TAKEABLE: list[sa.ColumnClause[str]] = [sa.literal_column(f"'{state}'") for state in TAKEABLE]
_earlier = t.outbox.alias("earlier")
_due_heads = (
    sa.select(t.outbox.c.lane, t.outbox.c.destination, t.outbox.c.not_before)
    .where(t.outbox.c.destination == sa.bindparam("destination"), t.outbox.c.state.in_(_TAKEABLE))
    .where(t.outbox.c.not_before <= sa.bindparam("before", type_=t.Moment), t.unfinished)
    .where(
        ~sa.exists().where(
            _earlier.c.lane == t.outbox.c.lane,
            _earlier.c.state.in_([sa.literal_column(f"'{state}'") for state in t.UNFINISHED]),
            sa.tuple_(_earlier.c.seq, _earlier.c.part) < sa.tuple_(t.outbox.c.seq, t.outbox.c.part),
        )
    )
    .order_by(t.outbox.c.not_before)
    .limit(1000)
)
_destinations = sa.select(t.outbox.c.destination).where(t.unfinished).distinct()
_overdue = (
    sa.select(t.timer.c.subject, t.timer.c.name, t.timer.c.gen, t.timer.c.due_at)
    .where(t.timer.c.state == sa.literal_column("'armed'"))
    .where(t.timer.c.due_at <= sa.bindparam("before", type_=t.Moment))
    .order_by(t.timer.c.due_at)
    .limit(5000)
)
# `unfinished` says to the planner that a partial index holds them all, however much has been sent.
_sending = sa.and_(t.outbox.c.state == sa.literal_column("'sending'"), t.unfinished)
_owners = sa.select(t.outbox.c.owner).where(_sending).distinct()
_lost = (
    sa.select(*OUT_COLUMNS)
    .where(_sending)
    .where(
        sa.or_(
            t.outbox.c.sending_until < sa.bindparam("now", type_=t.Moment),
            t.outbox.c.owner.in_(sa.bindparam("dead", expanding=True)),
        )
    )
    .limit(1000)
)
_armed = sa.select(t.timer.c.subject, t.timer.c.name, t.timer.c.gen, t.timer.c.due_at).where(
    t.timer.c.state == sa.literal_column("'armed'")
)
_takeable = sa.select(t.outbox.c.lane, t.outbox.c.destination, t.outbox.c.not_before).where(
    t.outbox.c.state.in_(_TAKEABLE), t.unfinished
)
_waiting = sa.select(t.dialog.c.line, t.dialog.c.id, t.dialog.c.due_at).where(
    t.dialog.c.status == "open", t.dialog.c.assignee.is_(None)
)


class Heal:
    """Brings one Redis to what one database says."""

    def __init__(self, database: Database, client: Any) -> None:
        self._database = database
        self._redis = client

    async def sweep(self, now: datetime) -> bool:
        """Rings and sets what is due; rebuilds everything first when Redis was wiped. True after a rebuild."""
        rebuilt = False
        if not await self._redis.exists(EPOCH):
            await self.rebuild()
            rebuilt = True
        effects = await asyncio.to_thread(self.due, now - GRACE)
        await self._send(effects)
        return rebuilt

    async def rebuild(self) -> None:
        """Tells Redis all there is: timers, doorbells, queues; in pages, while everybody goes on working."""
        # The epoch is set first: a wipe in the middle takes it away again, and the next sweep starts over.
        await self._redis.set(EPOCH, "1")
        try:
            pages = self._everything()
            while (effects := await asyncio.to_thread(next, pages, None)) is not None:
                await self._send(effects)
        except BaseException:
            # Half told is not told: the next sweep starts over.
            with contextlib.suppress(redis.RedisError, OSError):
                await self._redis.delete(EPOCH)
            raise

    def due(self, before: datetime, destinations: Collection[str] | None = None) -> Effects:
        """What should have rung before a moment: heads of lanes of these (by default all) destinations, and timers.

        A thousand lanes of each destination at most, so that one that is dead hides no other.
        """
        effects = Effects()
        with self._database.read() as connection:
            if destinations is None:
                destinations = connection.execute(_destinations).scalars().all()
            for destination in destinations:
                heads = connection.execute(_due_heads, {"before": before, "destination": destination})
                for lane, _, not_before in heads:
                    effects.ring(lane, destination, not_before)
            for subject, name, gen, due_at in connection.execute(_overdue, {"before": before}):
                effects.timers[timer_member(subject, name, gen)] = milliseconds(due_at)
        return effects

    def lost(self, now: datetime) -> list[OutRow]:
        """Rows whose sender's time is over, or whose sender is dead: nobody will say what became of them."""
        with self._database.read() as connection:
            owners = connection.execute(_owners).scalars().all()
            dead = [owner for owner in owners if owner is not None and lease.is_dead(owner)]
            return [OutRow(*row) for row in connection.execute(_lost, {"now": now, "dead": dead})]

    def _everything(self) -> Iterator[Effects]:
        with self._database.read() as connection:
            for page in connection.execute(_armed).partitions(PAGE):
                yield Effects(timers={timer_member(s, n, g): milliseconds(at) for s, n, g, at in page})
            for lanes in connection.execute(_takeable).partitions(PAGE):
                effects = Effects()
                for lane, destination, not_before in lanes:
                    effects.ring(lane, destination, not_before)
                yield effects
            for waiting in connection.execute(_waiting).partitions(PAGE):
                yield Effects(
                    queue={(line, id): milliseconds(due) if due else NO_DUE for line, id, due in waiting}
                )

    async def _send(self, effects: Effects) -> None:
        if effects:
            pipe = self._redis.pipeline(transaction=False)
            effects.push(pipe)
            await pipe.execute()
