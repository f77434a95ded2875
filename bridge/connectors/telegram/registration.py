"""The webhook at Telegram: that it is ours, and stays so.

Owns registering it, at every start and whenever another address stands there. It must never give up: while it is not
registered nothing is heard.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bridge.connectors.telegram.polling import KINDS
from bridge.errors import SendError, Throttled

if TYPE_CHECKING:
    from bridge.connectors.telegram.client import Client

log = structlog.get_logger()

LOOK = 300.0
"""Seconds between two looks whether the webhook is still ours."""
RETRY, LONGEST = 2.0, 60.0
"""Seconds before the next try of a registration that failed: the first time, and at most."""


class Registration:
    """The webhook of one bot."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self._secret = secret

    async def run(self, client: Client) -> None:
        """Registers it and looks after it for as long as the bridge runs."""
        pause = RETRY
        fresh = True
        while True:
            try:
                # The secret cannot be looked up, so the first time it is set whatever stands there.
                if fresh or (await client.webhook()).words("url") != self.url:
                    await client.set_webhook(self.url, self._secret, KINDS)
                    log.info("the webhook is registered", url=self.url)
            except SendError as error:
                wait = error.retry_after if isinstance(error, Throttled) else pause
                log.warning("the webhook is not registered", url=self.url, reason=error.reason, again_in=wait)
                await asyncio.sleep(wait)
                pause = min(pause * 2, LONGEST)
            else:
                fresh, pause = False, RETRY
                await asyncio.sleep(LOOK)
