"""Messages that VK has shortened on their way to us: what was left out is fetched and takes their place.

Owns the second look. The shortened message is stored before, so that nothing depends on this. It must never hold up the
acknowledgement for long, nor raise.
"""

from __future__ import annotations

import asyncio

import structlog

from bridge.connectors.vk import speech
from bridge.connectors.vk.posts import Posts
from bridge.connectors.vk.speech import Community, Event
from bridge.errors import BridgeError
from bridge.messages import EventKey
from bridge.ports import Router

log = structlog.get_logger()

PATIENCE = 4.0
"""Seconds that the acknowledgement waits; VK repeats what is not acknowledged in about ten."""
PAUSES = (2.0, 10.0, 60.0, 300.0)
"""Seconds before each further try, behind the acknowledgement."""


class Whole:
    """The shortened messages of one community."""

    def __init__(self, community: Community, router: Router, posts: Posts) -> None:
        self._community = community
        self._router = router
        self._posts = posts
        self._running: set[asyncio.Task[None]] = set()

    async def fetch(self, peer: int, number: int) -> None:
        """Fetches it now, and goes on trying when that fails."""
        task = asyncio.create_task(self._fetch(peer, number))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait([task], timeout=PATIENCE)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _fetch(self, peer: int, number: int) -> None:
        for pause in (*PAUSES, None):
            try:
                await self._replaced(peer, number)
            except BridgeError as error:
                log.warning(
                    "a shortened message could not be fetched whole",
                    channel=self._community.channel,
                    reason=error.reason,
                    again_in=pause,
                )
                if pause is not None:
                    await asyncio.sleep(pause)
            else:
                return

    async def _replaced(self, peer: int, number: int) -> None:
        message = await self._posts.message(peer, number)
        if message:
            key = EventKey(f"vk:{self._community.id}:whole:{peer}:{number}")
            found = speech.edited(Event("message_edit", message, key, self._community))
            for event in found if isinstance(found, list) else []:
                await self._router.hear(event)
