"""The book of mishaps to come: which call or update they befall, and how.

Owns the script and its counting down. It must never carry a mishap out: the door of a platform does that to a call, its
delivery to an update.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal["error", "drop", "cut", "slow", "hang", "flood", "duplicate", "reorder"]
CALL_KINDS = frozenset({"error", "drop", "cut", "slow", "hang", "flood"})
UPDATE_KINDS = frozenset({"duplicate", "reorder"})


@dataclass(slots=True)
class Fault:
    """A mishap that befalls the next `times` calls (or updates) that match; with 0 times until it is struck out.

    Calls: `error` answers `status`; `drop` closes the connection without a byte; `cut` closes it within the answer;
    `slow` answers after `seconds`; `hang` never answers and keeps the connection (half-open), for `seconds` at most;
    `flood` answers 429 with Retry-After and `seconds` to wait. With `taken` the platform has done what it was asked all the
    same, as after a lost answer.
    Updates: `duplicate` delivers twice; `reorder` delivers after the next one.
    `method` and `place` may hold `*`; for updates `method` is the update's kind.
    """

    kind: Kind
    method: str = "*"
    place: str = "*"
    platform: str = "*"
    account: str = "*"
    times: int = 1
    status: int = 500
    seconds: float = 1.0
    taken: bool = False
    number: int = 0

    def befalls(self, kinds: frozenset[str], platform: str, account: str, method: str, place: str) -> bool:
        """Whether it is meant for this one."""
        pairs = (
            (platform, self.platform),
            (account, self.account),
            (method.lower(), self.method.lower()),
            (place, self.place),
        )
        return self.kind in kinds and all(fnmatchcase(is_, wanted) for is_, wanted in pairs)


class Faults:
    """What is still to befall, in the order in which it was written."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._book: list[Fault] = []
        self._numbers = 0
        self._changed = changed

    @property
    def waiting(self) -> list[Fault]:
        """Those still to come."""
        return list(self._book)

    def script(self, fault: Fault) -> Fault:
        """Adds a mishap; it comes after those written before it."""
        self._numbers += 1
        fault.number = self._numbers
        self._book.append(fault)
        self._changed("faults")
        return fault

    def take_for_call(self, platform: str, account: str, method: str, place: str) -> Fault | None:
        """The mishap that befalls this call, counted down."""
        return self._take(CALL_KINDS, platform, account, method, place)

    def take_for_update(self, platform: str, account: str, kind: str, place: str) -> Fault | None:
        """The mishap that befalls this update, counted down."""
        return self._take(UPDATE_KINDS, platform, account, kind, place)

    def strike(self, number: int) -> None:
        """Takes one out of the book."""
        self._book = [fault for fault in self._book if fault.number != number]
        self._changed("faults")

    def forget(self) -> None:
        """Nothing is to befall any more."""
        self._book.clear()
        self._changed("faults")

    def _take(
        self, kinds: frozenset[str], platform: str, account: str, method: str, place: str
    ) -> Fault | None:
        for fault in self._book:
            if fault.befalls(kinds, platform, account, method, place):
                if fault.times:
                    fault.times -= 1
                    if not fault.times:
                        self._book.remove(fault)
                    self._changed("faults")
                return fault
        return None
