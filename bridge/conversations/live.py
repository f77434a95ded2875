"""Wake-ups of live pages: one subscription a process, any number of watchers.

Owns who watches what. A wake-up says only that something changed; the watcher reads SQL. It must never carry what
changed, and a lost wake-up must only cost time.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import redis
import structlog

from bridge.conversations.effects import EVERYTHING, LIVE
from bridge.tasks import ending

log = structlog.get_logger()

CALM = 0.25
"""A watcher is woken at most so often, in seconds."""
FEW = 40
"""So many watchers of one key are woken at once; a crowd is woken one after another."""
PACE = 0.005
"""Between two of a crowd, in seconds: 200 screens of one queue look again once a second, and never all together."""
HEARTBEAT = 15.0
HEARTBEAT_DEAF = 2.0
"""While Redis is out nobody calls: watchers look by themselves."""
LOOK = 60.0
"""A wake-up can be lost with the process that had to give it: so seldom a watcher looks by himself."""


class _Watcher:
    __slots__ = ("event", "keys", "touched")

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        self.event = asyncio.Event()
        self.touched: set[str] = set()

    def touch(self, keys: Iterable[str]) -> None:
        self.touched.update(keys)
        self.event.set()

    def take(self) -> frozenset[str]:
        touched = frozenset(self.touched)
        self.touched.clear()
        self.event.clear()
        return touched


class Hub:
    """Passes wake-ups on to this process's watchers, and rings to its hands."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.on_ring: Callable[[str], None] | None = None
        """Called with each destination that has work."""
        self._watchers: dict[str, set[_Watcher]] = {}
        self._crowd = 0
        self._queue: dict[_Watcher, set[str]] = {}
        """who of a crowd is still to be woken, in turn, and for what"""
        self._waking: asyncio.Task[None] | None = None
        self.deaf = True

    async def run(self) -> None:
        """Listens until cancelled; after a gap everybody looks again."""
        while not ending():
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(LIVE)
                    self.deaf = False
                    self._touch(self._watchers, everybody=True)
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
        """Yields all keys at once and now and then, those touched as they are, and nothing at each heartbeat."""
        watcher = _Watcher(keys)
        for key in watcher.keys:
            self._watchers.setdefault(key, set()).add(watcher)
        self._crowd += 1
        loop = asyncio.get_running_loop()
        looked = loop.time()
        try:
            yield watcher.keys
            while True:
                if not watcher.touched:
                    await self._wait(watcher)
                touched = watcher.take()
                # Also who is woken all the time: what he was not woken for is among his other keys.
                if loop.time() - looked > LOOK or (self.deaf and not touched):
                    touched, looked = watcher.keys, loop.time()
                yield touched
                if touched:
                    await asyncio.sleep(CALM)
        finally:
            self._forget(watcher)

    async def _wait(self, watcher: _Watcher) -> None:
        try:
            async with asyncio.timeout(self._heartbeat()):
                await watcher.event.wait()
        except TimeoutError:
            return

    def _heartbeat(self) -> float:
        """Apart from each other; and where each looks by himself, seldom enough that a full house can be read for."""
        beat = max(HEARTBEAT_DEAF, self._crowd * 0.004) if self.deaf else HEARTBEAT
        return beat * random.uniform(0.8, 1.2)  # noqa: S311

    def _forget(self, watcher: _Watcher) -> None:
        self._crowd -= 1
        self._queue.pop(watcher, None)
        for key in watcher.keys:
            others = self._watchers[key]
            others.discard(watcher)
            if not others:
                del self._watchers[key]

    def _pass_on(self, notice: dict[str, list[str]]) -> None:
        everybody = EVERYTHING in notice["wake"]
        self._touch(self._watchers if everybody else notice["wake"], everybody=everybody)
        if self.on_ring is not None:
            for destination in notice["ring"]:
                self.on_ring(destination)

    def _touch(self, keys: Iterable[str], *, everybody: bool = False) -> None:
        """Wakes who watches one of these: the few at once, a crowd in turn."""
        for key in keys:
            watchers = self._watchers.get(key, ())
            if (self._crowd if everybody else len(watchers)) > FEW:
                for watcher in watchers:
                    self._queue.setdefault(watcher, set()).add(key)
            else:
                for watcher in watchers:
                    watcher.touch((key,))
        if self._queue and (self._waking is None or self._waking.done()):
            self._waking = asyncio.create_task(self._wake_in_turn(), name="waking a crowd")

    async def _wake_in_turn(self) -> None:
        while self._queue:
            watcher = next(iter(self._queue))
            watcher.touch(self._queue.pop(watcher))
            await asyncio.sleep(PACE)
