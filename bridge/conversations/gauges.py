"""What the house looks like at one moment, for /metrics: counted in SQL, so that it is right however many processes run.

Owns three counts by index, whatever the number of resolved dialogs and settled posts. It must never write, nor name a
customer.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.messages import LineName
from bridge.metrics import House

# Lines by name and not by GROUP BY alone: so the index on (line, status, due_at) is entered where it matters.
_open = (
    sa.select(
        t.dialog.c.line,
        sa.func.count(),
        sa.func.count(sa.case((t.dialog.c.due_at < sa.bindparam("now", type_=t.Moment), 1))),
    )
    .where(t.dialog.c.line.in_(sa.bindparam("lines", expanding=True)), t.dialog.c.status == "open")
    .group_by(t.dialog.c.line)
)
_unfinished = (
    sa.select(t.outbox.c.state, sa.func.count(), sa.func.min(t.outbox.c.created_at))
    .where(t.unfinished)
    .group_by(t.outbox.c.state)
)


def measure(database: Database, lines: Collection[LineName], now: datetime) -> House:
    """Counts what waits: dialogs, promises, posts."""
    with database.read() as connection:
        waiting = {
            line: (open, late)
            for line, open, late in connection.execute(_open, {"lines": list(lines), "now": now})
        }
        posts = {state: (count, oldest) for state, count, oldest in connection.execute(_unfinished)}
    return House(
        open={line: waiting.get(line, (0, 0))[0] for line in lines},
        overdue={line: waiting.get(line, (0, 0))[1] for line in lines},
        unfinished={state: _aged(posts.get(state), now) for state in t.UNFINISHED},
    )


def _aged(found: tuple[int, datetime] | None, now: datetime) -> tuple[int, float]:
    return (found[0], max(0.0, (now - found[1]).total_seconds())) if found else (0, 0.0)
