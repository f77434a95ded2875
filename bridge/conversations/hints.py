"""The way of a commit's effects to Redis: gathered while one round trip is under way, sent in the next.

Owns when Redis is told, never what SQL says. Losing hints is harmless: heal rings again what is due. It must never
make a caller wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

import redis
import structlog

from bridge.conversations.effects import EPOCH, EVERYTHING, Effects

log = structlog.get_logger()

GATHER = 0.01
"""Seconds to wait for more under load: each round trip wakes every process that listens."""
BUSY = 0.05
"""It is load when Redis was told something so short a while ago."""


class Hints:
    """Sends effects from any thread to Redis by an event loop."""

    def __init__(self, client: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self._pending = Effects()
        self._task: asyncio.Task[None] | None = None
        self._told_at = 0.0
        self.reachable = True

    def add(self, effects: Effects) -> None:
        """May be called from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._gather, effects)

    def _gather(self, effects: Effects) -> None:
        self._pending.merge(effects)
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._send())

    async def settled(self) -> None:
        """Returns when all that was added is told or refused: only then may the client be closed."""
        await asyncio.sleep(0)  # what other threads have added comes in
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _send(self) -> None:
        while self._pending:
            if self._loop.time() - self._told_at < BUSY:
                await asyncio.sleep(GATHER)
            self._told_at = self._loop.time()
            effects, self._pending = self._pending, Effects()
            pipe = self._client.pipeline(transaction=False)
            effects.push(pipe)
            try:
                await pipe.execute()
                if not self.reachable:
                    # Redis may have kept all but what we could not tell: then the next sweep tells everything.
                    await self._client.delete(EPOCH)
                    self._pending.wakes.add(EVERYTHING)
                self.note(reachable=True)
            except (redis.RedisError, OSError) as error:
                self.note(reachable=False, reason=str(error))

    def note(self, *, reachable: bool, reason: str = "") -> None:
        """Remembers whether Redis answers, and says so once when that changes."""
        if reachable != self.reachable:
            self.reachable = reachable
            if reachable:
                log.info("redis answers again")
            else:
                log.warning("redis is out: work is found in SQL every two seconds", reason=reason)


def send_now(client: Any, effects: Effects) -> None:
    """The same for a process without an event loop."""
    pipe = client.pipeline(transaction=False)
    effects.push(pipe)
    try:
        pipe.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("redis is out: work is found in SQL every two seconds", reason=str(error))
