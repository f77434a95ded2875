"""Wake-ups of live pages: one subscription a process, any number of watchers.

Owns who watches what. A wake-up says only that something changed; the watcher reads SQL. It must never carry what
changed, and a lost wake-up must only cost time.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import redis
import structlog

from bridge.conversations.effects import LIVE
from bridge.conversations.hints import ending

log = structlog.get_logger()

CALM = 0.25
"""A watcher is woken at most so often, in seconds."""
HEARTBEAT = 15.0
HEARTBEAT_DEAF = 2.0
"""While Redis is out nobody calls: watchers look by themselves."""


class _Watcher:
    __slots__ = ("event", "touched")

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.touched: set[str] = set()


class Hub:
    """Passes wake-ups on to this process's watchers, and rings to its hands."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.on_ring: Callable[[str], None] | None = None
        """Called with each destination that has work."""
        self._watchers: dict[str, set[_Watcher]] = {}
        self._crowd = 0
        self.deaf = True

    async def run(self) -> None:
        """Listens until cancelled; after a gap everybody looks again."""
        while not ending():
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(LIVE)
                    self._hear()
                    while not ending():
                        notice = await subscription.get_message(timeout=30.0)
                        if notice is not None:
                            self._pass_on(json.loads(notice["data"]))
            except (redis.RedisError, OSError) as error:
                if not self.deaf:
                    log.warning("live wake-ups are out: pages look by themselves", reason=str(error))
                self.deaf = True
                await asyncio.sleep(1.0)

    async def watch(self, *keys: str) -> AsyncIterator[frozenset[str]]:
        """Yields at once, then whenever a key was touched (at most four times a second), and at each heartbeat."""
        watcher = _Watcher()
        for key in keys:
            self._watchers.setdefault(key, set()).add(watcher)
        self._crowd += 1
        try:
            while True:
                touched = frozenset(watcher.touched)
                watcher.touched.clear()
                watcher.event.clear()
                yield touched
                if touched:
                    await asyncio.sleep(CALM)
                if not watcher.touched:
                    await self._wait(watcher)
        finally:
            self._crowd -= 1
            for key in keys:
                others = self._watchers[key]
                others.discard(watcher)
                if not others:
                    del self._watchers[key]

    async def _wait(self, watcher: _Watcher) -> None:
        try:
            async with asyncio.timeout(self._heartbeat()):
                await watcher.event.wait()
        except TimeoutError:
            return

    def _heartbeat(self) -> float:
        """Apart from each other, and seldom enough that a house full of visitors can still be read for."""
        crowd = self._crowd / 1000
        beat = max(HEARTBEAT_DEAF, crowd * 4) if self.deaf else max(HEARTBEAT, crowd * 4)
        return beat * random.uniform(0.8, 1.2)  # noqa: S311

    def _hear(self) -> None:
        self.deaf = False
        for key, watchers in self._watchers.items():
            for watcher in watchers:
                watcher.touched.add(key)
                watcher.event.set()

    def _pass_on(self, notice: dict[str, list[str]]) -> None:
        for key in notice["wake"]:
            for watcher in self._watchers.get(key, ()):
                watcher.touched.add(key)
                watcher.event.set()
        if self.on_ring is not None:
            for destination in notice["ring"]:
                self.on_ring(destination)
