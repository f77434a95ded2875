"""The account of a run: every acknowledged message arrived once, in order, and how long it took.

Pure: it is given what was acknowledged and what arrived, and judges.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.marker import Marker


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that the bridge acknowledged; moments are monotonic nanoseconds."""

    marker: Marker
    sent_at: int
    acked_at: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message at its far end, under the key its deliverer gave it."""

    marker: Marker
    key: str
    at: int


@dataclass(slots=True)
class Account:
    """What was lost, doubled or disordered, and when each acknowledged message arrived."""

    lost: list[Marker] = field(default_factory=list)
    doubled: list[Marker] = field(default_factory=list)
    disordered: list[Marker] = field(default_factory=list)
    repeats: int = 0
    arrived: list[tuple[Sent, int]] = field(default_factory=list)

    @property
    def took(self) -> list[int]:
        """The nanoseconds from sending to arrival."""
        return [at - one.sent_at for one, at in self.arrived]

    def through(self, until: int) -> int:
        """The number of messages that were acknowledged and had arrived by a moment."""
        return sum(one.acked_at <= until and at <= until for one, at in self.arrived)

    @property
    def faults(self) -> list[str]:
        """What a reader must know, in words; empty when nothing is wrong."""
        kinds = {"lost": self.lost, "doubled": self.doubled, "out of order": self.disordered}
        return [
            f"{len(markers)} {kind}, e.g. {', '.join(map(str, markers[:5]))}"
            for kind, markers in kinds.items()
            if markers
        ]


def settle(sent: Iterable[Sent], arrivals: Iterable[Arrival]) -> Account:
    """Holds what was acknowledged against what arrived.

    The same key again is a repeated delivery, which a receiver drops by the key; another key is a double.
    """
    account = Account()
    first: dict[Marker, Arrival] = {}
    for arrival in sorted(arrivals, key=lambda one: one.at):
        known = first.setdefault(arrival.marker, arrival)
        if known is not arrival:
            if known.key == arrival.key:
                account.repeats += 1
            else:
                account.doubled.append(arrival.marker)
    account.disordered = _disordered(first)
    for one in sent:
        found = first.get(one.marker)
        if found is None:
            account.lost.append(one.marker)
        else:
            account.arrived.append((one, found.at))
    return account


def _disordered(first: Iterable[Marker]) -> list[Marker]:
    """The markers that arrived after a later one of the same author and visitor."""
    last: dict[tuple[str, int], int] = defaultdict(lambda: -1)
    late = []
    for marker in first:
        lane = (marker.author, marker.visitor)
        if marker.number < last[lane]:
            late.append(marker)
        else:
            last[lane] = marker.number
    return late
