"""Wake-ups of the playground's page: that something has changed, never what.

Owns who listens. It must never wait for a listener.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

APART = 0.1
BEAT = 15.0


class Changes:
    """Keys that were touched, for whoever listens."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._over = False

    def touch(self, key: str) -> None:
        """Something under this key is different now."""
        for listener in self._listeners:
            listener.keys.add(key)
            listener.woken.set()

    def close(self) -> None:
        """Whoever listens is let go, and nobody listens any more."""
        self._over = True
        for listener in self._listeners:
            listener.woken.set()

    async def follow(self) -> AsyncIterator[frozenset[str]]:
        """Yields the keys touched since the last time, ten times a second at most, and none every 15 seconds."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield frozenset()
            while not self._over:
                try:
                    async with asyncio.timeout(BEAT):
                        await listener.woken.wait()
                except TimeoutError:
                    yield frozenset()
                    continue
                listener.woken.clear()
                keys, listener.keys = listener.keys, set()
                yield frozenset(keys)
                await asyncio.sleep(APART)
        finally:
            self._listeners.discard(listener)


class _Listener:
    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.woken = asyncio.Event()
