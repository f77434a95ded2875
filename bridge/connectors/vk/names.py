"""What people, communities and group chats are called: VK's events bear their numbers alone.

Owns the names that this process has heard of. It must never hold up what is heard: a name comes after its message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from bridge import text
from bridge.connectors.vk import addresses
from bridge.connectors.vk.client import Client
from bridge.errors import BridgeError, SendError
from bridge.fields import Fields
from bridge.messages import ChannelName
from bridge.ports import Router

log = structlog.get_logger()

TOGETHER = 0.05
"""Seconds in which who is new is asked for together."""
AT_ONCE = 100
_KNOWN = 50_000
_LONGEST = 100


class Names:
    """Who is who on one channel."""

    def __init__(self, channel: ChannelName, router: Router, client: Client) -> None:
        self._channel = channel
        self._router = router
        self._client = client
        self._known: dict[int, str] = {}
        self._wanted: set[int] = set()
        self._asking: asyncio.Task[None] | None = None

    def named(self, id: int) -> str:
        """The name that belongs to a number; "" while it is not known, and then it is wanted."""
        found = self._known.get(id)
        if found is None and len(self._wanted) < _KNOWN:
            self._wanted.add(id)
        return found or ""

    def learn(self, answer: Fields) -> set[int]:
        """Remembers the names that an answer of VK's brings along; whose they are."""
        if len(self._known) > _KNOWN:
            self._known.clear()
        found = {
            id: name for who in answer.many("profiles") if (id := who.number("id")) and (name := person(who))
        }
        for group in answer.many("groups"):
            if (id := group.number("id")) and (name := group.words("name")):
                found[-id] = text.excerpt(name, _LONGEST)
        for item in answer.many("items"):
            talk = item.one("conversation") or item
            if (id := talk.one("peer").number("id")) and (name := talk.one("chat_settings").words("title")):
                found[id] = text.excerpt(name, _LONGEST)
        self._known |= found
        return set(found)

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
            try:
                known = await self._ask(some)
                await self._introduce(known)
            except BridgeError as error:
                # His next message asks again.
                log.debug("names were not told", channel=self._channel, reason=error.reason)

    async def _ask(self, ids: Sequence[int]) -> set[int]:
        people = [id for id in ids if 0 < id <= addresses.GROUP_CHATS]
        groups = [-id for id in ids if id < 0]
        chats = [id for id in ids if id > addresses.GROUP_CHATS]
        known: set[int] = set()
        if people:
            found = await self._client.call("users.get", user_ids=_listed(people))
            known |= self.learn(Fields({"profiles": found}))
        for method, field, some in (
            ("groups.getById", "group_ids", groups),
            ("messages.getConversationsById", "peer_ids", chats),
        ):
            if some:
                try:
                    found = await self._client.call(method, **{field: _listed(some)})
                except SendError as error:
                    log.debug("names were not told", channel=self._channel, reason=error.reason)
                else:
                    known |= self.learn(Fields(found if isinstance(found, dict) else {"groups": found}))
        return known

    async def _introduce(self, ids: Iterable[int]) -> None:
        """Contacts whose dialog began before their name was known get it now."""
        for id in ids:
            address = addresses.address(id)
            dialog = await self._router.read.current(self._channel, address)
            if dialog is not None and not dialog.contact.name:
                await self._router.introduce(self._channel, address, name=self._known[id])


def person(who: Fields) -> str:
    """How somebody is called."""
    names = (who.words("first_name"), who.words("last_name"))
    return text.excerpt(" ".join(filter(None, names)) or who.words("screen_name"), _LONGEST)


def _listed(ids: Iterable[int]) -> str:
    return ",".join(map(str, ids))
