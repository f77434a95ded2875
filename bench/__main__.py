"""`make bench`, `python -m bench`: interleaved rounds over the bridge and its floor, then the results.

Exits 1 when an acknowledged message was lost, doubled or overtaken, when a timer did not fire, or not once, or when no
run was clean.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.figures import median
from bench.parts import Generator, Sink, dialogs
from bench.platforms import PLATFORMS
from bench.report import QUICK, RESULTS, Results, floor_at, number, table
from bench.runs import Run
from bench.scenarios import agents, customers, memory, screens, timers
from bench.systems import (
    DATABASES,
    FLOOR,
    IDLE,
    LAYOUTS,
    NAMES,
    PLAYED,
    SECRETS,
    SHIPPED,
    TIMERS,
    System,
    running,
    shipped,
)

ONLY = (*NAMES, SHIPPED, TIMERS)
WARM_UP = "warm-up"
PROMISED = 600
"""Messages a second that the bridge promises to sustain; half load is half of that, or of what it can do if less."""
ANSWERS = 50
"""Agents' replies a second, each to a customer whose page is open: what some two hundred busy agents write."""


@dataclass(slots=True)
class Bench:
    """One call of the benchmark: its options and what it has measured."""

    rounds: int
    seconds: float
    visitors: int
    connections: int
    layout: str
    timers: int
    window: float
    only: tuple[str, ...]
    crowd: dict[str, int] = field(default_factory=dict)
    """How many desks and visitors' pages are open, where not as many as promised."""
    runs: list[Run] = field(default_factory=list)
    layouts: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        """All rounds, and up to as many again where the machine was not ours enough."""
        for number_ in range(1, 2 * self.rounds + 1):
            for name in [name for name in self.only if self.wanting(name)]:
                self.round(name, number_)

    def wanting(self, name: str) -> bool:
        """Whether a part still has fewer clean rounds than asked for; one of many timers tells as much as three."""
        rounds: dict[int, bool] = {}
        for run in self.of(name):
            if run.scenario != WARM_UP:
                rounds[run.round] = rounds.get(run.round, True) and run.clean
        return sum(rounds.values()) < (1 if name == TIMERS else self.rounds)

    def of(self, name: str) -> list[Run]:
        """The runs of one part."""
        if name == TIMERS:
            return [run for run in self.runs if run.scenario == TIMERS]
        return [run for run in self.runs if run.system == name and run.scenario != TIMERS]

    def round(self, name: str, number_: int) -> None:
        """One system, fresh, through all that is measured of it."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            work = Path(folder)
            if name == SHIPPED:
                runs = self.at_rest(work, number_)
            elif name == TIMERS:
                runs = self.armed(work, number_)
            else:
                runs = self.under_load(name, work, number_)
            for run in runs:
                self.runs.append(run)
                say(run)

    def armed(self, work: Path, number_: int) -> Iterator[Run]:
        """Timers that fall due one after the other, on each database."""
        for name in DATABASES:
            place = work / name
            place.mkdir()
            yield timers.ring(
                name, place, count=self.timers, seconds=self.window, number=number_, layouts=self.layouts
            )

    def at_rest(self, work: Path, number_: int) -> Iterator[Run]:
        """The shipped configuration with nothing to do, as it comes and without the platforms' channels."""
        for scenario, playground in ((PLAYED, True), (IDLE, False)):
            place = work / scenario
            place.mkdir()
            with shipped(place, playground=playground) as system:
                self.layouts[f"{SHIPPED}, {scenario}"] = machine.layout(system.roots)
                yield memory.idle(system, number_, scenario)

    def under_load(self, name: str, work: Path, number_: int) -> Iterator[Run]:
        """Customers, then agents, then open pages."""
        environment = os.environ | SECRETS
        with Sink.start(work, environment) as sink, running(name, sink.desk, work, self.layout) as system:
            self.layouts[name] = machine.layout(system.roots)
            with Generator.start(system.target, self.connections, number_, work, environment) as load:
                load.do("sessions", visitors=self.visitors)
                yield customers.capacity(
                    system, load, sink, seconds=self.seconds / 5, number=number_, scenario=WARM_UP
                )
                capacity = customers.capacity(system, load, sink, seconds=self.seconds, number=number_)
                yield capacity
                half = min(capacity.figures["per_second"], PROMISED) / 2
                yield customers.steady(
                    system, load, sink, rate=half, seconds=self.seconds, number=number_, scenario="half"
                )
                if system.database is None:
                    yield from self.floor_at_their_loads(system, load, sink, number_)
                else:
                    load.do("streams", count=self.visitors)
                    known = dialogs(sink.records())
                    yield agents.replies(
                        system, load, known, rate=ANSWERS, seconds=self.seconds, number=number_
                    )
            if system.database is not None:
                yield from self.on_platforms(system, sink, half, work, number_)
                with Generator.start(system.target, self.connections, number_, work, environment) as load:
                    yield memory.streams(system, load, sink, number_)
                with Generator.start(system.target, self.connections, number_, work, environment) as load:
                    yield screens.screens(
                        system, load, sink, seconds=self.seconds, number=number_, **self.crowd
                    )

    def on_platforms(
        self, system: System, sink: Sink, rate: float, work: Path, number_: int
    ) -> Iterator[Run]:
        """The same rate on each platform's own hook."""
        for platform in PLATFORMS:
            with Generator.start(
                system.target, self.connections, number_, work, os.environ | SECRETS
            ) as load:
                load.do("sessions", visitors=self.visitors)
                yield customers.steady(
                    system,
                    load,
                    sink,
                    rate=rate,
                    seconds=self.seconds,
                    number=number_,
                    scenario=platform,
                    platform=platform,
                )

    def floor_at_their_loads(
        self, system: System, load: Generator, sink: Sink, number_: int
    ) -> Iterator[Run]:
        """The floor under the same load as each of the others had in this round."""
        for name in self.only:
            rates = [run.figures["rate"] for run in self.runs if (run.system, run.scenario) == (name, "half")]
            if name != FLOOR and (rate := median(rates)):
                yield customers.steady(
                    system,
                    load,
                    sink,
                    rate=rate,
                    seconds=self.seconds,
                    number=number_,
                    scenario=floor_at(name),
                )

    def results(self) -> Results:
        """What was measured, for the report."""
        options = {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "visitors": self.visitors,
            "connections": self.connections,
            "layout": self.layout,
            "timers": self.timers,
            "window": self.window,
        }
        return Results(self.runs, self.layouts, options)


def say(run: Run) -> None:
    """One line of progress."""
    figures = ", ".join(f"{name} {number(value)}" for name, value in run.figures.items())
    dropped = "" if run.clean else " DROPPED"
    print(f"[{run.round}] {run.system}, {run.scenario}: {figures}; {run.disturbance}{dropped}", flush=True)
    for fault in run.faults:
        print(f"    FAULT: {fault}", flush=True)


def chosen(arguments: Sequence[str]) -> tuple[Bench, Path]:
    """The benchmark that the command line asks for, and where its results go."""
    options = argparse.ArgumentParser(prog="bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="one short round, into bench/quick.json")
    options.add_argument("--only", action="append", choices=ONLY, help="only this part (may be repeated)")
    options.add_argument("--rounds", type=int, help="clean rounds of each system (3)")
    options.add_argument("--seconds", type=float, help="length of one run (10)")
    options.add_argument("--visitors", type=int, default=200)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--layout", choices=LAYOUTS, default="split", help="processes of the bridge")
    options.add_argument("--out", type=Path, help="where the results go (bench/results.json)")
    given = options.parse_args(arguments)
    bench = Bench(
        rounds=given.rounds or (1 if given.quick else 3),
        seconds=given.seconds or (3.0 if given.quick else 10.0),
        visitors=given.visitors,
        connections=given.connections,
        layout=given.layout,
        timers=5_000 if given.quick else 100_000,
        window=5.0 if given.quick else 60.0,
        crowd={"desks": 20, "visitors": 200} if given.quick else {},
        only=tuple(name for name in ONLY if not given.only or name in given.only),
    )
    return bench, given.out or (QUICK if given.quick else RESULTS)


def main(arguments: Sequence[str]) -> int:
    """Runs, writes the results, and says what the whole came to."""
    bench, path = chosen(arguments)
    bench.run()
    results = bench.results()
    results.write(path)
    print(f"\n{table(results.medians())}\n")
    for promise in results.promises():
        print(promise)
    for run in results.dropped():
        print(f"dropped: {run.system} {run.scenario}, round {run.round}: {run.disturbance}")
    faults = results.faults()
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    unclean = [name for name in bench.only if not any(run.clean for run in bench.of(name))]
    for name in unclean:
        print(f"{name}: no run on a quiet machine", file=sys.stderr)
    return 1 if faults or unclean else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
