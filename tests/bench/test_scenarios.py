import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bench import machine, systems
from bench.__main__ import main
from bench.parts import Generator, Sink, dialogs
from bench.platforms import PLATFORMS
from bench.report import floor_at
from bench.scenarios import agents, customers, memory, screens
from bench.systems import FLOOR, SECRETS, System, running

ENVIRONMENT = os.environ | SECRETS


@dataclass(frozen=True, slots=True)
class Stage:
    system: System
    load: Generator
    sink: Sink


@contextmanager
def stage(work: Path, visitors: int = 8, name: str = "sqlite") -> Iterator[Stage]:
    with ExitStack() as parts:
        sink = parts.enter_context(Sink.start(work, ENVIRONMENT))
        system = parts.enter_context(running(name, sink.desk, work))
        load = parts.enter_context(Generator.start(system.target, 4, 1, work, ENVIRONMENT))
        load.do("sessions", visitors=visitors)
        yield Stage(system, load, sink)


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    """The site of a few lines is measured in place of the bridge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systems, "BRIDGE", (sys.executable, "-m", "tests.bench.site"))
        yield


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One system for all tests that leave it as it is."""
    with stage(tmp_path_factory.mktemp("healthy")) as on:
        yield on


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is lost at once."""
    monkeypatch.setattr(customers, "PATIENCE", 0.5)
    monkeypatch.setattr(agents, "PATIENCE", 0.5)
    monkeypatch.setattr(memory, "OPENED", 0.5)
    monkeypatch.setattr(screens, "PATIENCE", 1.5)


def test_a_healthy_system_is_measured_without_a_fault(healthy: Stage) -> None:
    run = customers.capacity(healthy.system, healthy.load, healthy.sink, seconds=1, number=1)
    assert run.faults == []
    assert run.figures["per_second"] > 10
    assert 0 < run.figures["ack_p50_ms"] <= run.figures["ack_p99_ms"]
    assert run.figures["cpu_us"] == pytest.approx(sum(run.cpu_by_process.values()))


def test_an_open_loop_keeps_its_rate(healthy: Stage) -> None:
    healthy.sink.reset()
    sent = healthy.load.do("open", rate=100, seconds=1.5)["acked"]
    assert 100 < len(sent) < 200
    assert healthy.sink.count() == len(sent)


def test_an_open_loop_does_not_slow_down_for_a_slow_answer(healthy: Stage) -> None:
    report = healthy.load.do("open", rate=4_000, seconds=0.25)
    waited = [acked_at - sent_at for *_, sent_at, acked_at in report["acked"]]
    assert max(waited) > 0.2e9  # far more than it can serve: the wait for a free connection has to show
    assert all(sent_at <= report["ended_at"] for *_, sent_at, _ in report["acked"])


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("lose", "lost"),
        ("double", "doubled"),
        ("overtake", "out of order"),
        ("forge", "without a valid signature"),
        ("forget", "not in SQL"),
    ],
)
def test_a_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, fault: str) -> None:
    monkeypatch.setenv("SITE_WRONG", wrong)
    with stage(tmp_path) as on:
        run = customers.capacity(on.system, on.load, on.sink, seconds=0.7, number=1)
        assert len(run.faults) == 1
        assert fault in run.faults[0]


def test_replies_are_followed_to_the_open_page(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.load.do("once")
        on.load.do("streams", count=8)
        known = dialogs(on.sink.records())
        assert len(known) == 8
        run = agents.replies(on.system, on.load, known, rate=50, seconds=1, number=1)
        assert run.faults == []
        assert 0 < run.figures["customer_p50_ms"] < 1000
        heard = on.load.do("heard")["arrivals"]
        assert {author for author, *_ in heard} == {
            "agent"
        }  # the pages went on after the customers' own words


def test_a_lost_reply_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_WRONG", "lose replies")
    with stage(tmp_path) as on:
        on.load.do("streams", count=8)
        on.load.do("once")
        run = agents.replies(on.system, on.load, dialogs(on.sink.records()), rate=50, seconds=1, number=1)
        assert [fault.split(",")[0][-4:] for fault in run.faults] == ["lost"]


def test_a_refused_customer_is_a_fault(healthy: Stage, tmp_path: Path) -> None:
    elsewhere = replace(healthy.system.target, messages="/elsewhere")
    with Generator.start(elsewhere, 1, 1, tmp_path, ENVIRONMENT) as load:
        load.do("sessions", visitors=1)
        run = customers.capacity(healthy.system, load, healthy.sink, seconds=0.1, number=1)
    assert len(run.faults) == 1
    assert run.faults[0].endswith("messages refused: 404 Not Found")


def test_what_is_said_is_followed_to_an_agent_s_screen(tmp_path: Path) -> None:
    with stage(tmp_path, visitors=0) as on:
        run = screens.screens(on.system, on.load, on.sink, seconds=1.5, number=1, desks=5, visitors=20)
        assert run.faults == []
        assert run.figures["desks"] == 5
        assert 0 < run.figures["shown_p50_ms"] <= run.figures["shown_p95_ms"] < 5000
        assert 0 < run.figures["pushes_a_second"] <= 5


def test_what_never_stands_on_a_screen_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_WRONG", "hide")
    with stage(tmp_path, visitors=0) as on:
        run = screens.screens(on.system, on.load, on.sink, seconds=1.5, number=1, desks=20, visitors=20)
        assert [fault.rpartition(" messages ")[2] for fault in run.faults] == ["never stood on their screen"]


def test_open_pages_are_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STREAMS", 100)
    with stage(tmp_path, visitors=0) as on:
        run = memory.streams(on.system, on.load, on.sink, number=1)
        assert run.faults == []
        assert 0 < run.figures["stream_kb"] < 200


@pytest.mark.parametrize("platform", PLATFORMS)
def test_messages_on_a_platform_are_acknowledged_and_arrive(tmp_path: Path, platform: str) -> None:
    with stage(tmp_path) as on:
        run = customers.steady(
            on.system, on.load, on.sink, rate=50, seconds=1, number=1, scenario=platform, platform=platform
        )
        assert run.faults == []
        assert 0 < run.figures["ack_p50_ms"] <= run.figures["ack_p99_ms"]


def test_the_floor_runs_and_loses_nothing(tmp_path: Path) -> None:
    with stage(tmp_path, name=FLOOR) as on:
        run = customers.steady(on.system, on.load, on.sink, rate=100, seconds=1, number=1, scenario="half")
        assert run.faults == []
        assert run.figures["desk_p50_ms"] < run.figures["ack_p50_ms"]


@pytest.mark.slow
def test_the_whole_benchmark_measures_every_part_of_its_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, results = benchmark(tmp_path, monkeypatch, "--only", "postgresql", "--only", FLOOR)
    assert status == 0
    assert {run["scenario"] for run in results["runs"] if run["system"] == "postgresql"} == {
        "warm-up",
        "capacity",
        "half",
        "replies",
        *PLATFORMS,
        "streams",
        "screens",
    }
    assert floor_at("postgresql") in {run["scenario"] for run in results["runs"] if run["system"] == FLOOR}
    assert any(name.startswith("postgres") for name in results["layouts"]["postgresql"])
    medians = results["medians"]["postgresql"]
    assert all(value for what, value in medians.items() if "timer" not in what and "idle" not in what)
    assert results["faults"] == []


def test_the_whole_benchmark_fails_by_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_WRONG", "lose")
    status, results = benchmark(tmp_path, monkeypatch, "--only", "sqlite")
    assert status == 1
    assert "lost" in results["faults"][0]


def benchmark(work: Path, monkeypatch: pytest.MonkeyPatch, *only: str) -> tuple[int, dict[str, Any]]:
    monkeypatch.setattr(memory, "STREAMS", 20)
    monkeypatch.setattr(screens, "DESKS", 5)
    monkeypatch.setattr(screens, "VISITORS", 20)
    monkeypatch.setattr(machine, "LIMIT", 1.0)  # a test does not wait for a quiet machine
    out = work / "results.json"
    options = [
        "--layout",
        "one",
        "--rounds",
        "1",
        "--seconds",
        "0.5",
        "--visitors",
        "20",
        "--connections",
        "4",
    ]
    status = main([*only, *options, "--out", str(out)])
    return status, json.loads(out.read_text())
