"""The playground's own time: the machine's, faster when asked, and put forward by hand.

Owns every pause and expiry of a stand-in. It must never decide how long a caller waits for an answer: that is real time.
"""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Seconds since 1970, at `speed` times the pace of the machine's clock."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._base = time.time()
        self._skipped = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """The present moment."""
        return self._base + self._skipped + (time.monotonic() - self._began) * self._speed

    def skip(self, seconds: float) -> None:
        """Puts the clock forward: whoever sleeps and is due then wakes."""
        self._skipped += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep(self, seconds: float) -> None:
        """Waits until so many seconds have gone by on this clock."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left / self._speed):
                    await moved.wait()
            except TimeoutError:
                return
