"""The committer, with real databases: everything is taken once, nothing is half written, everybody is answered."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply, StoreFile
from bridge.conversations.committer import Command, Committer
from bridge.conversations.database import Database
from bridge.conversations.effects import Effects
from bridge.conversations.quarantine import Quarantine
from bridge.conversations.verbs import ActOnDialog
from bridge.conversations.work import Needs, Work
from bridge.errors import Missing, Unavailable, Unwritable
from bridge.messages import ChannelName, DialogId, FileId, Receipt
from tests.conversations.samples import ANN, DAY, SHOP, ann
from tests.conversations.shell import Hold, Mind, Moved, said, side_by_side, url_of
from tests.services import PostgresServer

CONTACTS = 50


# --- two processes


def receive_all(barrier: Barrier, url: str, me: int, moment: datetime) -> dict[str, Receipt]:
    """What one process hears: three messages of each contact of its own, and one that both processes hear."""
    database = Database(url)
    events = [
        said(contact, f"{what} {moment:%d}", key=f"{contact}:{moment:%d}:{what}")
        for what in (f"{me}a", f"{me}b", "both", f"{me}c")
        for contact in range(CONTACTS)
    ]

    async def hear(mind: Mind) -> dict[str, Receipt]:
        receipts = await asyncio.gather(*(mind.committer.run(Receive(event)) for event in events))
        return {event.event_key: receipt for event, receipt in zip(events, receipts, strict=True)}

    with Mind(database, clock=Moved(moment), batch=40) as mind:
        barrier.wait(60)
        heard = asyncio.run(hear(mind))
    database.close()
    return heard


def test_messages_of_one_contact_in_two_processes_make_one_dialog_each(
    database: Database, wall: Moved
) -> None:
    database_url = url_of(database)
    first, second = side_by_side(receive_all, (database_url, 1, wall.at), (database_url, 2, wall.at))
    check_heard(Mind(database, clock=wall), first, second, dialogs=CONTACTS)

    with Mind(database, clock=wall) as mind:
        before = {row.identity: row.id for row in mind.rows(t.dialog)}
        for dialog in before.values():
            mind.do(ActOnDialog(DialogId(dialog), a.Agent(ANN, "ann", "Ann", "agent"), a.Resolve()))
        later = wall.by(4 * DAY)

        first, second = side_by_side(receive_all, (database_url, 1, later), (database_url, 2, later))

        check_heard(mind, first, second, dialogs=2 * CONTACTS)
        after = {row.id: row.dialog for row in mind.rows(t.identity)}
        assert after.keys() == before.keys()
        assert not set(after.values()) & set(before.values())
        assert mind.count(t.dialog, t.dialog.c.status == "open") == CONTACTS


def check_heard(mind: Mind, first: dict[str, Receipt], second: dict[str, Receipt], *, dialogs: int) -> None:
    """Every event of both processes stands in one place, and was new to exactly one of them."""
    keys = first.keys() | second.keys()
    assert mind.count(t.dialog) == dialogs
    assert mind.count(t.identity) == mind.count(t.contact) == CONTACTS
    stored = {row.key: (row.dialog, row.seq) for row in mind.rows(t.seen)}
    for key in keys:
        receipts = [heard[key] for heard in (first, second) if key in heard]
        assert {(receipt.dialog, receipt.seq) for receipt in receipts} == {stored[key]}
        assert sum(receipt.new for receipt in receipts) == 1, key
    spoken = Counter((row.dialog, row.text) for row in mind.rows(t.message, t.message.c.author == "contact"))
    assert set(spoken.values()) == {1}
    assert sum(spoken.values()) == len(stored)
    greetings = Counter(row.dialog for row in mind.rows(t.message, t.message.c.author == "bot"))
    assert len(greetings) == dialogs
    assert set(greetings.values()) == {1}


# --- repeats


def test_a_repeated_event_answers_the_ids_of_the_first_time(mind: Mind) -> None:
    event = said(1)
    once, again, other = mind.together(Receive(event), Receive(event), Receive(said(1, "And my invoice?")))
    later = mind.do(Receive(event))
    assert once.new
    assert not again.new
    assert not later.new
    assert (again.dialog, again.seq) == (later.dialog, later.seq) == (once.dialog, once.seq)
    assert other.dialog == once.dialog
    assert other.seq > once.seq
    assert mind.count(t.message, t.message.c.author == "contact") == 2


def test_a_repeated_reply_is_said_once(mind: Mind) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    reply = Reply(dialog, ann, "On its way.", "reply:1")
    once, again = mind.together(reply, reply)
    later = mind.do(reply)
    assert once.new
    assert not again.new
    assert not later.new
    assert again.seq == later.seq == once.seq
    assert mind.count(t.message, t.message.c.author == "agent") == 1


def test_what_could_not_be_understood_is_kept_once(mind: Mind) -> None:
    strange = Quarantine(SHOP, "shop:9", b"\x00\xff", "no message in it")
    mind.together(strange, strange)
    mind.do(strange)
    [row] = mind.rows(t.quarantine)
    assert (row.raw, row.state, row.attempts) == (b"\x00\xff", "held", 1)


# --- neighbours


class Failing(Command[None]):
    """Puts a whole dialog into the transaction, then breaks."""

    def needs(self, needs: Needs) -> None:
        Receive(said(66)).needs(needs)

    def fold(self, work: Work) -> None:
        Receive(said(66)).fold(work)
        raise ZeroDivisionError("a rule that fails")


def test_a_refused_command_leaves_no_trace_and_its_neighbours_go_on(mind: Mind) -> None:
    nowhere = ChannelName("nowhere")
    before, refused, missing, after = mind.together(
        Receive(said(1)),
        Receive(said(2, channel=nowhere)),
        Reply(DialogId(404), ann, "Hello?", "reply:1"),
        Receive(said(3)),
    )
    assert isinstance(refused, Missing)
    assert isinstance(missing, Missing)
    assert before.new
    assert after.new
    assert {row.dialog for row in mind.rows(t.message)} == {before.dialog, after.dialog}
    assert mind.count(t.identity) == mind.count(t.seen) == mind.count(t.dialog) == 2
    assert {lane.partition(">")[0] for told in mind.told for lane in told.lanes} == {
        str(before.dialog),
        str(after.dialog),
    }


def test_a_command_that_breaks_half_way_leaves_no_trace(mind: Mind) -> None:
    before, broken, after = mind.together(Receive(said(1)), Failing(), Receive(said(3)))
    assert isinstance(broken, Unwritable)
    assert {row.id for row in mind.rows(t.dialog)} == {before.dialog, after.dialog}
    assert mind.count(t.seen) == 2
    assert not any("visitor-66" in wake for told in mind.told for wake in told.wakes)


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param({"text": "half a pair: \ud83d"}, id="surrogate"),
        pytest.param({"text": "NUL: \x00"}, id="nul"),
        pytest.param({"name": object()}, id="no text"),
    ],
)
def test_a_row_that_cannot_be_written_harms_no_neighbour(
    mind: Mind, database: Database, poison: dict[str, Any]
) -> None:
    neighbours = [Receive(said(number)) for number in range(5)]
    outcomes = mind.together(*neighbours[:3], Receive(said(66, **poison)), *neighbours[3:])
    poisoned = outcomes.pop(3)
    assert all(isinstance(outcome, Receipt) and outcome.new for outcome in outcomes)
    if database.sqlite and poison.get("text") == "NUL: \x00":
        assert isinstance(poisoned, Receipt)  # SQLite can keep it
    else:
        assert isinstance(poisoned, Unwritable)
    assert mind.count(t.dialog) == 5 + isinstance(poisoned, Receipt)
    assert isinstance(mind.do(Receive(said(7))), Receipt)


def test_a_file_belongs_to_one_message_only(mind: Mind) -> None:
    owner = "shop/visitor-1"
    file = mind.do(StoreFile(owner, "file:///label.pdf", "label.pdf", "application/pdf", 12))
    first, second = mind.together(
        Receive(said(1, "with the label"), (file,)), Receive(said(1, "the same again"), (file,))
    )
    assert isinstance(first, Receipt)
    assert isinstance(second, Missing)
    [row] = mind.rows(t.attachment)
    assert (row.dialog, row.seq) == (first.dialog, first.seq)
    assert isinstance(mind.together(Receive(said(2), (FileId(file),)))[0], Missing)
    assert mind.count(t.dialog) == 1


# --- other processes


def test_two_committers_on_the_same_dialogs_lose_nothing(database: Database, wall: Moved) -> None:
    other_database = Database(url_of(database))
    with Mind(database, clock=wall, batch=7) as mind, Mind(other_database, clock=wall, batch=5) as other:
        dialogs = [mind.do(Receive(said(number))).dialog for number in range(3)]
        notes = [
            Reply(dialogs[number % 3], ann, f"note {number}", f"reply:{number}", "note")
            for number in range(90)
        ]
        with ThreadPoolExecutor(30) as threads:
            receipts = list(
                threads.map(lambda pair: pair[0].do(pair[1]), zip([mind, other] * 45, notes, strict=True))
            )
    other_database.close()
    assert len({(receipt.dialog, receipt.seq) for receipt in receipts}) == 90
    texts = {row.text for row in mind.rows(t.message, t.message.c.author == "agent")}
    assert texts == {note.text for note in notes}


# --- SQL out


def test_while_the_database_is_out_everybody_is_told_so_and_afterwards_all_goes_on(
    mind: Mind, database: Database, request: pytest.FixtureRequest
) -> None:
    known = mind.do(Receive(said(1)))
    failing = [Receive(said(number, "x" * 3000)) for number in range(20)]
    if database.sqlite:
        with full_disk(database):
            outcomes = at_once(mind, failing)
        with lost_folder(database):
            outcomes += at_once(mind, failing[:2])
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.kill()
        outcomes = at_once(mind, failing) + at_once(mind, failing[:2])
        server.start()
    assert {type(outcome) for outcome in outcomes} == {Unavailable}, outcomes
    told = len(mind.told)
    receipts = [mind.do(command) for command in failing]
    assert all(receipt.new for receipt in receipts)
    assert len(mind.told) == told + 20
    assert mind.count(t.message, t.message.c.author == "contact") == 21
    assert not mind.do(Receive(said(1))).new
    assert known.dialog == receipts[1].dialog


def at_once(mind: Mind, commands: Sequence[Command[Any]]) -> list[Any]:
    """Answers and errors of commands that nothing holds together, since not even a transaction may begin."""

    async def run() -> list[Any]:
        return await asyncio.gather(*map(mind.committer.run, commands), return_exceptions=True)

    return asyncio.run(run())


@contextmanager
def full_disk(database: Database) -> Iterator[None]:
    """SQLite finds no room for another page."""

    def no_more(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    sa.event.listen(database.writer, "connect", no_more)
    database.writer.dispose()
    yield
    sa.event.remove(database.writer, "connect", no_more)
    database.writer.dispose()


@contextmanager
def lost_folder(database: Database) -> Iterator[None]:
    """The place where SQLite's file lies is not there, as when a volume is not mounted."""
    folder = Path(database.url.database or "").parent
    away = folder.with_name("away")
    folder.rename(away)
    database.writer.dispose()
    yield
    away.rename(folder)


# --- callers


def test_callers_of_several_loops_and_threads_are_each_answered_where_they_wait(mind: Mind) -> None:
    async def ask(first: int) -> list[tuple[int, threading.Thread]]:
        async def one(number: int) -> tuple[int, threading.Thread]:
            receipt = await mind.committer.run(Receive(said(number)))
            return receipt.dialog, threading.current_thread()

        return await asyncio.gather(*(one(number) for number in range(first, first + 10)))

    def in_a_loop(first: int) -> list[tuple[int, threading.Thread]]:
        found = asyncio.run(ask(first))
        assert {thread for _, thread in found} == {threading.current_thread()}
        return found

    def without_a_loop(number: int) -> list[tuple[int, threading.Thread]]:
        return [(mind.do(Receive(said(number))).dialog, threading.current_thread())]

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(in_a_loop, first) for first in (0, 10, 20)]
        asked += [threads.submit(without_a_loop, number) for number in range(30, 40)]
        found = [dialog for each in asked for dialog, _ in each.result(30)]
    assert len(set(found)) == 40


def test_a_caller_that_has_gone_away_costs_nobody_his_answer(mind: Mind) -> None:
    hold = Hold()
    released = threading.Timer(0.3, hold.end.set)

    async def leave() -> None:
        holding = asyncio.create_task(mind.committer.run(hold))
        await asyncio.to_thread(hold.begun.wait)
        waiting = asyncio.create_task(mind.committer.run(Receive(said(1))))
        await asyncio.sleep(0)
        released.start()
        holding.cancel()
        waiting.cancel()

    asyncio.run(leave())  # the loop is closed before the committer answers
    assert mind.do(Receive(said(2))).new
    released.join()
    assert not mind.do(Receive(said(1))).new  # what was asked is done even so


def test_effects_are_told_after_the_commit_and_before_the_answer(database: Database, wall: Moved) -> None:
    seen: list[int] = []
    mind = Mind(database, clock=wall)

    def look(_: Effects) -> None:
        seen.append(mind.count(t.message, t.message.c.author == "contact"))

    mind.committer = Committer(database, mind.rules, look, clock=wall)
    with mind:
        mind.do(Receive(said(1)))
        assert seen == [1]


def test_a_listener_that_fails_does_not_end_the_committer(database: Database, wall: Moved) -> None:
    mind = Mind(database, clock=wall)

    def deaf(_: Effects) -> None:
        raise RuntimeError("Event loop is closed")

    mind.committer = Committer(database, mind.rules, deaf, clock=wall)
    with mind:
        assert mind.do(Receive(said(1))).new
        assert mind.do(Receive(said(2))).new


def test_stopping_finishes_what_was_submitted_and_takes_nothing_more(database: Database, wall: Moved) -> None:
    mind = Mind(database, clock=wall, batch=3)
    commands = [Receive(said(number)) for number in range(10)]

    async def submit_and_stop() -> list[Receipt]:
        running = [asyncio.create_task(mind.committer.run(command)) for command in commands]
        await asyncio.sleep(0)
        mind.committer.start()
        await asyncio.to_thread(mind.committer.stop)
        return await asyncio.gather(*running)

    assert all(receipt.new for receipt in asyncio.run(submit_and_stop()))
    assert mind.count(t.dialog) == 10
    with pytest.raises(Unavailable):
        mind.do(Receive(said(11)))


def test_the_committer_goes_by_the_time_of_this_machine_unless_told_otherwise(database: Database) -> None:
    mind = Mind(database, clock=Moved())
    mind.committer = Committer(database, mind.rules, mind.told.append)
    with mind:
        began = datetime.now(UTC)
        mind.do(Receive(said(1)))
        [row] = mind.rows(t.dialog)
        assert began <= row.opened_at <= datetime.now(UTC)
