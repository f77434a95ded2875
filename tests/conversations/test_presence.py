"""Presence: who views and types is known for seconds, told when it changes, and missed by nobody when it is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge import actions as a
from bridge.conversations import presence
from bridge.conversations.database import Database
from bridge.conversations.effects import LIVE
from bridge.errors import Missing
from bridge.messages import Address, AgentId, DialogId
from bridge.views import HereView
from tests.conversations.samples import FIRST, SHOP
from tests.conversations.shell import House, housed, said, until
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
ANN = a.Agent(AgentId(1), "ann", "Ann", "agent", (FIRST,))
BEN = a.Agent(AgentId(2), "ben", "Ben", "agent", (FIRST,))
CARL = Address("visitor-1")


class Hall:
    """A house with one dialog, and what its pages are told."""

    def __init__(self, house: House, dialog: DialogId) -> None:
        self.house = house
        self.dialog = dialog
        self.presence = house.router.presence
        self.woken: list[str] = []

    async def there(self) -> list[tuple[str, bool]]:
        return [(one.name, one.typing) for one in await self.presence.here(self.dialog)]


@asynccontextmanager
async def hall(database: Database, redis_url: str) -> AsyncIterator[Hall]:
    async with housed(database, redis_url, clock=lambda: datetime.now(UTC)) as house:
        receipt = await house.router.receive(said(1, name="Carl"))
        await house.settled()
        place = Hall(house, receipt.dialog)
        async with house.client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(LIVE)
            await subscription.get_message(timeout=1.0)
            listening = asyncio.create_task(_listen(subscription, place.woken))
            try:
                yield place
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


async def _listen(subscription: Any, woken: list[str]) -> None:
    while True:
        told = await subscription.get_message(timeout=0.2)
        if told is not None:
            woken += json.loads(told["data"])["wake"]


async def test_agents_see_who_views_and_types_and_pages_are_woken_only_when_that_changes(
    database: Database, redis_url: str
) -> None:
    async with hall(database, redis_url) as place:
        room = f"here:{place.dialog}"
        assert await place.there() == []
        await place.presence.view(place.dialog, ANN, typing=False)
        await until(lambda: place.woken == [room])
        await place.presence.view(place.dialog, ANN, typing=False)
        await place.presence.view(place.dialog, BEN, typing=True, private=True)
        assert await place.there() == [("Ann", False), ("Ben", True)]
        await until(lambda: place.woken == [room, room])
        await place.presence.view(place.dialog, BEN, typing=False)
        await until(lambda: place.woken == [room, room, room])
        assert await place.there() == [("Ann", False), ("Ben", False)]


async def test_the_contact_who_types_is_seen_by_agents_without_an_id(
    database: Database, redis_url: str
) -> None:
    async with hall(database, redis_url) as place:
        await place.presence.typing(SHOP, CARL)
        assert await place.presence.here(place.dialog) == [HereView("contact", None, "Carl", typing=True)]
        await place.presence.typing(SHOP, Address("nobody"))
        assert len(await place.there()) == 1


async def test_a_contact_is_told_of_words_that_may_reach_him_and_of_no_notes(
    database: Database, redis_url: str
) -> None:
    async with hall(database, redis_url) as place:
        wake = f"typing:{SHOP}/{CARL}"
        await place.presence.view(place.dialog, ANN, typing=False)
        await place.presence.view(place.dialog, ANN, typing=True, private=True)
        assert await place.presence.typist(SHOP, CARL) is None
        await place.presence.view(place.dialog, ANN, typing=True)
        assert await place.presence.typist(SHOP, CARL) == "Ann"
        await until(lambda: wake in place.woken)
        await place.house.client.flushall()
        await place.house.router.act(place.dialog, "dialog", ANN, a.Claim())
        await place.presence.view(place.dialog, BEN, typing=True)
        assert await place.presence.typist(SHOP, CARL) is None
        assert await place.there() == [("Ben", True)]


async def test_who_falls_silent_fades_and_pages_are_told_of_it(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LIFE", {"agent": 0.3, "contact": 0.2})
    async with hall(database, redis_url) as place:
        await place.presence.view(place.dialog, ANN, typing=True)
        await until(lambda: place.woken.count(f"here:{place.dialog}") == 2)
        assert await place.there() == []
        assert await place.presence.typist(SHOP, CARL) is None


async def test_nothing_but_a_name_is_kept_and_it_vanishes_by_itself(
    database: Database, redis_url: str
) -> None:
    async with hall(database, redis_url) as place:
        await place.presence.view(place.dialog, ANN, typing=True)
        await place.presence.typing(SHOP, CARL)
        keys = await place.house.client.keys("bridge:here:*") + await place.house.client.keys(
            "bridge:typist:*"
        )
        assert len(keys) == 2
        assert all([0 < await place.house.client.pttl(key) <= 10_000 for key in keys])


async def test_a_dialog_that_is_not_there_has_no_visitors(database: Database, redis_url: str) -> None:
    async with hall(database, redis_url) as place:
        with pytest.raises(Missing):
            await place.presence.view(DialogId(7), ANN, typing=False)


async def test_without_redis_nobody_is_seen_and_nothing_breaks(
    database: Database, redis_server: RedisServer
) -> None:
    async with housed(database, redis_server.url, clock=lambda: datetime.now(UTC)) as house:
        receipt = await house.router.receive(said(1, name="Carl"))
        await house.settled()
        redis_server.kill()
        presence = house.router.presence
        await presence.view(receipt.dialog, ANN, typing=True)
        await presence.typing(SHOP, CARL)
        assert await presence.here(receipt.dialog) == []
        assert await presence.typist(SHOP, CARL) is None
        redis_server.start()
