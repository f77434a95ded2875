"""One measured run and its figures; what the report is made of."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench import machine


@dataclass(slots=True)
class Run:
    """One scenario on one system in one round."""

    system: str
    scenario: str
    round: int
    figures: dict[str, float] = field(default_factory=dict)
    cpu_by_process: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    steal: float = 0.0
    strangers: float = 0.0
    bench_share: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether the machine was ours enough for the figures to mean something."""
        return self.steal + self.strangers <= machine.LIMIT

    @property
    def disturbance(self) -> str:
        """Who else had the machine: the host's other guests, and processes that are none of ours."""
        return f"steal {self.steal:.1%}, others {self.strangers:.1%}"


@dataclass(slots=True)
class Used:
    """CPU seconds of process trees, known when the watch has ended."""

    seconds: float = 0.0
    by_process: dict[str, float] = field(default_factory=dict)


@contextmanager
def watched(run: Run, roots: Sequence[int]) -> Iterator[Used]:
    """Measures over a block the CPU of the trees, of the benchmark's other parts, and who disturbed both."""
    used = Used()
    ticks, before, ours = machine.now(), machine.cpu_by_process(roots), machine.cpu([os.getpid()])
    yield used
    passed = machine.now().since(ticks)
    after = machine.cpu_by_process(roots)
    used.by_process = {title: seconds - before.get(title, 0.0) for title, seconds in after.items()}
    used.seconds = sum(used.by_process.values())
    ours = machine.cpu([os.getpid()]) - ours
    run.steal, run.strangers = passed.steal(), passed.strangers(ours)
    run.bench_share = (ours - used.seconds) * machine.SECOND / passed.total
