"""Many promises fall due one after the other: every timer fires, once, and how late."""

import time
from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine

from bench import armed, machine
from bench.armed import Armed
from bench.runs import Run, watched
from bench.systems import TIMERS, System, running

LEAD = 45.0  # seconds for filling the database, starting the bridge and telling Redis all timers
AFTER = 15.0  # seconds after the last is due before which nobody can say that none fired twice
PATIENCE = 15.0  # seconds after the last is due for which late ones are waited for
LOOK = 1.0  # seconds between two looks at what a reader sees


def ring(
    name: str, work: Path, *, count: int, seconds: float, number: int, layouts: dict[str, list[str]]
) -> Run:
    """Arms the timers in a fresh database, starts the bridge on it, and judges what has become of them."""
    run = Run(name, TIMERS, number)
    all_ = Armed(count, armed.now() + int(LEAD * 1e6), int(seconds * 1e6))
    with running(name, None, work, fill=lambda url: armed.fill(url, all_)) as system:
        layouts[f"{name}, {TIMERS}"] = machine.layout(system.roots)
        spare = all_.begin - armed.now()
        if spare < 0:
            run.faults.append(f"the bridge was ready {-spare / 1e6:.1f} s after the first timer was due")
        if system.database is None:
            raise ValueError(f"{name} keeps no timers")
        engine = sqlalchemy.create_engine(system.database)
        try:
            _follow(run, system, engine, all_)
            judgement = armed.judge(all_, armed.read(engine))
        finally:
            engine.dispose()
    run.figures |= judgement.figures | {"ready_before_s": spare / 1e6}
    run.faults += judgement.faults
    return run


def _follow(run: Run, system: System, engine: Engine, all_: Armed) -> None:
    """Waits until every timer has been seen to fire and a second firing would have come, too.

    Once a second it looks how long ago the oldest was due that a reader still sees armed: said_at is the beginning
    of a transaction and knows nothing of the time its commit took.
    """
    end = all_.begin + all_.span
    behind = [0]
    _until(all_.begin)
    with watched(run, system.roots) as used:
        while armed.now() < end + PATIENCE * 1e6:
            time.sleep(LOOK)
            with engine.connect() as connection:
                due = armed.oldest(connection)
            if due is None:
                break
            behind.append(armed.now() - due)
    _until(end + int(AFTER * 1e6))
    run.figures = {
        "per_second": all_.count / all_.span * 1e6,
        "cpu_us": used.seconds / all_.count * 1e6,
        "seen_late_max_ms": max(behind) / 1e3,
    }
    run.cpu_by_process = {title: taken / all_.count * 1e6 for title, taken in used.by_process.items()}


def _until(moment: int) -> None:
    time.sleep(max(0, moment - armed.now()) / 1e6)
