"""The audit: what must always be true of the conversations, asked of SQL itself.

Owns the list of invariants and the record of which are broken. It believes none of the code that keeps them: it reads
tables only. It must never repair anything; a finding is for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.lines import Rules
from bridge.messages import Status

OVERDUE = timedelta(seconds=60)
"""So soon a post is accepted, delayed with its reason, or failed."""
LATE = timedelta(seconds=10)
"""So soon an armed timer has fired."""
EARLY = timedelta(seconds=90)
"""So soon news of a message that has not come is shown without it."""
MOST = 1000
"""At most so many findings of a kind: by then it is one trouble, not a thousand."""
_AT_ONCE = 200  # rows written in one short transaction


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be; `kind` and `subject` say which, `reason` says it in words."""

    kind: str
    subject: str
    reason: str

    @property
    def key(self) -> str:
        """The same trouble bears the same key in every audit."""
        return f"{self.kind} {self.subject}"


def audit(database: Database, rules: Rules, now: datetime) -> list[Finding]:
    """All that is wrong now; changes nothing."""
    with database.read() as connection:
        return [finding for check in _CHECKS for finding in check(connection, rules, now)]


# -- every dialog is where somebody looks for it

_unresolved = t.dialog.c.status != sa.literal_column("'resolved'")
_subject = sa.literal("dialog:") + sa.cast(t.dialog.c.id, sa.Text)


def _statuses(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = sa.select(t.dialog.c.id, t.dialog.c.status).where(
        _unresolved, t.dialog.c.status.not_in([status.value for status in Status])
    )
    for row in connection.execute(query.limit(MOST)):
        yield _of_dialog("status", row, f"its status is {row.status!r}, so no list shows it")


def _lines(connection: Connection, rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = sa.select(t.dialog.c.id, t.dialog.c.line).where(_unresolved, t.dialog.c.line.not_in(rules.lines))
    for row in connection.execute(query.limit(MOST)):
        yield _of_dialog("line", row, f"it is on line {row.line!r}, which is not configured")


def _assignees(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = (
        sa.select(t.dialog.c.id, t.agent.c.name)
        .select_from(t.dialog.outerjoin(t.agent, t.agent.c.id == t.dialog.c.assignee))
        .where(_unresolved, t.dialog.c.status == Status.open.value, t.dialog.c.assignee.is_not(None))
        .where(sa.or_(t.agent.c.id.is_(None), t.agent.c.disabled_at.is_not(None)))
    )
    for row in connection.execute(query.limit(MOST)):
        who = f"{row.name}, who is disabled" if row.name is not None else "somebody who is no agent"
        yield _of_dialog("assignee", row, f"it is open and claimed by {who}")


def _snoozes(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = sa.select(t.dialog.c.id).where(
        _unresolved, t.dialog.c.status == Status.snoozed.value, ~_armed("snooze", t.dialog.c.snooze_gen)
    )
    for row in connection.execute(query.limit(MOST)):
        yield _of_dialog("snooze", row, "it is snoozed and no timer will wake it")


def _promises(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = sa.select(t.dialog.c.id, t.dialog.c.promise).where(
        _unresolved,
        t.dialog.c.promise.is_not(None),
        t.dialog.c.promise_gen != 0,  # 0: the last rung of its ladder has been climbed
        ~_armed("promise", t.dialog.c.promise_gen),
    )
    for row in connection.execute(query.limit(MOST)):
        yield _of_dialog("promise", row, f"its {row.promise} is promised and no timer guards it")


def _armed(name: str, gen: sa.ColumnElement[int]) -> sa.Exists:
    """There is an armed timer of this name and gen for the dialog."""
    return sa.exists().where(
        t.timer.c.subject == _subject,
        t.timer.c.name == name,
        t.timer.c.gen == gen,
        t.timer.c.state == "armed",
    )


def _unanswered(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    # What was said before a snooze is put off by it; a menu press (an event) asks nothing.
    answered = sa.case(
        (t.dialog.c.status != Status.snoozed.value, t.dialog.c.answered_seq),
        (t.dialog.c.snooze_gen > t.dialog.c.answered_seq, t.dialog.c.snooze_gen),
        else_=t.dialog.c.answered_seq,
    )
    waits = sa.exists().where(
        t.message.c.dialog == t.dialog.c.id,
        t.message.c.seq > answered,
        t.message.c.author == "contact",
        t.message.c.event.is_(None),
        t.message.c.deleted_at.is_(None),
    )
    answering = sa.exists().where(
        t.outbox.c.dialog == t.dialog.c.id, t.outbox.c.kind == "send", t.outbox.c.human, t.unfinished
    )
    query = sa.select(t.dialog.c.id, t.dialog.c.status).where(
        _unresolved, t.dialog.c.status != Status.open.value, waits, ~answering
    )
    for row in connection.execute(query.limit(MOST)):
        yield _of_dialog(
            "unanswered", row, f"the contact waits for an answer, but the dialog is {row.status}"
        )


# -- every post gets somewhere

_stuck = t.outbox.c.state.in_(
    [sa.literal_column(f"'{state}'") for state in t.UNFINISHED if state != "delayed"]
)


def _lanes(connection: Connection, _rules: Rules, now: datetime) -> Iterator[Finding]:
    query = (
        sa.select(
            t.outbox.c.lane,
            sa.func.count().label("posts"),
            sa.func.min(t.outbox.c.not_before).label("since"),
        )
        .where(t.unfinished, _stuck, t.outbox.c.not_before < now - OVERDUE)
        .group_by(t.outbox.c.lane)
        .order_by(sa.func.min(t.outbox.c.not_before))
    )
    for row in connection.execute(query.limit(MOST)):
        posts = "a post waits" if row.posts == 1 else f"{row.posts} posts wait"
        yield Finding(
            "lane",
            f"lane:{row.lane}",
            f"{posts} since {row.since:%Y-%m-%d %H:%M:%S} UTC, neither sent nor delayed nor failed",
        )


def _doubts(connection: Connection, _rules: Rules, now: datetime) -> Iterator[Finding]:
    carried = sa.exists().where(
        t.outbox.c.dialog == t.message.c.dialog,
        t.outbox.c.message_seq == t.message.c.seq,
        t.outbox.c.kind == "send",
        t.unfinished,
    )
    query = (
        sa.select(t.message.c.dialog, t.message.c.seq, t.message.c.mark)
        .where(t.message.c.author == "agent", t.unsettled)
        .where(t.message.c.said_at < now - OVERDUE, ~carried)
    )
    for row in connection.execute(query.limit(MOST)):
        yield Finding(
            "message",
            f"dialog:{row.dialog}/{row.seq}",
            f"an agent's message is marked {row.mark}, but nothing is left to send it",
        )


# -- time passes, nothing is forgotten


def _timers(connection: Connection, _rules: Rules, now: datetime) -> Iterator[Finding]:
    query = sa.select(t.timer.c.subject, t.timer.c.name, t.timer.c.due_at).where(
        t.timer.c.state == sa.literal_column("'armed'"), t.timer.c.due_at < now - LATE
    )
    for row in connection.execute(query.order_by(t.timer.c.due_at).limit(MOST)):
        reason = f"it was due at {row.due_at:%Y-%m-%d %H:%M:%S} UTC and has not fired"
        yield Finding("timer", f"{row.subject}/{row.name}", reason)


def _early(connection: Connection, _rules: Rules, now: datetime) -> Iterator[Finding]:
    query = sa.select(t.early.c.identity, t.early.c.native, t.early.c.at).where(
        t.early.c.state == "waiting", t.early.c.at < now - EARLY
    )
    for row in connection.execute(query.order_by(t.early.c.at).limit(MOST)):
        reason = f"news of a message waits for it since {row.at:%Y-%m-%d %H:%M:%S} UTC and is shown to nobody"
        yield Finding("early", f"early:{row.identity}/{row.native}", reason)


def _quarantine(connection: Connection, _rules: Rules, _now: datetime) -> Iterator[Finding]:
    query = sa.select(t.quarantine.c.id, t.quarantine.c.channel, t.quarantine.c.reason).where(
        t.quarantine.c.state == "held"
    )
    for row in connection.execute(query.order_by(t.quarantine.c.id).limit(MOST)):
        reason = f"an event of {row.channel} could not be understood: {row.reason}"
        yield Finding("quarantine", f"quarantine:{row.id}", reason)


def _of_dialog(kind: str, row: Any, reason: str) -> Finding:
    return Finding(kind, f"dialog:{row.id}", reason)


_Check = Callable[[Connection, Rules, datetime], Iterator[Finding]]
_CHECKS: tuple[_Check, ...] = (
    _statuses,
    _lines,
    _assignees,
    _snoozes,
    _promises,
    _unanswered,
    _lanes,
    _doubts,
    _timers,
    _early,
    _quarantine,
)


def record(
    database: Database, findings: Collection[Finding], now: datetime
) -> tuple[list[Finding], list[Finding]]:
    """Keeps what an audit found; returns what is new by this very call, and what is gone by it."""
    query = sa.select(t.finding).where(t.finding.c.gone_at.is_(None))
    with database.read() as connection:
        known = {row.key: Finding(row.kind, row.subject, row.reason) for row in connection.execute(query)}
    found = {finding.key: finding for finding in findings}
    new = _write(
        database, [key for key in found if key not in known], lambda keys: _insert(database, found, keys, now)
    )
    gone = _write(database, [key for key in known if key not in found], lambda keys: _leave(keys, now))
    return [found[key] for key in new], [known[key] for key in gone]


def over(connection: Connection, key: str, now: datetime) -> None:
    """What somebody has just put right need not wait for the next audit."""
    connection.execute(
        sa.update(t.finding).where(t.finding.c.key == key, t.finding.c.gone_at.is_(None)).values(gone_at=now)
    )


def _write(database: Database, keys: list[str], statement: Callable[[list[str]], Any]) -> Iterator[str]:
    """Runs the statement for some keys at a time; yields those that it changed, be there other audits or not."""
    for start in range(0, len(keys), _AT_ONCE):
        with database.write() as connection:
            changed = list(connection.execute(statement(keys[start : start + _AT_ONCE])).scalars())
        yield from changed


def _insert(database: Database, found: dict[str, Finding], keys: list[str], now: datetime) -> Any:
    rows = [
        {
            "key": key,
            "kind": found[key].kind,
            "subject": found[key].subject,
            "reason": found[key].reason,
            "found_at": now,
            "gone_at": None,
        }
        for key in keys
    ]
    insert = (sqlite.insert if database.sqlite else postgresql.insert)(t.finding).values(rows)
    # What was gone and is back counts as new; what another audit has just written does not.
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_={"reason": insert.excluded.reason, "found_at": now, "gone_at": None},
        where=t.finding.c.gone_at.is_not(None),
    ).returning(t.finding.c.key)


def _leave(keys: list[str], now: datetime) -> Any:
    return (
        sa.update(t.finding)
        .where(t.finding.c.key.in_(keys), t.finding.c.gone_at.is_(None))
        .values(gone_at=now)
        .returning(t.finding.c.key)
    )
