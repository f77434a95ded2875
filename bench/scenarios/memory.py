"""The bridge at rest: the memory of its processes and of an open page, and the time until its first page."""

import time

from bench import machine
from bench.parts import Generator, Sink, acknowledged
from bench.runs import Run
from bench.scenarios.customers import drain
from bench.systems import System

SETTLED = 10.0  # seconds after which start-up is over
STREAMS = 500
OPENED = 2.0  # seconds after which the last stream is as silent as the first


def idle(system: System, number: int, scenario: str) -> Run:
    """What a bridge needs with nothing to do."""
    run = Run(system.name, scenario, number)
    time.sleep(SETTLED)
    used = machine.memory(system.roots)
    run.figures = {
        "first_page_s": system.started_in,
        "resident_mb": used.resident / 1e6,
        "proportional_mb": used.proportional / 1e6,
    }
    return run


def streams(system: System, load: Generator, sink: Sink, number: int) -> Run:
    """What one more customer's open, silent page costs; each of them has a dialog."""
    run = Run(system.name, "streams", number)
    sink.reset()
    load.do("sessions", visitors=STREAMS)
    drain(acknowledged(load.do("once")), sink, run)
    before = machine.memory([system.web]).resident
    load.do("streams", count=STREAMS)
    time.sleep(OPENED)
    after = machine.memory([system.web]).resident
    run.figures = {"stream_kb": (after - before) / STREAMS / 1e3}
    return run
