"""Customers write: how many messages a second go through, and how long one takes at half of that."""

import time

from bench.account import Account, Sent, settle
from bench.figures import milliseconds
from bench.parts import Generator, Sink, acknowledged, customers_arrivals
from bench.runs import Run, watched
from bench.systems import FLOOR, System, stored

QUIET = 0.5  # seconds without a new post after which the sink is looked through
PATIENCE = 15.0  # seconds without a new post after which what is missing is lost


def capacity(
    system: System, load: Generator, sink: Sink, *, seconds: float, number: int, scenario: str = "capacity"
) -> Run:
    """Closed loop: every connection writes again when answered; counts what is acknowledged and has arrived."""
    run = Run(system.name, scenario, number)
    sink.reset()
    with watched(run, system.roots) as used:
        report = load.do("closed", seconds=seconds)
        sent = acknowledged(report)
        account = drain(sent, sink, run)
    run.figures = {
        "per_second": account.through(report["ended_at"]) / seconds,
        "cpu_us": used.seconds / max(1, len(sent)) * 1e6,
        **times("ack", [one.acked_at - one.sent_at for one in sent]),
    }
    run.cpu_by_process = {title: taken / max(1, len(sent)) * 1e6 for title, taken in used.by_process.items()}
    run.faults += refusals(report) + unstored(system, sent)
    return run


def steady(
    system: System,
    load: Generator,
    sink: Sink,
    *,
    rate: float,
    seconds: float,
    number: int,
    scenario: str,
    platform: str | None = None,
) -> Run:
    """Open loop at a rate: the times of acknowledgement and of arrival at the desk; in the site chat or on a platform."""
    run = Run(system.name, scenario, number)
    sink.reset()
    with watched(run, system.roots) as used:
        if platform is None:
            report = load.do("open", rate=rate, seconds=seconds)
        else:
            report = load.do("updates", rate=rate, seconds=seconds, platform=platform)
        sent = acknowledged(report)
        account = drain(sent, sink, run)
    run.figures = {
        "rate": rate,
        "cpu_us": used.seconds / max(1, len(sent)) * 1e6,
        **times("ack", [one.acked_at - one.sent_at for one in sent]),
        **times("desk", account.took),
    }
    run.faults += refusals(report) + unstored(system, sent)
    return run


def times(name: str, nanoseconds: list[int]) -> dict[str, float]:
    """The two percentiles of a way, in milliseconds."""
    return {
        f"{name}_p50_ms": milliseconds(nanoseconds, 0.50),
        f"{name}_p99_ms": milliseconds(nanoseconds, 0.99),
    }


def drain(sent: list[Sent], sink: Sink, run: Run) -> Account:
    """Waits until everything acknowledged has arrived, or nothing more comes, and settles the account."""
    count, since = sink.count(), time.monotonic()
    while True:
        time.sleep(QUIET)
        now = sink.count()
        if now != count:
            count, since = now, time.monotonic()
            continue
        records = sink.records()
        account = settle(sent, customers_arrivals(records))
        if not account.lost or time.monotonic() - since > PATIENCE:
            break
    run.faults += account.faults
    unsigned = sum(not record.signed for record in records)
    if unsigned and run.system != FLOOR:
        run.faults.append(f"{unsigned} posts without a valid signature")
    return account


def unstored(system: System, sent: list[Sent]) -> list[str]:
    """What was acknowledged and is not in SQL, in words."""
    if system.database is None:
        return []
    texts = set(stored(system.database))
    missing = sum(one.marker.text() not in texts for one in sent)
    return [f"{missing} acknowledged messages are not in SQL"] if missing else []


def refusals(report: dict[str, dict[str, int]]) -> list[str]:
    """What was refused, in words: a benchmark's customers give no reason to be."""
    return [f"{count} messages refused: {reason}" for reason, count in report["refused"].items()]
