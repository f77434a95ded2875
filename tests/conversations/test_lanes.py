"""Lanes: one at a time, in order, by whoever takes; a try belongs to its taker until its time is over."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
import redis.asyncio as aioredis

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.effects import Effects
from bridge.conversations.heal import Heal
from bridge.conversations.lanes import Bells
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Missing, Refused
from bridge.messages import DialogId
from tests.conversations.samples import ANN, DAY, SECOND, ann
from tests.conversations.shell import Mind, Moved, said, side_by_side, url_of

LEASE = timedelta(seconds=45)
me = a.Agent(ANN, "ann", "Ann", "agent")


def to_contact(dialog: int) -> str:
    return f"{dialog}>channel:shop"


def answered(mind: Mind, *texts: str, number: int = 1) -> DialogId:
    """A dialog whose greeting has gone out, claimed by Ann, with her replies waiting."""
    dialog = mind.do(Receive(said(number))).dialog
    mind.do(ActOnDialog(dialog, me, a.Claim()))
    sent(mind, dialog)
    for text in texts:
        mind.do(Reply(dialog, ann, text, f"reply:{dialog}:{text}"))
    return dialog


def sent(mind: Mind, dialog: int) -> list[str]:
    """Sends all that may go to the contact now; answers the texts."""
    texts = []
    while row := taken(mind, dialog):
        texts.append(row.payload["text"])
        settle(mind, row, "accepted")
    return texts


def taken(mind: Mind, dialog: int, owner: str = "A") -> OutRow | None:
    rows = mind.do(Take([to_contact(dialog)], owner, mind.committer._clock() + LEASE))
    return rows[0] if rows else None


def settle(mind: Mind, row: OutRow, state: Any, **fields: Any) -> None:
    mind.do(Settle(row, Outcome(state, mind.committer._clock(), **fields)))


def state(mind: Mind, row: OutRow) -> str:
    [found] = mind.rows(t.outbox, t.outbox.c.id == row.id)
    return str(found.state)


def mark(mind: Mind, row: OutRow) -> str:
    [found] = mind.rows(t.message, t.message.c.dialog == row.dialog, t.message.c.seq == row.message_seq)
    return str(found.mark)


# --- order and fence


def test_a_row_that_is_being_sent_fences_its_lane_until_its_time_is_over(mind: Mind, wall: Moved) -> None:
    dialog = answered(mind, "one", "two")
    row = taken(mind, dialog)
    assert row is not None
    assert (row.state, row.owner, row.attempts, row.sending_until) == ("sending", "A", 1, wall.at + LEASE)
    assert taken(mind, dialog, "B") is None
    wall.by(LEASE + SECOND)
    assert taken(mind, dialog, "B") is None  # only a decision on the lost try opens the lane
    heal = Heal(mind.database, None)
    assert heal.lost(wall.at - 2 * SECOND) == []
    assert [lost.id for lost in heal.lost(wall.at)] == [row.id]
    settle(mind, row, "failed", reason="it may not have arrived")
    behind = taken(mind, dialog, "B")
    assert behind is not None
    assert behind.payload["text"] == "two"


def test_parts_of_one_message_go_out_in_order_and_the_last_one_counts(mind: Mind) -> None:
    text = "The first sentence is right here. The second one comes behind it. The third."
    dialog = answered(mind, text, "And a last word.")
    parts = []
    for _ in range(2):
        row = taken(mind, dialog)
        assert row is not None
        parts.append(row.payload["text"])
        settle(mind, row, "accepted", native=f"n{row.part}")
        assert mark(mind, row) == ("accepted" if row.payload.get("last") else "queued")
    parts += sent(mind, dialog)
    assert " ".join(parts) == f"{text} And a last word."
    assert all(len(part) <= 40 for part in parts)


def test_a_part_that_fails_takes_the_parts_behind_it_along_and_retry_brings_all_back(mind: Mind) -> None:
    text = "The first sentence is right here. The second one comes behind it."
    dialog = answered(mind, text, "A word of its own.")
    row = taken(mind, dialog)
    assert row is not None
    settle(mind, row, "failed", reason="blocked")
    assert mark(mind, row) == "failed"
    assert sent(mind, dialog) == ["A word of its own."]
    assert row.message_seq is not None
    mind.do(ActOnDialog(dialog, me, a.Retry(row.message_seq)))
    assert mark(mind, row) == "queued"
    assert " ".join(sent(mind, dialog)) == text
    assert mark(mind, row) == "accepted"
    with pytest.raises(Refused):
        mind.do(ActOnDialog(dialog, me, a.Retry(row.message_seq)))


def test_a_delayed_head_holds_back_what_is_behind_it(mind: Mind, wall: Moved) -> None:
    dialog = answered(mind, "one", "two")
    row = taken(mind, dialog)
    assert row is not None
    settle(mind, row, "delayed", reason="too many messages", not_before=wall.at + 30 * SECOND)
    assert (state(mind, row), mark(mind, row)) == ("delayed", "delayed")
    wall.by(29 * SECOND)
    assert taken(mind, dialog) is None
    wall.by(SECOND)
    assert sent(mind, dialog) == ["one", "two"]


# --- outcomes that come late


def test_a_success_counts_even_after_the_row_was_given_up(mind: Mind, wall: Moved) -> None:
    for given_up in ("unknown", "failed"):
        dialog = answered(mind, given_up, number=len(given_up))
        row = taken(mind, dialog)
        assert row is not None
        settle(mind, row, given_up, reason="no word", not_before=wall.at + SECOND)
        settle(mind, row, "accepted", native="n1")
        assert (state(mind, row), mark(mind, row)) == ("accepted", "accepted")
        assert taken(mind, dialog) is None


def test_trouble_that_comes_late_changes_nothing(mind: Mind, wall: Moved) -> None:
    dialog = answered(mind, "one")
    row = taken(mind, dialog)
    assert row is not None
    settle(mind, row, "unknown", reason="no word", not_before=wall.at)
    again = taken(mind, dialog, "B")
    assert again is not None
    assert again.attempts == 2
    settle(mind, row, "failed", reason="A gives up late")
    assert state(mind, row) == "sending"
    settle(mind, again, "accepted")
    for late in (row, again):
        for outcome in ("failed", "delayed", "unknown"):
            settle(mind, late, outcome, reason="late", not_before=wall.at)
    assert (state(mind, row), mark(mind, row)) == ("accepted", "accepted")


def test_two_outcomes_of_one_try_in_one_batch_end_as_the_success(mind: Mind, wall: Moved) -> None:
    dialog = answered(mind, "one")
    row = taken(mind, dialog)
    assert row is not None
    lost = Settle(row, Outcome("unknown", wall.at, reason="lost", not_before=wall.at))
    outcomes = mind.together(lost, Settle(row, Outcome("accepted", wall.at)), lost)
    assert outcomes == [None, None, None]
    assert (state(mind, row), mark(mind, row)) == ("accepted", "accepted")


# --- undo


def test_a_held_reply_can_be_undone_until_it_goes_out(mind: Mind, wall: Moved) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    sent(mind, dialog)
    held = mind.do(Reply(dialog, ann, "who takes this?", "reply:1"))
    assert held.mark == "held"
    wall.by(9 * SECOND)
    assert taken(mind, dialog) is None
    mind.do(ActOnDialog(dialog, me, a.Undo(held.seq, keep=True)))
    wall.by(DAY)
    assert taken(mind, dialog) is None
    [message] = mind.rows(t.message, t.message.c.dialog == dialog, t.message.c.seq == held.seq)
    assert (message.private, message.mark) == (True, "cancelled")
    with pytest.raises(Refused):
        mind.do(ActOnDialog(dialog, me, a.Undo(held.seq)))
    with pytest.raises(Missing):
        mind.do(ActOnDialog(dialog, me, a.Undo(1)))


def test_what_is_being_sent_cannot_be_undone(mind: Mind) -> None:
    dialog = answered(mind, "one")
    row = taken(mind, dialog)
    assert row is not None
    assert row.message_seq is not None
    with pytest.raises(Refused, match="gone out"):
        mind.do(ActOnDialog(dialog, me, a.Undo(row.message_seq)))
    settle(mind, row, "accepted")
    assert mark(mind, row) == "accepted"


def test_the_end_of_one_try_and_the_next_take_are_one_commit(mind: Mind, wall: Moved) -> None:
    dialog = answered(mind, "one", "two")
    row = taken(mind, dialog)
    assert row is not None
    settled, rows = mind.together(
        Settle(row, Outcome("accepted", wall.at)),
        Take([to_contact(dialog), "nothing>here"], "A", wall.at + LEASE),
    )
    assert settled is None
    assert [found.payload["text"] for found in rows] == ["two"]
    assert mind.do(Take([], "A", wall.at + LEASE)) == []


# --- many takers


def drain(
    barrier: Barrier, url: str, owner: str, lanes: list[str], total: int
) -> list[tuple[str, int, int, float, float]]:
    """Takes and settles until all is sent; answers what it sent, with the moments between which it was its own."""
    database = Database(url)
    done = []
    with Mind(database, clock=lambda: datetime.now(UTC)) as mind:
        barrier.wait(60)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            rows = mind.do(Take(lanes, owner, datetime.now(UTC) + LEASE))
            for row in rows:
                began = time.monotonic()
                done.append((row.lane, row.seq, row.part, began, time.monotonic()))
                mind.do(Settle(row, Outcome("accepted", datetime.now(UTC))))
            if not rows and not mind.count(
                t.outbox, t.outbox.c.lane.in_(lanes), t.outbox.c.state != "accepted"
            ):
                break
    database.close()
    return done


def test_many_takers_in_two_processes_keep_the_order_of_every_lane(database: Database) -> None:
    with Mind(database, clock=lambda: datetime.now(UTC)) as mind:
        dialogs = [answered(mind, *(f"{word}" for word in range(10)), number=number) for number in range(8)]
        lanes = [to_contact(dialog) for dialog in dialogs]
        wanted = [
            (row.lane, row.seq, row.part)
            for row in mind.rows(t.outbox, t.outbox.c.lane.in_(lanes), t.outbox.c.state == "queued")
        ]
        found = side_by_side(
            drain,
            (url_of(database), "A", lanes, len(wanted)),
            (url_of(database), "B", lanes[::-1], len(wanted)),
        )
        assert len(wanted) == 80
        by_lane: dict[str, list[tuple[float, float, int, int]]] = defaultdict(list)
        for lane, seq, part, began, ended in found[0] + found[1]:
            by_lane[lane].append((began, ended, seq, part))
        assert sorted(
            (lane, seq, part) for lane, tries in by_lane.items() for *_, seq, part in tries
        ) == sorted(wanted)
        for tries in by_lane.values():
            in_time = sorted(tries)
            assert [(seq, part) for *_, seq, part in in_time] == sorted(
                (seq, part) for *_, seq, part in in_time
            )
        assert all(found), "both have worked"
        attempts = {row.attempts for row in mind.rows(t.outbox, t.outbox.c.lane.in_(lanes))}
        assert attempts == {1}


# --- bells


@pytest.mark.anyio
async def test_bells_ring_in_order_of_time_and_keep_a_rate(redis_url: str, wall: Moved) -> None:
    async with client_of(redis_url) as client:
        bells = Bells(client)
        told = Effects()
        for number in range(20):
            told.ring(f"{number}>channel:shop", "channel:shop", wall.at - number * SECOND)
        told.ring("late>channel:shop", "channel:shop", wall.at + 5 * SECOND)
        await tell(client, told)
        lanes, wait = await bells.ready("channel:shop", 3, per_second=None, now=wall.at)
        assert lanes == ["19>channel:shop", "18>channel:shop", "17>channel:shop"]
        assert wait == 0
        assert len((await bells.ready("channel:shop", 30, per_second=4, now=wall.at))[0]) == 4
        assert await bells.ready("channel:shop", 30, per_second=4, now=wall.at) == ([], 0.25)
        lanes, wait = await bells.ready("channel:shop", 30, per_second=4, now=wall.at + 0.25 * SECOND)
        assert lanes == ["12>channel:shop"]
        lanes, wait = await bells.ready("channel:shop", 30, per_second=None, now=wall.at)
        assert (len(lanes), wait) == (12, 5.0)
        assert await bells.ready("channel:other", 30, per_second=None, now=wall.at) == ([], -0.001)


@pytest.mark.anyio
async def test_two_clocks_that_differ_a_little_do_not_raise_the_rate(redis_url: str, wall: Moved) -> None:
    async with client_of(redis_url) as client:
        bells = Bells(client)
        told = Effects()
        for number in range(60):
            told.ring(f"{number}>channel:shop", "channel:shop", wall.at - SECOND)
        await tell(client, told)
        rung = 0
        for turn in range(40):
            behind = 0.05 * SECOND if turn % 2 else 0 * SECOND
            rung += len((await bells.ready("channel:shop", 30, per_second=4, now=wall.at - behind))[0])
        assert rung == 4
        await bells.ready("channel:shop", 1, per_second=4, now=wall.by(60 * SECOND))  # this clock was wrong
        wall.by(-60 * SECOND)
        rung = 0
        for _ in range(10):
            rung += len((await bells.ready("channel:shop", 30, per_second=4, now=wall.by(SECOND)))[0])
        assert 36 <= rung <= 45


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Any]:
    client = aioredis.Redis.from_url(url)
    yield client
    await client.aclose()


async def tell(client: Any, effects: Effects) -> None:
    pipe = client.pipeline(transaction=False)
    effects.push(pipe)
    await pipe.execute()
