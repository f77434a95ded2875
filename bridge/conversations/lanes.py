"""Lanes: the order of work. A lane is a dialog (or ticket) and a destination; its head goes first.

Owns the taking of heads in SQL, which is the fence, and the doorbells in Redis, which are hints. It must never send
anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t
from bridge.conversations.effects import BELLS, Effects, milliseconds
from bridge.conversations.statements import Statement, one_of
from bridge.conversations.store import OUT_COLUMNS, OutRow

SCRIPTS = Path(__file__).parent / "scripts"
TAKEABLE = ("queued", "delayed", "unknown")
"""States of a head that may be sent (again) once its moment has come."""

_UNFINISHED = ", ".join(f"'{state}'" for state in t.UNFINISHED)


def _heads(each: str) -> Statement:
    """The heads of many lanes: one index look-up a lane, however long its backlog."""
    found = sa.text(
        f"SELECT o.id, o.lane, o.destination, o.not_before, o.state FROM {each} JOIN outbox o ON o.id ="  # noqa: S608 -- of constants
        f" (SELECT h.id FROM outbox h WHERE h.lane = l.value AND h.state IN ({_UNFINISHED})"
        " ORDER BY h.lane, h.seq, h.part LIMIT 1)"
    )
    o = t.outbox.c
    return Statement(found.columns(o.id, o.lane, o.destination, o.not_before, o.state))


_HEADS = {
    "sqlite": _heads("json_each(:lanes) AS l"),
    "postgresql": _heads("json_array_elements_text(CAST(:lanes AS json)) AS l(value)"),
}


def take(
    connection: Connection, lanes: Collection[str], owner: str, until: datetime, now: datetime
) -> tuple[list[OutRow], Effects]:
    """Makes the due heads of these lanes ours; heads that are not due yet are to be rung for again."""
    effects = Effects()
    if not lanes:
        return [], effects
    ids = []
    for head in _HEADS[connection.dialect.name].ask(connection, lanes=json.dumps(sorted(set(lanes)))):
        if head.state in TAKEABLE and head.not_before <= now:
            ids.append(head.id)
        elif head.state in TAKEABLE:
            effects.ring(head.lane, head.destination, head.not_before)
    if not ids:
        return [], effects
    taken = _take.ask(connection, ids=sorted(ids), now=now, owner=owner, until=until)
    return [OutRow(*row) for row in taken], effects


_take = Statement(
    sa.update(t.outbox)
    .where(one_of(t.outbox.c.id, "ids"))
    .where(t.outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in TAKEABLE]))
    .where(t.outbox.c.not_before <= sa.bindparam("now", type_=t.Moment))
    .values(
        state="sending",
        owner=sa.bindparam("owner", type_=sa.Text),
        sending_until=sa.bindparam("until", type_=t.Moment),
        attempts=t.outbox.c.attempts + 1,
    )
    .returning(*OUT_COLUMNS)
)


class Bells:
    """The doorbells of one Redis: which lanes of a destination may have work now."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._ready = redis.register_script((SCRIPTS / "ready.lua").read_text())

    async def ready(
        self, destination: str, limit: int, *, per_second: float | None, now: datetime
    ) -> tuple[list[str], float]:
        """Lanes to look at now, the earliest first, and in how many seconds the next may be ready.

        At most `per_second` a second come out for the whole destination, across all processes.
        """
        lanes, wait = await self._ready(
            keys=[BELLS + destination, f"bridge:bucket:{destination}"],
            args=[milliseconds(now), limit, per_second or 0],
        )
        return [lane.decode() if isinstance(lane, bytes) else lane for lane in lanes], int(wait) / 1000
