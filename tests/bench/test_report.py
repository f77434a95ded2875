import json
import math
from pathlib import Path

import pytest

from bench.figures import milliseconds, percentile
from bench.report import Results, floor_at, number, table
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
    assert results(run("floor", "capacity", {"per_second": 2600})).promises() == []


def test_promises_are_held_against_the_floor_at_the_same_load() -> None:
    measured = results(
        run("sqlite", "capacity", {"per_second": 650}),
        run("sqlite", "half", {"rate": 325, "ack_p99_ms": 8}),
        run("floor", "capacity", {"per_second": 2600}),
        run("floor", "half", {"rate": 1300, "ack_p99_ms": 20}),
        run("floor", floor_at("sqlite"), {"rate": 325, "ack_p99_ms": 2}),
    )
    kept = {promise.what: (promise.value, promise.kept) for promise in measured.promises()}
    assert kept == {
        "sqlite: messages a second": (650, True),
        "sqlite: share of the floor": (0.25, True),
        "sqlite: acknowledgement p99 against the floor's": (4.0, False),
    }


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


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (12345.6, "12 346"), (0.9631, "0.963"), (99.96, "100")]
)
def test_figures_are_said_with_three_digits(value: float | None, said: str) -> None:
    assert number(value) == said
