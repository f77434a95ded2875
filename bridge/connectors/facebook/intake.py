"""From a delivery to the router: all of it in one commit, in the order in which it was said.

Owns the order, and what happens to an update that nobody understands: it is kept for people and stands in nobody's way.
It must never return before the commit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from bridge import fields
from bridge.connectors.facebook import addresses, batches, events
from bridge.connectors.facebook.batches import Item
from bridge.connectors.facebook.events import Taken
from bridge.connectors.facebook.speech import Page
from bridge.errors import Refused, Unavailable, Unwritable
from bridge.messages import Heard
from bridge.ports import Router

log = structlog.get_logger()


class Intake:
    """Where the events of one page go; `meet` is called once they are stored, so that who has no name yet gets his."""

    def __init__(self, page: Page, router: Router, meet: Callable[[], None]) -> None:
        self.page = page
        self._router = router
        self._meet = meet
        self.last_at: datetime | None = None
        """when this process took the latest one"""

    async def take(self, raw: object) -> None:
        """Hands over a delivery; returns after the commit of all of it, raises `Unavailable` else."""
        items = batches.apart(raw, self.page.id)
        taken = [self._read(item) for item in items]
        waiting: list[Awaitable[None]] = []
        for item, one in zip(items, taken, strict=True):
            waiting += [self._hear(item, event) for event in one.events]
            if one.unread:
                waiting.append(self._keep(item, one.unread))
        # All of them end before the first failure is told, so that nothing of this batch goes on behind our back.
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        self.last_at = datetime.now(UTC)
        self._meet()
        for one in taken:
            if one.left:
                log.debug("an event that nobody needs", channel=self.page.channel, kind=one.left)

    async def keep(self, body: bytes, reason: str) -> None:
        """Keeps for people a body that could not be read; the same again is kept once."""
        key = addresses.key(self.page.id, "unread", addresses.digest(body.hex()))
        await self._router.quarantine(self.page.channel, key, body, reason)

    async def replay(self, body: bytes) -> None:
        """Reads again what was kept for people, and hands it over; raises `Refused` where it is not understood still."""
        try:
            items = batches.apart(fields.parsed(body), self.page.id)
        except ValueError as error:
            raise Refused(str(error)) from None
        taken = [self._read(item) for item in items]
        for one in taken:
            if one.unread:
                raise Refused(one.unread)
        for one in taken:
            for event in one.events:
                await self._router.hear(event)

    def _read(self, item: Item) -> Taken:
        if item.unread or item.left:
            return events.change(item)
        if fields.is_deep(item.raw):
            return Taken(unread="it is nested too deeply")
        try:
            return events.read(item.raw, self.page)
        except Exception as error:
            # No update may stand in the way of those behind it, not even one that our own mistake cannot read.
            log.exception("an event could not be read", channel=self.page.channel)
            return Taken(unread=f"it could not be read: {type(error).__name__}")

    async def _hear(self, item: Item, event: Heard) -> None:
        try:
            await self._router.hear(event)
        except Unwritable:
            # Repeated it would fail alike, and hold up whatever is behind it.
            await self._keep(item, "it could not be stored")
        except Unavailable:
            raise
        except Refused as refused:
            await self._keep(item, f"it was refused: {refused.reason}")
        except Exception as error:
            log.exception("an event could not be taken", channel=self.page.channel, key=event.event_key)
            await self._keep(item, f"it could not be taken: {type(error).__name__}")

    async def _keep(self, item: Item, reason: str) -> None:
        key = addresses.key(self.page.id, "unread", addresses.digest(item.raw))
        await self._router.quarantine(self.page.channel, key, json.dumps(item.alone).encode(), reason)
