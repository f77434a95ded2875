"""How promises were kept: by channel, hour, agent and line, and why those that broke did.

Owns the arithmetic of the report and the order in which causes are judged: one pass over the promises of the days asked
for, three numbers each. It must never read a message to count it: a promise's own row says how it ended.

A promise belongs to the day, in the zone asked for, on which the contact began to wait. Met share = met of met and
breached, never rounded up. A time is business time from the question to the accepted answer, kept when the answer was
judged; median and 95th percentile are nearest ranks of all that were answered, in time or late. What is void (resolved
without an answer) or still running is counted, and no part of shares and times.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.lines import Line
from bridge.conversations.reading import cursors
from bridge.conversations.reading.dialogs import person
from bridge.errors import Refused
from bridge.messages import LineName

MOST_DAYS = 800
"""Days of one report."""
TELLING_DAYS = 7
"""So many days must be looked at before an hour in which nobody ever works says something about the hours of a line."""
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: one kind of promise, and whole days of a zone, the last one included."""

    promise: v.PromiseName
    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise Refused(f"ask for 1 to {MOST_DAYS} days, the first one first")

    @property
    def since(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self.first, time.min, self.zone).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """The moment before which it ends."""
        return datetime.combine(self.last + _DAY, time.min, self.zone).astimezone(UTC)


def report(
    connection: Connection, asked: Asked, by: v.ReportBy, lines: Mapping[LineName, Line]
) -> v.PromiseReport:
    """How the promises were kept, in all and in groups; the groups in the order of their names."""
    titles: dict[v.ReportBy, Callable[[Any], str | None]] = {
        "channel": str,
        "line": lambda key: lines[key].title if key in lines else key,
        "agent": _names(connection).get,
        "hour": "{:02}:00".format,
    }
    total, tallies = _Tally(), defaultdict[Any, _Tally](_Tally)
    # Thousands at a time, so that a year of promises is never in memory as rows.
    for key, outcome, took in connection.execution_options(yield_per=5000).execute(_facts(asked, by)):
        for tally in (total, tallies[key]):
            tally.count(outcome, took)
    groups = [tally.view(key, titles[by](key)) for key, tally in tallies.items()]
    groups.sort(key=lambda group: group.key.zfill(2) if by == "hour" else group.title.casefold())
    return v.PromiseReport(
        promise=asked.promise,
        first=asked.first,
        last=asked.last,
        zone=asked.zone.key,
        by=by,
        total=total.view(None, ""),
        groups=groups,
    )


def breaches(
    connection: Connection, asked: Asked, lines: Mapping[LineName, Line], limit: int
) -> v.BreachReport:
    """How many promises broke for which cause, and the latest of them.

    The first of these that fits is the cause:
    `failed` an answer was written in time, and the platform refused it; `late` it was written in time, and accepted too
    late; `unanswered` somebody had claimed the dialog; `passed` it had been passed on, and nobody there claimed it;
    `unclaimed` people of its line were at work, and nobody claimed it; `hours` nobody was, nor ever is at this hour of
    the day, so that the hours of the line promise too much; `nobody` nobody of its line was at work.
    At work is whose action, or whose answer, falls between the question and the moment it was due.
    """
    names = _names(connection)
    broken = _broken(asked, _members(connection, lines))
    judged = sa.select(
        broken.c.cause, broken.c.line, broken.c.due_hour, sa.func.count().label("number")
    ).group_by(broken.c.cause, broken.c.line, broken.c.due_hour)
    found = connection.execute(judged).all()
    ever: Collection[tuple[str, int]] = ()
    if any(row.cause == "nobody" for row in found):
        ever = _hours_at_work(connection, asked, lines)
    causes: dict[str, int] = {}
    for row in found:
        cause = _cause(row, ever)
        causes[cause] = causes.get(cause, 0) + row.number
    latest = sa.select(broken).order_by(broken.c.started_at.desc(), broken.c.dialog.desc()).limit(limit)
    items = [
        v.BreachView(
            dialog=str(row.dialog),
            contact=row.contact,
            channel=row.channel,
            line=row.line,
            started_at=row.started_at,
            due_at=row.due_at,
            answered_at=row.settled_at,
            took_seconds=_seconds(row.took),
            assignee=person(row.assignee, names.get(row.assignee)),
            answered_by=person(row.agent, names.get(row.agent)) if row.settled_at else None,
            cause=_cause(row, ever),
        )
        for row in connection.execute(latest)
    ]
    ordered = dict(sorted(causes.items(), key=lambda pair: (-pair[1], pair[0])))
    return v.BreachReport(asked.promise, asked.first, asked.last, asked.zone.key, ordered, items)


def _facts(asked: Asked, by: v.ReportBy) -> sa.CompoundSelect[Any]:
    """Every promise of the days asked for: its group, how it stands, how long it took; one that runs has no row yet."""
    promise, dialog = t.promise, t.dialog
    keys: dict[v.ReportBy, tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]] = {
        "channel": (t.identity.c.channel, t.identity.c.channel),
        "line": (promise.c.line, dialog.c.line),
        "agent": (promise.c.agent, dialog.c.assignee),
        "hour": (
            _hour(cursors.ticks(promise.c.started_at), asked),
            _hour(cursors.ticks(dialog.c.promise_started_at), asked),
        ),
    }
    ended = (
        sa.select(keys[by][0].label("key"), promise.c.outcome, cursors.ticks(promise.c.took).label("took"))
        .where(promise.c.name == asked.promise)
        .where(promise.c.started_at >= asked.since, promise.c.started_at < asked.until)
    )
    running = (
        sa.select(keys[by][1], sa.literal_column("'running'"), sa.null())
        .where(dialog.c.promise == asked.promise, dialog.c.breached_at.is_(None))
        .where(dialog.c.promise_started_at >= asked.since, dialog.c.promise_started_at < asked.until)
        .where(dialog.c.changed_at >= asked.since)  # says nothing new, but has an index
    )
    if by == "channel":
        ended = ended.join(dialog, dialog.c.id == promise.c.dialog)
        ended = ended.join(t.identity, t.identity.c.id == dialog.c.identity)
        running = running.join(t.identity, t.identity.c.id == dialog.c.identity)
    return sa.union_all(ended, running)


class _Tally:
    """What is counted of one group; a time takes eight bytes."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.took = array("q")

    def count(self, outcome: str, took: int | None) -> None:
        self.outcomes[outcome] += 1
        if took is not None:
            self.took.append(took)

    def view(self, key: Any, title: str | None) -> v.KeptView:
        met, breached = self.outcomes["met"], self.outcomes["breached"]
        took = sorted(self.took)
        return v.KeptView(
            key="" if key is None else str(key),
            title=title or "",
            met=met,
            breached=breached,
            void=self.outcomes["void"],
            running=self.outcomes["running"],
            answered=len(took),
            met_percent=met * 1000 // (met + breached) / 10 if met + breached else None,
            median_seconds=_nearest_rank(took, 50),
            p95_seconds=_nearest_rank(took, 95),
        )


def _nearest_rank(took: Sequence[int], percent: int) -> float | None:
    return took[math.ceil(len(took) * percent / 100) - 1] / _SECOND if took else None


def _broken(asked: Asked, members: Mapping[LineName, list[int]]) -> sa.Subquery:
    """The promises that broke, each with its cause as far as one row tells it."""
    promise = t.promise
    subject = sa.literal("dialog:") + sa.cast(promise.c.dialog, sa.Text)
    turns = (
        sa.select(t.action.c.name, t.action.c.agent)
        .where(t.action.c.subject == subject, t.action.c.at < promise.c.due_at)
        .where(t.action.c.name.in_(["claimed", "released", "passed", "requeued"]))
        .order_by(t.action.c.at.desc(), t.action.c.id.desc())
        .limit(1)
    )
    turn = turns.with_only_columns(t.action.c.name).scalar_subquery()
    had = turns.with_only_columns(sa.case((t.action.c.name == "claimed", t.action.c.agent))).scalar_subquery()
    written = (
        sa.exists()
        .where(t.message.c.dialog == promise.c.dialog, t.message.c.author == "agent")
        .where(t.message.c.said_at.between(promise.c.started_at, promise.c.due_at))
        .where(sa.not_(t.message.c.private), t.message.c.event.is_(None), t.message.c.mark != "cancelled")
    )
    cause = sa.case(
        (written.where(t.message.c.mark == "failed"), "failed"),
        (written, "late"),
        (turn.in_(["claimed", "requeued"]), "unanswered"),
        (turn == "passed", "passed"),
        (_at_work(members), "unclaimed"),
        else_="nobody",
    )
    return (
        sa.select(
            promise.c.dialog,
            promise.c.line,
            promise.c.agent,
            promise.c.started_at,
            promise.c.due_at,
            promise.c.settled_at,
            promise.c.took,
            t.identity.c.channel,
            t.contact.c.name.label("contact"),
            _hour(cursors.ticks(promise.c.due_at), asked).label("due_hour"),
            had.label("assignee"),
            cause.label("cause"),
        )
        .select_from(
            promise.join(t.dialog, t.dialog.c.id == promise.c.dialog)
            .join(t.identity, t.identity.c.id == t.dialog.c.identity)
            .join(t.contact)
        )
        .where(promise.c.name == asked.promise, promise.c.outcome == "breached")
        .where(promise.c.started_at >= asked.since, promise.c.started_at < asked.until)
        .subquery()
    )


def _at_work(members: Mapping[LineName, list[int]]) -> sa.ColumnElement[bool]:
    """Whether anybody of the promise's line acted or answered while the contact waited for it."""
    other = t.promise.alias("other")
    seen = []
    for agent, at in ((t.action.c.agent, t.action.c.at), (other.c.agent, other.c.settled_at)):
        of_line = sa.or_(
            sa.false(), *(sa.and_(t.promise.c.line == line, agent.in_(ids)) for line, ids in members.items())
        )
        seen.append(
            sa.exists()
            .where(at.between(t.promise.c.started_at, t.promise.c.due_at), of_line)
            .correlate(t.promise)
        )
    return sa.or_(*seen)


def _hours_at_work(
    connection: Connection, asked: Asked, lines: Mapping[LineName, Line]
) -> set[tuple[str, int]]:
    """The lines and hours of the day in which somebody of the line was at work at least once."""
    if (asked.last - asked.first).days + 1 < TELLING_DAYS:
        return {(line, hour) for line in lines for hour in range(24)}
    acted = sa.select(t.action.c.agent, _hour(cursors.ticks(t.action.c.at), asked).label("hour")).where(
        t.action.c.at >= asked.since, t.action.c.at < asked.until
    )
    answered = sa.select(
        t.promise.c.agent, _hour(cursors.ticks(t.promise.c.settled_at), asked).label("hour")
    ).where(t.promise.c.settled_at >= asked.since, t.promise.c.settled_at < asked.until)
    of_agent: dict[int, set[int]] = {}
    for agent, hour in connection.execute(sa.union(acted, answered)):
        of_agent.setdefault(agent, set()).add(hour)
    members = _members(connection, lines)
    return {(line, hour) for line, ids in members.items() for id in ids for hour in of_agent.get(id, ())}


def _cause(row: Any, ever: Collection[tuple[str, int]]) -> str:
    cause: str = row.cause
    return "hours" if cause == "nobody" and (row.line, row.due_hour) not in ever else cause


def _members(connection: Connection, lines: Mapping[LineName, Line]) -> dict[LineName, list[int]]:
    """Who works on each line, those included who have left."""
    agents = connection.execute(sa.select(t.agent.c.id, t.agent.c.lines)).all()
    return {line: [agent.id for agent in agents if line in agent.lines] for line in lines}


def _names(connection: Connection) -> dict[int | None, str]:
    return {row.id: row.name for row in connection.execute(sa.select(t.agent.c.id, t.agent.c.name))}


def _hour(moment: sa.ColumnElement[int], asked: Asked) -> sa.ColumnElement[int]:
    """The hour of the day of a moment, by the clocks of the zone."""
    *earlier, (_, last) = _offsets(asked)
    ticks = [(_ticks(end), offset // timedelta(microseconds=1)) for end, offset in earlier]
    offset = last // timedelta(microseconds=1)
    shift: sa.ColumnElement[int] = sa.literal(offset, sa.BigInteger)
    if ticks:
        shift = sa.case(
            *((moment < end, sa.literal(then, sa.BigInteger)) for end, then in ticks), else_=shift
        )
    return sa.cast((moment + shift) // _HOUR % 24, sa.Integer)


def _offsets(asked: Asked) -> Iterator[tuple[datetime, timedelta]]:
    """How far the zone's clocks are from UTC, and until when, in the order of time."""

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(asked.zone).utcoffset() or timedelta()

    at = asked.since
    # A promise of the last day may fall due long after it.
    end = asked.until + timedelta(days=31)
    while at < end:
        tomorrow = at + _DAY
        if offset(at) != offset(tomorrow):
            low, high = at, tomorrow
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            yield high.replace(microsecond=0), offset(at)
        at = tomorrow
    yield end, offset(end)


def _ticks(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _seconds(took: timedelta | None) -> float | None:
    return None if took is None else took.total_seconds()
