"""The promise of an answer: started, climbed, met, breached, void."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.conversations import dialog as dialogs
from bridge.conversations import marks, promises
from bridge.conversations.changes import Change, Dialog, Draft, Promise, PromiseKept
from bridge.conversations.lines import Ladder, Step
from bridge.messages import Author, Mark, Priority, Status
from tests.conversations.samples import (
    ANN,
    BEN,
    HOUR,
    MAIL,
    MINUTE,
    NOON,
    OFFICE,
    QUIET,
    RULES,
    SECOND,
    SECOND_LINE,
    a_dialog,
    ann,
    ben,
    events,
    to_desks,
    words,
)

DUE = NOON + 2 * MINUTE


def asked(dialog: Dialog | None = None, at: datetime = NOON) -> Dialog:
    return dialogs.received(dialog or a_dialog(), words(), at, RULES).dialog


def answer(dialog: Dialog, at: datetime, author: Author = ann) -> Change:
    """An answer is written and accepted `at`."""
    sent = dialogs.replied(dialog, author, "On its way.", at, RULES, mode="send")
    return marks.accepted(sent.dialog, sent.said[-1].seq, author, at, at, RULES, human=True)


def running(dialog: Dialog) -> Promise:
    assert dialog.promise is not None
    return dialog.promise


def ring(dialog: Dialog, now: datetime, *, until: datetime | None = None) -> Change:
    change = promises.expired(dialog, running(dialog).gen, now, RULES, in_flight_until=until)
    assert change is not None
    return change


def climb(dialog: Dialog, *seconds: int) -> Dialog:
    for second in seconds:
        dialog = ring(dialog, NOON + second * SECOND).dialog
    return dialog


# -- it starts


def test_a_first_question_promises_a_first_response() -> None:
    change = dialogs.received(a_dialog(), words(), NOON, RULES)
    promise = running(change.dialog)
    assert (promise.name, promise.started_at, promise.due_at) == ("first_response", NOON, DUE)
    (timer,) = change.timers
    assert (timer.subject, timer.name, timer.gen, timer.state) == (
        change.dialog.subject,
        "promise",
        promise.gen,
        "armed",
    )
    assert timer.due_at == NOON + MINUTE, "the first rung is at half of the time"


def test_a_question_after_the_first_answer_promises_a_next_response() -> None:
    dialog = answer(asked(), NOON + MINUTE).dialog
    promise = running(asked(dialog, NOON + HOUR))
    assert (promise.name, promise.due_at) == ("next_response", NOON + HOUR + 5 * MINUTE)


def test_a_second_question_does_not_push_the_first_one_back() -> None:
    dialog = asked()
    assert asked(dialog, NOON + MINUTE).promise == dialog.promise


@pytest.mark.parametrize(
    ("priority", "plan", "target"),
    [
        (Priority.normal, "", 2 * MINUTE),
        (Priority.urgent, "", MINUTE),
        (Priority.normal, "gold", 90 * SECOND),
        (Priority.urgent, "gold", MINUTE),
        (Priority.low, "unheard of", 2 * MINUTE),
    ],
)
def test_the_shortest_promise_counts(priority: Priority, plan: str, target: timedelta) -> None:
    dialog = asked(a_dialog(priority=priority, plan=plan))
    assert running(dialog).due_at == NOON + target


def test_where_nothing_is_promised_nothing_runs() -> None:
    dialog = asked(a_dialog(channel=QUIET))
    assert dialog.promise is None
    assert answer(dialog, NOON).dialog.promise is None
    assert dialogs.prioritised(dialog, ANN, Priority.urgent, NOON, RULES).dialog.promise is None


def test_a_promise_counts_the_hours_of_its_line() -> None:
    evening = NOON.replace(hour=17, minute=30)
    dialog = asked(a_dialog(channel=MAIL, line=OFFICE), evening)
    assert running(dialog).due_at == NOON.replace(day=3, hour=9, minute=30)


# -- it is kept


@pytest.mark.parametrize(("late", "outcome"), [(-SECOND, "met"), (0 * SECOND, "met"), (SECOND, "breached")])
def test_the_moment_of_acceptance_decides_and_no_other(late: timedelta, outcome: str) -> None:
    change = answer(asked(), DUE + late)
    (kept,) = change.promises
    assert (kept.outcome, kept.settled_at, kept.agent, kept.due_at) == (outcome, DUE + late, ANN, DUE)
    assert change.timers[0].state == "off"
    assert (change.dialog.promise, change.dialog.answered_at) == (None, DUE + late)


def test_an_answer_accepted_in_time_but_heard_of_late_is_met() -> None:
    dialog = climb(asked(), 60, 96, 121)
    change = marks.accepted(dialog, dialog.seq + 1, ann, DUE, NOON + HOUR, RULES, human=True)
    assert [kept.outcome for kept in change.promises] == ["met"]


def test_the_latest_word_about_a_promise_replaces_the_first() -> None:
    dialog = climb(asked(), 60, 96)
    first = ring(dialog, DUE)
    last = answer(first.dialog, DUE + 30 * SECOND)
    assert (first.promises[0].dialog, first.promises[0].gen) == (
        last.promises[0].dialog,
        last.promises[0].gen,
    )


def test_what_was_asked_while_the_answer_was_under_way_is_still_owed() -> None:
    sent = dialogs.replied(asked(), ann, "Which parcel?", NOON + SECOND, RULES, mode="send")
    more = asked(sent.dialog, NOON + 2 * SECOND)
    at = NOON + 3 * SECOND
    change = marks.accepted(more, sent.said[-1].seq, ann, at, at, RULES, human=True)
    assert [kept.outcome for kept in change.promises] == ["met"]
    assert (running(change.dialog).name, running(change.dialog).started_at) == ("next_response", at)
    assert change.dialog.status is Status.open


def test_neither_bot_nor_note_nor_failed_send_keeps_a_promise() -> None:
    dialog = asked()
    promise = running(dialog)
    bot = marks.accepted(dialog, 2, ann, NOON, NOON, RULES, human=False)
    note = dialogs.replied(dialog, ann, "Hm.", NOON, RULES, mode="note")
    failed = marks.troubled(dialog, 9, Mark.failed, "gone", NOON, RULES, human=True)
    said = dialogs.announced(dialog, ann, "Ready!", {}, NOON, RULES)
    for change in (bot, note, failed, said):
        assert not change.promises
        assert change.dialog.promise == promise


def test_an_answer_that_bounces_is_owed_again() -> None:
    dialog = answer(asked(), NOON + MINUTE).dialog
    at = NOON + HOUR
    again = marks.troubled(dialog, dialog.answered_seq, Mark.failed, "bounced", at, RULES, human=True).dialog
    assert (running(again).name, running(again).started_at) == ("next_response", at)


def test_a_late_acceptance_starts_nothing_in_a_resolved_dialog() -> None:
    sent = dialogs.replied(asked(), ann, "Which parcel?", NOON, RULES, mode="send")
    more = asked(sent.dialog, NOON + SECOND)
    over = dialogs.resolved(more, ANN, NOON + 2 * SECOND, RULES).dialog
    change = marks.accepted(over, sent.said[-1].seq, ann, NOON, NOON + MINUTE, RULES, human=True)
    assert (change.dialog.promise, change.dialog.status) == (None, Status.resolved)


# -- it climbs


def test_every_rung_tells_more_people_and_the_last_one_is_the_last() -> None:
    dialog = dialogs.claimed(asked(), ANN, "Ann", NOON, RULES).dialog
    seen = []
    for second in (60, 96, 120, 180):
        change = ring(dialog, NOON + second * SECOND)
        seen += events(change.said)
        assert [post.kind for post in to_desks(change)] == ["post"]
        dialog = change.dialog
    assert seen == ["nudge", "mention", "requeue", "supervise"]
    promise = running(dialog)
    assert (promise.gen, promise.step, promise.breached_at) == (0, 3, DUE)


def test_each_rung_is_armed_for_its_own_moment() -> None:
    dialog = asked()
    due = []
    for second in (60, 96, 120):
        change = ring(dialog, NOON + second * SECOND)
        due += [timer.due_at - NOON for timer in change.timers if timer.state == "armed"]
        dialog = change.dialog
    assert due == [96 * SECOND, 120 * SECOND, 180 * SECOND]


def test_the_due_rung_breaches_and_gives_the_dialog_back_to_the_queue() -> None:
    dialog = climb(dialogs.claimed(asked(), ANN, "Ann", NOON, RULES).dialog, 60, 96)
    change = ring(dialog, DUE)
    (kept,) = change.promises
    assert (kept.outcome, kept.settled_at, kept.agent) == ("breached", None, ANN)
    assert change.dialog.assignee is None
    assert [acted.name for acted in change.acted] == ["requeued"]
    assert change.said[0].data == {"was": "Ann", "line": "first"}


def test_an_unclaimed_dialog_is_not_taken_from_anybody() -> None:
    change = ring(climb(asked(), 60, 96), DUE)
    assert not change.acted


def test_a_timer_of_the_past_changes_nothing() -> None:
    dialog = asked()
    old = running(dialog).gen
    climbed = climb(dialog, 60)
    for later in (climbed, answer(climbed, NOON + MINUTE).dialog):
        assert promises.expired(later, old, NOON + HOUR, RULES, in_flight_until=None) is None


def test_the_due_rung_never_breaches_before_its_time() -> None:
    dialog = climb(asked(), 60, 96)
    gen = running(dialog).gen
    assert promises.expired(dialog, gen, DUE - SECOND, RULES, in_flight_until=None) is None
    assert promises.expired(dialog, gen, DUE, RULES, in_flight_until=None) is not None


def test_a_reply_in_flight_is_waited_for_at_the_due_rung_alone() -> None:
    dialog = climb(asked(), 60)
    until = DUE + 5 * SECOND
    mentioned = ring(dialog, NOON + 96 * SECOND, until=until)
    assert events(mentioned.said) == ["mention"]
    waiting = ring(mentioned.dialog, DUE, until=until)
    assert not waiting.said
    assert not waiting.promises
    (timer,) = waiting.timers
    assert (timer.due_at, timer.gen) == (until, running(waiting.dialog).gen)
    broken = ring(waiting.dialog, until, until=until)
    assert running(broken.dialog).breached_at == until


def test_a_ladder_that_ends_at_the_due_moment_ends_there() -> None:
    rules = replace(RULES, ladder=Ladder((Step("requeue"),)))
    dialog = dialogs.received(a_dialog(), words(), NOON, rules).dialog
    change = promises.expired(dialog, running(dialog).gen, DUE, rules, in_flight_until=None)
    assert change is not None
    assert [timer.state for timer in change.timers] == ["fired"]
    assert running(change.dialog).gen == 0
    settled = answer(change.dialog, DUE + SECOND)
    assert not [timer for timer in settled.timers if timer.state == "off"], "nothing was armed any more"


def test_the_promised_moment_stands_when_targets_change_in_the_configuration() -> None:
    dialog = climb(asked(), 60)
    channel = replace(
        RULES.channel(dialog.channel),
        by_priority={},
        targets=replace(RULES.channel(dialog.channel).targets, first_response=None),
    )
    rules = replace(RULES, channels={dialog.channel: channel})
    due = []
    for second in (96, 120):
        change = promises.expired(
            dialog, running(dialog).gen, NOON + second * SECOND, rules, in_flight_until=None
        )
        assert change is not None
        due += [timer.due_at for timer in change.timers if timer.state == "armed"]
        dialog = change.dialog
    assert due == [DUE, DUE + MINUTE]
    assert running(dialog).breached_at == DUE


# -- it moves


def test_another_priority_moves_the_due_moment_and_keeps_the_start() -> None:
    dialog = climb(asked(), 60)
    change = dialogs.prioritised(dialog, ANN, Priority.urgent, NOON + 70 * SECOND, RULES)
    promise = running(change.dialog)
    assert (promise.started_at, promise.due_at, promise.step) == (NOON, NOON + MINUTE, 1)
    (timer,) = change.timers
    assert (timer.gen, timer.due_at) == (promise.gen, NOON + 48 * SECOND)


def test_a_broken_promise_is_not_mended_by_another_priority() -> None:
    dialog = climb(asked(), 60, 96, 120)
    change = dialogs.prioritised(dialog, ANN, Priority.urgent, DUE + SECOND, RULES)
    assert change.dialog.promise == dialog.promise


def test_a_promise_that_is_no_longer_made_keeps_its_moment() -> None:
    dialog = asked()
    quiet = replace(RULES, channels={dialog.channel: replace(RULES.channel(QUIET), name=dialog.channel)})
    draft = Draft(dialog, NOON)
    promises.retarget(draft, quiet)
    assert draft.dialog == dialog


def test_a_line_with_other_hours_promises_by_its_own() -> None:
    evening = NOON.replace(hour=17, minute=59)
    dialog = asked(a_dialog(), evening)
    change = dialogs.passed(dialog, ANN, OFFICE, "", None, evening, RULES, by=ann)
    assert running(change.dialog).due_at == NOON.replace(day=3, hour=9, minute=1)
    same = dialogs.passed(dialog, ANN, SECOND_LINE, "", None, evening, RULES, by=ann)
    assert running(same.dialog).due_at == running(dialog).due_at


# -- it is void


def outcomes(change: Change) -> list[tuple[str, datetime | None, int | None]]:
    def row(kept: PromiseKept) -> tuple[str, datetime | None, int | None]:
        return (kept.outcome, kept.settled_at, kept.agent)

    return [row(kept) for kept in change.promises]


def test_resolving_without_an_answer_makes_it_void_with_who_did_it() -> None:
    change = dialogs.resolved(asked(), BEN, NOON + MINUTE, RULES)
    assert outcomes(change) == [("void", NOON + MINUTE, BEN)]
    assert change.timers[0].state == "off"
    assert change.dialog.promise is None


def test_resolving_does_not_wash_a_broken_promise_clean() -> None:
    change = dialogs.resolved(climb(asked(), 60, 96, 121), BEN, NOON + HOUR, RULES)
    assert outcomes(change) == [("breached", None, BEN)]


def test_resolving_after_the_answer_changes_no_promise() -> None:
    dialog = answer(asked(), NOON + MINUTE, ben).dialog
    assert not dialogs.resolved(dialog, BEN, NOON + HOUR, RULES).promises


def test_an_older_reply_accepted_late_does_not_answer_a_newer_question() -> None:
    dialog = asked()
    first = dialogs.replied(dialog, ann, "One.", NOON, RULES, mode="send")
    second = dialogs.replied(first.dialog, ann, "Two.", NOON, RULES, mode="send")
    one, two = first.said[-1].seq, second.said[-1].seq
    met = marks.accepted(second.dialog, one, ann, NOON, NOON, RULES, human=True).dialog
    newer = dialogs.received(met, words("And this?"), NOON + SECOND, RULES).dialog
    late = marks.accepted(newer, two, ann, NOON + 2 * SECOND, NOON + 2 * SECOND, RULES, human=True)
    assert late.promises == []
    assert running(late.dialog).asked == newer.contact_seq
    assert late.dialog.status is Status.open


def test_resolving_behind_a_reply_on_its_way_leaves_the_promise_to_that_reply() -> None:
    dialog = asked()
    sent = dialogs.replied(dialog, ann, "Done.", NOON, RULES, mode="send")
    done = dialogs.resolved(sent.dialog, ANN, NOON + SECOND, RULES)
    assert done.promises == []
    kept = marks.accepted(
        done.dialog, sent.said[-1].seq, ann, NOON + 2 * SECOND, NOON + 2 * SECOND, RULES, human=True
    )
    assert [promise.outcome for promise in kept.promises] == ["met"]
    assert kept.dialog.status is Status.resolved
    undone = marks.undone(done.dialog, sent.said[-1].seq, ANN, NOON + 2 * SECOND, RULES, keep=False)
    assert [promise.outcome for promise in undone.promises] == ["void"]


def test_the_ladder_of_a_resolved_dialog_calls_nobody() -> None:
    dialog = asked()
    sent = dialogs.replied(dialog, ann, "Done.", NOON, RULES, mode="send")
    done = dialogs.resolved(sent.dialog, ANN, NOON + SECOND, RULES).dialog
    rung = ring(done, NOON + MINUTE)
    assert rung.said == []


def test_a_press_behind_a_reply_on_its_way_starts_no_promise() -> None:
    dialog = asked()
    sent = dialogs.replied(dialog, ann, "Here.", NOON, RULES, mode="send")
    pressed = dialogs.received(sent.dialog, words(command="menu"), NOON, RULES).dialog
    kept = marks.accepted(pressed, sent.said[-1].seq, ann, NOON, NOON, RULES, human=True).dialog
    assert kept.promise is None
    assert kept.status is Status.waiting


def test_reopening_a_dialog_whose_contact_still_waits_starts_the_clock_again() -> None:
    void = dialogs.resolved(asked(), ANN, NOON + SECOND, RULES).dialog
    again = dialogs.reopened(void, ANN, NOON + MINUTE, RULES).dialog
    assert running(again).started_at == NOON + MINUTE
    answered_first = dialogs.resolved(answer(asked(), NOON).dialog, ANN, NOON, RULES).dialog
    assert dialogs.reopened(answered_first, ANN, NOON, RULES).dialog.promise is None


def test_a_failed_reply_in_a_dialog_that_a_newer_one_followed_only_says_so() -> None:
    sent = dialogs.replied(asked(), ann, "Done.", NOON, RULES, mode="send")
    old = dialogs.resolved(sent.dialog, ANN, NOON + SECOND, RULES).dialog
    change = marks.troubled(
        old, sent.said[-1].seq, Mark.failed, "gone", NOON + MINUTE, RULES, human=True, latest=False
    )
    assert change.dialog.status is Status.resolved
    assert [said.event for said in change.said] == ["failed"]
