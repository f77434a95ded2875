"""From raw updates to the router, the same way for those that are sent to us and those we ask for.

Owns the order, and what happens to an update that nobody understands: it is kept for people and stands in nobody's way.
It must never return before the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from bridge import fields
from bridge.connectors.telegram import updates
from bridge.connectors.telegram.speech import Bot
from bridge.connectors.telegram.updates import Taken
from bridge.errors import Refused, Unavailable, Unwritable
from bridge.fields import Fields
from bridge.messages import Heard
from bridge.ports import Router

log = structlog.get_logger()


class Intake:
    """Where the updates of one bot go."""

    def __init__(self, bot: Bot, router: Router, answer: Callable[[str], None]) -> None:
        self._bot = bot
        self._router = router
        self._answer = answer
        """called with each press once it is stored, so that the contact's button stops waiting"""
        self.last_at: datetime | None = None
        """when this process took the latest one"""

    async def take(self, raws: Sequence[object]) -> None:
        """Hands updates over in their order; returns after the commit of them all, raises `Unavailable` else."""
        taken = [self._read(raw) for raw in raws]
        heard = (self._hear(raw, event) for raw, one in zip(raws, taken, strict=True) for event in one.events)
        unread = (
            self.keep(json.dumps(raw).encode(), one.unread, raw)
            for raw, one in zip(raws, taken, strict=True)
            if one.unread
        )
        # All of them end before the first failure is told, so that nothing of this batch goes on behind our back.
        outcomes = await asyncio.gather(*heard, *unread, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if raws:
            self.last_at = datetime.now(UTC)
        for one in taken:
            for press in one.presses:
                self._answer(press)

    async def keep(self, body: bytes, reason: str, raw: object = None) -> None:
        """Keeps for people what could not be read; the same again is kept once."""
        number = Fields(raw).number("update_id")
        name = number if number is not None else "x" + hashlib.sha256(body).hexdigest()[:32]
        await self._router.quarantine(self._bot.channel, updates.key(self._bot, name), body, reason)

    async def replay(self, body: bytes) -> None:
        """Reads again what was kept for people, and hands it over; raises `Refused` where it is not understood still."""
        try:
            taken = updates.read(fields.parsed(body), self._bot)
        except ValueError as error:
            raise Refused(str(error)) from None
        if taken.unread:
            raise Refused(taken.unread)
        for event in taken.events:
            await self._router.hear(event)

    def _read(self, raw: object) -> Taken:
        if fields.is_deep(raw):
            return Taken(unread="it is nested too deeply")
        try:
            return updates.read(raw, self._bot)
        except Exception as error:
            # No update may stand in the way of those behind it, not even one that our own mistake cannot read.
            log.exception("an update could not be read", channel=self._bot.channel)
            return Taken(unread=f"it could not be read: {type(error).__name__}")

    async def _hear(self, raw: object, event: Heard) -> None:
        try:
            await self._router.hear(event)
        except Unwritable:
            # Repeated it would fail alike, and hold up whatever is behind it.
            await self.keep(json.dumps(raw).encode(), "it could not be stored", raw)
        except Unavailable:
            raise
        except Refused as refused:
            await self.keep(json.dumps(raw).encode(), f"it was refused: {refused.reason}", raw)
        except Exception as error:
            log.exception("an update could not be taken", channel=self._bot.channel, key=event.event_key)
            await self.keep(json.dumps(raw).encode(), f"it could not be taken: {type(error).__name__}", raw)
