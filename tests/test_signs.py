"""The contact sees that an agent types, at once or not at all, and his platform is not told oftener than it shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge import actions as a
from bridge import errors
from bridge.connector import Connector, NoSettings
from bridge.conversations import presence
from bridge.conversations.database import Database
from bridge.messages import Address, AgentId, ChannelName, DialogId, Limits, Message, NativeId
from bridge.signs import Signs
from tests.conversations.samples import SHOP
from tests.conversations.shell import House, emptied, housed, said, until
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
ann = a.Agent(AgentId(1), "ann", "Ann", "agent")


class Phone(Connector):
    """A platform that shows who types, or fails to."""

    def __init__(self, name: ChannelName, *, able: bool = True, error: Exception | None = None) -> None:
        super().__init__(name, NoSettings(), None)  # type: ignore[arg-type]
        self.limits = Limits(typing=able)  # type: ignore[misc]
        self.error = error
        self.shown: list[Address] = []

    async def send(self, to: Address, message: Message) -> NativeId:
        raise NotImplementedError

    async def typing(self, to: Address) -> None:
        self.shown.append(to)
        if self.error is not None:
            raise self.error


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with emptied(request, tmp_path) as database:
        yield database


@asynccontextmanager
async def talk(database: Database, redis_url: str, *phones: Phone) -> AsyncIterator[tuple[House, DialogId]]:
    async with housed(database, redis_url, clock=lambda: datetime.now(UTC)) as house:
        dialog = (await house.router.receive(said(1, name="Carl"))).dialog
        house.router.presence.on_typing = Signs({phone.name: phone for phone in phones}).typing
        yield house, dialog


async def test_a_platform_is_told_who_types_and_not_again_so_soon(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SHOW_AGAIN", 0.3)
    phone = Phone(SHOP)
    async with talk(database, redis_url, phone) as (house, dialog):
        for _ in range(5):
            await house.router.presence.view(dialog, ann, typing=True)
        await until(lambda: phone.shown == [Address("visitor-1")])
        await asyncio.sleep(0.35)
        assert len(phone.shown) == 1
        await house.router.presence.view(dialog, ann, typing=True)
        await until(lambda: len(phone.shown) == 2)


async def test_notes_and_colleagues_and_mere_looks_are_nobodys_business(
    database: Database, redis_url: str
) -> None:
    phone = Phone(SHOP)
    async with talk(database, redis_url, phone) as (house, dialog):
        await house.router.presence.view(dialog, ann, typing=True, private=True)
        await house.router.presence.view(dialog, ann, typing=False)
        await asyncio.sleep(0.1)
        assert phone.shown == []


@pytest.mark.parametrize(
    "error", [errors.Unreachable("no route"), KeyError("its own mistake")], ids=["out", "broken"]
)
async def test_a_platform_that_fails_disturbs_nobody(
    database: Database, redis_url: str, error: Exception
) -> None:
    phone = Phone(SHOP, error=error)
    async with talk(database, redis_url, phone) as (house, dialog):
        await house.router.presence.view(dialog, ann, typing=True)
        await until(lambda: phone.shown)
        assert [one.typing for one in await house.router.presence.here(dialog)] == [True]


async def test_where_nothing_can_be_shown_nothing_is_asked(database: Database, redis_url: str) -> None:
    phone, other = Phone(SHOP, able=False), Phone(ChannelName("mail"))
    async with talk(database, redis_url, phone, other) as (house, dialog):
        await house.router.presence.view(dialog, ann, typing=True)
        await asyncio.sleep(0.1)
        assert phone.shown == other.shown == []


async def test_while_redis_is_out_nobody_is_seen_typing(
    database: Database, redis_server: RedisServer
) -> None:
    phone = Phone(SHOP)
    async with talk(database, redis_server.url, phone) as (house, dialog):
        redis_server.kill()
        await house.router.presence.view(dialog, ann, typing=True)
        assert phone.shown == []
