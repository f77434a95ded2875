"""What Prometheus is told: counters of this process, and gauges of the whole house that are read when it asks.

Owns the names and the text of /metrics; docs/operations.md says what each is for. It must never know where the facts
come from, nor put into a label anything that a customer wrote or is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]

# The prefix keeps our redis_up apart from the one of a Redis exporter beside us.
RECEIVED = Counter("bridge_messages_received", "Contacts' messages taken, repeats aside.", ["channel"])
POSTS = Counter("bridge_posts", "Tries to send, by what became of them.", ["destination", "state"])
FIRED = Counter("bridge_timers_fired", "Timers that have taken effect.")
LATENESS = Histogram(
    "bridge_timer_lateness_seconds",
    "How long after its moment a timer rang.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
COMMITS = Counter("bridge_commits", "Transactions of the committer.")
BATCH = Histogram(
    "bridge_commit_batch_size", "Commands in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
CHANNEL_UP = Gauge("bridge_channel_up", "1 while a channel or desk says that it works.", ["destination"])
REDIS_UP = Gauge("bridge_redis_up", "1 while Redis answers this process.")


@dataclass(frozen=True, slots=True)
class House:
    """What SQL says of all processes together, at one moment."""

    open: Mapping[str, int]
    """line → dialogs whose contact waits for us"""
    overdue: Mapping[str, int]
    """line → those of them whose promised time is over"""
    unfinished: Mapping[str, tuple[int, float]]
    """state → posts that are not settled, and the age of the oldest in seconds"""


def exposition(house: House | None) -> bytes:
    """The text of /metrics; without the house's gauges when SQL could not be asked."""
    text = generate_latest()
    if house is not None:
        registry = CollectorRegistry()
        registry.register(_Gauges(house))
        text += generate_latest(registry)
    return text


class _Gauges(Collector):
    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[GaugeMetricFamily]:
        house = self._house
        rows = {state: count for state, (count, _) in house.unfinished.items()}
        ages = {state: age for state, (_, age) in house.unfinished.items()}
        yield _gauge("bridge_dialogs_open", "Dialogs whose contact waits for us.", "line", house.open)
        yield _gauge("bridge_promises_overdue", "Promises whose time is over.", "line", house.overdue)
        yield _gauge("bridge_outbox_rows", "Posts that are not settled.", "state", rows)
        yield _gauge("bridge_outbox_oldest_seconds", "The age of the oldest of them.", "state", ages)


def _gauge(name: str, help: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=[label])
    for word, value in values.items():
        family.add_metric([word], value)
    return family
