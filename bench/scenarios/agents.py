"""Agents answer by the REST API: how long a reply takes to the customer's open page."""

import time

from bench.account import settle
from bench.parts import Generator, acknowledged
from bench.runs import Run, watched
from bench.scenarios.customers import PATIENCE, refusals, times, unstored
from bench.systems import System


def replies(
    system: System, load: Generator, dialogs: dict[str, str], *, rate: float, seconds: float, number: int
) -> Run:
    """Open loop at a rate over all dialogs; every customer has his page open."""
    run = Run(system.name, "replies", number)
    with watched(run, system.roots) as used:
        report = load.do("replies", rate=rate, seconds=seconds, dialogs=dialogs)
        sent = acknowledged(report)
        deadline = time.monotonic() + PATIENCE
        account = settle(sent, load.arrivals())
        while account.lost and time.monotonic() < deadline:
            time.sleep(0.5)
            account = settle(sent, load.arrivals())
    run.figures = {
        "rate": rate,
        "cpu_us": used.seconds / max(1, len(sent)) * 1e6,
        **times("ack", [one.acked_at - one.sent_at for one in sent]),
        **times("customer", account.took),
    }
    run.faults += account.faults + refusals(report) + unstored(system, sent)
    return run
