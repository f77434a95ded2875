"""The page's subscription: that Facebook tells the bridge all it needs, and goes on doing so.

Owns asking for it, at every start and whenever it is not as it was left: Facebook unsubscribes a page whose server has
failed for an hour, and says so nowhere. It must never give up: while the page is not subscribed nothing is heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from bridge.connectors.facebook.client import Client
from bridge.errors import SendError, Throttled
from bridge.fields import Fields
from bridge.tasks import ending

log = structlog.get_logger()

LOOK = 300.0
"""Seconds between two looks whether the page is still subscribed."""
RETRY, LONGEST = 2.0, 60.0
"""Seconds before the next try of one that failed: the first time, and at most."""
FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_optins",
    "messaging_optouts",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_deliveries",
    "message_reads",
    "messaging_feedback",
    "standby",
)
"""What is wanted; without these nothing, or not all of it, is heard."""
NEEDED = frozenset(("messages", "messaging_postbacks"))
"""Without these contacts are not heard at all."""


class Subscription:
    """One page's; `trouble` says in words why it is not as it should be, `callback` why the app's address is not."""

    def __init__(self, client: Client, page: str, app: str | None, url: str, verify_token: str) -> None:
        self._client = client
        self._page = page
        self._app = app
        self._verify_token = verify_token
        self.url = url
        self.trouble = ""
        self.callback = ""

    async def run(self) -> None:
        """Looks after it for as long as the bridge runs."""
        pause, fresh = RETRY, True
        while not ending():
            try:
                await self._look(fresh=fresh)
            except SendError as error:
                self.trouble = error.reason
                wait = error.retry_after if isinstance(error, Throttled) else pause
                log.warning("the page is not subscribed", page=self._page, reason=error.reason, again_in=wait)
                await asyncio.sleep(min(wait, LONGEST))
                pause = min(pause * 2, LONGEST)
            else:
                self.trouble, fresh, pause = "", False, RETRY
                await asyncio.sleep(LOOK)

    async def missing(self) -> list[str]:
        """What Facebook does not tell us of what is wanted; all of it where the page is not subscribed."""
        answer = await self._client.get(f"{self._page}/subscribed_apps")
        apps = answer.many("data")
        if self._app is not None:
            apps = [app for app in apps if app.words("id") in ("", self._app)]
        told = {name for app in apps for name in _names(app)}
        return [name for name in FIELDS if name not in told]

    async def _look(self, *, fresh: bool) -> None:
        if self._app is not None and self.url:
            await self._called(self._app)
        if fresh or await self.missing():
            await self._client.post(f"{self._page}/subscribed_apps", {"subscribed_fields": ",".join(FIELDS)})
            log.info("the page is subscribed", page=self._page)

    async def _called(self, app: str) -> None:
        """The app's own callback address: a page is told of where its app is."""
        try:
            answer = await self._client.get(f"{app}/subscriptions", app=app)
            if not any(self._is_ours(one) for one in answer.many("data")):
                await self._client.post(
                    f"{app}/subscriptions",
                    {
                        "object": "page",
                        "callback_url": self.url,
                        "verify_token": self._verify_token,
                        "fields": ",".join(FIELDS),
                    },
                    app=app,
                )
                log.info("the callback address is set", url=self.url)
        except SendError as error:
            # The page can be subscribed all the same, and somebody may have set the address by hand.
            self.callback = error.reason
            log.warning("the callback address was not set", url=self.url, reason=error.reason)
        else:
            self.callback = ""

    def _is_ours(self, subscription: Fields) -> bool:
        return (
            subscription.words("object") == "page"
            and subscription.words("callback_url") == self.url
            and subscription.value("active") is not False
            and set(FIELDS) <= set(_names(subscription, "fields"))
        )


def _names(holder: Fields, name: str = "subscribed_fields") -> Iterable[str]:
    """Fields as Facebook lists them: by their names, or with the version of each."""
    for one in holder.items(name):
        yield one if isinstance(one, str) else Fields(one).words("name")
