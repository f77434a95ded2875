"""How each channel and desk is: asked all at once, no oftener than once a minute, for all who want to know.

Owns the asking and what was said last. It must never let one that hangs or stumbles keep anybody waiting for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bridge import metrics
from bridge.messages import Health

Check = Callable[[], Awaitable[Health]]
log = structlog.get_logger()

AGAIN = 60.0
PATIENCE = 10.0
"""Seconds for which an answer is believed, and after which one that has not answered counts as down."""


class Channels:
    """Those of one process, by the names of their destinations ("channel:shop")."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()
        self._told: dict[str, Health] = {}
        self._behind: asyncio.Task[dict[str, Health]] | None = None

    async def health(self) -> dict[str, Health]:
        """How each is, asked within the last minute."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._asked_at is None or now - self._asked_at >= AGAIN:
                found = await asyncio.gather(*(ask(name, check) for name, check in self._checks.items()))
                self._told = dict(zip(self._checks, found, strict=True))
                self._asked_at = asyncio.get_running_loop().time()
                for name, health in self._told.items():
                    metrics.CHANNEL_UP.labels(name).set(health.ok)
            return self._told

    def told(self) -> dict[str, Health]:
        """What each said last, at once; they are asked again behind our back when that is old."""
        if self._behind is None or self._behind.done():
            self._behind = asyncio.create_task(self.health())
        return self._told


async def ask(name: str, check: Check) -> Health:
    """How one of them is; whatever it stumbles over, it is what does not work."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await check()
    except TimeoutError:
        return Health(ok=False, reason="it does not answer")
    except Exception as error:
        log.exception("a channel could not be checked", channel=name)
        return Health(ok=False, reason=f"it could not be checked: {type(error).__name__}")
