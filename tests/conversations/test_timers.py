"""Timers: each rings once at its moment, whatever is lost, doubled, killed or early."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from threading import Thread
from typing import Any

import pytest
import redis.asyncio as aioredis

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.effects import TIMERS, milliseconds, parse_timer, timer_member
from bridge.conversations.rings import ArmChore, Chore, Expire
from bridge.conversations.store import OutRow
from bridge.conversations.timers import Timers
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Missing
from bridge.messages import DialogId, Priority
from tests.conversations.samples import ANN, HOUR, MINUTE, SECOND, ann
from tests.conversations.shell import Mind, Moved, housed, said, side_by_side, url_of
from tests.services import RedisServer

LEASE = timedelta(seconds=45)
me = a.Agent(ANN, "ann", "Ann", "agent")


def asked(mind: Mind, number: int = 1) -> DialogId:
    return mind.do(Receive(said(number))).dialog


def armed(mind: Mind, dialog: int, name: str = "promise") -> Any:
    return next(
        iter(
            mind.rows(
                t.timer,
                t.timer.c.subject == f"dialog:{dialog}",
                t.timer.c.name == name,
                t.timer.c.state == "armed",
            )
        ),
        None,
    )


def ring(mind: Mind, timer: Any) -> bool:
    return mind.do(Expire(timer.subject, timer.name, timer.gen))


def climbed(mind: Mind, dialog: int) -> list[str]:
    rows = mind.rows(t.message, t.message.c.dialog == dialog)
    return [row.event for row in rows if row.event in ("nudge", "mention", "requeue", "supervise")]


def reply_taken(mind: Mind, dialog: int, wall: Moved) -> OutRow:
    """The agent's reply is being sent; what the bot said before has gone out."""
    while True:
        [row] = mind.do(Take([f"{dialog}>channel:shop"], "A", wall.at + LEASE))
        if row.human:
            return row
        mind.do(Settle(row, Outcome("accepted", wall.at)))


# --- the ladder


def test_the_four_steps_of_the_ladder_come_at_their_moments(mind: Mind, wall: Moved) -> None:
    began = wall.at
    dialog = asked(mind)
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    seen = {}
    for steps in range(1, 5):
        timer = armed(mind, dialog)
        wall.at = timer.due_at
        assert ring(mind, timer)
        assert not ring(mind, timer), "it has rung"
        seen[climbed(mind, dialog)[-1]] = wall.at - began
        assert len(climbed(mind, dialog)) == steps
        [row] = mind.rows(t.dialog)
        assert row.assignee == (ANN if steps < 3 else None)
        assert row.breached_at == (None if steps < 3 else began + 2 * MINUTE)
    assert seen == {
        "nudge": 60 * SECOND,
        "mention": 96 * SECOND,
        "requeue": 120 * SECOND,
        "supervise": 180 * SECOND,
    }
    [timer] = mind.rows(t.timer)
    assert (timer.state, timer.fired) == ("fired", 4)
    [promise] = mind.rows(t.promise)
    assert (promise.outcome, promise.settled_at) == ("breached", None)


def test_an_answer_in_time_takes_the_timer_off(mind: Mind, wall: Moved) -> None:
    dialog = asked(mind)
    timer = armed(mind, dialog)
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    mind.do(Reply(dialog, ann, "It left today.", "reply:1"))
    wall.by(30 * SECOND)
    while rows := mind.do(Take([f"{dialog}>channel:shop"], "A", wall.at + LEASE)):
        for row in rows:
            mind.do(Settle(row, Outcome("accepted", wall.at)))
    assert armed(mind, dialog) is None
    wall.by(HOUR)
    assert not ring(mind, timer)
    assert climbed(mind, dialog) == []
    [promise] = mind.rows(t.promise)
    assert (promise.outcome, promise.agent) == ("met", ANN)


def test_gens_of_the_past_and_unknown_timers_do_nothing(mind: Mind, wall: Moved) -> None:
    dialog = asked(mind)
    old = armed(mind, dialog)
    mind.do(ActOnDialog(dialog, me, a.Prioritise(Priority.urgent)))
    new = armed(mind, dialog)
    assert new.gen > old.gen
    wall.by(HOUR)
    assert not ring(mind, old)
    assert climbed(mind, dialog) == []
    assert not mind.do(Expire("dialog:404", "promise", 1))
    assert not mind.do(Expire(f"dialog:{dialog}", "snooze", 1))
    assert ring(mind, new)


def test_a_due_ring_that_comes_early_changes_nothing_and_rings_again(mind: Mind, wall: Moved) -> None:
    dialog = asked(mind)
    for _ in range(2):
        wall.at = armed(mind, dialog).due_at
        assert ring(mind, armed(mind, dialog))
    due = armed(mind, dialog)
    wall.at = due.due_at - SECOND
    assert not ring(mind, due)
    assert armed(mind, dialog) == due
    assert climbed(mind, dialog) == ["nudge", "mention"]
    wall.by(SECOND)
    assert ring(mind, due)


def test_a_snooze_ends_at_its_moment_and_once(mind: Mind, wall: Moved) -> None:
    dialog = asked(mind)
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    mind.do(Reply(dialog, ann, "I will look.", "reply:1"))
    while rows := mind.do(Take([f"{dialog}>channel:shop"], "A", wall.at + LEASE)):
        for row in rows:
            mind.do(Settle(row, Outcome("accepted", wall.at)))
    mind.do(ActOnDialog(dialog, me, a.Snooze(wall.at + HOUR)))
    timer = armed(mind, dialog, "snooze")
    assert not ring(mind, timer)
    wall.by(HOUR)
    assert mind.together(*[Expire(timer.subject, timer.name, timer.gen)] * 3) == [True, False, False]
    [woken] = mind.rows(t.dialog)
    assert (woken.status, woken.snoozed_until) == ("open", None)


# --- in flight


def test_expiry_waits_for_a_reply_in_flight(mind: Mind, wall: Moved) -> None:
    dialog = asked(mind)
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    for _ in range(2):
        wall.at = armed(mind, dialog).due_at
        ring(mind, armed(mind, dialog))
    mind.do(Reply(dialog, ann, "It left today.", "reply:1"))
    due = armed(mind, dialog)
    wall.at = due.due_at - SECOND
    row = reply_taken(mind, dialog, wall)
    wall.at = due.due_at
    assert ring(mind, due)
    assert climbed(mind, dialog) == ["nudge", "mention"]
    waiting = armed(mind, dialog)
    assert waiting.due_at == row.sending_until
    mind.do(Settle(row, Outcome("accepted", due.due_at - SECOND / 2)))
    wall.at = waiting.due_at
    assert not ring(mind, waiting)
    assert [(promise.outcome) for promise in mind.rows(t.promise)] == ["met"]


def test_a_reply_that_was_in_flight_and_failed_breaches_when_its_time_is_over(
    mind: Mind, wall: Moved
) -> None:
    dialog = asked(mind)
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    for _ in range(2):
        wall.at = armed(mind, dialog).due_at
        ring(mind, armed(mind, dialog))
    mind.do(Reply(dialog, ann, "It left today.", "reply:1"))
    row = reply_taken(mind, dialog, wall)
    wall.at = armed(mind, dialog).due_at
    assert row.sending_until is not None
    assert wall.at < row.sending_until
    assert ring(mind, armed(mind, dialog))
    assert climbed(mind, dialog) == ["nudge", "mention"]
    mind.do(Settle(row, Outcome("failed", wall.at, reason="blocked")))
    wall.at = armed(mind, dialog).due_at
    assert ring(mind, armed(mind, dialog))
    assert climbed(mind, dialog)[:3] == ["nudge", "mention", "requeue"]


# --- chores


def test_a_chore_is_armed_once_and_started_by_one_process_a_turn(mind: Mind, wall: Moved) -> None:
    mind.together(ArmChore("audit", wall.at), ArmChore("audit", wall.at))
    mind.do(ArmChore("audit", wall.at))
    [timer] = mind.rows(t.timer)
    assert (timer.subject, timer.gen, timer.due_at) == ("chore:audit", 1, wall.at)
    assert mind.together(Chore("audit", 1, HOUR), Chore("audit", 1, HOUR)) == [True, False]
    [timer] = mind.rows(t.timer)
    assert (timer.gen, timer.due_at, timer.fired) == (2, wall.at + HOUR, 1)
    assert not mind.do(Chore("audit", 1, HOUR))
    assert not mind.do(Chore("nothing", 1, HOUR))


# --- the sorted set


def test_a_member_names_its_timer() -> None:
    assert parse_timer(timer_member("dialog:7", "promise", 12)) == ("dialog:7", "promise", 12)
    assert parse_timer("chore:a/b:c/run:3") == ("chore:a/b:c", "run", 3)


@pytest.mark.anyio
async def test_a_claim_moves_ahead_and_comes_round_until_it_is_done(redis_url: str, wall: Moved) -> None:
    client = aioredis.Redis.from_url(redis_url)
    timers = Timers(client)
    assert await timers.claim(wall.at, 10) == ([], None)
    await client.zadd(TIMERS, {f"dialog:{n}/promise:1": milliseconds(wall.at) + n for n in range(4)})
    assert await timers.claim(wall.at + 0.001 * SECOND, 10) == (
        ["dialog:0/promise:1", "dialog:1/promise:1"],
        0.001,
    )
    assert await timers.claim(wall.by(SECOND), 1) == (["dialog:2/promise:1"], 0.0)
    assert await timers.claim(wall.at, 10) == (["dialog:3/promise:1"], 1.001)
    await timers.done(["dialog:0/promise:1", "dialog:2/promise:1"])
    await timers.done([])
    again, _ = await timers.claim(wall.by(10 * SECOND), 10)
    assert again == ["dialog:1/promise:1", "dialog:3/promise:1"]
    await client.aclose()


@pytest.mark.anyio
async def test_only_dialogs_and_chores_own_timers(database: Database, redis_url: str, wall: Moved) -> None:
    async with housed(database, redis_url, clock=wall) as house:
        with pytest.raises(Missing):
            await house.router.expire("ticket:1", "due", 1)


# --- two clocks, kills and wipes


def ring_all(barrier: Barrier, url: str, redis_url: str, killed: bool) -> int:
    """A clock of one process; one that is killed dies between a claim and its effect, again and again."""
    database = Database(url)

    async def work() -> int:
        async with housed(database, redis_url, clock=lambda: datetime.now(UTC)) as house:
            rung = 0
            deadline = time.monotonic() + 25
            while time.monotonic() < deadline:
                members, _ = await house.timers.claim(datetime.now(UTC), 20)
                if killed and members:
                    # As good as a kill: what was claimed is forgotten.
                    members = members[::2]
                done = []
                for member in members:
                    rung += await house.router.expire(*parse_timer(member))
                    done.append(member)
                await house.timers.done(done)
                if not members and not house.mind.count(t.timer, t.timer.c.state == "armed"):
                    break
                await house.heal.sweep(datetime.now(UTC))
                await asyncio.sleep(0.02)
            return rung

    barrier.wait(60)
    rung = asyncio.run(work())
    database.close()
    return rung


def test_every_timer_fires_once_under_two_clocks_forgotten_claims_and_wipes(
    database: Database, redis_server: RedisServer
) -> None:
    began = datetime.now(UTC)
    with Mind(database, clock=lambda: began - 2.9 * MINUTE) as mind:
        mind.together(*(Receive(said(number)) for number in range(60)))

    def wipe() -> None:
        for _ in range(5):
            time.sleep(1)
            redis_server.flush()

    wiping = Thread(target=wipe)
    wiping.start()
    try:
        rung = side_by_side(
            ring_all,
            (url_of(database), redis_server.url, False),
            (url_of(database), redis_server.url, True),
        )
    finally:
        wiping.join()
    assert all(rung), "both have worked"
    assert sum(rung) == 4 * 60
    assert [row.fired for row in mind.rows(t.timer)] == [4] * 60
    for row in mind.rows(t.dialog):
        assert climbed(mind, row.id) == ["nudge", "mention", "requeue", "supervise"]
