"""From raw events to the router, the same way for those that are sent to us and those we ask for.

Owns the order, and what happens to an event that nobody understands: it is kept for people and stands in nobody's way.
It must never return before the commit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import structlog

from bridge import fields
from bridge.connectors.vk import events
from bridge.connectors.vk.events import Taken
from bridge.connectors.vk.presses import Press
from bridge.connectors.vk.speech import Community
from bridge.errors import Refused, Unavailable, Unwritable
from bridge.messages import Address, Heard
from bridge.ports import Router

log = structlog.get_logger()


class Intake:
    """Where the events of one community go."""

    def __init__(
        self,
        community: Community,
        router: Router,
        answer: Callable[[Press], None],
        meet: Callable[[], None],
        whole: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self.community = community
        self._router = router
        self._answer = answer
        """called with each press once it is stored, so that the contact's button stops waiting"""
        self._meet = meet
        """called once something is stored, so that whoever has no name yet gets his"""
        self._whole = whole
        """awaited for each shortened message once it is stored, so that what was left out is fetched"""
        self.last_at: datetime | None = None
        """when this process took the latest one"""

    async def take(self, raws: Sequence[object]) -> None:
        """Hands events over in their order; returns after the commit of them all, raises `Unavailable` else."""
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
        await asyncio.gather(*(self._whole(*one.cropped) for one in taken if one.cropped is not None))
        self._meet()
        for one in taken:
            await self._beside(one)

    async def hear(self, found: Sequence[Heard]) -> None:
        """Hands over what was found in VK's history, in its order; returns after the commit of it all."""
        outcomes = await asyncio.gather(
            *(self._router.hear(event) for event in found), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refused | Unwritable):
                raise outcome

    async def keep(self, body: bytes, reason: str, raw: object = None) -> None:
        """Keeps for people what could not be read; the same again is kept once."""
        key = events.key(raw if raw is not None else {"object": {"body": body.hex()}}, self.community)
        await self._router.quarantine(self.community.channel, key, body, reason)

    async def replay(self, body: bytes) -> None:
        """Reads again what was kept for people, and hands it over; raises `Refused` where it is not understood still."""
        try:
            taken = events.read(fields.parsed(body), self.community)
        except ValueError as error:
            raise Refused(str(error)) from None
        if taken.unread:
            raise Refused(taken.unread)
        for event in taken.events:
            await self._router.hear(event)

    async def _beside(self, taken: Taken) -> None:
        """What is worth nothing a minute later, and is tried once."""
        if taken.press is not None:
            self._answer(taken.press)
        if taken.typist is not None:
            await self._shown_typing(taken.typist)
        if taken.left:
            log.debug("an event that nobody needs", channel=self.community.channel, kind=taken.left)

    async def _shown_typing(self, typist: Address) -> None:
        try:
            await self._router.presence.typing(self.community.channel, typist)
        except Unavailable as error:
            log.debug(
                "that the contact types is not shown", channel=self.community.channel, reason=error.reason
            )

    def _read(self, raw: object) -> Taken:
        if fields.is_deep(raw):
            return Taken(unread="it is nested too deeply")
        try:
            return events.read(raw, self.community)
        except Exception as error:
            # No event may stand in the way of those behind it, not even one that our own mistake cannot read.
            log.exception("an event could not be read", channel=self.community.channel)
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
            log.exception("an event could not be taken", channel=self.community.channel, key=event.event_key)
            await self.keep(json.dumps(raw).encode(), f"it could not be taken: {type(error).__name__}", raw)
