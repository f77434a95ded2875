"""One measured run and its figures; what the report is made of."""

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

    @property
    def clean(self) -> bool:
        """Whether the machine was ours enough for the figures to mean something."""
        return self.steal <= machine.STEAL_LIMIT


@dataclass(slots=True)
class Used:
    """CPU seconds of process trees, known when the watch has ended."""

    seconds: float = 0.0
    by_process: dict[str, float] = field(default_factory=dict)


@contextmanager
def watched(run: Run, roots: Sequence[int]) -> Iterator[Used]:
    """Measures the CPU of the trees and the steal of the machine over a block."""
    used = Used()
    ticks, before = machine.now(), machine.cpu_by_process(roots)
    yield used
    run.steal = machine.steal(ticks, machine.now())
    after = machine.cpu_by_process(roots)
    used.by_process = {title: seconds - before.get(title, 0.0) for title, seconds in after.items()}
    used.seconds = sum(used.by_process.values())
