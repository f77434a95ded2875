"""Signs to contacts that are no messages: that an agent types to them now.

Owns calling the connector at once and beside everything else. A sign is worth nothing a moment later: it must never wait
in a lane, be repeated, or keep anybody waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bridge.connector import Connector
from bridge.errors import SendError
from bridge.messages import Address, ChannelName

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds after which nobody types any more, as far as the contact would see."""


class Signs:
    """The connectors of one process that can show a sign."""

    def __init__(self, connectors: Mapping[ChannelName, Connector]) -> None:
        self._able = {name: each for name, each in connectors.items() if each.limits.typing}
        self._running: set[asyncio.Task[None]] = set()

    def typing(self, channel: ChannelName, address: Address) -> None:
        """An agent types to the contact at this address."""
        if channel in self._able:
            task = asyncio.get_running_loop().create_task(self._show(channel, address))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _show(self, channel: ChannelName, address: Address) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._able[channel].typing(address)
        except (SendError, TimeoutError) as error:
            log.debug("nobody was seen typing", channel=channel, reason=str(error))
        except Exception:
            log.exception("a connector cannot show who types", channel=channel)
