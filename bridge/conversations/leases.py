"""Leases: work that one process at a time does for all, like asking a platform for news.

Owns who holds which, by name, in Redis. A lease is a hint that spares work: what is done under it must be right also
when two do it at once. It must never be the only thing that keeps an effect from happening twice.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import redis

from bridge import lease
from bridge.errors import Unavailable

LEASES = "bridge:lease:"


class Leases:
    """The leases of one Redis, for one process."""

    def __init__(self, client: Any, owner: str) -> None:
        self._redis = client
        self._hold = client.register_script((Path(__file__).parent / "scripts" / "lease.lua").read_text())
        self._me = owner

    async def hold(self, name: str, span: timedelta) -> bool:
        """True when this process holds it now, for so long; raises `Unavailable` while Redis is out.

        A holder that is known to be dead holds nothing, however long its time.
        """
        try:
            holder = await self._try(name, span, "")
            if holder != self._me and lease.is_dead(holder):
                holder = await self._try(name, span, holder)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis is out: nobody knows who holds what") from error
        return holder == self._me

    async def leave(self, name: str) -> None:
        """Lets go of it, so that another need not wait; raises `Unavailable` while Redis is out."""
        try:
            await self._try(name, timedelta(), "")
        except (redis.RedisError, OSError) as error:
            raise Unavailable("Redis is out: nobody knows who holds what") from error

    async def _try(self, name: str, span: timedelta, dead: str) -> str:
        found = await self._hold(
            keys=[LEASES + name], args=[self._me, int(span.total_seconds() * 1000), dead]
        )
        return found.decode() if isinstance(found, bytes) else str(found)
