"""The timers' half in Redis: one sorted set of all that is armed, claimed by a script.

Owns claiming and taking off. A claim only moves a timer two seconds ahead; what makes it fire once is its row in SQL.
It must never decide what a timer means.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from bridge import metrics
from bridge.conversations.effects import TIMERS, milliseconds

SCRIPT = (Path(__file__).parent / "scripts" / "claim.lua").read_text()
CLAIM_MS = 2000
"""How long a claimed timer is left to its claimer before another may try."""


class Timers:
    """The armed timers of one Redis."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._claim = redis.register_script(SCRIPT)

    async def claim(self, now: datetime, limit: int) -> tuple[list[str], float | None]:
        """Members that are due, the latest due last, and in how many seconds the next one is (None: none is armed)."""
        members, wait, late = await self._claim(keys=[TIMERS], args=[milliseconds(now), limit, CLAIM_MS])
        for behind in late:
            metrics.LATENESS.observe(behind / 1000)
        found = [member.decode() if isinstance(member, bytes) else member for member in members]
        return found, None if wait < 0 else wait / 1000

    async def done(self, members: list[str]) -> None:
        """Takes off what has fired or is of the past."""
        if members:
            await self._redis.zrem(TIMERS, *members)
