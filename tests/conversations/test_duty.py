"""Who is on duty, as the bot is told it: a copy of a few seconds' age, and nothing where nothing is known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import redis

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.queue import DUTY
from bridge.messages import AgentId
from tests.conversations.samples import FIRST, HOUR, MINUTE, OFFICE, RULES
from tests.conversations.shell import House, Moved, housed, said
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
KRISTINA, LISA = AgentId(1), AgentId(2)


async def test_a_line_is_absent_once_all_who_were_on_duty_have_gone(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        absent = house.queue.absent
        assert await absent([FIRST, OFFICE], wall.at) == frozenset(), "nobody ever comes on duty here"
        await house.queue.on_duty(FIRST, KRISTINA, wall.at + 15 * MINUTE)
        await house.queue.on_duty(FIRST, LISA, wall.at + HOUR)
        assert await absent([FIRST, OFFICE], wall.at) == frozenset()
        await house.queue.off_duty(FIRST, LISA)
        assert await house.queue.duty(FIRST, wall.at) == [KRISTINA]
        assert await absent([FIRST, OFFICE], wall.at) == frozenset()
        assert await absent([FIRST, OFFICE], wall.at + 16 * MINUTE) == {FIRST}
        await house.queue.off_duty(FIRST, KRISTINA)
        assert await absent([FIRST, OFFICE], wall.at) == {FIRST}


async def test_the_contact_is_told_by_the_bot_that_nobody_is_on_duty(
    database: Database, redis_url: str
) -> None:
    wall = Moved(datetime.now(UTC))
    async with housed(database, redis_url, clock=wall) as house:
        watching = asyncio.create_task(house.router.attendance.run(RULES.lines))
        await house.queue.on_duty(FIRST, KRISTINA, wall.at + HOUR)
        await house.router.attendance.look(RULES.lines)
        there = await house.router.receive(said(1))
        await house.queue.off_duty(FIRST, KRISTINA)
        await house.router.attendance.look(RULES.lines)
        gone = await house.router.receive(said(2))
        watching.cancel()
        assert bot_said(house, there.dialog) == (
            "Hello! Your message is with us: a person answers within 2 minutes."
        )
        assert bot_said(house, gone.dialog) == (
            "Hello! Nobody is at the desk at this moment. You have an answer within 2 minutes."
        )


async def test_while_redis_is_out_somebody_is_there(
    database: Database, redis_server: RedisServer, wall: Moved
) -> None:
    async with housed(database, redis_server.url, clock=wall) as house:
        await house.queue.on_duty(FIRST, KRISTINA, datetime.now(UTC) - MINUTE)
        await house.router.attendance.look(RULES.lines)
        assert house.router.attendance.absent == {FIRST}
        redis_server.kill()
        await house.router.attendance.look(RULES.lines)
        assert house.router.attendance.absent == frozenset()
        with pytest.raises(redis.RedisError):
            await house.client.zcard(DUTY + FIRST)


def bot_said(house: House, dialog: int) -> str:
    (row,) = house.mind.rows(t.message, t.message.c.dialog == dialog, t.message.c.author == "bot")
    return str(row.text)
