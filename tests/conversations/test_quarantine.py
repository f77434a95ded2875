"""What could not be understood is kept, shown, and read again when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import audit
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import Missing, NotAllowed, Refused, Unavailable
from bridge.messages import Address, AgentId, ChannelName, EventKey, Incoming
from tests.conversations.samples import RULES, SHOP
from tests.conversations.shell import House, housed

pytestmark = pytest.mark.anyio
me = a.Agent(AgentId(1), "ann", "Ann", "agent")
dev = a.Agent(AgentId(3), "dev", "Dev", "developer")
KEY = EventKey("shop:9")


class Reader:
    """A connector's way of reading an event again; `knows` is what it has learned since."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.knows = False
        self.error: Exception = Refused("there is no text in it")

    async def replay(self, raw: bytes) -> None:
        if not self.knows:
            raise self.error
        text = json.loads(raw)["text"]
        await self.house.router.hear(Incoming(SHOP, Address("carl"), KEY, text))


@pytest.fixture
async def house(database: Database, redis_url: str) -> AsyncIterator[House]:
    async with housed(database, redis_url, clock=lambda: datetime.now(UTC)) as house:
        yield house


async def held(house: House) -> tuple[int, Reader]:
    reader = Reader(house)
    house.router.replays = {SHOP: reader.replay}
    await house.router.quarantine(SHOP, KEY, b'{"text": "Hello?"}', "no text")
    [event] = (await house.router.read.quarantined(state="held")).items
    return int(event.id), reader


def state(house: House) -> tuple[str, str, int]:
    [row] = house.mind.rows(t.quarantine)
    return row.state, row.reason, row.attempts


async def test_an_event_that_is_understood_now_is_heard_as_if_for_the_first_time(house: House) -> None:
    event, reader = await held(house)
    found = audit.audit(house.mind.database, RULES, house.clock())
    audit.record(house.mind.database, found, house.clock())
    assert [finding.kind for finding in await house.router.read.findings()] == ["quarantine"]
    reader.knows = True
    assert await house.router.replay(event, me) == {"state": "replayed", "reason": None}
    assert state(house) == ("replayed", "no text", 2)
    [message] = house.mind.rows(t.message, t.message.c.author == "contact")
    assert message.text == "Hello?"
    assert await house.router.read.findings() == []
    assert (await house.router.read.quarantined(state="held")).items == []
    [shown] = (await house.router.read.quarantined(state="replayed")).items
    assert shown.id == str(event)
    [action] = await house.router.read.actions(f"quarantine:{event}")
    assert (action.name, action.after) == ("replayed", {"state": "replayed"})
    with pytest.raises(Refused, match="read already"):
        await house.router.replay(event, me)
    await house.router.quarantine(SHOP, KEY, b"?", "again")
    assert house.mind.count(t.quarantine) == 1


async def test_two_who_ask_at_once_are_heard_once(house: House) -> None:
    event, reader = await held(house)
    reader.knows = True
    first = house.router._replay(SHOP, b'{"text": "Hello?"}')
    assert await first is None
    assert (await house.router.replay(event, me))["state"] == "replayed"
    assert house.mind.count(t.message, t.message.c.author == "contact") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Refused("there is no\x00 text in it"), "there is no text in it"),
        (Refused(""), "Refused"),
        (KeyError("text"), "it could not be read: KeyError"),
    ],
)
async def test_what_is_not_understood_still_stays_and_says_why(
    house: House, error: Exception, reason: str
) -> None:
    event, reader = await held(house)
    reader.error = error
    assert await house.router.replay(event, me) == {"state": "held", "reason": reason}
    assert state(house) == ("held", reason, 2)


async def test_while_nothing_can_be_stored_nothing_is_said_of_it(house: House) -> None:
    event, reader = await held(house)
    reader.error = Unavailable("the database is out of reach")
    with pytest.raises(Unavailable):
        await house.router.replay(event, me)
    assert state(house) == ("held", "no text", 1)


async def test_who_and_what_can_be_asked_for(house: House) -> None:
    event, _ = await held(house)
    with pytest.raises(NotAllowed):
        await house.router.replay(event, dev)
    with pytest.raises(Missing):
        await house.router.replay(1, me)
    house.router.replays = {}
    answer = await house.router.replay(event, me)
    assert answer == {"state": "held", "reason": "no channel 'shop' is configured"}


async def test_an_event_that_vanishes_meanwhile_is_missing(house: House) -> None:
    event, reader = await held(house)

    async def vanish(raw: bytes) -> None:
        assert raw
        with house.mind.database.write() as connection:
            connection.execute(sa.delete(t.quarantine))

    house.router.replays = {ChannelName("shop"): vanish}
    with pytest.raises(Missing):
        await house.router.replay(event, me)
    assert reader.knows is False
