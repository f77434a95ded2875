"""The audit: each invariant is broken by plain SQL and found, and what commands write breaks none."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.audit import Finding, audit, record
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.news import Hear
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.messages import Address, Deleted, DialogId, EventKey, NativeId
from tests.conversations.samples import ANN, HOUR, MINUTE, NOON, RULES, SECOND, SHOP, ann
from tests.conversations.shell import Mind, said

ANNS_CARD = a.Agent(ANN, "ann", "Ann", "agent")
TICKS = 1_000_000
"""Microseconds of a second, as moments are kept."""


@dataclass
class Dialogs:
    """One dialog of each kind there is."""

    open: DialogId
    claimed: DialogId
    waiting: DialogId
    snoozed: DialogId
    resolved: DialogId


@pytest.fixture
def dialogs(mind: Mind) -> Dialogs:
    """A house at work: each dialog came to where it is by commands."""
    with mind.database.write() as connection:
        connection.execute(
            sa.insert(t.agent).values(
                id=ANN, login="ann", name="Ann", role="agent", lines=[], language="en", created_at=NOON
            )
        )
    heard = [mind.do(Receive(said(number))).dialog for number in range(5)]
    for dialog in heard[2:]:
        mind.do(Reply(dialog, ann, "It is on its way.", f"reply:{dialog}", mode="send"))
    arrive(mind)
    # A first text that is held for Undo, in a dialog that the agent claims by it.
    mind.do(Reply(heard[1], ann, "Let me see.", "held"))
    mind.do(ActOnDialog(heard[3], ANNS_CARD, a.Snooze(NOON + HOUR)))
    mind.do(ActOnDialog(heard[4], ANNS_CARD, a.Resolve()))
    return Dialogs(*heard)


def arrive(mind: Mind) -> None:
    """Every post that is due gets where it should."""
    while lanes := {row.lane for row in mind.rows(t.outbox, t.outbox.c.state == "queued")}:
        for row in mind.do(Take(lanes, "hands", NOON + MINUTE)):
            mind.do(Settle(row, Outcome("accepted", NOON)))


def run(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(database: Database, now: datetime = NOON) -> set[tuple[str, str]]:
    return {(finding.kind, finding.subject) for finding in audit(database, RULES, now)}


def test_what_commands_write_breaks_nothing(mind: Mind, dialogs: Dialogs) -> None:
    with mind.database.read() as connection:
        statuses = connection.execute(sa.select(t.dialog.c.status).order_by(t.dialog.c.id)).scalars().all()
    assert sorted(statuses) == ["open", "open", "resolved", "snoozed", "waiting"]
    assert audit(mind.database, RULES, NOON) == []


def test_an_empty_house_breaks_nothing(database: Database) -> None:
    assert audit(database, RULES, NOON) == []


@pytest.mark.parametrize(
    ("statement", "kinds", "which"),
    [
        ("UPDATE dialog SET line = 'gone' WHERE id = {id}", {"line"}, "open"),
        ("UPDATE dialog SET line = 'gone' WHERE id = {id}", {"line"}, "waiting"),
        ("UPDATE agent SET disabled_at = 0", {"assignee"}, "claimed"),
        ("UPDATE dialog SET assignee = 99 WHERE id = {id}", {"assignee"}, "claimed"),
        ("UPDATE dialog SET status = 'lost' WHERE id = {id}", {"status", "unanswered"}, "open"),
        ("UPDATE timer SET state = 'fired' WHERE subject = 'dialog:{id}'", {"snooze"}, "snoozed"),
        ("UPDATE timer SET gen = gen + 1 WHERE subject = 'dialog:{id}'", {"snooze"}, "snoozed"),
        ("DELETE FROM timer WHERE subject = 'dialog:{id}'", {"promise"}, "open"),
        ("UPDATE timer SET gen = gen + 1 WHERE subject = 'dialog:{id}'", {"promise"}, "open"),
        ("UPDATE timer SET state = 'off' WHERE subject = 'dialog:{id}'", {"promise"}, "claimed"),
        ("UPDATE dialog SET status = 'waiting' WHERE id = {id}", {"unanswered"}, "open"),
        ("UPDATE dialog SET answered_seq = 0 WHERE id = {id}", {"unanswered"}, "waiting"),
        (
            "UPDATE dialog SET answered_seq = 0, snooze_gen = 0 WHERE id = {id}",
            {"snooze", "unanswered"},
            "snoozed",
        ),
    ],
)
def test_a_dialog_that_nobody_looks_after_is_found(
    mind: Mind, dialogs: Dialogs, statement: str, kinds: Collection[str], which: str
) -> None:
    dialog = getattr(dialogs, which)
    run(mind.database, statement.format(id=dialog))
    assert found(mind.database) == {(kind, f"dialog:{dialog}") for kind in kinds}


@pytest.mark.parametrize(
    ("statements", "which"),
    [
        # The ladder has been climbed: nothing is left to ring.
        (
            [
                "UPDATE dialog SET promise_gen = 0 WHERE id = {id}",
                "DELETE FROM timer WHERE subject = 'dialog:{id}'",
            ],
            "open",
        ),
        # Snoozed with a question that nothing was promised for.
        (["UPDATE dialog SET answered_seq = 0 WHERE id = {id}"], "snoozed"),
        # A press on the menu asks nothing, and what was deleted asks nothing any more.
        (
            [
                "UPDATE dialog SET status = 'waiting' WHERE id = {id}",
                "UPDATE message SET event = 'press' WHERE dialog = {id} AND author = 'contact'",
            ],
            "open",
        ),
        (
            [
                "UPDATE dialog SET status = 'waiting' WHERE id = {id}",
                "UPDATE message SET deleted_at = 1 WHERE dialog = {id} AND author = 'contact'",
            ],
            "open",
        ),
        # The answer is on its way.
        (["UPDATE dialog SET status = 'waiting' WHERE id = {id}"], "claimed"),
        # Whoever had it, it is settled.
        (
            ["UPDATE agent SET disabled_at = 0", "UPDATE dialog SET status = 'waiting' WHERE id = {id}"],
            "claimed",
        ),
        (["UPDATE dialog SET line = 'gone' WHERE id = {id}"], "resolved"),
    ],
)
def test_what_is_in_order_is_not_found(
    mind: Mind, dialogs: Dialogs, statements: list[str], which: str
) -> None:
    run(mind.database, *(statement.format(id=getattr(dialogs, which)) for statement in statements))
    assert found(mind.database) == set()


@pytest.mark.parametrize("state", ["queued", "sending", "unknown"])
def test_a_post_that_gets_nowhere_for_a_minute_is_found(mind: Mind, dialogs: Dialogs, state: str) -> None:
    row = mind.rows(t.outbox, t.outbox.c.dialog == dialogs.waiting, t.outbox.c.kind == "send")[-1]
    at = f"UPDATE outbox SET state = '{state}', not_before = not_before - {{}} WHERE id = {row.id}"
    run(mind.database, at.format(59 * TICKS))
    assert found(mind.database) == set()
    run(mind.database, at.format(2 * TICKS))
    assert found(mind.database) == {("lane", f"lane:{row.lane}")}


@pytest.mark.parametrize("state", ["delayed", "accepted", "delivered", "read", "failed", "cancelled"])
def test_a_post_whose_fate_is_known_is_not_found(mind: Mind, dialogs: Dialogs, state: str) -> None:
    run(
        mind.database,
        f"UPDATE outbox SET state = '{state}', not_before = not_before - {HOUR // SECOND * TICKS}"
        f" WHERE dialog = {dialogs.waiting}",
    )
    assert found(mind.database) == set()


def test_many_posts_of_one_lane_are_one_finding(mind: Mind, dialogs: Dialogs) -> None:
    run(
        mind.database,
        "UPDATE outbox SET state = 'queued', not_before = not_before - 61000000"
        f" WHERE dialog = {dialogs.open} AND destination = 'desk:web'",
    )
    [finding] = audit(mind.database, RULES, NOON)
    assert finding.subject == f"lane:{dialogs.open}>desk:web"
    assert "posts wait since 2026-03-02 11:58:59 UTC" in finding.reason


@pytest.mark.parametrize("mark", ["held", "queued", "delayed", "unknown"])
def test_an_agents_message_that_nothing_will_send_is_found(mind: Mind, dialogs: Dialogs, mark: str) -> None:
    [message] = mind.rows(t.message, t.message.c.dialog == dialogs.claimed, t.message.c.author == "agent")
    run(
        mind.database,
        f"UPDATE message SET mark = '{mark}', said_at = said_at - 61000000 WHERE author = 'agent' AND seq = {message.seq}"
        f" AND dialog = {dialogs.claimed}",
    )
    assert found(mind.database) == set()
    run(mind.database, f"UPDATE outbox SET state = 'accepted' WHERE dialog = {dialogs.claimed}")
    assert found(mind.database) == {("message", f"dialog:{dialogs.claimed}/{message.seq}")}


def test_such_a_message_is_found_in_a_resolved_dialog_too(mind: Mind, dialogs: Dialogs) -> None:
    run(
        mind.database,
        "UPDATE message SET mark = 'queued', said_at = said_at - 61000000"
        f" WHERE author = 'agent' AND dialog = {dialogs.resolved}",
    )
    assert {kind for kind, _ in found(mind.database)} == {"message"}


def test_a_timer_that_is_more_than_ten_seconds_late_is_found(mind: Mind, dialogs: Dialogs) -> None:
    timer = f"WHERE subject = 'dialog:{dialogs.snoozed}'"
    with mind.database.write() as connection:
        connection.execute(
            sa.update(t.timer)
            .where(t.timer.c.subject == f"dialog:{dialogs.snoozed}")
            .values(due_at=NOON - timedelta(seconds=10))
        )
    assert found(mind.database) == set()
    run(mind.database, f"UPDATE timer SET due_at = due_at - 1 {timer}")
    assert found(mind.database) == {("timer", f"dialog:{dialogs.snoozed}/snooze")}
    run(mind.database, f"UPDATE timer SET state = 'fired' {timer}")
    assert ("timer", f"dialog:{dialogs.snoozed}/snooze") not in found(mind.database)


def test_news_that_nobody_is_shown_is_found(mind: Mind, dialogs: Dialogs) -> None:
    mind.do(Hear(Deleted(SHOP, Address("somebody"), EventKey("d"), NativeId("m1"))))
    timer = "WHERE subject = 'early:shop/somebody'"
    assert found(mind.database) == set()
    run(mind.database, f"DELETE FROM timer {timer}", "UPDATE early SET at = at - 91000000")
    [(kind, subject)] = found(mind.database)
    assert (kind, subject.rpartition("/")[2]) == ("early", "m1")
    run(mind.database, "UPDATE early SET state = 'shown'")
    assert found(mind.database) == set()


def test_what_lies_in_quarantine_is_found(database: Database) -> None:
    with database.write() as connection:
        for number, state in ((1, "held"), (2, "replayed")):
            connection.execute(
                sa.insert(t.quarantine).values(
                    id=number,
                    channel="shop",
                    event_key=str(number),
                    raw=b"?",
                    reason="no text",
                    attempts=1,
                    state=state,
                    at=NOON,
                )
            )
    assert audit(database, RULES, NOON) == [
        Finding("quarantine", "quarantine:1", "an event of shop could not be understood: no text")
    ]


def test_a_finding_says_what_is_wrong_in_words(mind: Mind, dialogs: Dialogs) -> None:
    run(mind.database, "UPDATE agent SET disabled_at = 0")
    [finding] = audit(mind.database, RULES, NOON)
    assert finding.reason == "it is open and claimed by Ann, who is disabled"


FINDINGS = [Finding("line", "dialog:1", "lost"), Finding("line", "dialog:2", "lost too")]


def kept(database: Database) -> dict[str, tuple[datetime, datetime | None]]:
    with database.read() as connection:
        return {row.key: (row.found_at, row.gone_at) for row in connection.execute(sa.select(t.finding))}


def test_a_finding_is_new_once_and_stays_until_it_is_gone(database: Database) -> None:
    one, two = FINDINGS
    assert record(database, FINDINGS, NOON) == (FINDINGS, [])
    assert record(database, FINDINGS, NOON + MINUTE) == ([], [])
    assert record(database, [two], NOON + HOUR) == ([], [one])
    assert kept(database) == {one.key: (NOON, NOON + HOUR), two.key: (NOON, None)}


def test_a_finding_that_comes_back_is_new_again(database: Database) -> None:
    record(database, FINDINGS, NOON)
    record(database, [], NOON + MINUTE)
    assert record(database, FINDINGS[:1], NOON + HOUR) == (FINDINGS[:1], [])
    assert kept(database)[FINDINGS[0].key] == (NOON + HOUR, None)
    assert kept(database)[FINDINGS[1].key] == (NOON, NOON + MINUTE)


def test_of_audits_that_run_at_once_one_tells(database: Database) -> None:
    many = [Finding("line", f"dialog:{number}", "lost") for number in range(450)]
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda _: record(database, many, NOON)[0], range(4)))
    assert sorted(finding.key for new in told for finding in new) == sorted(finding.key for finding in many)
    with ThreadPoolExecutor(4) as threads:
        left = list(threads.map(lambda _: record(database, [], NOON + HOUR)[1], range(4)))
    assert sorted(finding.key for gone in left for finding in gone) == sorted(finding.key for finding in many)
