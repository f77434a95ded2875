import json
import math
from pathlib import Path

import pytest

from bench.figures import milliseconds, percentile
from bench.parts import ROOT
from bench.report import RESULTS, Results, floor_at, number, page, table
from bench.runs import Run


def run(system: str, scenario: str, figures: dict[str, float], steal: float = 0.0) -> Run:
    return Run(system, scenario, 1, figures=figures, steal=steal)


def results(*runs: Run) -> Results:
    return Results(runs, {"sqlite": ["bridge run", "valkey-server"]}, {"seconds": 10})


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = list(range(1, 101))
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50, 99, 100)
    assert milliseconds([3_000_000, 1_000_000, 2_000_000], 0.5) == 2.0
    assert math.isnan(percentile([], 0.5))


def test_a_disturbed_run_has_no_say_in_the_median() -> None:
    measured = results(
        run("sqlite", "capacity", {"per_second": 700}),
        run("sqlite", "capacity", {"per_second": 800}),
        run("sqlite", "capacity", {"per_second": 10}, steal=0.11),
    )
    assert measured.figure("sqlite", "capacity", "per_second") == 750
    assert [one.steal for one in measured.dropped()] == [0.11]


def test_what_was_not_measured_is_no_promise_kept_or_missed() -> None:
    promises = results(run("floor", "capacity", {"per_second": 2600})).promises()
    assert {promise.kept for promise in promises} == {None}
    assert str(promises[0]) == "not measured: sqlite: messages a second – (≥ 600)"


def test_promises_are_held_against_the_floor_at_the_same_load() -> None:
    measured = results(
        run("sqlite", "capacity", {"per_second": 650}),
        run("sqlite", "half", {"rate": 325, "ack_p99_ms": 8}),
        run("floor", "capacity", {"per_second": 2600}),
        run("floor", "half", {"rate": 1300, "ack_p99_ms": 20}),
        run("floor", floor_at("sqlite"), {"rate": 325, "ack_p99_ms": 2}),
    )
    assert [str(promise) for promise in measured.promises() if promise.kept is not None] == [
        "PASS: sqlite: messages a second 650 (≥ 600)",
        "PASS: sqlite: share of the floor 0.25 (≥ 0.25)",
        "FAIL: sqlite: acknowledgement p99 against the floor's 4 (≤ 3)",
    ]


def test_every_promise_of_the_project_is_held_against_its_figure() -> None:
    rung = {"late_p99_ms": 1000.0, "wrong": 1.0}
    measured = results(
        run("postgresql", "streams", {"stream_kb": 41}),
        run("postgresql", "timers", rung),
        run("shipped", "idle", {"resident_mb": 250, "first_page_s": 2}),
        run("shipped", "idle with the playground", {"resident_mb": 350, "first_page_s": 5.1}),
    )
    assert [str(promise) for promise in measured.promises() if promise.kept is not None] == [
        "FAIL: postgresql: kB per stream 41 (≤ 40)",
        "PASS: postgresql: timers late, p99 ms 1 000 (≤ 1000)",
        "FAIL: postgresql: timers missing, doubled or early 1 (≤ 0)",
        "PASS: idle: MB in all 250 (≤ 250)",
        "FAIL: with the playground: seconds to the first page 5.1 (≤ 5)",
    ]


def test_the_results_name_layout_faults_and_every_run(tmp_path: Path) -> None:
    lossy = run("sqlite", "capacity", {"per_second": 650})
    lossy.faults.append("2 lost")
    results(lossy).write(tmp_path / "results.json")
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["layouts"] == {"sqlite": ["bridge run", "valkey-server"]}
    assert written["faults"] == ["round 1, sqlite, capacity: 2 lost"]
    assert written["runs"][0]["figures"] == {"per_second": 650}
    assert written["medians"]["sqlite"]["messages a second, sustained"] == 650


def test_the_table_leaves_out_what_nobody_measured() -> None:
    assert table(results(run("floor", "capacity", {"per_second": 2624.4, "cpu_us": 12.34})).medians()) == (
        "| | floor |\n|---|---|\n| messages a second, sustained | 2 624 |\n| CPU µs per message | 12.3 |"
    )
    assert table(results().medians()) == "no figures"


def test_the_page_takes_its_figures_from_the_results(tmp_path: Path) -> None:
    lossy = run("sqlite", "capacity", {"per_second": 3131})
    lossy.faults.append("2 lost")
    slow = run("postgresql", "capacity", {"per_second": 10}, steal=0.11)
    results(lossy, slow).write(tmp_path / "results.json")
    said = page(json.loads((tmp_path / "results.json").read_text()))
    assert "- PASS: sqlite: messages a second 3 131 (≥ 600)" in said
    assert "| messages a second, sustained | 3 131 |" in said
    assert "| this bridge on PostgreSQL, likewise | not measured |" in said
    assert "- sqlite: bridge run, valkey-server" in said
    assert "- round 1, sqlite, capacity: 2 lost" in said
    assert "- postgresql capacity, round 1: steal 11.0%" in said


@pytest.mark.skipif(not RESULTS.exists(), reason="the benchmark has not been run here")
def test_the_page_in_docs_is_that_of_the_results() -> None:
    assert (ROOT / "docs" / "performance.md").read_text() == page(json.loads(RESULTS.read_text()))


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (12345.6, "12 346"), (0.9631, "0.963"), (99.96, "100")]
)
def test_figures_are_said_with_three_digits(value: float | None, said: str) -> None:
    assert number(value) == said
