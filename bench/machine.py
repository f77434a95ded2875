"""What the machine gave and what it took: CPU and memory of process trees, and steal from /proc/stat.

Reads only; starts and stops nothing.
"""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

LIMIT = 0.10  # a run that lost more of the machine than this says nothing about the bridge
SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ticks:
    """The machine's clock ticks since its boot: all, those in processes, and those another guest took."""

    total: int
    busy: int
    stolen: int

    def since(self, before: "Ticks") -> "Ticks":
        """The ticks between two readings."""
        return Ticks(self.total - before.total, self.busy - before.busy, self.stolen - before.stolen)

    def steal(self) -> float:
        """The share of the machine that was stolen."""
        return self.stolen / self.total if self.total else 0.0

    def strangers(self, ours: float) -> float:
        """The share of the machine that other processes had, when ours had that many seconds of CPU."""
        return max(0.0, (self.busy - ours * SECOND) / self.total) if self.total else 0.0


def ticks(stat: str) -> Ticks:
    """Reads the first line of /proc/stat (user nice system idle iowait irq softirq steal …)."""
    values = [int(value) for value in stat.splitlines()[0].split()[1:9]]
    return Ticks(sum(values), sum(values[:3]), values[7])


def now() -> Ticks:
    """The ticks at this moment."""
    return ticks(Path("/proc/stat").read_text())


def tree(roots: Sequence[int]) -> Iterator[psutil.Process]:
    """Every living process of these trees."""
    for root in roots:
        process = psutil.Process(root)
        yield process
        yield from process.children(recursive=True)


def cpu_by_process(roots: Sequence[int]) -> dict[str, float]:
    """CPU seconds of every process of these trees by name, with those of its children that have ended."""
    seconds: dict[str, float] = {}
    for process in tree(roots):
        try:
            times, said = process.cpu_times(), name(process)
        except psutil.NoSuchProcess:
            continue  # it ended between listing and reading; its parent carries its time from now on
        used = times.user + times.system + times.children_user + times.children_system
        seconds[said] = seconds.get(said, 0.0) + used
    return seconds


def cpu(roots: Sequence[int]) -> float:
    """CPU seconds of these trees, ended children included."""
    return sum(cpu_by_process(roots).values())


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of process trees in bytes: resident, and resident with shared pages divided among their owners."""

    resident: int
    proportional: int


def memory(roots: Sequence[int]) -> Memory:
    """The memory of these trees now."""
    resident = proportional = 0
    for process in tree(roots):
        try:
            used = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue  # it ended between listing and reading and has no memory any more
        resident += used.rss
        proportional += used.pss
    return Memory(resident, proportional)


def layout(roots: Sequence[int]) -> list[str]:
    """The processes of these trees by name, with their number where there is more than one."""
    names: dict[str, int] = {}
    for process in tree(roots):
        try:
            said = name(process)
        except psutil.NoSuchProcess:
            continue  # it ended between listing and reading
        names[said] = names.get(said, 0) + 1
    return [said if count == 1 else f"{said} ×{count}" for said, count in names.items()]


def name(process: psutil.Process) -> str:
    """A process's name as a reader would say it."""
    return title(process.cmdline()) or process.name()


def title(words: Sequence[str]) -> str:
    """The part of a command line that tells what runs: `bridge run --roles web`, not the interpreter's path."""
    rest = [word for word in words if word]
    if rest and Path(rest[0]).name.startswith("python"):
        rest = rest[2:] if rest[1:2] == ["-m"] else rest[1:]
    if not rest:
        return ""
    said = [Path(rest[0].split(" ")[0]).name.split(":")[0]]
    for word, following in pairwise([*rest[1:], ""]):
        if word in {"run", "worker"}:
            said.append(word)
        elif word == "--roles":
            said += [word, following]
    return " ".join(said)


def facts() -> dict[str, object]:
    """The machine in a few words, for the head of a report."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
