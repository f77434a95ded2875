"""What contacts do to messages that they have sent, in whatever order the platform tells us of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.changes import lane
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.committer import Command
from bridge.conversations.database import Database
from bridge.conversations.news import Hear, Stray
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Missing
from bridge.messages import (
    Address,
    AgentId,
    ChannelName,
    Deleted,
    DialogId,
    Edited,
    EventKey,
    Incoming,
    Json,
    NativeId,
    Reacted,
    Receipt,
)
from tests.conversations.samples import DAY, MINUTE, NOON, SECOND, SHOP, ann
from tests.conversations.shell import Mind, Moved, said, side_by_side, url_of

HIM = Address("visitor-1")
me = a.Agent(AgentId(1), "ann", "Ann", "agent")
EARLY = f"early:{SHOP}/{HIM}"


def wrote(mind: Mind, text: str = "Where is my parcel?", native: str = "m1", **fields: Any) -> Receipt:
    return mind.do(Receive(said(1, text, native=NativeId(native), **fields)))


def edit(
    text: str, native: str = "m1", at: datetime | None = None, key: str = "", about: Json | None = None
) -> Hear:
    event = EventKey(key or f"edit:{native}:{text}")
    return Hear(Edited(SHOP, HIM, event, NativeId(native), text, about=about or {}, edited_at=at))


def deletion(native: str = "m1") -> Hear:
    return Hear(Deleted(SHOP, HIM, EventKey(f"delete:{native}"), NativeId(native)))


def reaction(*emojis: str, native: str = "m1", key: str = "") -> Hear:
    return Hear(Reacted(SHOP, HIM, EventKey(key or f"react:{native}:{emojis}"), NativeId(native), emojis))


def message(mind: Mind, seq: int) -> Any:
    [row] = mind.rows(t.message, t.message.c.seq == seq)
    return row


def contact_says(mind: Mind) -> list[str]:
    rows = mind.rows(t.message, t.message.c.author == "contact")
    return [row.text for row in rows if row.deleted_at is None]


def dialog(mind: Mind) -> Any:
    [row] = mind.rows(t.dialog)
    return row


def posts(mind: Mind, kind: str) -> list[Json]:
    return [row.payload for row in mind.rows(t.outbox, t.outbox.c.kind == kind)]


def lines(mind: Mind) -> list[str]:
    return [row.event for row in mind.rows(t.message, t.message.c.author == "system")]


def answered(mind: Mind, id: DialogId, text: str = "It left today.", native: str = "o1") -> Receipt:
    """An agent's reply that the platform has taken."""
    mind.do(ActOnDialog(id, me, a.Claim()))
    receipt = mind.do(Reply(id, ann, text, f"reply:{text}"))
    sent(mind, id, native)
    return receipt


def sent(mind: Mind, id: DialogId, native: str) -> None:
    """All that waits for the contact goes out; the last of it is called `native` there."""
    now = mind.committer._clock()
    numbers = iter(range(100))
    while rows := mind.do(Take([lane(id, f"channel:{SHOP}")], "hands", now + MINUTE)):
        [row] = rows
        is_last = not mind.count(
            t.outbox, t.outbox.c.lane == row.lane, t.outbox.c.state == "queued", t.outbox.c.kind == "send"
        )
        name = native if is_last else f"{native}-{next(numbers)}"
        mind.do(Settle(row, Outcome("accepted", now, native=name)))


# --- edits


def test_an_edit_changes_the_message_and_keeps_what_it_said(mind: Mind, wall: Moved) -> None:
    seq = wrote(mind).seq
    wall.by(MINUTE)
    receipt = mind.do(edit("Where is my parcel 17?", at=wall.at))
    assert receipt is not None
    assert (receipt.seq, receipt.new) == (seq, True)
    row = message(mind, seq)
    assert (row.text, row.edited_at) == ("Where is my parcel 17?", wall.at)
    assert row.data["earlier"] == [{"text": "Where is my parcel?", "at": NOON.isoformat()}]
    assert dialog(mind).preview == "Where is my parcel 17?"
    [shown] = posts(mind, "edit")
    assert (shown["seq"], shown["text"], shown["edited_at"]) == (seq, row.text, wall.at.isoformat())
    assert row.rev > seq


def test_the_same_edit_is_taken_once_and_one_that_changes_nothing_changes_nothing(mind: Mind) -> None:
    seq = wrote(mind).seq
    mind.do(edit("Other.", key="k"))
    before = dialog(mind)
    again = mind.do(edit("Another.", key="k"))
    assert again is not None
    assert (again.seq, again.new) == (seq, False)
    assert mind.do(edit("Other.", key="k2")) is not None
    assert dialog(mind) == before
    assert message(mind, seq).text == "Other."


def test_an_older_edit_that_comes_later_changes_no_word(mind: Mind) -> None:
    seq = wrote(mind).seq
    mind.do(edit("Third.", at=NOON + 2 * SECOND))
    mind.do(edit("Second.", at=NOON + SECOND))
    row = message(mind, seq)
    assert (row.text, row.edited_at) == ("Third.", NOON + 2 * SECOND)
    assert [earlier["text"] for earlier in row.data["earlier"]] == ["Where is my parcel?", "Second."]


def test_of_very_many_edits_the_first_words_and_the_latest_are_kept(mind: Mind, wall: Moved) -> None:
    seq = wrote(mind).seq
    for number in range(30):
        mind.do(edit(f"Try {number}", at=wall.by(SECOND)))
    earlier = [each["text"] for each in message(mind, seq).data["earlier"]]
    assert earlier == ["Where is my parcel?", *(f"Try {number}" for number in range(10, 29))]


def test_a_place_that_moves_is_no_edit_and_how_a_message_came_stays(mind: Mind) -> None:
    about = {"location": {"latitude": 1.0, "longitude": 2.0}, "forwarded": {"from": "Eve"}}
    seq = wrote(mind, "", about=about).seq
    assert dialog(mind).preview == "📍"
    mind.do(edit("", about={"location": {"latitude": 1.0, "longitude": 3.0}}))
    row = message(mind, seq)
    assert row.data["about"]["location"]["longitude"] == 3.0
    assert row.data["about"]["forwarded"] == {"from": "Eve"}
    assert row.edited_at is None
    mind.do(edit("Here I am", key="words"))
    row = message(mind, seq)
    assert row.data["about"] == {"forwarded": {"from": "Eve"}}
    assert row.text == "Here I am"


@pytest.mark.parametrize(
    ("about", "preview"),
    [
        ({"location": {"title": "The gate"}}, "📍 The gate"),
        ({"location": {"address": "Pariser Platz"}}, "📍 Pariser Platz"),
        ({"contact": {"name": "Eve", "phone": "+49"}}, "👤 Eve +49"),
        ({"unsupported": "story"}, "[story]"),
        ({"forwarded": {"from": "Eve"}}, "…"),
    ],
)
def test_a_list_shows_what_is_no_text_by_a_sign(mind: Mind, about: Json, preview: str) -> None:
    wrote(mind, "", about=about)
    assert dialog(mind).preview == preview


def test_who_has_dealt_with_a_message_is_told_that_it_has_changed(mind: Mind) -> None:
    first = wrote(mind)
    mind.do(edit("Before anybody answered."))
    assert "contact_edited" not in lines(mind)
    answered(mind, first.dialog)
    mind.do(edit("After it."))
    [line] = mind.rows(t.message, t.message.c.event == "contact_edited")
    assert line.data == {"seq": first.seq}
    assert line.private
    assert dialog(mind).status == "waiting"
    assert dialog(mind).preview == "It left today."


# --- deletions and reactions


def test_what_was_taken_back_is_gone_for_all_but_the_agents(mind: Mind, wall: Moved) -> None:
    seq = wrote(mind).seq
    mind.do(reaction("👍"))
    assert mind.do(deletion()) is not None
    row = message(mind, seq)
    assert (row.deleted_at, row.text) == (wall.at, "Where is my parcel?")
    assert dialog(mind).preview == "…"
    assert [shown["seq"] for shown in posts(mind, "delete")] == [seq]
    mind.do(edit("Too late."))
    mind.do(Hear(Deleted(SHOP, HIM, EventKey("again"), NativeId("m1"))))
    assert message(mind, seq).text == "Where is my parcel?"
    assert len(posts(mind, "delete")) == 1
    assert dialog(mind).promise is not None, "what was asked stays asked"


def test_reactions_are_a_whole_set_on_his_words_and_on_ours(mind: Mind) -> None:
    first = wrote(mind)
    reply = answered(mind, first.dialog)
    mind.do(reaction("👍", "🎉", native="o1"))
    assert message(mind, reply.seq).data["reactions"] == ["👍", "🎉"]
    mind.do(reaction("👎", native="o1"))
    assert message(mind, reply.seq).data["reactions"] == ["👎"]
    mind.do(reaction(native="o1"))
    mind.do(reaction(native="o1", key="again"))
    assert "reactions" not in (message(mind, reply.seq).data or {})
    mind.do(reaction("❤", native="m1"))
    assert message(mind, first.seq).data == {"reactions": ["❤"]}
    assert len(posts(mind, "edit")) == 4
    assert dialog(mind).status == "waiting", "a reaction asks nothing"


def test_a_part_of_a_long_reply_stands_for_the_whole(mind: Mind) -> None:
    first = wrote(mind)
    reply = answered(mind, first.dialog, "word " * 20)
    parts = mind.rows(t.outbox, t.outbox.c.message_seq == reply.seq, t.outbox.c.kind == "send")
    assert len(parts) > 1
    mind.do(reaction("👍", native=min(parts, key=lambda row: row.part).native))
    assert message(mind, reply.seq).data["reactions"] == ["👍"]


# --- quotes


def test_an_answer_says_what_it_answers(mind: Mind) -> None:
    first = wrote(mind)
    reply = answered(mind, first.dialog)
    second = wrote(mind, "Thanks!", "m2", reply_to=NativeId("o1"))
    quoted = message(mind, second.seq).data["quote"]
    assert quoted == {
        "dialog": str(first.dialog),
        "seq": reply.seq,
        "author": {"kind": "agent", "name": "Ann"},
        "text": "It left today.",
    }
    third = wrote(mind, "This one", "m3", reply_to=NativeId("o1"), quote="left")
    assert message(mind, third.seq).data["quote"]["text"] == "left"
    fourth = wrote(mind, "And that?", "m4", reply_to=NativeId("elsewhere"), quote="of old")
    assert message(mind, fourth.seq).data["quote"] == {"text": "of old"}
    fifth = wrote(mind, "Hm", "m5", reply_to=NativeId("m1"))
    assert message(mind, fifth.seq).data["quote"]["seq"] == first.seq


def test_what_comes_with_a_message_is_kept_with_it(mind: Mind, wall: Moved) -> None:
    wall.by(DAY)
    seq = wrote(mind, "", album="7", start="spring", about={"unsupported": "dice"}, said_at=NOON).seq
    row = message(mind, seq)
    assert row.data == {"about": {"unsupported": "dice"}, "album": "7", "start": "spring"}
    assert row.said_at == NOON
    assert dialog(mind).preview == "[dice]"
    assert dialog(mind).promise_started_at == wall.at
    ahead = wrote(mind, "From a fast clock", "m2", said_at=wall.at + MINUTE).seq
    assert message(mind, ahead).said_at == wall.at


# --- news before its message


@pytest.mark.parametrize("together", [True, False], ids=["in one transaction", "one by one"])
def test_news_that_comes_first_waits_for_its_message(mind: Mind, together: bool) -> None:
    commands: list[Command[Any]] = [
        reaction("👍"),
        edit("Second.", at=NOON + 2 * SECOND),
        edit("First.", at=NOON + SECOND),
        Receive(said(1, "Where?", native=NativeId("m1"))),
    ]
    outcomes = mind.together(*commands) if together else [mind.do(command) for command in commands]
    assert outcomes[:3] == [None, None, None]
    [row] = mind.rows(t.message, t.message.c.author == "contact")
    assert (row.text, row.edited_at) == ("Second.", NOON + 2 * SECOND)
    assert row.data["reactions"] == ["👍"]
    [early] = mind.rows(t.early)
    assert early.state == "come"
    [identity] = mind.rows(t.identity)
    assert identity.early == 0
    [timer] = mind.rows(t.timer, t.timer.c.subject == EARLY)
    assert (timer.name, timer.state) == ("m1", "off")
    assert [key.key for key in mind.rows(t.seen)] == sorted(
        ["react:m1:('👍',)", "edit:m1:Second.", "edit:m1:First.", "1:Where?"]
    )


def test_news_of_one_message_does_not_touch_another(mind: Mind) -> None:
    mind.do(deletion("m1"))
    wrote(mind, "Something else", "m2")
    assert contact_says(mind) == ["Something else"]
    [identity] = mind.rows(t.identity)
    assert identity.early == 1
    wrote(mind)
    assert contact_says(mind) == ["Something else"]


def test_an_edit_whose_message_does_not_come_is_shown_as_text(mind: Mind, wall: Moved) -> None:
    native = "chat/1:m 7"
    mind.do(edit("Where is it?", native, at=NOON))
    mind.do(reaction("👍", native=native))
    [timer] = mind.rows(t.timer)
    assert (timer.subject, timer.name, timer.due_at) == (EARLY, quote(native, safe=""), NOON + MINUTE)
    stray = Stray(timer.subject, timer.name, timer.gen)
    wall.by(MINUTE - SECOND)
    assert mind.do(stray) is False
    wall.by(SECOND)
    assert mind.do(stray) is True
    assert mind.do(stray) is False
    [row] = mind.rows(t.message, t.message.c.author == "contact")
    assert (row.text, row.edited_at, row.native) == ("Where is it?", NOON, native)
    assert row.data == {"reactions": ["👍"]}
    assert dialog(mind).promise == "first_response"
    mind.do(edit("Where is it now?", native, at=NOON + SECOND))
    mind.do(edit("Older.", native, at=NOON - SECOND))
    assert contact_says(mind) == ["Where is it now?"]
    wrote(mind, "Where", native)
    assert contact_says(mind) == ["Where is it now?", "Where"], "what comes later still is not lost"


def test_the_rest_of_such_news_is_a_line_where_there_is_a_dialog(mind: Mind, wall: Moved) -> None:
    mind.do(deletion("m0"))
    mind.do(edit("Secret", "m0"))
    assert mind.do(Stray(EARLY, "m0", 1)) is False
    wall.by(MINUTE)
    assert mind.do(Stray(EARLY, "m0", 1)) is True
    assert not mind.rows(t.dialog), "nobody has said anything yet"
    wrote(mind)
    mind.do(deletion("m8"))
    mind.do(reaction("👍", native="m9"))
    wall.by(MINUTE)
    assert mind.do(Stray(EARLY, "m8", 1)) is True
    assert mind.do(Stray(EARLY, "m9", 1)) is True
    assert [line for line in lines(mind) if line.startswith("stray")] == ["stray_deleted", "stray_reacted"]
    assert contact_says(mind) == ["Where is my parcel?"]
    assert mind.do(Stray(EARLY, "m7", 1)) is False
    assert mind.do(Stray(f"early:{SHOP}/nobody", "m7", 1)) is False


def test_news_may_come_early_again_after_it_was_shown(mind: Mind, wall: Moved) -> None:
    mind.do(reaction("👍", native="m9", key="one"))
    wall.by(MINUTE)
    mind.do(Stray(EARLY, "m9", 1))
    mind.do(reaction("👎", native="m9", key="two"))
    [timer] = mind.rows(t.timer)
    assert (timer.gen, timer.state, timer.due_at) == (2, "armed", wall.at + MINUTE)
    assert mind.do(Stray(EARLY, "m9", 1)) is False
    wrote(mind, "Late", "m9")
    [row] = mind.rows(t.message, t.message.c.author == "contact")
    assert row.data == {"reactions": ["👎"]}


def test_a_message_that_came_by_another_process_gets_its_news_when_the_timer_rings(
    mind: Mind, wall: Moved
) -> None:
    """As it is left when two processes commit at the same moment, each before it could see the other."""
    wrote(mind)
    [identity] = mind.rows(t.identity)
    early = {"edited": {"text": "Where, please?", "about": {}, "at": NOON.isoformat()}}
    values = {
        "identity": identity.id,
        "native": "m1",
        "gen": 1,
        "state": "waiting",
        "news": early,
        "at": NOON,
    }
    with mind.database.write() as connection:
        connection.execute(sa.insert(t.early).values(values))
        connection.execute(sa.update(t.identity).values(early=1))
    wall.by(MINUTE)
    assert mind.do(Stray(EARLY, "m1", 1)) is True
    assert contact_says(mind) == ["Where, please?"]
    [identity] = mind.rows(t.identity)
    assert identity.early == 0


def test_an_earlier_dialog_of_the_same_contact_is_still_his(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    mind.do(ActOnDialog(first.dialog, me, a.Resolve()))
    wall.by(30 * DAY)
    second = wrote(mind, "Something new", "m2")
    assert second.dialog != first.dialog
    receipt = mind.do(edit("Where was my parcel?"))
    assert receipt is not None
    assert (receipt.dialog, receipt.seq) == (first.dialog, first.seq)
    quoting = wrote(mind, "As I said", "m3", reply_to=NativeId("m1"))
    [row] = mind.rows(t.message, t.message.c.dialog == second.dialog, t.message.c.seq == quoting.seq)
    assert row.data["quote"]["dialog"] == str(first.dialog)


def test_others_messages_of_the_same_name_are_left_alone(mind: Mind) -> None:
    wrote(mind)
    mind.do(Receive(said(2, "Another contact", native=NativeId("m1"))))
    mind.do(edit("Only mine."))
    assert sorted(contact_says(mind)) == ["Another contact", "Only mine."]


def test_a_channel_that_nobody_has_configured_is_refused(mind: Mind) -> None:
    nowhere = ChannelName("nowhere")
    with pytest.raises(Missing):
        mind.do(Hear(Deleted(nowhere, HIM, EventKey("k"), NativeId("m1"))))
    assert not mind.rows(t.seen)


def _storm(barrier: Any, url: str, number: int) -> None:
    """Half of the news of a message, whose other half comes by another process at the same time."""
    with Mind(Database(url), clock=lambda: NOON) as mind:
        barrier.wait(60)
        for round in range(15):
            native = NativeId(f"m{round}")
            if number == 0:
                mind.do(Receive(Incoming(SHOP, HIM, EventKey(f"in:{round}"), "First", native=native)))
                mind.do(Hear(Deleted(SHOP, HIM, EventKey(f"de:{round}"), NativeId(f"gone{round}"))))
            else:
                mind.do(edit(f"Second {round}", f"m{round}", at=NOON))
                mind.do(Receive(said(1, f"Gone {round}", native=NativeId(f"gone{round}"))))


def test_two_processes_that_share_the_news_of_a_message_agree_in_the_end(
    database: Database, wall: Moved
) -> None:
    side_by_side(_storm, (url_of(database), 0), (url_of(database), 1))
    wall.by(MINUTE)
    with Mind(database, clock=wall) as mind:
        for timer in mind.rows(t.timer, t.timer.c.state == "armed", t.timer.c.subject == EARLY):
            assert mind.do(Stray(timer.subject, timer.name, timer.gen)) is True
        assert sorted(contact_says(mind)) == sorted(f"Second {round}" for round in range(15))
        assert {row.state for row in mind.rows(t.early)} <= {"come"}
        [identity] = mind.rows(t.identity)
        assert identity.early == 0
