"""Dialogs: hearing the contact, speaking on the safe side, claiming, passing, snoozing, resolving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.conversations import dialog as dialogs
from bridge.conversations import marks, posts
from bridge.conversations.changes import Change, Dialog, Seen
from bridge.errors import Missing, Refused, Taken
from bridge.messages import (
    Author,
    ChannelName,
    LineName,
    Mark,
    Priority,
    Status,
)
from tests.conversations.samples import (
    ANN,
    BEN,
    FIRST,
    HOUR,
    MAIL,
    MINUTE,
    NIGHT,
    NOON,
    OFFICE,
    QUIET,
    RULES,
    SECOND,
    SECOND_LINE,
    SHOP,
    SLACK,
    WEB,
    a_dialog,
    a_file,
    ann,
    ben,
    events,
    native,
    said_by,
    to_contact,
    to_desks,
    words,
)

LATER = NOON + 30 * SECOND
WAITING = dialogs.received(a_dialog(), words(), NOON, RULES).dialog
"""The contact has asked; nobody has claimed."""
CLAIMED = dialogs.claimed(WAITING, ANN, "Ann", LATER, RULES).dialog


def reply(dialog: Dialog, author: Author, text: str, **options: Any) -> Change:
    return dialogs.replied(dialog, author, text, LATER, RULES, **options)


def accept(dialog: Dialog, change: Change, author: Author = ann) -> Dialog:
    seq = change.said[-1].seq
    return marks.accepted(change.dialog, seq, author, LATER, LATER, RULES, human=True).dialog


ANSWERED = accept(CLAIMED, reply(CLAIMED, ann, "On its way."))
"""Ann has answered: the contact waits no longer."""
RESOLVED = dialogs.resolved(ANSWERED, ANN, LATER, RULES).dialog
SNOOZED = dialogs.snoozed(ANSWERED, ANN, LATER + HOUR, LATER, RULES).dialog


# -- the contact writes


def test_a_first_message_opens_a_thread_on_every_desk_and_is_greeted() -> None:
    change = dialogs.received(a_dialog(), words(page="/cart", email="carl@example.org"), NOON, RULES)
    assert [post.kind for post in to_desks(change)][:2] == ["open", "post"]
    assert [post.payload["text"] for post in to_contact(change)] == [
        "Hello! Your message is with us: a person",
        "answers within 2 minutes.",
    ]
    assert [post.payload.get("last", False) for post in to_contact(change)] == [False, True]
    dialog = change.dialog
    assert (dialog.status, dialog.page, dialog.email) == (Status.open, "/cart", "carl@example.org")
    assert (dialog.contact_seq, dialog.preview) == (1, "Where is my parcel?")
    assert dialog.promise is not None


def test_the_second_message_opens_nothing_and_keeps_what_was_known() -> None:
    opened = dialogs.received(a_dialog(), words(page="/cart", email="carl@example.org"), NOON, RULES).dialog
    change = dialogs.received(opened, words("Hello?"), LATER, RULES)
    assert not to_desks(change, "open")
    assert not to_contact(change)
    assert (change.dialog.page, change.dialog.email) == ("/cart", "carl@example.org")
    assert change.dialog.promise == opened.promise


def test_every_message_is_shown_on_every_desk_of_channel_and_line() -> None:
    change = dialogs.received(replace(WAITING, line=SECOND_LINE), words("Hello?"), LATER, RULES)
    assert [post.destination for post in to_desks(change, "post")] == ["desk:web", "desk:slack"]


def test_a_channel_without_desks_and_promises_still_hears() -> None:
    change = dialogs.received(a_dialog(channel=QUIET), words(), NOON, RULES)
    assert not to_desks(change)
    assert change.dialog.promise is None
    assert [spoken.text for spoken in change.said][1] == (
        "Hello! Your message is with us: a person will answer."
    )


def test_a_dialog_outlives_its_line_and_its_channel_in_the_configuration() -> None:
    homeless = a_dialog(line=LineName("gone"))
    heard = dialogs.received(homeless, words(), NOON, RULES)
    assert heard.dialog.promise is not None, "the channel's own line stands in"
    assert heard.dialog.line == "gone"
    orphan = dialogs.received(a_dialog(channel=ChannelName("moon")), words(), NOON, RULES)
    assert orphan.dialog.promise is None, "a channel that is gone promises nothing"


def test_an_agent_who_names_an_unknown_line_is_told_which_there_are() -> None:
    with pytest.raises(Missing, match=r"no line 'moon'.*first"):
        dialogs.passed(CLAIMED, ANN, LineName("moon"), "", None, LATER, RULES, by=ann)


def test_a_message_of_files_alone_is_previewed_by_their_names() -> None:
    change = dialogs.received(a_dialog(), words("", attachments=(a_file(),)), NOON, RULES)
    assert change.dialog.preview == "label.pdf"
    (post, *_) = to_desks(change, "post")
    assert post.payload["attachments"] == [
        {"id": "7", "name": "label.pdf", "type": "application/pdf", "size": 1234}
    ]


def test_a_menu_press_is_shown_but_promises_nothing() -> None:
    change = dialogs.received(a_dialog(), words("/start", command="start"), NOON, RULES)
    assert change.dialog.promise is None
    assert change.dialog.status is Status.waiting, "we wait for him, he does not wait for us"
    assert to_desks(change, "post")


def test_a_menu_press_leaves_the_dialog_as_it_stands() -> None:
    for before in (WAITING, ANSWERED, SNOOZED, RESOLVED):
        after = dialogs.received(before, words("Prices", command="menu:prices"), LATER, RULES).dialog
        assert (after.status, after.promise, after.contact_seq, after.snoozed_until, after.resolved_at) == (
            before.status,
            before.promise,
            before.contact_seq,
            before.snoozed_until,
            before.resolved_at,
        )


def test_asking_for_a_person_starts_the_promise_even_by_a_press() -> None:
    change = dialogs.received(a_dialog(), words("", command="person", asks_person=True), NOON, RULES)
    assert change.dialog.promise is not None
    assert said_by(change, "bot")[-1].text == "Ann or Ben takes over."


def test_at_night_the_contact_is_told_once_in_three_hours() -> None:
    first = dialogs.received(a_dialog(line=OFFICE), words(), NIGHT, RULES)
    assert said_by(first, "bot")[-1].text == (
        "Hello! Nobody is here right now. We are back tomorrow at 09:00 (UTC),"
        " and you have an answer by 09:02 tomorrow (UTC)."
    )
    assert first.dialog.away_at == NIGHT
    again = dialogs.received(first.dialog, words("Hello?"), NIGHT + HOUR, RULES)
    assert not said_by(again, "bot")
    late = dialogs.received(again.dialog, words("Still here"), NIGHT + 3 * HOUR, RULES)
    assert len(said_by(late, "bot")) == 1


def test_a_channel_without_a_bot_says_nothing_by_itself() -> None:
    change = dialogs.received(a_dialog(channel=MAIL, line=OFFICE), words(), NIGHT, RULES)
    assert not said_by(change, "bot")
    assert change.dialog.away_at is None


def test_the_contacts_next_word_reopens_a_resolved_dialog() -> None:
    change = dialogs.received(RESOLVED, words("One more thing"), LATER, RULES)
    assert (change.dialog.status, change.dialog.resolved_at) == (Status.open, None)
    assert change.dialog.promise is not None
    assert change.dialog.promise.name == "first_response"
    assert [acted.name for acted in change.acted] == ["reopened"]


def test_the_contacts_next_word_wakes_a_snoozed_dialog() -> None:
    change = dialogs.received(SNOOZED, words("Any news?"), LATER, RULES)
    assert (change.dialog.status, change.dialog.snoozed_until) == (Status.open, None)
    off = change.timers[0]
    assert (off.name, off.gen, off.state) == ("snooze", SNOOZED.snooze_gen, "off")
    assert dialogs.woken(change.dialog, SNOOZED.snooze_gen, LATER + HOUR, RULES) is None


# -- an agent writes


def test_a_first_text_claims_the_dialog_and_is_held_for_undo() -> None:
    change = reply(WAITING, ann, "Let me look.", via=WEB, native=native("web/1"))
    assert (change.dialog.assignee, change.dialog.assignee_name) == (ANN, "Ann")
    assert events(change.said) == ["claimed"]
    spoken = change.said[-1]
    assert (spoken.mark, spoken.held_until, spoken.native) == (Mark.held, LATER + RULES.hold, "web/1")
    (post,) = to_contact(change)
    assert (post.not_before, post.human, post.message_seq) == (LATER + RULES.hold, True, spoken.seq)
    assert not to_desks(change, "post"), "the desk where it was written shows it already"
    assert to_desks(change, "show")


def test_the_hold_never_breaks_the_promise_itself() -> None:
    due_at = WAITING.promise.due_at if WAITING.promise else NOON
    for before, until in [
        (12 * SECOND, 7 * SECOND),
        (8 * SECOND, 3 * SECOND),
        (5 * SECOND, None),
        (SECOND, None),
        (-SECOND, RULES.hold),
    ]:
        now = due_at - before
        change = dialogs.replied(WAITING, ann, "Yes.", now, RULES)
        expected = None if until is None else now + until
        assert change.said[-1].held_until == expected
        assert change.said[-1].mark is (Mark.queued if expected is None else Mark.held)


def test_without_a_promise_the_hold_is_as_configured() -> None:
    change = reply(a_dialog(channel=QUIET), ann, "Hello there.")
    assert change.said[-1].held_until == LATER + RULES.hold


def test_send_claims_as_well_but_holds_nothing_back() -> None:
    change = reply(WAITING, ann, "Yes.", mode="send")
    assert change.dialog.assignee == ANN
    assert change.said[-1].mark is Mark.queued


def test_the_assignees_text_goes_out_at_once() -> None:
    change = reply(CLAIMED, ann, "On its way.")
    (post,) = to_contact(change)
    assert post.not_before == LATER
    assert post.payload["text"] == "On its way."
    assert post.payload["author"] == {"kind": "agent", "id": "1", "name": "Ann"}
    assert not to_desks(change, "show")
    assert change.dialog.preview == "On its way."


def test_anybody_elses_text_stays_inside_unless_he_presses_send() -> None:
    inside = reply(CLAIMED, ben, "Is it not the blue one?")
    assert not to_contact(inside)
    assert inside.said[-1].private
    assert to_desks(inside, "post")[0].payload["private"]
    sent = reply(CLAIMED, ben, "Is it not the blue one?", mode="send")
    assert len(to_contact(sent)) == 1
    assert sent.dialog.assignee == ANN


@pytest.mark.parametrize("mode", ["auto", "send", "note"])
def test_two_slashes_always_stay_inside(mode: dialogs.Mode) -> None:
    change = reply(CLAIMED, ann, "//  who knows this?", mode=mode)
    assert not to_contact(change)
    assert change.said[-1].text == "who knows this?"


def test_a_note_claims_nothing() -> None:
    change = reply(WAITING, ann, "I have seen him before.", mode="note")
    assert change.dialog.assignee is None
    assert not to_contact(change)


def test_a_line_that_may_not_speak_keeps_its_text_as_a_draft() -> None:
    second = replace(WAITING, line=SECOND_LINE)
    change = reply(second, ben, "It was lost in Kiel.", mode="send")
    assert not to_contact(change)
    assert events(change.said) == ["draft"]
    assert change.said[-1].private
    assert change.dialog.assignee is None


def test_an_answer_to_a_resolved_dialog_takes_it_up_again() -> None:
    change = reply(RESOLVED, ann, "By the way: it arrived.")
    assert (change.dialog.status, change.dialog.resolved_at) == (Status.waiting, None)


def test_a_long_text_goes_in_parts_with_its_files_behind() -> None:
    change = reply(CLAIMED, ann, "word " * 20, attachments=(a_file(),))
    out = to_contact(change)
    assert [(post.seq, post.part) for post in out] == [(out[0].seq, part) for part in range(len(out))]
    assert all(len(post.payload["text"]) <= 40 for post in out)
    assert out[-1].payload["attachments"][0]["name"] == "label.pdf"
    assert [post.payload.get("last") for post in out] == [None] * (len(out) - 1) + [True]


def test_a_key_of_the_api_without_a_person_claims_nothing() -> None:
    change = reply(WAITING, Author("agent", None, "API"), "Hello.")
    assert change.dialog.assignee is None
    assert change.said[-1].mark is Mark.queued


def test_an_announcement_answers_nothing_and_reopens_nothing() -> None:
    change = dialogs.announced(RESOLVED, ann, "Ready!", {"wish": "7", "number": 3}, LATER, RULES)
    (post,) = to_contact(change)
    assert (post.human, post.payload["wish"]) == (False, "7")
    assert change.dialog.status is Status.resolved
    assert events(change.said) == ["announcement"]
    assert to_desks(change, "post")[0].payload["event"] == "announcement"


# -- what became of it


def test_an_accepted_answer_is_marked_on_the_desks_and_the_contact_waits_no_longer() -> None:
    sent = reply(CLAIMED, ann, "On its way.")
    seq = sent.said[-1].seq
    change = marks.accepted(sent.dialog, seq, ann, LATER, LATER, RULES, human=True)
    assert change.revised[0].mark is Mark.accepted
    assert [(post.kind, post.payload["mark"]) for post in to_desks(change)] == [("mark", Mark.accepted)]
    assert (change.dialog.status, change.dialog.answered_seq) == (Status.waiting, seq)


def test_an_accepted_bot_line_changes_no_status() -> None:
    change = marks.accepted(WAITING, 2, ann, LATER, LATER, RULES, human=False)
    assert (change.dialog.status, change.dialog.promise) == (Status.open, WAITING.promise)
    assert not change.promises


def test_a_failed_answer_brings_the_dialog_back_and_the_promise_runs_again() -> None:
    for dialog in (ANSWERED, RESOLVED, SNOOZED):
        change = marks.troubled(
            dialog, dialog.answered_seq, Mark.failed, "blocked us", LATER, RULES, human=True
        )
        back = change.dialog
        assert (back.status, back.resolved_at, back.snoozed_until) == (Status.open, None, None)
        assert back.promise is not None
        assert change.said[0].text == "Not delivered: blocked us"
        assert to_desks(change, "mark")[0].payload["reason"] == "blocked us"


def test_a_failed_answer_leaves_a_running_promise_as_it_is() -> None:
    sent = reply(CLAIMED, ann, "On its way.")
    change = marks.troubled(sent.dialog, sent.said[-1].seq, Mark.failed, "gone", LATER, RULES, human=True)
    assert change.dialog.promise == WAITING.promise


@pytest.mark.parametrize(
    ("mark", "human"), [(Mark.delayed, True), (Mark.unknown, True), (Mark.failed, False)]
)
def test_a_delay_or_a_lost_bot_line_is_only_marked(mark: Mark, human: bool) -> None:
    change = marks.troubled(ANSWERED, 2, mark, "slow", LATER, RULES, human=human)
    assert change.dialog.status is Status.waiting
    assert not change.said
    assert [post.kind for post in to_desks(change)] == ["mark"]


def test_the_contact_has_read_up_to_a_message() -> None:
    change = marks.reached(ANSWERED, 4, Mark.read, LATER)
    assert change.seen == [Seen(ANSWERED.id, 4, change.dialog.seq, Mark.read)]


def test_a_held_text_is_taken_back_or_kept_as_a_note() -> None:
    held = reply(WAITING, ann, "Who takes this?")
    seq = held.said[-1].seq
    undone = marks.undone(held.dialog, seq, ANN, LATER, RULES, keep=False)
    assert (undone.cancelled, undone.revised[0].deleted_at) == ([seq], LATER)
    kept = marks.undone(held.dialog, seq, ANN, LATER, RULES, keep=True)
    assert (kept.cancelled, kept.revised[0].private, kept.revised[0].deleted_at) == ([seq], True, None)
    assert [acted.name for acted in (*undone.acted, *kept.acted)] == ["undone", "kept_as_note"]


def test_a_failed_message_is_tried_again() -> None:
    change = marks.retried(ANSWERED, 4, ANN, LATER, RULES)
    assert change.retried == [4]
    assert (change.revised[0].mark, change.acted[0].after) == (Mark.queued, {"seq": 4})


# -- who has it


def test_of_two_who_claim_at_once_one_wins_and_the_other_learns_who() -> None:
    with pytest.raises(Taken, match="Ann was first"):
        dialogs.claimed(CLAIMED, BEN, "Ben", LATER, RULES)
    assert dialogs.claimed(CLAIMED, BEN, "Ben", LATER, RULES, force=True).dialog.assignee == BEN


def test_claiming_twice_changes_nothing() -> None:
    assert dialogs.claimed(CLAIMED, ANN, "Ann", LATER, RULES).dialog == CLAIMED


def test_a_released_dialog_belongs_to_nobody() -> None:
    change = dialogs.released(CLAIMED, ANN, LATER, RULES)
    assert change.dialog.assignee is None
    assert to_desks(change, "show")[0].payload["card"]["assignee"] == ""
    with pytest.raises(Refused, match="nobody has claimed"):
        dialogs.released(WAITING, ANN, LATER, RULES)


def test_a_passed_dialog_opens_where_it_was_not_shown_before() -> None:
    change = dialogs.passed(CLAIMED, ANN, SECOND_LINE, "Please look.", Priority.urgent, LATER, RULES, by=ann)
    assert (change.dialog.line, change.dialog.assignee) == (SECOND_LINE, None)
    assert [post.destination for post in to_desks(change, "open")] == [f"desk:{SLACK}"]
    assert change.said[-1].text == "Please look."
    assert change.acted[0].after == {"line": SECOND_LINE, "priority": Priority.urgent}


def test_passing_with_another_priority_moves_the_due_time() -> None:
    change = dialogs.passed(CLAIMED, ANN, SECOND_LINE, "", Priority.urgent, LATER, RULES, by=ann)
    assert change.dialog.promise is not None
    assert change.dialog.promise.due_at == NOON + MINUTE
    assert not said_by(change, "agent")


def test_a_dialog_is_not_passed_to_where_it_is() -> None:
    with pytest.raises(Refused, match="already with First line"):
        dialogs.passed(CLAIMED, ANN, FIRST, "", None, LATER, RULES, by=ann)
    assert dialogs.passed(CLAIMED, ANN, FIRST, "", Priority.low, LATER, RULES, by=ann).dialog.assignee is None


def test_a_priority_is_told_inside_and_moves_the_due_time() -> None:
    change = dialogs.prioritised(CLAIMED, ANN, Priority.urgent, LATER, RULES)
    assert change.dialog.promise is not None
    assert change.dialog.promise.due_at == NOON + MINUTE
    assert change.said[0].private
    assert change.acted[0].after == {"before": Priority.normal, "priority": Priority.urgent}


# -- later, or never


def test_a_snoozed_dialog_wakes_at_its_moment_and_not_before() -> None:
    gen = SNOOZED.snooze_gen
    assert SNOOZED.status is Status.snoozed
    assert dialogs.woken(SNOOZED, gen, LATER + HOUR - SECOND, RULES) is None
    assert dialogs.woken(SNOOZED, gen - 1, LATER + HOUR, RULES) is None
    change = dialogs.woken(SNOOZED, gen, LATER + HOUR, RULES)
    assert change is not None
    assert (change.dialog.status, change.dialog.snoozed_until) == (Status.open, None)
    assert change.timers[0].state == "fired"
    assert dialogs.woken(change.dialog, gen, LATER + HOUR, RULES) is None


def test_a_dialog_sleeps_only_when_nobody_waits() -> None:
    with pytest.raises(Refused, match="still waits"):
        dialogs.snoozed(CLAIMED, ANN, LATER + HOUR, LATER, RULES)
    with pytest.raises(Refused, match="passed already"):
        dialogs.snoozed(ANSWERED, ANN, LATER, LATER, RULES)
    with pytest.raises(Refused, match="reopen it first"):
        dialogs.snoozed(RESOLVED, ANN, LATER + HOUR, LATER, RULES)


def test_resolving_a_snoozed_dialog_stops_its_timer() -> None:
    change = dialogs.resolved(SNOOZED, ANN, LATER, RULES)
    assert [(timer.name, timer.state) for timer in change.timers] == [("snooze", "off")]
    assert (change.dialog.status, change.dialog.snoozed_until) == (Status.resolved, None)


def test_resolving_and_reopening_go_by_turns() -> None:
    with pytest.raises(Refused, match="resolved already"):
        dialogs.resolved(RESOLVED, ANN, LATER, RULES)
    again = dialogs.reopened(RESOLVED, BEN, LATER, RULES).dialog
    assert (again.status, again.resolved_at) == (Status.open, None)
    with pytest.raises(Refused, match="not resolved"):
        dialogs.reopened(again, BEN, LATER, RULES)
    with pytest.raises(Refused, match="reopen it first"):
        dialogs.claimed(RESOLVED, BEN, "Ben", LATER, RULES)


def test_a_dialog_says_where_its_matter_went() -> None:
    change = dialogs.quoted(CLAIMED, ANN, "promoted", "Ticket 17", LATER, RULES, number=17)
    assert change.said[0].private
    assert to_desks(change, "post")[0].payload["data"] == {"number": 17}
    assert change.acted[0].after == {"number": 17}


def test_every_transition_moves_the_dialog_on() -> None:
    moves: list[Callable[[], Change]] = [
        lambda: dialogs.received(ANSWERED, words(), LATER, RULES),
        lambda: reply(ANSWERED, ann, "Yes."),
        lambda: reply(ANSWERED, ann, "No.", mode="note"),
        lambda: dialogs.passed(ANSWERED, ANN, OFFICE, "", None, LATER, RULES, by=ann),
        lambda: dialogs.prioritised(ANSWERED, ANN, Priority.low, LATER, RULES),
        lambda: dialogs.resolved(ANSWERED, ANN, LATER, RULES),
    ]
    for move in moves:
        change = move()
        assert change.dialog.seq > ANSWERED.seq
        assert change.dialog.changed_at == LATER


def test_a_card_is_plain_data_for_every_desk() -> None:
    card = posts.card(CLAIMED)
    assert (card["subject"], card["assignee"], card["status"]) == (f"dialog:{CLAIMED.id}", "Ann", "open")
    assert card["due_at"] == (NOON + 2 * MINUTE).isoformat()
    assert posts.card(ANSWERED)["due_at"] is None
    assert posts.card(CLAIMED)["channel"] == SHOP


def test_a_blank_reply_is_refused_in_every_mode() -> None:
    for mode in ("auto", "send", "note"):
        with pytest.raises(Refused, match="write something"):
            dialogs.replied(CLAIMED, ann, " \n", LATER, RULES, mode=mode)
    with pytest.raises(Refused, match="write something"):
        dialogs.replied(CLAIMED, ann, "// ", LATER, RULES)


def test_a_desk_of_the_line_before_is_shown_where_the_dialog_went() -> None:
    there = dialogs.passed(CLAIMED, ANN, SECOND_LINE, "", None, LATER, RULES, by=ann).dialog
    back = dialogs.passed(there, BEN, FIRST, "", None, LATER, RULES, by=ben)
    shown = {post.destination for post in back.posts if post.kind == "show"}
    assert "desk:slack" in shown
