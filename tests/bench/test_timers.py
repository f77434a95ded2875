from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from bench import armed
from bench.armed import Armed, Timer, judge
from bench.scenarios import timers
from bridge.conversations.database import Database
from bridge.conversations.lines import Ladder, Step
from bridge.conversations.rings import Expire
from tests.conversations.samples import RULES
from tests.conversations.shell import Mind, emptied, url_of
from tests.services import DATABASE_KINDS, chosen

FOUR = Armed(count=4, begin=1_000_000_000, span=2_000_000)
REQUEUE = replace(RULES, ladder=Ladder((Step("requeue"),)))


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with emptied(request, tmp_path) as database:
        yield database


def fired(number: int, *, late: int = 10_000) -> Timer:
    return Timer(number, "fired", 1, [FOUR.due(number) + late])


def test_timers_are_due_at_even_distances() -> None:
    assert [FOUR.due(number) - FOUR.begin for number in (1, 2, 3, 4)] == [0, 500_000, 1_000_000, 1_500_000]


def test_timers_that_fired_once_are_no_fault() -> None:
    judgement = judge(FOUR, [fired(1, late=-1_000), fired(2), fired(3, late=20_000), fired(4, late=40_000)])
    assert judgement.faults == []
    assert judgement.figures == {
        "timers": 4,
        "wrong": 0,
        "before_due": 1,
        "late_p50_ms": 10,
        "late_p99_ms": 40,
        "late_max_ms": 40,
    }


@pytest.mark.parametrize(
    ("third", "fault"),
    [
        (None, "did not fire"),
        (Timer(3, "armed", 0, []), "did not fire"),
        (Timer(3, "off", 0, []), "did not fire"),
        (replace(fired(3), said_at=[]), "did not fire"),
        (replace(fired(3), fired=2), "fired more than once"),
        (replace(fired(3), said_at=[FOUR.due(3), FOUR.due(3) + 1]), "fired more than once"),
        (fired(3, late=-50_001), "fired early"),
    ],
)
def test_a_timer_that_went_wrong_is_named(third: Timer | None, fault: str) -> None:
    judgement = judge(FOUR, [fired(1), fired(2), *([third] if third else []), fired(4)])
    assert judgement.faults == [f"1 timers {fault}, e.g. of dialog 3"]
    assert judgement.figures["wrong"] == 1


def test_the_bridge_takes_the_rows_for_promises_of_its_own(database: Database) -> None:
    armed.fill(url_of(database), FOUR)
    now = datetime.fromtimestamp((FOUR.begin + FOUR.span) / 1e6, UTC)
    with Mind(database, REQUEUE, clock=lambda: now) as mind:
        assert (
            mind.together(*(Expire(f"dialog:{number}", "promise", 2) for number in (1, 2, 4))) == [True] * 3
        )
    engine = sqlalchemy.create_engine(url_of(database))
    try:
        with engine.connect() as connection:
            assert armed.oldest(connection) == FOUR.due(3)
        judgement = judge(FOUR, armed.read(engine))
    finally:
        engine.dispose()
    assert judgement.faults == ["1 timers did not fire, e.g. of dialog 3"]
    assert judgement.figures["late_max_ms"] == 2_000


def test_a_bridge_fires_all_its_timers_and_a_late_start_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "LEAD", 0.1)  # nothing starts so fast
    monkeypatch.setattr(timers, "AFTER", 0)
    monkeypatch.setattr(timers, "PATIENCE", 60)
    layouts: dict[str, list[str]] = {}
    run = timers.ring("sqlite", tmp_path, count=300, seconds=1, number=1, layouts=layouts)
    assert [fault.split(" s after")[-1] for fault in run.faults] == [" the first timer was due"]
    assert run.figures["timers"] == 300
    assert run.figures["ready_before_s"] < 0 < run.figures["late_p50_ms"]
    assert "bridge run" in layouts["sqlite, timers"]
