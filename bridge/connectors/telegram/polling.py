"""Asking Telegram for updates, where it cannot call us: one process for each bot, and a step only after the commit.

Owns the offset. An offset confirms to Telegram what is before it, so it is sent once, after everything before it is
committed; whoever begins anew asks without one and gets what nobody has confirmed. It must never confirm anything else.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.connectors.telegram import kinds
from bridge.connectors.telegram.intake import Intake
from bridge.connectors.telegram.refusals import Conflict
from bridge.errors import BadConfig, Rejected, SendError, Throttled, Unavailable
from bridge.fields import Fields
from bridge.ports import Leases
from bridge.tasks import ending

if TYPE_CHECKING:
    from bridge.connectors.telegram.client import Client

log = structlog.get_logger()

WAIT = 10
"""Seconds that Telegram keeps a question open while there is nothing new."""
HELD = timedelta(seconds=30)
"""How long a process that says nothing more is still taken for the one that asks."""
WATCH = 2.0
"""Seconds between two looks whether the one that asks is gone."""
RETRY, LONGEST = 1.0, 30.0
"""Seconds before the next try when nothing can be had or stored: the first time, and at most."""
KINDS = sorted(kinds.HEARD)


class Polling:
    """One bot's asking in this process; `trouble` says in words why nothing comes, "" while all is well."""

    def __init__(self, channel: str, bot: int, intake: Intake, leases: Leases) -> None:
        self._channel = channel
        self._lease = f"telegram:{bot}"
        self._intake = intake
        self._leases = leases
        self._held = False
        self._pause = RETRY
        self._offset: int | None = None
        self.trouble = ""

    async def run(self, client: Client) -> None:
        """Asks for as long as the bridge runs, whenever it is this process's turn."""
        try:
            while not ending():
                mine = await self._is_mine()
                if ending():
                    break
                if mine:
                    await self._step(client)
                else:
                    self.trouble, self._offset = "", None
                    await asyncio.sleep(WATCH)
        finally:
            await self._leave()

    async def _is_mine(self) -> bool:
        """One process asks for each bot. While nobody can say which, this one does: Telegram refuses one of two."""
        try:
            self._held = await self._leases.hold(self._lease, HELD)
        except Unavailable:
            return True
        return self._held

    async def _step(self, client: Client) -> None:
        """One question and its answer; after one that failed the next waits longer."""
        try:
            found = await client.updates(self._offset, KINDS, WAIT)
            # An empty answer has confirmed all there was. The next number may be any: Telegram draws it anew after a week.
            self._offset = None
            await self._intake.take(found)
            self._offset = _behind(found)
            if found and self._offset is None:
                raise Rejected("what comes bears no number, so that it cannot be confirmed")
        except Conflict as conflict:
            await self._make_way(client, conflict)
        except (SendError, Unavailable) as error:
            await self._again(error)
        else:
            self.trouble, self._pause = "", RETRY

    async def _make_way(self, client: Client, conflict: Conflict) -> None:
        """Somebody else has the updates: a webhook that nobody means any more, or another bridge."""
        if "webhook" in conflict.reason.lower():
            log.warning("a webhook is taken away, for this channel asks by itself", channel=self._channel)
            try:
                await client.delete_webhook()
            except SendError as error:
                await self._again(error)
            return
        self.trouble = "somebody else asks for this bot's updates"
        log.warning("somebody else asks for this bot's updates", channel=self._channel)
        await asyncio.sleep(min(self._pause, LONGEST))
        self._pause = min(self._pause * 2, LONGEST)

    async def _again(self, error: SendError | Unavailable) -> None:
        """Nothing was lost: what was not committed was not confirmed."""
        self.trouble = error.reason
        pause = self._pause
        if isinstance(error, Throttled):
            pause = min(error.retry_after, LONGEST)
        elif isinstance(error, BadConfig):
            pause = LONGEST
        log.warning("no updates", channel=self._channel, reason=error.reason, again_in=pause)
        await asyncio.sleep(pause)
        self._pause = min(self._pause * 2, LONGEST)

    async def _leave(self) -> None:
        if self._held:
            try:
                await self._leases.leave(self._lease)
            except Unavailable:
                log.debug("a lease ends by itself", channel=self._channel)


def _behind(found: list[object]) -> int | None:
    """The offset that confirms all of these."""
    numbers = [number for raw in found if (number := Fields(raw).number("update_id")) is not None]
    return max(numbers) + 1 if numbers else None
