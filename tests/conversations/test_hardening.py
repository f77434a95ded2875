"""What once could have lost, blocked or hidden something, and no longer can."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.committer import MOST_WAITING, Command, Committer
from bridge.conversations.database import Database
from bridge.conversations.heal import Heal
from bridge.conversations.rings import Expire
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Opened, Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog, ActOnTicket
from bridge.conversations.work import Needs, Work
from bridge.errors import Missing, Refused, Unavailable
from bridge.messages import DeskName, DialogId, LineName, Receipt, ThreadId, TicketId
from tests.conversations.samples import ANN, MINUTE, RULES, ann
from tests.conversations.shell import Hold, Mind, Moved, said

AGENT = a.Agent(ANN, "ann", "Ann", "agent", (LineName("first"),))
HOMELESS = replace(
    RULES,
    channels={name: replace(channel, line=LineName("office")) for name, channel in RULES.channels.items()},
    lines={LineName("office"): RULES.lines[LineName("office")]},
)


class PutsAndRefuses(Command[None]):
    """What no command should do: it puts a row and then refuses."""

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def fold(self, work: Work) -> None:
        work.remember("half", DialogId(1), 1)
        raise Missing("something it needed")


def take(mind: Mind, wall: Moved, dialog: DialogId, destination: str) -> OutRow:
    lane = f"{dialog}>{destination}"
    (row,) = mind.do(Take([lane], "me", wall.at + MINUTE))
    return row


def test_a_command_that_refuses_after_it_has_put_something_leaves_nothing(mind: Mind) -> None:
    before, refused, after = mind.together(Receive(said(1)), PutsAndRefuses(), Receive(said(2)))
    assert isinstance(before, Receipt)
    assert isinstance(refused, Missing)
    assert isinstance(after, Receipt)
    assert mind.count(t.seen, t.seen.c.key == "half") == 0
    assert mind.count(t.message, t.message.c.author == "contact") == 2


def test_a_dialog_whose_line_left_the_configuration_is_heard_settled_and_rung(
    database: Database, wall: Moved
) -> None:
    with Mind(database, clock=wall) as mind:
        dialog = mind.do(Receive(said(1))).dialog
        mind.do(Reply(dialog, ann, "Soon.", "r1", "send"))
    with Mind(database, HOMELESS, clock=wall) as mind:
        assert mind.do(Receive(said(1, "Are you there?"))).dialog == dialog
        while rows := mind.do(Take([f"{dialog}>channel:shop"], "me", wall.at + MINUTE)):
            mind.do(Settle(rows[0], Outcome("accepted", wall.at, native="1")))
        marks = {row.mark for row in mind.rows(t.message, t.message.c.author.in_(["agent", "bot"]))}
        assert marks == {"accepted"}
        (timer,) = mind.rows(t.timer, t.timer.c.state == "armed")
        wall.by(timedelta(hours=1))
        assert mind.do(Expire(timer.subject, timer.name, timer.gen))


def test_an_old_ticket_is_not_answered_behind_the_back_of_a_newer_dialog(mind: Mind, wall: Moved) -> None:
    first = mind.do(Receive(said(1)))
    ticket = mind.do(ActOnDialog(first.dialog, AGENT, a.Promote((first.seq,), "Lost", tell=False)))["ticket"]
    mind.do(ActOnDialog(first.dialog, AGENT, a.Resolve()))
    wall.by(timedelta(days=30))
    second = mind.do(Receive(said(1, "Something else")))
    assert second.dialog != first.dialog
    answer = ActOnTicket(TicketId(int(ticket)), first.dialog, AGENT, a.Answer("Found it."))
    with pytest.raises(Refused, match="newer dialog"):
        mind.do(answer)
    mind.do(ActOnDialog(second.dialog, AGENT, a.Resolve()))
    assert mind.do(Receive(said(1, "Thanks"))).new


def test_a_dead_destination_hides_no_other_from_the_sweep(mind: Mind, wall: Moved) -> None:
    waiting = mind.do(Receive(said(1))).dialog
    row = mind.rows(t.outbox, t.outbox.c.destination == "channel:shop")[0]._mapping
    dead = [
        {**row, "id": number, "lane": f"{number}>desk:dead", "destination": "desk:dead", "key": f"{number}"}
        for number in range(1, 1500)
    ]
    behind = [
        {**post, "id": post["id"] + 10_000, "seq": post["seq"] + 1, "key": f"b{post['id']}"} for post in dead
    ]
    wall.by(-MINUTE)
    with mind.database.write() as connection:
        connection.execute(sa.insert(t.outbox), [{**post, "not_before": wall.at} for post in dead + behind])
    wall.by(2 * MINUTE)
    effects = Heal(mind.database, None).due(wall.at)
    assert f"{waiting}>channel:shop" in effects.lanes
    assert len(effects.lanes) < 1200, "of a dead destination only so many heads at once"


def test_what_stands_behind_a_delayed_head_is_not_rung_for(mind: Mind, wall: Moved) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    head = take(mind, wall, dialog, "channel:shop")
    mind.do(Settle(head, Outcome("delayed", wall.at, reason="later", not_before=wall.at + 5 * MINUTE)))
    mind.do(Reply(dialog, ann, "Behind it.", "r1", "send"))
    wall.by(MINUTE)
    assert f"{dialog}>channel:shop" not in Heal(mind.database, None).due(wall.at).lanes
    wall.by(5 * MINUTE)
    assert f"{dialog}>channel:shop" in Heal(mind.database, None).due(wall.at).lanes


def test_a_thread_opened_on_demand_is_remembered(mind: Mind) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    mind.do(Opened(DeskName("slack"), ThreadId("C1/77"), dialog))
    (thread,) = mind.rows(t.thread)
    assert (thread.desk, thread.native, thread.subject) == ("slack", "C1/77", f"dialog:{dialog}")


def test_a_repeated_note_is_still_answered_as_a_note(mind: Mind) -> None:
    dialog = mind.do(Receive(said(1))).dialog
    first = mind.do(Reply(dialog, ann, "Between us.", "r1", "note"))
    again = mind.do(Reply(dialog, ann, "Between us.", "r1", "note"))
    assert (again.seq, again.private, again.new) == (first.seq, True, False)


def test_more_than_can_be_stored_soon_is_refused_at_once(database: Database, wall: Moved) -> None:
    committer = Committer(database, RULES, lambda _: None, clock=wall)
    committer.start()
    hold, errors = Hold(), []
    threading.Thread(target=lambda: committer.run_sync(hold), daemon=True).start()
    assert hold.begun.wait(10)
    done = threading.Barrier(2)

    def flood() -> None:
        for number in range(MOST_WAITING + 50):
            try:
                committer._submit(Receive(said(number)), lambda _result, _error: None, None)
            except Unavailable as error:
                errors.append(error.reason)
        done.wait(10)

    threading.Thread(target=flood, daemon=True).start()
    done.wait(30)
    hold.end.set()
    committer.stop()
    assert len(errors) in range(45, 51)
    assert "more is waiting" in errors[0]
