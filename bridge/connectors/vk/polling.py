"""Asking VK for events, where it cannot call us: one process for each community, and a step only after the commit.

Owns the place in VK's queue. VK forgets it with whoever asks, so it is kept in SQL, after everything before it is
committed: whoever begins anew goes on from there. Where VK has forgotten what lies behind it, the conversations
themselves are read. It must never move on before that is done.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from bridge.connectors.vk import bookmark, kinds
from bridge.connectors.vk.bookmark import Bookmark
from bridge.connectors.vk.client import VERSION, Client
from bridge.connectors.vk.history import History
from bridge.connectors.vk.intake import Intake
from bridge.connectors.vk.refusals import NoToken
from bridge.errors import BadConfig, Rejected, SendError, Throttled, Unavailable, Unreachable
from bridge.fields import Fields
from bridge.messages import ChannelName
from bridge.ports import Leases, Router
from bridge.tasks import ending

log = structlog.get_logger()

WAIT = 25
"""Seconds that VK keeps a question open while there is nothing new. https://dev.vk.com/ru/api/bots-long-poll"""
HELD = timedelta(seconds=60)
"""How long a process that says nothing more is still taken for the one that asks."""
WATCH = 2.0
"""Seconds between two looks whether the one that asks is gone."""
RETRY, LONGEST = 1.0, 30.0
"""Seconds before the next try when nothing can be had or stored: the first time, and at most."""
QUIET = timedelta(minutes=5)
"""While nothing comes, it is noted so often that nothing is missing."""
EVENTS = sorted(kinds.HEARD.keys() - {"market_order_new", "lead_forms_new", "vkpay_transaction"})
"""What can be chosen here, as VK's schema has it."""


class Polling:
    """One community's asking in this process; `trouble` says in words why nothing comes, "" while all is well."""

    def __init__(self, intake: Intake, router: Router, leases: Leases) -> None:
        self._intake = intake
        self._group = intake.community.id
        self._channel: ChannelName = intake.community.channel
        self._lease = f"vk:{self._group}"
        self._router = router
        self._leases = leases
        self._held = False
        self._pause = RETRY
        self._place = Bookmark()
        self._server: tuple[str, str] | None = None
        self._begun = self._missing = False
        self.trouble = ""
        self.lost = ""
        """why something may be missing for good"""

    async def run(self, client: Client, history: History) -> None:
        """Asks for as long as the bridge runs, whenever it is this process's turn."""
        try:
            while not ending():
                mine = await self._is_mine()
                if ending():
                    break
                if mine:
                    await self._step(client, history)
                else:
                    self.trouble, self._begun, self._server = "", False, None
                    await asyncio.sleep(WATCH)
        finally:
            await self._leave()

    async def _is_mine(self) -> bool:
        """One process asks for each community. While nobody can say which, this one does: what two hear is taken once."""
        try:
            self._held = await self._leases.hold(self._lease, HELD)
        except Unavailable:
            return True
        return self._held

    async def _step(self, client: Client, history: History) -> None:
        """One question and its answer; after one that failed the next waits longer."""
        try:
            if not self._begun:
                self._place = await bookmark.read(self._router, self._channel)
                self._begun = True
            if self._server is None:
                await self._begin(client)
            if self._missing:
                await self._find(history)
            await self._ask(client)
        except (SendError, Unavailable) as error:
            await self._again(error)
        else:
            self.trouble, self._pause = "", RETRY

    async def _begin(self, client: Client) -> None:
        """A key to VK's queue; and a place in it, where none is kept."""
        try:
            info = Fields(await client.call("groups.getLongPollServer", group_id=self._group))
        except BadConfig as error:
            if isinstance(error, NoToken):
                raise
            await self._switch_on(client)
            info = Fields(await client.call("groups.getLongPollServer", group_id=self._group))
        server, key, ts = info.words("server"), info.words("key"), _place(info)
        if not (server and key and ts):
            raise Unreachable("VK has named no queue")
        if not self._place.ts:
            self._missing = self._place.at is not None
            self._place = Bookmark(ts, self._place.at)
            if not self._missing:
                await self._keep(datetime.now(UTC))
        self._server = server, key
        await self._choose(client)

    async def _switch_on(self, client: Client) -> None:
        """Long Poll is off until somebody switches it on."""
        chosen = dict.fromkeys(EVENTS, 1)
        await client.call(
            "groups.setLongPollSettings", group_id=self._group, enabled=1, api_version=VERSION, **chosen
        )
        log.info("asking for events is switched on", channel=self._channel)

    async def _choose(self, client: Client) -> None:
        """The events that are wanted are told; what is not allowed to be asked or set is the owner's to set."""
        try:
            settings = Fields(await client.call("groups.getLongPollSettings", group_id=self._group))
            told = settings.one("events")
            if settings.value("is_enabled") not in (True, 1) or any(
                told.number(name) != 1 for name in EVENTS
            ):
                await self._switch_on(client)
        except SendError as error:
            log.info(
                "the events that VK tells are left as they are", channel=self._channel, reason=error.reason
            )

    async def _ask(self, client: Client) -> None:
        assert self._server is not None
        asked_at = datetime.now(UTC)
        try:
            answer = await client.poll(*self._server, self._place.ts, WAIT)
        except SendError:
            self._server = None  # a server that does not answer is not asked for ever: VK names one anew
            raise
        failed = answer.number("failed")
        if failed is None and _place(answer):
            await self._intake.take(answer.items("updates"))
            self._place = Bookmark(_place(answer), self._place.at)
            if answer.items("updates") or self._place.at is None or asked_at - self._place.at > QUIET:
                await self._keep(asked_at)
        elif failed == 1 and _place(answer):
            self._place, self._missing = Bookmark(_place(answer), self._place.at), True
        elif failed in (2, 4):
            self._server = None
            if failed == 4:
                raise BadConfig("VK does not speak this version of its queue any more")
        elif failed is not None:
            # The place is worth nothing any more; the moment up to which all was heard still is.
            self._server, self._place = None, Bookmark("", self._place.at or asked_at)
        else:
            self._server = None
            raise Rejected("what VK's queue answers cannot be read")

    async def _find(self, history: History) -> None:
        """VK's queue has forgotten something: it is looked for where it was said."""
        now = datetime.now(UTC)
        since = self._place.since(now) or now
        log.warning("VK's queue has forgotten something: the conversations are read", channel=self._channel)
        try:
            await history.catch_up(since)
        except (BadConfig, Rejected) as error:
            # Asked again it would be refused again, while what comes now must not wait.
            self.lost = error.reason
            log.error("messages may be missing", channel=self._channel, since=str(since), reason=error.reason)  # noqa: TRY400
        self._missing = False
        await self._keep(now)

    async def _keep(self, at: datetime) -> None:
        place = Bookmark(self._place.ts, at)
        await bookmark.keep(self._router, self._channel, place)
        self._place = place

    async def _again(self, error: SendError | Unavailable) -> None:
        """Nothing was lost: what was not committed is asked for again."""
        self.trouble = error.reason
        pause = self._pause
        if isinstance(error, Throttled):
            pause = min(error.retry_after, LONGEST)
        elif isinstance(error, BadConfig):
            pause = LONGEST
        log.warning("no events", channel=self._channel, reason=error.reason, again_in=pause)
        await asyncio.sleep(pause)
        self._pause = min(self._pause * 2, LONGEST)

    async def _leave(self) -> None:
        if self._held:
            try:
                await self._leases.leave(self._lease)
            except Unavailable:
                log.debug("a lease ends by itself", channel=self._channel)


def _place(answer: Fields) -> str:
    """The place in the queue, a number that VK writes with or without quotes."""
    number = answer.number("ts")
    return str(number) if number is not None else answer.words("ts")[:64]
