"""The results: medians over clean runs, what was promised, bench/results.json.

`python -m bench.report > docs/performance.md` makes the page of the results that are there.
"""

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

from bench import machine
from bench.figures import median
from bench.parts import ROOT
from bench.runs import Run
from bench.systems import DATABASES, FLOOR, IDLE, NAMES, PLAYED, SHIPPED, TIMERS

RESULTS = ROOT / "bench" / "results.json"
QUICK = ROOT / "bench" / "quick.json"
PAGE = ROOT / "bench" / "performance.md"

SUSTAINED = "messages a second, sustained"
COLUMNS = (*NAMES, SHIPPED)
ROWS: Sequence[tuple[str, str, str]] = (
    (SUSTAINED, "capacity", "per_second"),
    ("CPU µs per message", "capacity", "cpu_us"),
    ("half load: messages a second", "half", "rate"),
    ("half load: acknowledged, p50 ms", "half", "ack_p50_ms"),
    ("half load: acknowledged, p99 ms", "half", "ack_p99_ms"),
    ("half load: customer → desk, p50 ms", "half", "desk_p50_ms"),
    ("half load: customer → desk, p99 ms", "half", "desk_p99_ms"),
    ("the same on Telegram's webhook: acknowledged, p50 ms", "telegram", "ack_p50_ms"),
    ("the same on Telegram's webhook: acknowledged, p99 ms", "telegram", "ack_p99_ms"),
    ("the same on Messenger's webhook: acknowledged, p50 ms", "facebook", "ack_p50_ms"),
    ("the same on Messenger's webhook: acknowledged, p99 ms", "facebook", "ack_p99_ms"),
    ("the same on VK's callback: acknowledged, p50 ms", "vk", "ack_p50_ms"),
    ("the same on VK's callback: acknowledged, p99 ms", "vk", "ack_p99_ms"),
    ("the floor at that load: acknowledged, p99 ms", "floor", "ack_p99_ms"),
    ("replies a second", "replies", "rate"),
    ("agent → customer, p50 ms", "replies", "customer_p50_ms"),
    ("agent → customer, p99 ms", "replies", "customer_p99_ms"),
    ("CPU µs per reply", "replies", "cpu_us"),
    ("kB per open event stream", "streams", "stream_kb"),
    ("open desks", "screens", "desks"),
    ("open visitors' pages", "screens", "visitors"),
    ("messages a second meanwhile", "screens", "rate"),
    ("customer → an agent's screen, p50 ms", "screens", "shown_p50_ms"),
    ("customer → an agent's screen, p95 ms", "screens", "shown_p95_ms"),
    ("most wake-ups of a screen in a second", "screens", "pushes_a_second"),
    ("timers fired", TIMERS, "timers"),
    ("timers due a second", TIMERS, "per_second"),
    ("timers: late, p50 ms", TIMERS, "late_p50_ms"),
    ("timers: late, p99 ms", TIMERS, "late_p99_ms"),
    ("timers: late, at most ms", TIMERS, "late_max_ms"),
    ("timers: late as a reader sees it, at most ms", TIMERS, "seen_late_max_ms"),
    ("CPU µs per timer", TIMERS, "cpu_us"),
    ("idle: MB in all", IDLE, "resident_mb"),
    ("idle with the playground: MB in all", PLAYED, "resident_mb"),
    ("idle with the playground: seconds to the first page", PLAYED, "first_page_s"),
)


@dataclass(frozen=True, slots=True)
class Promise:
    """One bound that the project has set itself."""

    what: str
    bound: float
    value: float | None
    at_least: bool

    @property
    def kept(self) -> bool | None:
        """Whether the bound is kept; None when it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        verdict = {True: "PASS", False: "FAIL", None: "not measured"}[self.kept]
        return f"{verdict}: {self.what} {number(self.value)} ({sign} {self.bound:g})"


class Results:
    """All runs of one call of the benchmark."""

    def __init__(
        self, runs: Iterable[Run], layouts: dict[str, list[str]], options: dict[str, object]
    ) -> None:
        self.runs = list(runs)
        self.layouts = layouts
        self.options = options

    def figure(self, system: str, scenario: str, name: str) -> float | None:
        """The median of one figure over the clean runs."""
        return median(
            [
                run.figures[name]
                for run in self.runs
                if (run.system, run.scenario) == (system, scenario) and run.clean and name in run.figures
            ]
        )

    def cell(self, system: str, scenario: str, name: str) -> float | None:
        """A figure of the table, where the floor is also asked at each system's own load."""
        if scenario == "floor":
            return self.figure(FLOOR, floor_at(system), name)
        return self.figure(system, scenario, name)

    def dropped(self) -> list[Run]:
        """The runs whose machine was not ours enough."""
        return [run for run in self.runs if not run.clean]

    def faults(self) -> list[str]:
        """Everything that must not happen, in words."""
        return [
            f"round {run.round}, {run.system}, {run.scenario}: {fault}"
            for run in self.runs
            for fault in run.faults
        ]

    def promises(self) -> list[Promise]:
        """The bounds of this project."""
        found = []
        floor = self.figure(FLOOR, "capacity", "per_second")
        for system in DATABASES:
            sustained = self.figure(system, "capacity", "per_second")
            share = sustained / floor if sustained is not None and floor else None
            ack, least = self.figure(system, "half", "ack_p99_ms"), self.cell(system, "floor", "ack_p99_ms")
            ratio = ack / least if ack is not None and least else None
            stream = self.figure(system, "streams", "stream_kb")
            shown, pushes = (
                self.figure(system, "screens", name) for name in ("shown_p95_ms", "pushes_a_second")
            )
            late, wrong = (self.figure(system, TIMERS, name) for name in ("late_p99_ms", "wrong"))
            found += [
                Promise(f"{system}: messages a second", 600, sustained, at_least=True),
                Promise(f"{system}: share of the floor", 0.25, share, at_least=True),
                Promise(f"{system}: acknowledgement p99 against the floor's", 3, ratio, at_least=False),
                Promise(f"{system}: kB per stream", 40, stream, at_least=False),
                Promise(f"{system}: an agent's screen, p95 ms", 500, shown, at_least=False),
                Promise(f"{system}: wake-ups of a screen in a second", 4, pushes, at_least=False),
                Promise(f"{system}: timers late, p99 ms", 1000, late, at_least=False),
                Promise(f"{system}: timers missing, doubled or early", 0, wrong, at_least=False),
            ]
        return [
            *found,
            Promise("idle: MB in all", 250, self.figure(SHIPPED, IDLE, "resident_mb"), at_least=False),
            Promise(
                "with the playground: seconds to the first page",
                5,
                self.figure(SHIPPED, PLAYED, "first_page_s"),
                at_least=False,
            ),
        ]

    def medians(self) -> dict[str, dict[str, float | None]]:
        """The table: each system's figure for each row."""
        return {
            name: {what: self.cell(name, scenario, key) for what, scenario, key in ROWS} for name in COLUMNS
        }

    def write(self, path: Path) -> None:
        """Writes everything: head, medians, promises, and every single run."""
        content = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine.facts(),
            "options": self.options,
            "layouts": self.layouts,
            "medians": self.medians(),
            "promises": [
                asdict(promise) | {"kept": promise.kept, "said": str(promise)} for promise in self.promises()
            ],
            "dropped": [
                f"{run.system} {run.scenario}, round {run.round}: {run.disturbance}" for run in self.dropped()
            ],
            "faults": self.faults(),
            "runs": [asdict(run) for run in self.runs],
        }
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def floor_at(system: str) -> str:
    """The name of the floor's run at a system's half load."""
    return f"at the load of {system}"


def commit() -> str:
    """The commit that was measured."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def number(value: float | None) -> str:
    """A figure as a reader wants it: three digits that mean something."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def table(medians: dict[str, dict[str, float | None]]) -> str:
    """The medians as a Markdown table, without what nobody has measured."""
    systems = [name for name in COLUMNS if any(value is not None for value in medians.get(name, {}).values())]
    if not systems:
        return "no figures"
    lines = [f"| | {' | '.join(systems)} |", f"|---|{'---|' * len(systems)}"]
    for what, _, _ in ROWS:
        values = [medians[system].get(what) for system in systems]
        if any(value is not None for value in values):
            lines.append(f"| {what} | {' | '.join(number(value) for value in values)} |")
    return "\n".join(lines)


def page(results: dict[str, Any]) -> str:
    """docs/performance.md, all its figures taken from the results."""
    medians, machine_, options = results["medians"], results["machine"], results["options"]
    fastest = [
        number(value) if (value := medians[name][SUSTAINED]) is not None else "not measured"
        for name in DATABASES
    ]
    return Template(PAGE.read_text()).substitute(
        at=results["at"][:10],
        commit=results["commit"],
        machine=f"{machine_['cores']} cores, {machine_['memory_gb']} GB, {machine_['system']}, "
        f"Python {machine_['python']}",
        options=", ".join(f"{name} {value:g}" for name, value in options.items() if name != "layout"),
        layouts="\n".join(f"- {name}: {', '.join(parts)}" for name, parts in results["layouts"].items()),
        table=table(medians),
        promises="\n".join(f"- {promise['said']}" for promise in results["promises"]),
        faults="\n".join(f"- {fault}" for fault in results["faults"]) or "None.",
        dropped="\n".join(f"- {run}" for run in results["dropped"]) or "None.",
        **dict(zip(DATABASES, fastest, strict=True)),
    )


if __name__ == "__main__":
    print(page(json.loads(RESULTS.read_text())), end="")
