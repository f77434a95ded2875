"""The clock: it asks one sorted set what is due, and sweeps every two seconds for what was missed.

Owns the time the whole bridge goes by and the loop that rings. It must never decide what a timer means, nor rely on
Redis: while it is out, what is due is found in SQL.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import structlog

from bridge import errors, metrics
from bridge.conversations.effects import parse_timer
from bridge.conversations.heal import Heal
from bridge.conversations.router import Router
from bridge.conversations.timers import Timers
from bridge.tasks import ending

log = structlog.get_logger()

AT_ONCE = 500
NAP = 0.1
"""The longest sleep between two looks at the timers, in seconds."""
SWEEP = 2.0
SHARP = 0.05
"""A look at Redis's clock that took longer says too little, in seconds."""
JUMP = timedelta(seconds=2)
"""A difference that is not believed at once: leases and promises hang on the time."""


class Wall:
    """The time all processes share: this machine's clock, corrected by Redis's once a second."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._jumps = 0

    def now(self) -> datetime:
        """The moment that is now, for everybody."""
        return datetime.now(UTC) + self._offset

    async def adjust(self, client: Any) -> None:
        """Learns how far this machine's clock is from Redis's; what the round trip took counts half."""
        started = time.monotonic()
        seconds, micros = await client.time()
        took = time.monotonic() - started
        theirs = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros, seconds=took / 2)
        if took <= SHARP:
            self.learn(theirs - datetime.now(UTC))

    def learn(self, offset: timedelta) -> None:
        """Believes a small difference at once and a jump only when it is measured three times."""
        if abs(offset - self._offset) > JUMP:
            self._jumps += 1
            log.warning(
                "a clock has jumped", seconds=(offset - self._offset).total_seconds(), seen=self._jumps
            )
            if self._jumps < 3:
                return
        self._jumps = 0
        # Within the error of the measurement the machines agree, and time should not tremble.
        self._offset = offset if abs(offset) > timedelta(milliseconds=20) else timedelta()


class Clock:
    """Rings the timers of all dialogs and chores; any number of them may run."""

    def __init__(
        self,
        router: Router,
        timers: Timers,
        heal: Heal,
        wall: Wall,
        client: Any,
        chores: Mapping[str, timedelta],
        start_chore: Callable[[str], None],
    ) -> None:
        self._router = router
        self._timers = timers
        self._heal = heal
        self._wall = wall
        self._client = client
        self._chores = chores
        self._start_chore = start_chore

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever(self._ring))
            group.create_task(self._forever(self._sweep))
            group.create_task(self._forever(self._adjust))

    async def _forever(self, turn: Callable[[], Awaitable[float]]) -> None:
        """Takes turns until cancelled; each says how long to sleep. A store that is out only makes us wait."""
        while not ending():
            try:
                pause = await turn()
            except (redis.RedisError, OSError, errors.Unavailable) as error:
                log.debug("the clock waits", turn=turn.__name__, reason=str(error))
                pause = 1.0
            except Exception:
                log.exception("the clock stumbled", turn=turn.__name__)
                pause = 1.0
            await asyncio.sleep(pause)

    async def _ring(self) -> float:
        members, wait = await self._timers.claim(self._wall.now(), AT_ONCE)
        if members:
            await self._timers.done(await self._fire(members))
            return 0.0
        return NAP if wait is None else min(max(wait, 0.001), NAP)

    async def _fire(self, members: list[str]) -> list[str]:
        """Rings each; returns those that are over and done with."""
        outcomes = await asyncio.gather(*(self._one(member) for member in members), return_exceptions=True)
        done = []
        for member, outcome in zip(members, outcomes, strict=True):
            if isinstance(outcome, errors.Unavailable):
                continue
            if isinstance(outcome, BaseException):
                # It stays in the set and rings again: a rule that fails must be seen, not skipped.
                log.error("a timer failed", timer=member, reason=str(outcome))
                continue
            done.append(member)
        return done

    async def _one(self, member: str) -> None:
        subject, name, gen = parse_timer(member)
        if not subject.startswith("chore:"):
            if await self._router.expire(subject, name, gen):
                metrics.FIRED.inc()
            return
        chore = subject.removeprefix("chore:")
        if chore in self._chores and await self._router.chore(chore, gen, self._chores[chore]):
            metrics.FIRED.inc()
            self._start_chore(chore)

    async def _sweep(self) -> float:
        for chore in self._chores:
            await self._router.arm_chore(chore, self._wall.now())
        while not ending():
            try:
                if await self._heal.sweep(self._wall.now()):
                    log.info("redis was rebuilt from SQL")
            except (redis.RedisError, OSError):
                await self._fire_overdue()
            await asyncio.sleep(SWEEP)
        return 0.0

    async def _fire_overdue(self) -> None:
        """Rings what SQL says is due, and then what that has armed and is due as well: a step late delays no other."""
        rung: set[str] = set()
        while not ending():
            now = self._wall.now()
            effects = await asyncio.to_thread(self._heal.due, now)
            due = {member: at for member, at in effects.timers.items() if member not in rung}
            if not due:
                return
            for at in due.values():
                metrics.LATENESS.observe(now.timestamp() - (at or 0) / 1000)
            await self._fire(list(due))
            rung |= due.keys()

    async def _adjust(self) -> float:
        await self._wall.adjust(self._client)
        return 1.0
