"""What the platforms were asked, and what they said of it.

Owns the list of calls with their verdicts, bounded. It must never keep the bytes of a file or a token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["valid", "refused", "invalid"]


@dataclass(slots=True)
class Call:
    """One call of a platform's API.

    `problems` are the rules it broke, in words; `error` is what the platform answered instead of a result; `fault` is the
    scripted mishap that befell it. `at` is a moment of the playground's clock, `took` real seconds.
    """

    number: int
    at: float
    platform: str
    account: str
    method: str
    arguments: dict[str, Any]
    place: str = ""
    problems: list[str] = field(default_factory=list)
    status: int = 0
    result: Any = None
    error: str = ""
    fault: str = ""
    took: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """`invalid` broke a rule that a caller can know; `refused` asked for what cannot be now (blocked, gone, no right)."""
        if self.problems:
            return "invalid"
        return "refused" if self.error else "valid"


class Calls:
    """The latest calls; the oldest are forgotten beyond `most`, but how many were invalid is not."""

    def __init__(self, most: int, changed: Callable[[str], None]) -> None:
        self._kept: deque[Call] = deque(maxlen=most)
        self._changed = changed
        self.count = 0
        self.invalid_count = 0

    def __iter__(self) -> Iterator[Call]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, at: float, platform: str, account: str, method: str, arguments: dict[str, Any]) -> Call:
        """Writes a call down before anything is done about it."""
        self.count += 1
        call = Call(self.count, at, platform, account, method, arguments)
        self._kept.append(call)
        return call

    def end(self, call: Call) -> None:
        """Its verdict stands."""
        if call.verdict == "invalid":
            self.invalid_count += 1
        self._changed("calls")

    def of(self, method: str, place: str | None = None) -> list[Call]:
        """The calls of one method, in one place when it is named."""
        return [call for call in self._kept if call.method == method and place in (None, call.place)]

    def invalid(self) -> list[Call]:
        """Those that broke a rule; a suite asserts that there are none."""
        return [call for call in self._kept if call.verdict == "invalid"]

    def forget(self) -> None:
        """As if nothing had been asked yet."""
        self._kept.clear()
        self.count = self.invalid_count = 0
        self._changed("calls")
