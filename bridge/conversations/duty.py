"""Whether anybody is there: which lines have nobody on duty, as far as Redis knows.

Owns a copy of a few seconds' age, so that no commit waits for it. It must never say that nobody is there where nobody
ever comes on duty, or while Redis is out: then the hours of a line alone count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime

import redis

from bridge.conversations.queue import Queue
from bridge.messages import LineName
from bridge.tasks import ending

EVERY = 5.0
"""Seconds between two looks."""


class Duty:
    """Knows the absent lines, in one process."""

    def __init__(self, queue: Queue) -> None:
        self.absent: frozenset[LineName] = frozenset()
        self._queue = queue

    async def run(self, lines: Collection[LineName]) -> None:
        """Looks again and again until cancelled."""
        while not ending():
            await self.look(lines)
            await asyncio.sleep(EVERY)

    async def look(self, lines: Collection[LineName]) -> None:
        """Brings what is known up to date."""
        try:
            self.absent = await self._queue.absent(lines, datetime.now(UTC))
        except (redis.RedisError, OSError):
            self.absent = frozenset()
