"""The queue of a line: unclaimed open dialogs by due time, and who is on duty. Both live in Redis and are hints.

Owns reading them; commits write the queue by their effects. It must never claim: SQL decides who wins.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from bridge.conversations.effects import QUEUE, milliseconds
from bridge.messages import AgentId, DialogId, LineName

DUTY = "bridge:duty:"
"""+ line: sorted set of agents by the moment (ms) until which they count as on duty."""


class Queue:
    """The queues and duty lists of one Redis."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def waiting(self, line: LineName, limit: int = 20) -> list[DialogId]:
        """The most urgent dialogs of a line, soonest due first."""
        return [DialogId(int(member)) for member in await self._redis.zrange(QUEUE + line, 0, limit - 1)]

    async def drop(self, line: LineName, dialog: DialogId) -> None:
        """Takes off what SQL says does not wait there."""
        await self._redis.zrem(QUEUE + line, str(dialog))

    async def on_duty(self, line: LineName, agent: AgentId, until: datetime) -> None:
        await self._redis.zadd(DUTY + line, {str(agent): milliseconds(until)})

    async def off_duty(self, line: LineName, agent: AgentId) -> None:
        """He stays on the list, as one whose duty is over: so it is known that people come on duty here."""
        await self._redis.zadd(DUTY + line, {str(agent): 0})

    async def duty(self, line: LineName, now: datetime) -> list[AgentId]:
        """Who counts as on duty on this line."""
        members = await self._redis.zrangebyscore(DUTY + line, milliseconds(now), "+inf")
        return [AgentId(int(member)) for member in members]

    async def absent(self, lines: Collection[LineName], now: datetime) -> frozenset[LineName]:
        """The lines on which people come on duty, and nobody is now."""
        pipe = self._redis.pipeline(transaction=False)
        for line in lines:
            pipe.zcard(DUTY + line)
            pipe.zcount(DUTY + line, milliseconds(now), "+inf")
        counts = await pipe.execute()
        return frozenset(
            line
            for line, known, there in zip(lines, counts[::2], counts[1::2], strict=True)
            if known and not there
        )
