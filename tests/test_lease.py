"""Whether a holder is dead: only what certainly never runs again is called so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from bridge import lease

SAY = "from bridge import lease; print(lease.myself(), flush=True); input()"


def started() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_process_knows_its_name_and_lives() -> None:
    assert lease.myself() == lease.myself()
    assert not lease.is_dead(lease.myself())


def test_one_that_was_killed_is_dead_even_before_its_parent_has_looked_after_it() -> None:
    process, name = started()
    assert not lease.is_dead(name)
    process.send_signal(signal.SIGSTOP)
    assert not lease.is_dead(name), "it may go on"
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert lease.is_dead(name)
    process.communicate()
    assert lease.is_dead(name)


def test_another_process_with_the_same_number_is_not_the_holder() -> None:
    place, pid, begun = lease.myself().rsplit("/", 2)
    assert lease.is_dead(f"{place}/{pid}/{int(begun) - 1}")


def test_what_runs_where_we_cannot_look_is_left_to_its_time() -> None:
    host, boot, names, _, begun = lease.myself().split("/")
    gone = 2**22 + 1  # no such process: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html, pid_max
    assert lease.is_dead(f"{host}/{boot}/{names}/{gone}/{begun}")
    for place in (f"other/{boot}/{names}", f"{host}/another-boot/{names}", f"{host}/{boot}/1", f"{host}//"):
        assert not lease.is_dead(f"{place}/{gone}/{begun}"), place
    for other in ("", "host:17", f"{host}/{boot}/{names}/{gone}/0", f"{host}/{boot}/{names}/x/1"):
        assert not lease.is_dead(other), other
