"""Who holds what: the name of this process among all, and whether the holder of another name is known to be dead.

Owns that name. It must never call a process dead that may still live: what runs on another machine, or where we cannot
look, is left to its time.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

PROC = Path("/proc")
DEAD = "ZX"
"""States of a process that will never run again, though its parent has not looked after it yet."""


def myself() -> str:
    """A name that no other process bears, now or later: host, boot, process namespace, process id, start."""
    started = _started(os.getpid())
    return "/".join((socket.gethostname(), *_place(), str(os.getpid()), started or "0"))


def is_dead(holder: str) -> bool:
    """True when that process ran where we run and does not run any more; False whenever that is not certain."""
    here = (socket.gethostname(), *_place())
    match holder.split("/"):
        case [*place, pid, started] if (*place,) == here and "" not in here and started != "0":
            return pid.isdecimal() and _started(int(pid)) != started
        case _:
            return False


def _place() -> tuple[str, str]:
    """This boot of this machine, and the namespace in which process ids mean something here; "" where unknown."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return boot, str((PROC / "self/ns/pid").stat().st_ino)
    except OSError:
        return "", ""


def _started(pid: int) -> str | None:
    """When a process was started, in ticks since the boot; None when there is none that could run.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, in parentheses, may hold anything.
    """
    try:
        _, _, fields = (PROC / str(pid) / "stat").read_text().rpartition(")")
    except OSError:
        return None
    state, *others = fields.split()
    return None if state in DEAD else others[18]
