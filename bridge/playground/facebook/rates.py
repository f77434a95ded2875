"""How often a page may write, by Meta's page on rate limits.

Owns the counting. It must never count while the limits are off.
"""

from __future__ import annotations

from collections import deque

from bridge.playground.clock import Clock

SECOND = 1.0
TEXT_PER_SECOND = 300
"""Text, links, reactions and stickers; pictures and files are not named and counted as these."""
SOUND_PER_SECOND = 10
"""Audio and video."""
USER_PER_MINUTE = 30
"""Of one conversation; Facebook has such a limit and tells no number [unverified]."""


class Rates:
    """When each page has written lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: dict[tuple[str, str], deque[float]] = {}

    def exceeded(self, page: str, person: str, *, sound: bool) -> bool:
        """Whether one more is too many; else it is counted."""
        bounds = [
            (
                f"{page}/{'sound' if sound else 'text'}",
                SOUND_PER_SECOND if sound else TEXT_PER_SECOND,
                SECOND,
            ),
            (f"{page}/{person}", USER_PER_MINUTE, 60.0),
        ]
        now = self._clock.now()
        found = []
        for name, most, span in bounds:
            times = self._times.setdefault((page, name), deque())
            while times and now - times[0] >= span:
                times.popleft()
            found.append((times, most))
        if any(len(times) >= most for times, most in found):
            return True
        for times, _ in found:
            times.append(now)
        return False
