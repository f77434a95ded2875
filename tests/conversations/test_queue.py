"""The queue of a line: Redis says where to look, SQL who wins; wrong entries cost nothing."""

from __future__ import annotations

import asyncio

import pytest

from bridge import actions as a
from bridge.conversations.database import Database
from bridge.conversations.effects import QUEUE, milliseconds
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import NotAllowed
from bridge.messages import AgentId, DialogId, Priority
from tests.conversations.samples import FIRST, QUIET, SECOND, SECOND_LINE
from tests.conversations.shell import House, Moved, housed, said, until
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
me = a.Agent(AgentId(1), "ann", "Ann", "agent")
dev = a.Agent(AgentId(3), "dev", "Dev", "developer")


async def waiting(house: House, wall: Moved, count: int) -> list[DialogId]:
    """So many dialogs, the most urgent first."""
    found = []
    for number in range(count):
        found.append((await house.router.receive(said(number))).dialog)
        wall.by(SECOND)
    await house.settled()
    return found


async def test_next_claims_the_most_urgent_and_what_is_promised_nothing_comes_last(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        unpromised = (await house.router.receive(said(9, channel=QUIET))).dialog
        dialogs = await waiting(house, wall, 3)
        await house.router.act(dialogs[2], "dialog", me, a.Prioritise(Priority.urgent))
        await house.settled()
        order = [dialogs[2], dialogs[0], dialogs[1], unpromised]
        assert await house.queue.waiting(FIRST) == order
        assert [await house.router.next(FIRST, me) for _ in range(5)] == [*order, None]
        await house.settled()
        assert await house.queue.waiting(FIRST) == []
        await house.router.act(dialogs[0], "dialog", me, a.Pass(SECOND_LINE, "please look"))
        await house.settled()
        assert await house.queue.waiting(SECOND_LINE) == [dialogs[0]]


async def test_of_many_who_ask_at_once_each_gets_another_dialog(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        dialogs = await waiting(house, wall, 5)
        agents = [
            a.Agent(AgentId(number), f"agent{number}", f"Agent {number}", "agent") for number in range(8)
        ]
        claimed = await asyncio.gather(*(house.router.next(FIRST, agent) for agent in agents))
        assert sorted(filter(None, claimed)) == sorted(dialogs)


async def test_entries_that_are_wrong_hide_nobody_who_waits(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        dialogs = await waiting(house, wall, 30)
        for dialog in dialogs[:28]:
            await house.mind.committer.run(ActOnDialog(dialog, me, a.Claim()))
        await house.settled()
        # Hints were lost: claimed ones, one that never was, and the two who really wait are missing.
        wrong = {str(dialog): milliseconds(wall.at) for dialog in [*dialogs[:25], 404]}
        await house.client.delete(QUEUE + FIRST)
        await house.client.zadd(QUEUE + FIRST, wrong)
        assert await house.router.next(FIRST, me) == dialogs[28]
        assert await house.router.next(FIRST, me) == dialogs[29]
        assert await house.router.next(FIRST, me) is None
        assert await house.queue.waiting(FIRST) == []


async def test_a_developer_takes_nothing_from_the_queue(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        await waiting(house, wall, 1)
        with pytest.raises(NotAllowed):
            await house.router.next(FIRST, dev)
        assert len(await house.queue.waiting(FIRST)) == 1


async def test_without_redis_the_queue_is_read_from_sql(
    database: Database, redis_server: RedisServer, wall: Moved
) -> None:
    async with housed(database, redis_server.url, clock=wall) as house:
        dialogs = await waiting(house, wall, 2)
        redis_server.kill()
        assert await house.router.next(FIRST, me) == dialogs[0]
        assert await house.router.next(FIRST, me) == dialogs[1]
        assert await house.router.next(FIRST, me) is None
        await house.settled()
        assert not house.hints.reachable


async def test_what_was_not_told_while_redis_was_frozen_is_told_afterwards(
    database: Database, redis_server: RedisServer, wall: Moved
) -> None:
    async with housed(database, redis_server.url, clock=wall) as house:
        await waiting(house, wall, 1)
        await house.heal.sweep(wall.at)
        redis_server.pause()
        missed = (await house.router.receive(said(7))).dialog
        await until(lambda: not house.hints.reachable)
        redis_server.resume()
        heard = (await house.router.receive(said(8))).dialog
        await house.settled()
        assert house.hints.reachable
        assert await house.heal.sweep(wall.at)
        assert {missed, heard} <= set(await house.queue.waiting(FIRST))


async def test_who_is_on_duty_counts_until_his_moment(
    redis_url: str, database: Database, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        await house.queue.on_duty(FIRST, AgentId(1), wall.at + 5 * SECOND)
        await house.queue.on_duty(FIRST, AgentId(2), wall.at + 9 * SECOND)
        assert await house.queue.duty(FIRST, wall.at) == [1, 2]
        assert await house.queue.duty(FIRST, wall.by(6 * SECOND)) == [2]
        await house.queue.off_duty(FIRST, AgentId(2))
        assert await house.queue.duty(FIRST, wall.at) == []
