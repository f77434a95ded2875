"""The clock: real timers ring once at their moments, with two clocks, without Redis, and after a wipe."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis.asyncio as aioredis

from bridge.clock import Clock, Wall
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.effects import TIMERS
from bridge.conversations.lines import Rules, Targets
from tests.conversations.samples import RULES, SECOND, SHOP
from tests.conversations.shell import House, emptied, housed, said, until
from tests.services import DATABASE_KINDS, PostgresServer, RedisServer, chosen

TARGET = timedelta(seconds=1)
"""Short enough to wait for: the rungs come after 0.5, 0.8 and 1 s."""
RUNGS = ["nudge", "mention", "requeue"]


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with emptied(request, tmp_path) as database:
        yield database


def quick() -> Rules:
    shop = replace(RULES.channels[SHOP], targets=Targets(TARGET, TARGET))
    return replace(RULES, channels={**RULES.channels, SHOP: shop})


def now() -> datetime:
    return datetime.now(UTC)


class Chores:
    """Counts what the clock starts."""

    def __init__(self) -> None:
        self.started: Counter[str] = Counter()
        self.fails = False

    def start(self, name: str) -> None:
        self.started[name] += 1
        if self.fails:
            raise RuntimeError("no worker takes it")


@asynccontextmanager
async def ticking(
    house: House, *, clocks: int = 1, chores: dict[str, timedelta] | None = None, start: Chores | None = None
) -> AsyncIterator[None]:
    starter = start or Chores()
    tasks = [
        asyncio.create_task(
            Clock(
                house.router, house.timers, house.heal, Wall(), house.client, chores or {}, starter.start
            ).run()
        )
        for _ in range(clocks)
    ]
    try:
        yield
        assert not any(task.done() for task in tasks), "a clock has stopped"
    finally:
        for task in tasks:
            task.cancel()
        _, alive = await asyncio.wait(tasks, timeout=10)
        assert not alive, "a clock does not end"


def climbed(house: House, dialog: int) -> list[tuple[str, float]]:
    """The rungs climbed, and how many seconds after the question."""
    rows = house.mind.rows(t.message, t.message.c.dialog == dialog)
    began = rows[0].said_at
    events = [*RUNGS, "supervise"]
    return [(row.event, (row.said_at - began).total_seconds()) for row in rows if row.event in events]


@pytest.mark.anyio
async def test_two_clocks_ring_each_rung_once_and_at_its_moment(database: Database, redis_url: str) -> None:
    async with housed(database, redis_url, rules=quick(), clock=now) as house:
        async with ticking(house, clocks=2):
            dialogs = [(await house.router.receive(said(number))).dialog for number in range(20)]
            await until(lambda: all(len(climbed(house, dialog)) == 3 for dialog in dialogs))
        for dialog in dialogs:
            rungs = climbed(house, dialog)
            assert [name for name, _ in rungs] == RUNGS
            for (_, came), due in zip(rungs, (0.5, 0.8, 1.0), strict=True):
                assert due <= came < due + 1.5
        await house.settled()
        assert await house.client.zcard(TIMERS) == 20  # the supervisor's minute


@pytest.mark.anyio
async def test_after_a_wipe_overdue_timers_ring_within_three_seconds(
    database: Database, redis_server: RedisServer
) -> None:
    async with housed(database, redis_server.url, rules=quick(), clock=now) as house, ticking(house):
        dialog = (await house.router.receive(said(1))).dialog
        await house.settled()
        redis_server.flush()
        await until(lambda: len(climbed(house, dialog)) == 3)
        assert climbed(house, dialog)[-1][1] < 6


@pytest.mark.anyio
@pytest.mark.faults
async def test_without_redis_the_clock_goes_on_by_sql_and_with_it_again(
    database: Database, redis_server: RedisServer
) -> None:
    async with housed(database, redis_server.url, rules=quick(), clock=now) as house, ticking(house):
        await asyncio.sleep(0.1)
        redis_server.kill()
        dialog = (await house.router.receive(said(1))).dialog
        await until(lambda: len(climbed(house, dialog)) == 3, 15)
        for (_, came), due in zip(climbed(house, dialog), (0.5, 0.8, 1.0), strict=True):
            assert due <= came < due + 5
        redis_server.start()
        await asyncio.sleep(2.5)
        later = (await house.router.receive(said(2))).dialog
        await until(lambda: len(climbed(house, later)) == 3)
        assert climbed(house, later)[-1][1] < 4


@pytest.mark.anyio
@pytest.mark.faults
async def test_while_sql_is_out_nothing_rings_and_nothing_is_lost(
    database: Database, redis_url: str, request: pytest.FixtureRequest
) -> None:
    if database.sqlite:
        pytest.skip("SQLite has no server that could stop")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    async with housed(database, redis_url, rules=quick(), clock=now) as house, ticking(house):
        dialog = (await house.router.receive(said(1))).dialog
        await house.settled()
        server.kill()
        await asyncio.sleep(1.5)
        server.start()
        await until(lambda: len(climbed(house, dialog)) == 3, 15)
        assert [name for name, _ in climbed(house, dialog)] == RUNGS


@pytest.mark.anyio
async def test_a_chore_starts_at_once_and_then_every_so_often_in_one_of_two_clocks(
    database: Database, redis_url: str
) -> None:
    chores = Chores()
    every = {"audit": timedelta(seconds=0.7), "report": timedelta(hours=1)}
    async with (
        housed(database, redis_url, clock=now) as house,
        ticking(house, clocks=2, chores=every, start=chores),
    ):
        began = time.monotonic()
        await until(lambda: chores.started["audit"] >= 3)
        assert time.monotonic() - began >= 1.3
        assert chores.started["report"] == 1


@pytest.mark.anyio
async def test_a_timer_that_fails_is_said_so_and_harms_no_other(database: Database, redis_url: str) -> None:
    chores = Chores()
    chores.fails = True
    async with (
        housed(database, redis_url, rules=quick(), clock=now) as house,
        ticking(house, chores={"audit": timedelta(hours=1)}, start=chores),
    ):
        members = {"ticket:1/due:1": 5, "chore:forgotten/run:1": 5, "dialog:404/promise:1": 5}
        await house.client.zadd(TIMERS, members)
        dialog = (await house.router.receive(said(1))).dialog
        await until(lambda: len(climbed(house, dialog)) == 3)
        left = {member.decode() for member in await house.client.zrange(TIMERS, 0, -1)}
        assert "ticket:1/due:1" in left
        assert not {"chore:forgotten/run:1", "dialog:404/promise:1"} & left
        assert chores.started["audit"] == 1


@pytest.mark.anyio
async def test_the_wall_goes_by_redis_and_stands_still_within_the_error(redis_url: str) -> None:
    client = aioredis.Redis.from_url(redis_url)
    wall = Wall()
    await wall.adjust(client)
    assert abs(wall.now() - now()) < SECOND / 10
    await client.aclose()


def test_the_wall_believes_a_small_difference_at_once_and_a_jump_the_third_time() -> None:
    wall = Wall()
    wall.learn(0.01 * SECOND)
    assert abs(wall.now() - now()) < 0.005 * SECOND, "within the error nothing trembles"
    wall.learn(1.5 * SECOND)
    assert 1.4 * SECOND < wall.now() - now() < 1.6 * SECOND
    for _ in range(2):
        wall.learn(60 * SECOND)
        assert wall.now() - now() < 1.6 * SECOND
    wall.learn(60 * SECOND)
    assert wall.now() - now() > 59 * SECOND
