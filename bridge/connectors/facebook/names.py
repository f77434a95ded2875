"""What contacts are called, and which language they have chosen: Facebook's events bear their numbers alone.

Owns the names that this process has heard of. It must never hold up what is heard: a name comes after its message, and
Facebook may not tell it at all.
"""

from __future__ import annotations

import asyncio

import structlog

from bridge import text
from bridge.connectors.facebook.client import Client
from bridge.errors import BridgeError, ContactGone, Rejected
from bridge.fields import Fields
from bridge.messages import Address, ChannelName
from bridge.ports import Router

log = structlog.get_logger()

TOGETHER = 0.05
"""Seconds in which who is new is waited for."""
AT_ONCE = 8
_KNOWN = 50_000
_LONGEST = 100
_FIELDS = "first_name,last_name,locale"


class Names:
    """Who is who on one channel."""

    def __init__(
        self, channel: ChannelName, router: Router, client: Client, languages: tuple[str, ...]
    ) -> None:
        self._channel = channel
        self._router = router
        self._client = client
        self._spoken = {language.lower().partition("-")[0]: language for language in reversed(languages)}
        self._known: dict[Address, tuple[str, str | None]] = {}
        self._wanted: set[Address] = set()
        self._asking: asyncio.Task[None] | None = None

    def named(self, address: Address) -> str:
        """How he is called; "" while it is not known, and then it is wanted."""
        found = self._known.get(address)
        if found is None and len(self._wanted) < _KNOWN:
            self._wanted.add(address)
        return found[0] if found else ""

    def language(self, address: Address) -> str | None:
        """The language of his Facebook, as config.yaml spells it where it is spoken here."""
        found = self._known.get(address)
        return found[1] if found else None

    def fetch(self) -> None:
        """Starts asking for who is wanted, unless that is being done."""
        if self._wanted and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._fetch())

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _fetch(self) -> None:
        await asyncio.sleep(TOGETHER)
        while self._wanted:
            some = sorted(self._wanted)[:AT_ONCE]
            self._wanted.difference_update(some)
            outcomes = await asyncio.gather(*map(self._meet, some), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BridgeError):
                    log.debug("a name was not told", channel=self._channel, reason=outcome.reason)
                elif isinstance(outcome, BaseException):
                    raise outcome

    async def _meet(self, address: Address) -> None:
        if len(self._known) > _KNOWN:
            self._known.clear()
        try:
            found = await self._client.get(address, fields=_FIELDS)
        except (Rejected, ContactGone):
            self._known[address] = ("", None)  # who does not tell his name is not asked again
            return
        name, language = person(found), found.words("locale")[:2].lower()
        self._known[address] = (name, self._spoken.get(language, language) or None)
        if name:
            dialog = await self._router.read.current(self._channel, address)
            if dialog is not None and not dialog.contact.name:
                await self._router.introduce(self._channel, address, name=name)


def person(who: Fields) -> str:
    """How somebody is called."""
    names = (who.words("first_name"), who.words("last_name"))
    return text.excerpt(" ".join(filter(None, names)) or who.words("name") or who.words("username"), _LONGEST)
