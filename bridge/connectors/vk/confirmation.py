"""The string by which VK makes sure that its events go to whom they should.

Owns fetching it when VK asks: it changes whenever the server's settings do. It must never be asked of VK more often than a
stranger can make us, who needs to know only the community's number.
"""

from __future__ import annotations

import asyncio

from bridge.connectors.vk.client import Client
from bridge.errors import Unreachable
from bridge.fields import Fields

PATIENCE = 5.0
"""Seconds to wait for it; VK itself waits about ten."""
FRESH = 2.0
"""Seconds for which it is not asked for again."""


class Confirmation:
    """The confirmation string of one community, as the configuration or VK has it."""

    def __init__(self, client: Client, group: int, configured: str | None) -> None:
        self._client = client
        self._group = group
        self._configured = configured
        self._known = ""
        self._known_until = 0.0
        self._turn = asyncio.Lock()

    async def asked(self) -> str:
        """What VK wants to hear; raises a `SendError` when nobody knows it now."""
        if self._configured is not None:
            return self._configured
        clock = asyncio.get_running_loop().time
        async with self._turn:
            if clock() >= self._known_until:
                self._known, self._known_until = await self._fetched(), clock() + FRESH
        return self._known

    async def _fetched(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._client.call("groups.getCallbackConfirmationCode", group_id=self._group)
        except TimeoutError:
            raise Unreachable("VK did not tell it in time") from None
        code = Fields(found).words("code")
        if not code:
            raise Unreachable("VK did not tell it")
        return code
