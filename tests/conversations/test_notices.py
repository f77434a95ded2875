"""What platforms tell of their own accord: blocked, delivered, read, bounced, said past us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.changes import lane
from bridge.conversations.commands import Announce, Introduce, Receive, Reply
from bridge.conversations.committer import Command
from bridge.conversations.notices import Confirm, Echo, Reach
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog, ActOnWish
from bridge.errors import Missing
from bridge.messages import (
    AgentId,
    ChannelName,
    DialogId,
    Echoed,
    EventKey,
    Mark,
    NativeId,
    Priority,
    Reachable,
    Receipt,
    Receipted,
    WishId,
)
from tests.conversations.samples import DAY, MINUTE, NOON, SECOND, SHOP, ann
from tests.conversations.shell import Mind, Moved, said
from tests.conversations.test_news import HIM, answered, dialog, lines, me, message, sent, wrote

dev = a.Agent(AgentId(3), "dev", "Dev", "developer")


def blocked(key: str = "b", reason: str = "he has blocked us") -> Reach:
    return Reach(Reachable(SHOP, HIM, EventKey(key), reachable=False, reason=reason))


def back(key: str = "u") -> Reach:
    return Reach(Reachable(SHOP, HIM, EventKey(key), reachable=True))


def news(mark: Mark, *natives: str, key: str = "r", upto: datetime | None = None) -> Confirm:
    names = tuple(NativeId(native) for native in natives)
    return Confirm(Receipted(SHOP, HIM, EventKey(key), mark, names, upto))


def echo(
    text: str = "On its way.", native: str = "e1", key: str | None = None, event: str = "", **fields: Any
) -> Echo:
    return Echo(Echoed(SHOP, HIM, EventKey(event or f"echo:{native}"), NativeId(native), key, text, **fields))


def marked(mind: Mind, seq: int) -> tuple[str, str | None]:
    row = message(mind, seq)
    return row.mark, row.reason


def unreachable(mind: Mind) -> str | None:
    [identity] = mind.rows(t.identity)
    return identity.unreachable  # type: ignore[no-any-return]


def sends(mind: Mind, seq: int) -> list[Any]:
    rows = mind.rows(t.outbox, t.outbox.c.message_seq == seq, t.outbox.c.kind == "send")
    return sorted(rows, key=lambda row: row.part)


def taken(mind: Mind, id: DialogId, wall: Moved) -> Any:
    """The next post to the contact, in the hands of somebody."""
    [row] = mind.do(Take([lane(id, f"channel:{SHOP}")], "hands", wall.at + MINUTE))
    return row


def waiting_reply(mind: Mind, text: str = "It left today.") -> Receipt:
    """An agent's reply that nobody has sent yet; what the bot said before has gone out."""
    first = wrote(mind)
    mind.do(ActOnDialog(first.dialog, me, a.Claim()))
    sent(mind, first.dialog, "bot")
    return mind.do(Reply(first.dialog, ann, text, "reply:1"))


# --- blocked, and back


def test_what_waits_for_a_contact_who_has_blocked_us_fails_in_words(mind: Mind) -> None:
    reply = waiting_reply(mind, "word " * 20)
    receipt = mind.do(blocked())
    assert receipt is not None
    assert receipt.dialog == reply.dialog
    assert marked(mind, reply.seq) == ("failed", "he has blocked us")
    first, *rest = sends(mind, reply.seq)
    assert (first.state, first.reason) == ("failed", "he has blocked us")
    assert {row.state for row in rest} == {"cancelled"}
    assert unreachable(mind) == "he has blocked us"
    assert [line for line in lines(mind) if line in ("unreachable", "failed")] == ["unreachable", "failed"]
    assert (dialog(mind).status, dialog(mind).promise) == ("open", "first_response")


def test_the_same_news_is_told_once(mind: Mind) -> None:
    waiting_reply(mind)
    first = mind.do(blocked())
    again = mind.do(blocked())
    assert first is not None
    assert again == Receipt(first.dialog, first.seq, new=False)
    mind.do(blocked("b2"))
    assert lines(mind).count("unreachable") == 1
    mind.do(back())
    mind.do(back("u2"))
    assert lines(mind).count("reachable") == 1
    assert unreachable(mind) is None


def test_what_is_being_sent_finds_out_by_itself_and_later_words_are_tried(mind: Mind, wall: Moved) -> None:
    reply = waiting_reply(mind)
    row = taken(mind, reply.dialog, wall)
    mind.do(blocked())
    assert marked(mind, reply.seq)[0] == "queued"
    mind.do(Settle(row, Outcome("failed", wall.at, reason="blocked", gone=True)))
    assert marked(mind, reply.seq) == ("failed", "blocked")
    later = mind.do(Reply(reply.dialog, ann, "Are you there?", "reply:2"))
    row = taken(mind, reply.dialog, wall)
    assert row.message_seq == later.seq
    mind.do(Settle(row, Outcome("accepted", wall.at, native="o2")))
    assert unreachable(mind) is None, "he has it, so he can be reached"


def test_a_refusal_alone_tells_that_he_cannot_be_reached_and_his_words_that_he_can(
    mind: Mind, wall: Moved
) -> None:
    reply = waiting_reply(mind)
    row = taken(mind, reply.dialog, wall)
    mind.do(Settle(row, Outcome("failed", wall.at, reason="blocked", gone=True)))
    assert unreachable(mind) == "blocked"
    wrote(mind, "I am back", "m2")
    assert unreachable(mind) is None


def test_a_failed_message_of_a_contact_who_is_back_can_be_sent_again(mind: Mind, wall: Moved) -> None:
    reply = waiting_reply(mind)
    mind.do(blocked())
    mind.do(back())
    mind.do(ActOnDialog(reply.dialog, me, a.Retry(reply.seq)))
    row = taken(mind, reply.dialog, wall)
    assert row.message_seq == reply.seq


def test_news_of_somebody_unknown_or_silent_concerns_no_dialog(mind: Mind) -> None:
    assert mind.do(blocked()) is None
    assert mind.do(blocked()) is None
    mind.do(Introduce(SHOP, HIM, "Carl"))
    assert mind.do(blocked("b2", reason="")) is None
    assert unreachable(mind) == "the contact has blocked us"
    assert not mind.rows(t.dialog)
    wrote(mind)
    assert unreachable(mind) is None


def test_the_news_of_a_wish_that_could_not_be_told_is_known_to_its_board(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    filed = mind.do(ActOnDialog(first.dialog, me, a.FileWish(first.seq, "Night mode")))
    wish = WishId(int(filed["wish"]))
    for who, verb in (
        (me, a.Accept()),
        (dev, a.PickUp(NOON + DAY, Priority.normal)),
        (dev, a.Ship({"en": "It is dark!"})),
        (me, a.Approve()),
    ):
        mind.do(ActOnWish(wish, who, verb))
    sent(mind, first.dialog, "bot")
    [asker] = mind.rows(t.wish_asker)
    assert mind.do(Announce(wish, asker.identity, first.dialog, ann)) is True
    mind.do(blocked())
    [asker] = mind.rows(t.wish_asker)
    assert (asker.state, asker.reason) == ("failed", "he has blocked us")


# --- delivered, read, bounced


def test_who_has_read_a_message_has_read_what_stands_above_it(mind: Mind) -> None:
    first = wrote(mind)
    one = answered(mind, first.dialog, "One.", "o1")
    two = answered(mind, first.dialog, "Two.", "o2")
    three = answered(mind, first.dialog, "Three.", "o3")
    receipt = mind.do(news(Mark.read, "o2"))
    assert receipt == Receipt(first.dialog, two.seq)
    assert mind.do(news(Mark.read, "o2")) == Receipt(first.dialog, two.seq, new=False)
    mind.do(news(Mark.delivered, "o1", "o3", "nobody's", key="r2"))
    assert [marked(mind, reply.seq)[0] for reply in (one, two, three)] == ["read", "read", "delivered"]


def test_news_up_to_a_moment_is_about_what_had_been_said_by_then(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    one = answered(mind, first.dialog, "One.", "o1")
    wall.by(MINUTE)
    two = answered(mind, first.dialog, "Two.", "o2")
    mind.do(news(Mark.read, upto=NOON + SECOND))
    assert [marked(mind, reply.seq)[0] for reply in (one, two)] == ["read", "accepted"]
    mind.do(news(Mark.read, upto=NOON - MINUTE, key="r2"))
    assert marked(mind, two.seq)[0] == "accepted"


def test_receipts_of_nobody_and_nothing_change_nothing(mind: Mind) -> None:
    assert mind.do(news(Mark.read, upto=NOON)) is None
    wrote(mind)
    before = dialog(mind)
    assert mind.do(news(Mark.read, "m1", key="his own")) is None
    assert dialog(mind) == before


def test_a_bounce_takes_the_answer_back(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    reply = answered(mind, first.dialog)
    assert dialog(mind).promise is None
    bounce = Receipted(SHOP, HIM, EventKey("bounce"), Mark.failed, (NativeId("o1"),), reason="mailbox full")
    assert mind.do(Confirm(bounce)) == Receipt(first.dialog, reply.seq)
    assert marked(mind, reply.seq) == ("failed", "mailbox full")
    assert (dialog(mind).status, dialog(mind).promise) == ("open", "next_response")
    mind.do(news(Mark.failed, "o1", key="again"))
    assert lines(mind).count("failed") == 1
    mind.do(ActOnDialog(first.dialog, me, a.Retry(reply.seq)))
    assert taken(mind, first.dialog, wall).message_seq == reply.seq


# --- said past us


def test_a_persons_words_on_the_platforms_own_page_answer_the_contact(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    wall.by(MINUTE)
    receipt = mind.do(echo(author_name="Olga", said_at=NOON + 30 * SECOND))
    row = message(mind, receipt.seq)
    assert (row.author, row.author_id, row.author_name) == ("agent", None, "Olga")
    assert (row.text, row.mark, row.event, row.private) == ("On its way.", "accepted", "echo", False)
    assert row.said_at == NOON + 30 * SECOND
    assert (dialog(mind).status, dialog(mind).preview) == ("waiting", "On its way.")
    [promise] = mind.rows(t.promise)
    assert (promise.outcome, promise.settled_at, promise.agent) == ("met", NOON + 30 * SECOND, None)
    [post] = sends(mind, receipt.seq)
    assert (post.state, post.native) == ("accepted", "e1")
    sent(mind, first.dialog, "bot")  # nothing of it is left to be sent
    assert {each.seq for each in mind.rows(t.outbox, t.outbox.c.kind == "post")} >= {receipt.seq}


def test_what_another_program_says_in_our_name_stands_there_and_answers_nobody(
    mind: Mind, wall: Moved
) -> None:
    wrote(mind)
    wall.by(MINUTE)
    receipt = mind.do(echo("Hello! We shall answer soon.", automatic=True))
    row = message(mind, receipt.seq)
    assert (row.author, row.text, row.mark) == ("bot", "Hello! We shall answer soon.", "accepted")
    assert dialog(mind).status == "open"
    assert dialog(mind).promise is not None
    assert mind.rows(t.promise) == []
    [post] = sends(mind, receipt.seq)
    assert (post.state, post.native, post.human) == ("accepted", "e1", False)


def test_an_echo_is_taken_once_and_found_by_its_id_like_all_we_send(mind: Mind) -> None:
    wrote(mind)
    receipt = mind.do(echo())
    assert mind.do(echo()) == Receipt(receipt.dialog, receipt.seq, new=False)
    assert mind.do(echo(event="another")).seq == receipt.seq
    mind.do(news(Mark.read, "e1"))
    assert marked(mind, receipt.seq)[0] == "read"
    assert mind.count(t.message, t.message.c.event == "echo") == 1


def test_an_echo_that_is_older_than_the_question_answers_nothing(mind: Mind, wall: Moved) -> None:
    wall.by(MINUTE)
    wrote(mind)
    mind.do(echo("Good morning!", said_at=NOON))
    assert (dialog(mind).status, dialog(mind).promise) == ("open", "first_response")
    assert dialog(mind).answered_seq == 0


def test_words_to_a_stranger_begin_a_dialog_and_a_resolved_one_goes_on(mind: Mind, wall: Moved) -> None:
    receipt = mind.do(echo("Your order is ready."))
    assert dialog(mind).status == "waiting"
    assert message(mind, receipt.seq).author_name == SHOP
    assert [row.kind for row in mind.rows(t.outbox) if row.kind == "open"] == ["open"]
    mind.do(ActOnDialog(receipt.dialog, me, a.Resolve()))
    mind.do(echo("And your invoice.", "e2"))
    assert (dialog(mind).status, dialog(mind).resolved_at) == ("waiting", None)


@pytest.mark.parametrize("state", ["queued", "sending", "delayed", "unknown", "failed"])
def test_an_echo_with_our_key_is_the_acceptance_whatever_we_believed(
    mind: Mind, wall: Moved, state: str
) -> None:
    reply = waiting_reply(mind)
    row = sends(mind, reply.seq)[0]
    if state != "queued":
        row = taken(mind, reply.dialog, wall)
        outcome = Outcome(state, wall.at, reason="?", not_before=wall.at + MINUTE)  # type: ignore[arg-type]
        if state != "sending":
            mind.do(Settle(row, outcome))
    wall.by(SECOND)
    receipt = mind.do(echo("It left today.", key=row.key[:8], said_at=NOON + SECOND / 2))
    assert (receipt.dialog, receipt.seq) == (reply.dialog, reply.seq)
    [post] = sends(mind, reply.seq)
    assert (post.state, post.native) == ("accepted", "e1")
    assert marked(mind, reply.seq)[0] == "accepted"
    assert dialog(mind).answered_at == NOON + SECOND / 2
    if state == "sending":
        mind.do(Settle(row, Outcome("unknown", wall.at, reason="no answer in time")))
        assert marked(mind, reply.seq)[0] == "accepted"
    assert mind.count(t.message, t.message.c.event == "echo") == 0
    assert not mind.do(Take([post.lane], "hands", wall.at + MINUTE))


def test_an_echo_without_a_key_of_what_is_being_sent_is_ours(mind: Mind, wall: Moved) -> None:
    reply = waiting_reply(mind)
    row = taken(mind, reply.dialog, wall)
    mind.do(echo("It left today. "))
    assert marked(mind, reply.seq)[0] == "accepted"
    mind.do(Settle(row, Outcome("accepted", wall.at, native="e1")))
    assert mind.count(t.message, t.message.c.author == "agent") == 1


def test_the_same_words_of_a_person_are_his_when_ours_do_not_go_out_now(mind: Mind) -> None:
    reply = waiting_reply(mind)
    mind.do(echo("It left today."))
    assert marked(mind, reply.seq)[0] == "queued"
    assert mind.count(t.message, t.message.c.event == "echo") == 1


def test_a_key_that_is_not_ours_is_somebody_elses_message(mind: Mind) -> None:
    wrote(mind)
    mind.do(echo(key="ff" * 16))
    mind.do(echo("", "e2"))
    assert mind.count(t.message, t.message.c.event == "echo") == 2


def test_an_echo_of_a_wishs_news_settles_its_asker(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    filed = mind.do(ActOnDialog(first.dialog, me, a.FileWish(first.seq, "Night mode")))
    wish = WishId(int(filed["wish"]))
    for who, verb in (
        (me, a.Accept()),
        (dev, a.PickUp(NOON + DAY, Priority.normal)),
        (dev, a.Ship({"en": "It is dark!"})),
        (me, a.Approve()),
    ):
        mind.do(ActOnWish(wish, who, verb))
    sent(mind, first.dialog, "bot")
    [asker] = mind.rows(t.wish_asker)
    mind.do(Announce(wish, asker.identity, first.dialog, ann))
    row = taken(mind, first.dialog, wall)
    mind.do(echo("It is dark!", key=row.key))
    [asker] = mind.rows(t.wish_asker)
    assert asker.state == "told"


def test_all_of_it_needs_a_channel(mind: Mind) -> None:
    nowhere = ChannelName("nowhere")
    commands: tuple[Command[Any], ...] = (
        Reach(Reachable(nowhere, HIM, EventKey("1"), reachable=True)),
        Confirm(Receipted(nowhere, HIM, EventKey("2"), Mark.read)),
        Echo(Echoed(nowhere, HIM, EventKey("3"), NativeId("e1"))),
    )
    for command in commands:
        with pytest.raises(Missing):
            mind.do(command)
    assert not mind.rows(t.seen)


def test_an_echo_in_an_earlier_dialog_settles_what_is_sent_there(mind: Mind, wall: Moved) -> None:
    reply = waiting_reply(mind)
    row = taken(mind, reply.dialog, wall)
    mind.do(ActOnDialog(reply.dialog, me, a.Resolve()))
    wall.by(30 * DAY)
    mind.do(Receive(said(1, "Something new", native=NativeId("m2"))))
    mind.do(echo("It left today.", key=row.key))
    assert marked(mind, reply.seq)[0] == "accepted"
