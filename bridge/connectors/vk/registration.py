"""The callback server at VK: that it is ours, and stays so; and that nothing was said which VK did not tell.

Owns registering it, at every start and whenever it is not as it was left, and reading the conversations again now and
then: VK stops calling a server that was out for a while, and says so nowhere. It must never give up: while it is not
registered nothing is heard.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from bridge import text
from bridge.connectors.vk import bookmark, kinds
from bridge.connectors.vk.bookmark import Bookmark
from bridge.connectors.vk.client import VERSION, Client, Value
from bridge.connectors.vk.history import History
from bridge.connectors.vk.intake import Intake
from bridge.errors import SendError, Throttled, Unavailable
from bridge.fields import Fields
from bridge.ports import Leases, Router
from bridge.tasks import ending

log = structlog.get_logger()

LOOK = 300.0
"""Seconds between two looks whether the server is still ours, and whether VK has told everything."""
RETRY, LONGEST = 2.0, 60.0
"""Seconds before the next try of a registration that failed: the first time, and at most."""
HELD = timedelta(seconds=60)
"""How long one process is taken to be reading the conversations for all."""
TITLE = 14
"""Characters that VK takes for the name of a server."""
EVENTS = sorted(kinds.HEARD.keys() - {"vkpay_transaction"})
"""What can be chosen here, as VK's schema has it."""


class Registration:
    """The callback server of one community; `trouble` says in words why it is not as it should be."""

    def __init__(self, url: str, secret: str, intake: Intake, router: Router, leases: Leases) -> None:
        self.url = url
        self._secret = secret
        self._intake = intake
        self._group = intake.community.id
        self._channel = intake.community.channel
        self._router = router
        self._leases = leases
        self.trouble = ""

    async def run(self, client: Client, history: History) -> None:
        """Registers it and looks after it for as long as the bridge runs."""
        pause, fresh = RETRY, True
        while not ending():
            try:
                await self._look(client, fresh=fresh)
            except SendError as error:
                self.trouble = error.reason
                wait = error.retry_after if isinstance(error, Throttled) else pause
                log.warning("the server is not registered", url=self.url, reason=error.reason, again_in=wait)
                await self._catch_up(history)
                await asyncio.sleep(min(wait, LONGEST))
                pause = min(pause * 2, LONGEST)
            else:
                self.trouble, fresh, pause = "", False, RETRY
                await self._catch_up(history)
                await asyncio.sleep(LOOK)

    async def server(self, client: Client) -> Fields:
        """Our server as VK has it; nothing while it has none."""
        found = Fields(await client.call("groups.getCallbackServers", group_id=self._group))
        return next((one for one in found.many("items") if one.words("url") == self.url), Fields(None))

    async def _look(self, client: Client, *, fresh: bool) -> None:
        server = await self.server(client)
        id = server.number("id")
        what: dict[str, Value] = {
            "group_id": self._group,
            "url": self.url,
            "title": text.excerpt(self._channel, TITLE),
            "secret_key": self._secret,
        }
        if id is None:
            id = Fields(await client.call("groups.addCallbackServer", **what)).number("server_id")
            log.info("the server is registered", url=self.url)
        elif server.words("secret_key") != self._secret or server.words("status") in (
            "failed",
            "unconfigured",
        ):
            # An edit also makes VK ask for the confirmation once more.
            await client.call("groups.editCallbackServer", server_id=id, **what)
            log.info("the server is registered anew", url=self.url)
        if fresh or not await self._is_told_all(client, id):
            chosen = dict.fromkeys(EVENTS, 1)
            await client.call(
                "groups.setCallbackSettings",
                group_id=self._group,
                server_id=id,
                api_version=VERSION,
                **chosen,
            )

    async def _is_told_all(self, client: Client, id: int | None) -> bool:
        settings = Fields(await client.call("groups.getCallbackSettings", group_id=self._group, server_id=id))
        told = settings.one("events")
        return settings.words("api_version") == VERSION and all(
            told.number(name) == 1 for name in EVENTS if name in told.names()
        )

    async def _catch_up(self, history: History) -> None:
        """Reads what was said since the last look; what VK has told by then is known and taken once."""
        now = datetime.now(UTC)
        try:
            if not await self._is_mine():
                return
            known = await bookmark.read(self._router, self._channel)
            since = known.since(now)
            if since is not None:
                await history.catch_up(since)
            # VK's place in its queue is given up: whoever asks later reads the conversations from here.
            await bookmark.keep(self._router, self._channel, Bookmark("", now))
        except (SendError, Unavailable) as error:
            log.warning("the conversations could not be read", channel=self._channel, reason=error.reason)

    async def _is_mine(self) -> bool:
        """One process reads for all; when two do, what both find is taken once."""
        try:
            return await self._leases.hold(f"vk:{self._group}", HELD)
        except Unavailable:
            return True
