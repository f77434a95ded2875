"""Heal: whatever Redis has lost is told again from SQL, and the same twice is the same once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge import actions as a
from bridge.conversations import heal as healing
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.effects import BELLS, EPOCH, QUEUE, TIMERS, milliseconds
from bridge.conversations.rings import ArmChore
from bridge.conversations.tries import Outcome
from bridge.conversations.verbs import ActOnDialog
from tests.conversations.samples import ANN, FIRST, HOUR, MINUTE, QUIET, SECOND, ann
from tests.conversations.shell import House, Moved, housed, said

pytestmark = pytest.mark.anyio
LEASE = timedelta(seconds=45)
me = a.Agent(ANN, "ann", "Ann", "agent")


async def lived(house: House) -> None:
    """A little of everything: dialogs waiting, claimed, snoozed, resolved; posts queued, delayed, sent; a chore."""
    run, now = house.mind.committer.run, house.clock()
    dialogs = [(await run(Receive(said(number)))).dialog for number in range(7)]
    await run(Receive(said(8, channel=QUIET)))
    for dialog in dialogs[:4]:
        await run(ActOnDialog(dialog, me, a.Claim()))
    await run(Reply(dialogs[0], ann, "On its way.", "reply:1"))
    while rows := await house.router.take([f"{dialogs[0]}>channel:shop"], "A", now + LEASE):
        await house.router.settle(rows[0], Outcome("accepted", now))
    await run(ActOnDialog(dialogs[0], me, a.Snooze(now + HOUR)))
    await run(ActOnDialog(dialogs[1], me, a.Resolve()))
    [row] = await house.router.take([f"{dialogs[2]}>channel:shop"], "A", now + LEASE)
    await house.router.settle(row, Outcome("delayed", now, reason="slow down", not_before=now + MINUTE))
    await run(Reply(dialogs[4], ann, "held for a while", "reply:2"))
    await house.router.arm_chore("audit", now + MINUTE)
    await house.settled()


def near(state: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Without bells of lanes in which nothing is left: they may ring in vain."""
    return {key: dict(sorted(members.items())) for key, members in sorted(state.items()) if members}


async def test_after_a_wipe_the_sweep_brings_everything_back(
    database: Database, redis_url: str, wall: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healing, "PAGE", 3)
    async with housed(database, redis_url, clock=wall) as house:
        await lived(house)
        lanes = {row.lane for row in house.mind.rows(t.outbox, t.outbox.c.state.in_(["queued", "delayed"]))}
        before = await house.redis_state()
        for key in [key for key in before if key.startswith(BELLS)]:
            before[key] = {lane: at for lane, at in before[key].items() if lane in lanes}
        assert {TIMERS, QUEUE + FIRST, BELLS + "channel:shop", BELLS + "desk:web"} <= before.keys()
        await house.client.flushall()
        assert await house.heal.sweep(wall.at)
        after = await house.redis_state()
        assert near(after) == near(before)
        assert await house.client.exists(EPOCH)
        assert not await house.heal.sweep(wall.at)
        await house.heal.rebuild()
        assert near(await house.redis_state()) == near(before)


async def test_what_was_missed_is_rung_by_the_sweep(database: Database, redis_url: str, wall: Moved) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        await house.heal.sweep(wall.at)
        dialog = (await house.mind.committer.run(Receive(said(1)))).dialog
        await house.settled()
        for key in (TIMERS, BELLS + "channel:shop", BELLS + "desk:web"):
            await house.client.delete(key)
        await house.heal.sweep(wall.at)
        assert TIMERS not in await house.redis_state(), "nothing is overdue"
        await house.heal.sweep(wall.by(2 * SECOND))
        state = await house.redis_state()
        assert state[BELLS + "channel:shop"] == {f"{dialog}>channel:shop": milliseconds(wall.at - 2 * SECOND)}
        assert TIMERS not in state
        await house.heal.sweep(wall.by(MINUTE))
        assert list((await house.redis_state())[TIMERS]) == [
            f"{timer.subject}/{timer.name}:{timer.gen}" for timer in house.mind.rows(t.timer)
        ]


async def test_an_empty_database_rebuilds_an_empty_redis(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        assert await house.heal.sweep(wall.at)
        assert await house.redis_state() == {}
        assert not house.heal.due(wall.at)
        assert house.heal.lost(wall.at) == []


async def test_a_chore_is_rebuilt_like_any_timer(database: Database, redis_url: str, wall: Moved) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        await house.mind.committer.run(ArmChore("audit", wall.at))
        await house.settled()
        await house.client.flushall()
        await house.heal.sweep(wall.at)
        state: dict[str, Any] = await house.redis_state()
        assert state == {TIMERS: {"chore:audit/run:1": milliseconds(wall.at)}}
