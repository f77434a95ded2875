import os
import subprocess
import sys

import pytest

from bench import machine
from bench.runs import Run

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint(flush=True)\ntime.sleep(60)"


def test_steal_is_the_eighth_field_over_all_that_passed() -> None:
    before = machine.ticks("cpu  100 0 100 800 0 0 0 0 7 7\ncpu0 1 2 3\n")
    after = machine.ticks("cpu  150 0 110 820 0 0 0 20 9 9\n")
    assert after.since(before).steal() == pytest.approx(0.2)
    assert before.since(before).steal() == 0


def test_what_was_busy_and_not_ours_was_somebody_elses() -> None:
    passed = machine.Ticks(total=2000, busy=1000, stolen=0)
    assert passed.strangers(ours=700 / machine.SECOND) == pytest.approx(0.15)
    assert passed.strangers(ours=1010 / machine.SECOND) == 0  # the two clocks differ by a tick or so


def test_a_machine_shared_with_others_spoils_a_run() -> None:
    assert Run("sqlite", "half", 1, steal=0.04, strangers=0.05).clean
    assert not Run("sqlite", "half", 1, steal=0.04, strangers=0.07).clean


def test_the_time_of_a_child_that_has_ended_is_not_forgotten() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            parent.stdout.readline()
            assert machine.cpu([parent.pid]) >= 0.29
        finally:
            parent.kill()


def test_memory_counts_the_whole_tree_and_shared_pages_once() -> None:
    used = machine.memory([os.getpid()])
    assert 5e6 < used.proportional <= used.resident


def test_processes_are_named_as_a_reader_would_say_it() -> None:
    assert machine.title(["/x/python3.11", "-m", "bridge", "run", "--roles", "web", "--config", "a"]) == (
        "bridge run --roles web"
    )
    assert machine.title(["/x/python", "/x/bin/bridge", "run"]) == "bridge run"
    assert machine.title(["/x/python", "/x/bin/rq", "worker", "high"]) == "rq worker"
    assert machine.title(["/usr/lib/postgresql/15/bin/postgres", "-D", "/tmp/x"]) == "postgres"
    assert machine.title(["postgres: walwriter "]) == "postgres"
    assert machine.title(["/x/valkey-server unixsocket:/tmp/s"]) == "valkey-server"
