"""Many open desks and visitors' pages while customers write: how soon a screen shows what was said, and how often it is woken."""

import time

from bench.account import Arrival, Sent, settle
from bench.figures import milliseconds
from bench.marker import Marker
from bench.parts import Generator, Sink, acknowledged, dialogs
from bench.runs import Run, watched
from bench.scenarios.customers import PATIENCE, drain, refusals, unstored
from bench.systems import System

DESKS = 200
VISITORS = 2000
RATE = 50.0


def screens(
    system: System,
    load: Generator,
    sink: Sink,
    *,
    seconds: float,
    number: int,
    desks: int | None = None,
    visitors: int | None = None,
) -> Run:
    """Every visitor has his page open, every agent one visitor's dialog; customers write in an open loop."""
    run = Run(system.name, "screens", number)
    desks, visitors = desks or DESKS, visitors or VISITORS
    load.do("sessions", visitors=visitors)
    sink.reset()
    drain(acknowledged(load.do("once")), sink, run)
    load.do("streams", count=visitors)
    known = dialogs(sink.records())
    shown = dict(list(known.items())[:desks])
    load.do("desks", dialogs=shown)
    with watched(run, system.roots) as used:
        report = load.do("open", rate=RATE, seconds=seconds)
        sent = acknowledged(report)
        theirs = [one for one in sent if str(one.marker.visitor) in shown]
        took = _shown(load, theirs)
    pushes = load.do("pushes")
    run.figures = {
        "desks": len(shown),
        "visitors": visitors,
        "rate": RATE,
        "shown_p50_ms": milliseconds(took, 0.50),
        "shown_p95_ms": milliseconds(took, 0.95),
        "pushes_a_second": float(pushes["most"]),
        "cpu_us": used.seconds / max(1, len(sent)) * 1e6,
    }
    if len(took) < len(theirs):
        run.faults.append(f"{len(theirs) - len(took)} of {len(theirs)} messages never stood on their screen")
    run.faults += refusals(report) + unstored(system, sent)
    return run


def _shown(load: Generator, sent: list[Sent]) -> list[int]:
    """How long each message took to its desk's screen, in nanoseconds; waits for the last of them."""
    deadline = time.monotonic() + PATIENCE
    while True:
        arrivals = [
            Arrival(Marker(author, visitor, count), key, at)
            for author, visitor, count, key, at in load.do("screens")["arrivals"]
            if author == "customer"
        ]
        account = settle(sent, arrivals)
        if not account.lost or time.monotonic() > deadline:
            return account.took
        time.sleep(0.5)
