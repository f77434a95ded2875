"""Dialogs that wait for an answer, each with its promise's timer armed: how their rows come in, and what they tell.

With systems.py the only file that knows the bridge's tables. Writes before the bridge starts, reads afterwards, and
judges whether every timer fired once; it must never touch a row while the bridge runs.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Connection, Engine

from bench.figures import percentile

TARGET = 120_000_000  # microseconds: the first response that the channel promises by default
RUNG = "requeue"  # what the only rung of the ladder does, and the event of the message that it leaves
EARLY = 50_000  # microseconds by which two readings of a clock may differ


@dataclass(frozen=True, slots=True)
class Armed:
    """So many timers, due one after the other at even distances; moments are microseconds since 1970."""

    count: int
    begin: int
    span: int

    def due(self, number: int) -> int:
        """When a timer is due; they are numbered from 1."""
        return self.begin + (number - 1) * self.span // self.count


@dataclass(frozen=True, slots=True)
class Timer:
    """What became of one: its row, and the moments of the messages that it left in its dialog."""

    number: int
    state: str
    fired: int
    said_at: Sequence[int]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The figures of all timers, and in words what must not happen."""

    figures: dict[str, float]
    faults: list[str]


def now() -> int:
    """This moment."""
    return time.time_ns() // 1000


def fill(url: str, armed: Armed) -> None:
    """Writes contacts, dialogs, questions and timers into a database of the newest schema, in one transaction."""
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.begin() as connection:
            for table, values in _rows(armed).items():
                numbers = f"SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {armed.count}"
                connection.exec_driver_sql(
                    f"INSERT INTO {table} ({', '.join(values)}) WITH RECURSIVE n(i) AS ({numbers}) "
                    f"SELECT {', '.join(map(str, values.values()))} FROM n"
                )
            if engine.name == "postgresql":
                # A database that grew up has its statistics; autovacuum would come to this one in the middle.
                connection.exec_driver_sql("ANALYZE")
    finally:
        engine.dispose()


def _rows(armed: Armed) -> dict[str, dict[str, object]]:
    """Each table's columns as SQL on the number `i`, in the order in which they refer to each other."""
    due = f"{armed.begin} + (i - 1) * {armed.span} / {armed.count}"
    asked = f"{due} - {TARGET}"
    return {
        "contact": {"id": "i", "name": "'Visitor ' || i", "language": "'en'", "created_at": asked},
        "identity": {
            "id": "i",
            "channel": "'shop'",
            "address": "'visitor-' || i",
            "contact": "i",
            "dialog": "i",
            "created_at": asked,
        },
        "dialog": {
            "id": "i",
            "identity": "i",
            "status": "'open'",
            "line": "'first'",
            "priority": "'normal'",
            "seq": 2,
            "opened_at": asked,
            "changed_at": asked,
            "contact_seq": 1,
            "answered_seq": 0,
            "replied_seq": 0,
            "preview": "'Is anybody there?'",
            "promise": "'first_response'",
            "promise_started_at": asked,
            "due_at": due,
            "promise_step": 0,
            "promise_gen": 2,
            "promise_asked": 1,
            "snooze_gen": 0,
        },
        "message": {
            "dialog": "i",
            "seq": 1,
            "rev": 1,
            "author": "'contact'",
            "author_id": "i",
            "author_name": "'Visitor ' || i",
            "text": "'Is anybody there?'",
            "private": "FALSE",
            "said_at": asked,
        },
        "timer": {
            "subject": "'dialog:' || i",
            "name": "'promise'",
            "gen": 2,
            "due_at": due,
            "state": "'armed'",
            "fired": 0,
        },
    }


def oldest(connection: Connection) -> int | None:
    """When the first timer is due that a reader still sees armed; None when all have fired."""
    query = "SELECT due_at FROM timer WHERE state = 'armed' AND name = 'promise' ORDER BY due_at LIMIT 1"
    due: int | None = connection.exec_driver_sql(query).scalar()
    return due


def read(engine: Engine) -> list[Timer]:
    """Every timer as the bridge has left it."""
    said: dict[int, list[int]] = defaultdict(list)
    with engine.connect() as connection:
        for dialog, at in connection.exec_driver_sql(
            f"SELECT dialog, said_at FROM message WHERE event = '{RUNG}' ORDER BY said_at"
        ):
            said[dialog].append(at)
        rows = connection.exec_driver_sql("SELECT subject, state, fired FROM timer WHERE name = 'promise'")
        numbered = [(int(subject.removeprefix("dialog:")), state, fired) for subject, state, fired in rows]
    return [Timer(number, state, fired, said[number]) for number, state, fired in numbered]


def judge(armed: Armed, timers: Iterable[Timer]) -> Judgement:
    """Holds what was armed against what became of it.

    A message is said when its transaction begins: how long after that it can be seen is measured by reading.
    """
    found = {timer.number: timer for timer in timers}
    missing, doubled, early, late = [], [], [], []
    for number in range(1, armed.count + 1):
        timer = found.get(number)
        if timer is None or timer.state != "fired" or not timer.fired or not timer.said_at:
            missing.append(number)
            continue
        if timer.fired > 1 or len(timer.said_at) > 1:
            doubled.append(number)
        late.append(timer.said_at[0] - armed.due(number))
        if late[-1] < -EARLY:
            early.append(number)
    wrong = {"did not fire": missing, "fired more than once": doubled, "fired early": early}
    figures = {
        "timers": float(len(late)),
        "wrong": float(sum(map(len, wrong.values()))),
        "before_due": float(sum(one < 0 for one in late)),
        "late_p50_ms": percentile(late, 0.50) / 1e3,
        "late_p99_ms": percentile(late, 0.99) / 1e3,
        "late_max_ms": percentile(late, 1.0) / 1e3,
    }
    faults = [
        f"{len(numbers)} timers {what}, e.g. of dialog {', '.join(map(str, numbers[:5]))}"
        for what, numbers in wrong.items()
        if numbers
    ]
    return Judgement(figures, faults)
