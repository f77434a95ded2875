"""Agents change and take back what they have said: in place, by the platform, or openly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.changes import lane
from bridge.conversations.commands import Receive, Reply, StoreFile
from bridge.conversations.database import Database
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Missing, NotAllowed, Refused
from bridge.messages import AgentId, DialogId, Json, Limits, NativeId, Receipt
from tests.conversations.samples import DAY, MINUTE, RULES, SECOND, SECOND_LINE, SHOP, ann
from tests.conversations.shell import Mind, Moved, said
from tests.conversations.test_news import dialog, lines, me, message, posts, sent, wrote

ben = a.Agent(AgentId(2), "ben", "Ben", "agent")
lead = a.Agent(AgentId(5), "lou", "Lou", "lead")
TELEGRAM = Limits(text=40, edits=True, deletes=True, album=3, caption=20, keyed=False)


def ruled(limits: Limits) -> Any:
    shop = replace(RULES.channels[SHOP], limits=limits)
    return replace(RULES, channels={**RULES.channels, SHOP: shop})


@pytest.fixture
def mind(database: Database, wall: Moved) -> Iterator[Mind]:
    """A shop on a platform that edits and deletes."""
    with Mind(database, ruled(TELEGRAM), clock=wall) as mind:
        yield mind


@pytest.fixture
def plain(database: Database, wall: Moved) -> Iterator[Mind]:
    """A shop on a platform that can do neither."""
    with Mind(database, ruled(Limits(text=60)), clock=wall) as mind:
        yield mind


def replied(mind: Mind, text: str = "It left today.", **fields: Any) -> Receipt:
    """A reply that nobody has sent yet; what the bot said before has gone out."""
    first = wrote(mind)
    mind.do(ActOnDialog(first.dialog, me, a.Claim()))
    sent(mind, first.dialog, "bot")
    return mind.do(Reply(first.dialog, ann, text, "reply:1", **fields))


def arrived(mind: Mind, text: str = "It left today.", **fields: Any) -> Receipt:
    """A reply that the contact has."""
    receipt = replied(mind, text, **fields)
    sent(mind, receipt.dialog, "o1")
    return receipt


def change(mind: Mind, receipt: Receipt, text: str, who: a.Agent = me) -> Json:
    return mind.do(ActOnDialog(receipt.dialog, who, a.Edit(receipt.seq, text)))


def remove(mind: Mind, receipt: Receipt, who: a.Agent = me) -> Json:
    return mind.do(ActOnDialog(receipt.dialog, who, a.Delete(receipt.seq)))


def outgoing(mind: Mind, seq: int, *kinds: str) -> list[Any]:
    found = [row for kind in kinds or ("send",) for row in mind.rows(t.outbox, t.outbox.c.kind == kind)]
    ours = [row for row in found if row.message_seq == seq and row.destination == f"channel:{SHOP}"]
    return sorted(ours, key=lambda row: (row.seq, row.part))


def take(mind: Mind, id: DialogId, wall: Moved) -> Any:
    rows = mind.do(Take([lane(id, f"channel:{SHOP}")], "hands", wall.at + MINUTE))
    return rows[0] if rows else None


def settle(mind: Mind, row: Any, state: Any = "accepted", **fields: Any) -> None:
    mind.do(Settle(row, Outcome(state, mind.committer._clock(), **fields)))


def files(mind: Mind, *names: str) -> tuple[Any, ...]:
    return tuple(mind.do(StoreFile("agent/1", f"file:///{name}", name, "image/png", 3)) for name in names)


# --- what nobody has seen


def test_a_held_reply_goes_out_with_other_words_when_its_time_has_come(mind: Mind, wall: Moved) -> None:
    first = wrote(mind)
    sent(mind, first.dialog, "bot")
    reply = mind.do(Reply(first.dialog, ann, "It left todya.", "reply:1"))
    assert reply.mark == "held"
    assert change(mind, reply, "It left today.") == {"how": "rewritten", "seq": reply.seq}
    assert take(mind, reply.dialog, wall) is None
    wall.by(timedelta(seconds=10))
    row = take(mind, reply.dialog, wall)
    assert (row.payload["text"], row.payload["last"]) == ("It left today.", True)
    shown = message(mind, reply.seq)
    assert (shown.text, shown.mark, shown.edited_at) == ("It left today.", "held", None)
    assert dialog(mind).preview == "It left today."
    assert [post["text"] for post in posts(mind, "edit")] == ["It left today."]


def test_a_text_that_grows_and_shrinks_keeps_its_place_before_what_follows(mind: Mind, wall: Moved) -> None:
    reply = replied(mind, "one " * 15)
    later = mind.do(Reply(reply.dialog, ann, "Later.", "reply:2"))
    assert len(outgoing(mind, reply.seq)) == 2
    change(mind, reply, "Short.")
    assert [row.state for row in outgoing(mind, reply.seq)] == ["queued", "cancelled"]
    change(mind, reply, "three " * 15)
    assert [row.state for row in outgoing(mind, reply.seq)] == ["queued"] * 3
    texts = []
    while row := take(mind, reply.dialog, wall):
        texts.append((row.message_seq, row.payload["text"], row.payload.get("last", False)))
        settle(mind, row, native="o")
    assert [seq for seq, *_ in texts] == [reply.seq] * 3 + [later.seq]
    assert [last for *_, last in texts] == [False, False, True, True]
    assert " ".join(text for seq, text, _ in texts if seq == reply.seq) == ("three " * 15).strip()
    assert message(mind, reply.seq).mark == "accepted"


def test_what_was_left_out_stays_so_when_the_rest_is_sent_again(mind: Mind, wall: Moved) -> None:
    reply = replied(mind, "one " * 15)
    change(mind, reply, "Short.")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="too bad")
    mind.do(ActOnDialog(reply.dialog, me, a.Retry(reply.seq)))
    assert [row.state for row in outgoing(mind, reply.seq)] == ["queued", "cancelled"]


def test_a_failed_message_is_sent_again_with_other_words(mind: Mind, wall: Moved) -> None:
    reply = replied(mind)
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="a word is forbidden")
    assert change(mind, reply, "It is under way.")["how"] == "rewritten"
    shown = message(mind, reply.seq)
    assert (shown.mark, shown.reason, shown.text) == ("queued", "", "It is under way.")
    row = take(mind, reply.dialog, wall)
    assert row.payload["text"] == "It is under way."
    settle(mind, row, native="o1")
    assert dialog(mind).status == "waiting"


def test_the_files_of_a_rewritten_message_stay_with_it(mind: Mind) -> None:
    reply = replied(mind, "A caption that is long indeed", files=files(mind, "a.png", "b.png"))
    assert ["attachments" in row.payload for row in outgoing(mind, reply.seq)] == [False, True]
    change(mind, reply, "Short.")
    first, second = outgoing(mind, reply.seq)
    assert [file["name"] for file in first.payload["attachments"]] == ["a.png", "b.png"]
    assert (first.payload["text"], second.state) == ("Short.", "cancelled")
    change(mind, reply, "Long again, so it stands alone.")
    assert [row.payload.get("attachments", []) != [] for row in outgoing(mind, reply.seq)] == [False, True]


def test_a_note_is_changed_and_removed_at_once(mind: Mind) -> None:
    first = wrote(mind)
    note = mind.do(Reply(first.dialog, ann, "Look at tihs", "reply:1", mode="note"))
    assert change(mind, note, "Look at this")["how"] == "rewritten"
    shown = message(mind, note.seq)
    assert (shown.text, shown.data["earlier"][0]["text"]) == ("Look at this", "Look at tihs")
    assert shown.edited_at is not None
    assert dialog(mind).preview == "Where is my parcel?"
    assert remove(mind, note)["how"] == "rewritten"
    assert message(mind, note.seq).deleted_at is not None
    assert dialog(mind).preview == "Where is my parcel?"
    with pytest.raises(Refused, match="taken back already"):
        change(mind, note, "No more")


def test_what_has_not_gone_out_is_taken_back_at_once(mind: Mind, wall: Moved) -> None:
    reply = replied(mind, "one " * 15)
    assert remove(mind, reply) == {"how": "rewritten", "seq": reply.seq}
    assert {row.state for row in outgoing(mind, reply.seq)} == {"cancelled"}
    assert message(mind, reply.seq).mark == "cancelled"
    assert take(mind, reply.dialog, wall) is None


@pytest.mark.parametrize("verb", [a.Undo, a.Delete])
def test_a_text_that_has_become_shorter_is_still_taken_back(plain: Mind, wall: Moved, verb: Any) -> None:
    reply = replied(plain, "one " * 25)
    change(plain, reply, "Short.")
    assert [row.state for row in outgoing(plain, reply.seq)] == ["queued", "cancelled"]
    plain.do(ActOnDialog(reply.dialog, me, verb(reply.seq)))
    assert message(plain, reply.seq).mark == "cancelled"
    assert take(plain, reply.dialog, wall) is None


def test_a_failed_message_that_is_removed_is_not_sent_again(mind: Mind, wall: Moved) -> None:
    reply = replied(mind)
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="no")
    remove(mind, reply)
    assert {row.state for row in outgoing(mind, reply.seq)} == {"cancelled"}
    with pytest.raises(Refused, match="has not failed"):
        mind.do(ActOnDialog(reply.dialog, me, a.Retry(reply.seq)))


def test_a_file_of_a_post_written_before_albums_is_kept(mind: Mind) -> None:
    reply = replied(mind, "Long enough to stand on its own", files=files(mind, "a.png"))
    [_, row] = outgoing(mind, reply.seq)
    old = {**row.payload, "file": row.payload["attachments"][0]}
    del old["attachments"]
    with mind.database.write() as connection:
        connection.execute(sa.update(t.outbox).where(t.outbox.c.id == row.id).values(payload=old))
    change(mind, reply, "Other words to stand on their own")
    names = [file["name"] for row in outgoing(mind, reply.seq) for file in row.payload.get("attachments", [])]
    assert names == ["a.png"]


# --- what the contact has, where the platform can change it


def test_the_platform_is_asked_and_only_then_the_message_says_so(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    assert change(mind, reply, "It left yesterday.") == {"how": "asked", "seq": reply.seq}
    before = message(mind, reply.seq)
    assert (before.text, before.data) == ("It left today.", {"pending": "edit"})
    row = take(mind, reply.dialog, wall)
    assert (row.kind, row.human, row.payload["text"]) == ("edit", False, "It left yesterday.")
    wall.by(SECOND)
    settle(mind, row)
    after = message(mind, reply.seq)
    assert (after.text, after.mark, after.edited_at) == ("It left yesterday.", "accepted", wall.at)
    assert [each["text"] for each in after.data["earlier"]] == ["It left today."]
    assert "pending" not in after.data
    assert dialog(mind).preview == "It left yesterday."
    assert mind.count(t.action, t.action.c.name == "edited") == 1


def test_an_edit_that_the_platform_refuses_is_told_and_changes_nothing(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    change(mind, reply, "It left yesterday.")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="too old")
    shown = message(mind, reply.seq)
    assert (shown.text, shown.mark, shown.data) == ("It left today.", "accepted", {})
    [line] = mind.rows(t.message, t.message.c.event == "not_edited")
    assert (line.data, line.private) == ({"seq": reply.seq, "reason": "too old"}, True)


def test_a_doubtful_edit_waits_for_its_next_try(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    change(mind, reply, "It left yesterday.")
    row = take(mind, reply.dialog, wall)
    settle(mind, row, "unknown", reason="no answer", not_before=wall.at)
    assert message(mind, reply.seq).data == {"pending": "edit"}
    settle(mind, take(mind, reply.dialog, wall))
    assert message(mind, reply.seq).text == "It left yesterday."


def test_two_edits_in_a_row_end_with_the_later_words(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    change(mind, reply, "It left yesterday.")
    change(mind, reply, "It left on Monday.")
    settle(mind, take(mind, reply.dialog, wall))
    between = message(mind, reply.seq)
    assert (between.text, between.data["pending"]) == ("It left yesterday.", "edit")
    settle(mind, take(mind, reply.dialog, wall))
    shown = message(mind, reply.seq)
    assert (shown.text, "pending" in shown.data) == ("It left on Monday.", False)
    assert [each["text"] for each in shown.data["earlier"]] == ["It left today.", "It left yesterday."]


def test_of_several_parts_those_are_changed_that_say_something_else(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind, "one one one one one one. two two two two two two.")
    change(mind, reply, "one one one one one one. TWO TWO TWO TWO TWO TWO.")
    [row] = outgoing(mind, reply.seq, "edit")
    assert (row.payload["part"], row.payload["text"]) == (1, "TWO TWO TWO TWO TWO TWO.")
    settle(mind, take(mind, reply.dialog, wall))
    assert message(mind, reply.seq).text.endswith("TWO.")


def test_when_one_part_cannot_be_changed_the_rest_is_let_be(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind, "one one one one one one. two two two two two two.")
    change(mind, reply, "ONE ONE ONE ONE ONE ONE. TWO TWO TWO TWO TWO TWO.")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="too old")
    assert [row.state for row in outgoing(mind, reply.seq, "edit")] == ["failed", "cancelled"]
    assert message(mind, reply.seq).text.startswith("one")
    assert take(mind, reply.dialog, wall) is None


def test_more_or_fewer_parts_than_before_are_a_correction(mind: Mind) -> None:
    reply = arrived(mind, "one " * 15)
    assert change(mind, reply, "Short.")["how"] == "corrected"


def test_a_caption_is_changed_with_its_files_named(mind: Mind) -> None:
    reply = arrived(mind, "Look.", files=files(mind, "a.png"))
    assert change(mind, reply, "Look here.")["how"] == "asked"
    [row] = outgoing(mind, reply.seq, "edit")
    assert [file["name"] for file in row.payload["attachments"]] == ["a.png"]


def test_an_edit_of_what_is_being_sent_waits_behind_it(mind: Mind, wall: Moved) -> None:
    reply = replied(mind)
    sending = take(mind, reply.dialog, wall)
    assert change(mind, reply, "It left yesterday.")["how"] == "asked"
    assert take(mind, reply.dialog, wall) is None
    settle(mind, sending, native="o1")
    settle(mind, take(mind, reply.dialog, wall))
    assert message(mind, reply.seq).text == "It left yesterday."
    assert message(mind, reply.seq).mark == "accepted"


def test_an_edit_of_what_then_fails_is_sent_by_the_next_try(mind: Mind, wall: Moved) -> None:
    reply = replied(mind)
    sending = take(mind, reply.dialog, wall)
    change(mind, reply, "It left yesterday.")
    settle(mind, sending, "failed", reason="no")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="the message itself has not arrived")
    shown = message(mind, reply.seq)
    assert (shown.text, shown.mark, shown.data) == ("It left yesterday.", "failed", {})
    mind.do(ActOnDialog(reply.dialog, me, a.Retry(reply.seq)))
    assert take(mind, reply.dialog, wall).payload["text"] == "It left yesterday."


def test_a_message_is_taken_back_part_by_part(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind, "one " * 15)
    assert remove(mind, reply) == {"how": "asked", "seq": reply.seq}
    first, second = outgoing(mind, reply.seq, "delete")
    assert [(row.payload["part"], row.payload["last"]) for row in (first, second)] == [(0, False), (1, True)]
    with pytest.raises(Refused, match="taken back already"):
        change(mind, reply, "Other")
    settle(mind, take(mind, reply.dialog, wall))
    assert message(mind, reply.seq).deleted_at is None
    settle(mind, take(mind, reply.dialog, wall))
    shown = message(mind, reply.seq)
    assert (shown.deleted_at, shown.mark) == (wall.at, "accepted")
    assert dialog(mind).preview == "…"
    assert [post["seq"] for post in posts(mind, "delete") if "said_at" in post] == [reply.seq]


def test_what_cannot_be_taken_back_stays_and_says_so(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    remove(mind, reply)
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="older than 48 hours")
    shown = message(mind, reply.seq)
    assert (shown.deleted_at, shown.data) == (None, {})
    [line] = mind.rows(t.message, t.message.c.event == "not_deleted")
    assert line.text == "Not taken back: older than 48 hours"


def test_a_deletion_of_what_never_arrived_has_nothing_to_do(mind: Mind, wall: Moved) -> None:
    reply = replied(mind)
    sending = take(mind, reply.dialog, wall)
    remove(mind, reply)
    settle(mind, sending, "failed", reason="no")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="the message itself has not arrived")
    assert message(mind, reply.seq).deleted_at is not None
    assert {row.state for row in outgoing(mind, reply.seq)} == {"cancelled"}


# --- where it cannot


@pytest.mark.parametrize(("language", "words"), [("en", "Correction: "), ("ru", "Исправление: ")])
def test_a_correction_goes_out_where_nothing_can_be_changed(
    plain: Mind, wall: Moved, language: str, words: str
) -> None:
    plain.do(Receive(said(1, language=language, native=NativeId("m1"))))
    [row] = plain.rows(t.dialog)
    plain.do(ActOnDialog(row.id, me, a.Claim()))
    sent(plain, row.id, "bot")
    reply = plain.do(Reply(row.id, ann, "It left today.", "reply:1"))
    sent(plain, row.id, "o1")
    outcome = change(plain, reply, "It left yesterday.")
    assert outcome["how"] == "corrected"
    post = take(plain, reply.dialog, wall)
    assert (post.payload["text"], post.payload["reply_to"], post.human) == (
        f"{words}It left yesterday.",
        "o1",
        True,
    )
    settle(plain, post, native="o2")
    correction = message(plain, outcome["seq"])
    assert (correction.event, correction.mark, correction.data["of"]) == ("correction", "accepted", reply.seq)
    assert correction.data["quote"]["seq"] == reply.seq
    first = message(plain, reply.seq)
    assert (first.text, first.data) == ("It left today.", {"corrected": outcome["seq"]})
    assert plain.count(t.action, t.action.c.name == "corrected") == 1


def test_what_has_gone_out_for_good_is_not_taken_back(plain: Mind) -> None:
    reply = arrived(plain)
    with pytest.raises(Refused, match="cannot be taken back on this channel"):
        remove(plain, reply)
    assert message(plain, reply.seq).data is None


def test_a_line_that_does_not_write_to_contacts_does_not_correct_either(plain: Mind) -> None:
    reply = arrived(plain)
    plain.do(ActOnDialog(reply.dialog, me, a.Pass(SECOND_LINE)))
    with pytest.raises(NotAllowed, match="does not write to contacts"):
        change(plain, reply, "Other.")


# --- who may, and what


def test_only_the_author_and_leads_change_what_was_said(mind: Mind) -> None:
    reply = arrived(mind)
    for verb in (a.Edit(reply.seq, "Other."), a.Delete(reply.seq)):
        with pytest.raises(NotAllowed, match="only Ann or a lead"):
            mind.do(ActOnDialog(reply.dialog, ben, verb))
    assert change(mind, reply, "Other.", who=lead)["how"] == "asked"


@pytest.mark.parametrize("verb", [a.Edit, a.Delete])
def test_only_what_agents_have_said_is_theirs_to_change(mind: Mind, verb: Any) -> None:
    first = wrote(mind)
    bots = next(row.seq for row in mind.rows(t.message) if row.author == "bot")
    words = ("Other.",) if verb is a.Edit else ()
    for seq in (first.seq, bots):
        with pytest.raises(Refused, match="only what agents have said"):
            mind.do(ActOnDialog(first.dialog, lead, verb(seq, *words)))
    with pytest.raises(Missing):
        mind.do(ActOnDialog(first.dialog, lead, verb(99, *words)))


def test_a_change_says_something_and_something_else(mind: Mind) -> None:
    reply = arrived(mind)
    with pytest.raises(Refused, match="write something"):
        change(mind, reply, " \n")
    with pytest.raises(Refused, match="says already"):
        change(mind, reply, " It left today.")
    assert "pending" not in (message(mind, reply.seq).data or {})


def test_an_old_dialog_is_left_as_it_is_when_there_is_a_newer_one(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    mind.do(ActOnDialog(reply.dialog, me, a.Resolve()))
    wall.by(30 * DAY)
    mind.do(Receive(said(1, "Something new", native=NativeId("m2"))))
    for verb in (a.Edit(reply.seq, "Other."), a.Delete(reply.seq)):
        with pytest.raises(Refused, match="newer dialog"):
            mind.do(ActOnDialog(reply.dialog, me, verb))


# --- replies that quote, albums and captions


def test_a_reply_bears_the_id_of_what_it_answers(mind: Mind) -> None:
    first = wrote(mind)
    mind.do(ActOnDialog(first.dialog, me, a.Claim()))
    sent(mind, first.dialog, "bot")
    reply = mind.do(Reply(first.dialog, ann, "one " * 15, "reply:1", reply_to=first.seq))
    rows = outgoing(mind, reply.seq)
    assert [row.payload.get("reply_to") for row in rows] == ["m1", None]
    assert message(mind, reply.seq).data["quote"]["text"] == "Where is my parcel?"
    sent(mind, first.dialog, "o1")
    again = mind.do(Reply(first.dialog, ann, "As I said.", "reply:2", reply_to=reply.seq))
    assert outgoing(mind, again.seq)[0].payload["reply_to"] == outgoing(mind, reply.seq)[0].native
    waiting = mind.do(Reply(first.dialog, ann, "And more.", "reply:3", reply_to=again.seq))
    assert "reply_to" not in outgoing(mind, waiting.seq)[0].payload
    assert message(mind, waiting.seq).data["quote"]["seq"] == again.seq


def test_a_note_is_quoted_in_notes_only(mind: Mind) -> None:
    first = wrote(mind)
    mind.do(ActOnDialog(first.dialog, me, a.Claim()))
    note = mind.do(Reply(first.dialog, ann, "He is a friend", "reply:1", mode="note"))
    answer = mind.do(Reply(first.dialog, ann, "I know", "reply:2", mode="note", reply_to=note.seq))
    assert message(mind, answer.seq).data["quote"]["seq"] == note.seq
    with pytest.raises(Refused, match="the contact cannot see"):
        mind.do(Reply(first.dialog, ann, "I know", "reply:3", reply_to=note.seq))
    with pytest.raises(Missing):
        mind.do(Reply(first.dialog, ann, "I know", "reply:4", reply_to=999))


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("Look.", "abc", [("Look.", 3)]),
        ("Look.", "abcdefg", [("Look.", 3), ("", 3), ("", 1)]),
        ("Too long for a caption", "ab", [("Too long for a caption", 0), ("", 2)]),
        ("", "ab", [("", 2)]),
    ],
)
def test_files_go_together_as_far_as_the_platform_takes_them(
    mind: Mind, text: str, names: str, expected: list[tuple[str, int]]
) -> None:
    reply = replied(mind, text, files=files(mind, *names))
    rows = outgoing(mind, reply.seq)
    assert [(row.payload["text"], len(row.payload.get("attachments", []))) for row in rows] == expected
    assert [row.payload.get("last", False) for row in rows] == [False] * (len(rows) - 1) + [True]


def test_lines_of_the_house_are_for_agents(mind: Mind, wall: Moved) -> None:
    reply = arrived(mind)
    change(mind, reply, "It left yesterday.")
    settle(mind, take(mind, reply.dialog, wall), "failed", reason="too old")
    assert "not_edited" in lines(mind)
    assert all(row.private for row in mind.rows(t.message, t.message.c.author == "system"))
