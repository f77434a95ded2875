"""Tickets: made from chosen messages, passed, handed back with a draft, told, resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from bridge.conversations import tables, tickets
from bridge.conversations.tickets import Ticket, TicketChange, TicketNote
from bridge.errors import Missing, NotAllowed, Refused, Taken
from bridge.messages import SYSTEM, Author, DialogId, LineName, Priority, TicketId
from tests.conversations.samples import (
    ANN,
    BEN,
    FIRST,
    HOUR,
    MINUTE,
    NOON,
    RULES,
    SECOND_LINE,
    a_dialog,
    ann,
    ben,
    carl,
    eve,
)

LATER = NOON + MINUTE
DIALOG = a_dialog(seq=9)


def promote(**changed: Any) -> TicketChange:
    facts: dict[str, Any] = {
        "ticket_id": TicketId(5),
        "number": 17,
        "dialog": DIALOG,
        "seqs": [4, 2],
        "title": " Parcel lost ",
        "line": SECOND_LINE,
        "home_line": FIRST,
        "note": "He is angry.",
        "priority": Priority.high,
        "author": ann,
        "now": NOON,
        "rules": RULES,
    }
    return tickets.promoted(**facts | changed)


PASSED = promote().ticket
OPEN = promote(line=FIRST).ticket
RETURNED = tickets.handed_back(PASSED, "It was found.", ben, LATER).ticket
RESOLVED = tickets.resolved(OPEN, ann, LATER).ticket


def story(change: TicketChange) -> list[tuple[str, str]]:
    return [(note.event, note.text) for note in change.notes]


def test_every_column_of_the_tables_has_its_field() -> None:
    assert set(tables.ticket.c.keys()) <= {field.name for field in fields(Ticket)}
    assert set(tables.ticket_note.c.keys()) == {field.name for field in fields(TicketNote)}


def test_a_ticket_is_made_from_chosen_messages_and_tells_its_story() -> None:
    change = promote()
    ticket = change.ticket
    assert (ticket.title, ticket.status, ticket.line, ticket.home_line) == (
        "Parcel lost",
        "passed",
        SECOND_LINE,
        FIRST,
    )
    assert ticket.messages == change.added == ((DIALOG.id, 2), (DIALOG.id, 4))
    assert story(change) == [("promoted", "With Second line."), ("noted", "He is angry.")]
    assert [note.version for note in change.notes] == [1, 2]
    assert (ticket.version, ticket.created_by, ticket.assignee, ticket.subject) == (2, ANN, None, "ticket:5")
    (acted,) = change.acted
    assert (acted.subject, acted.name, acted.agent, acted.at) == ("ticket:5", "promoted", ANN, NOON)
    assert acted.before is None
    assert acted.after == {"status": "passed", "line": "second", "priority": "high"}


def test_a_ticket_that_stays_with_its_own_line_is_open() -> None:
    change = promote(line=FIRST, note="")
    assert change.ticket.status == "open"
    assert story(change) == [("promoted", "With First line.")]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"seqs": []}, "choose at least one message"),
        ({"seqs": [0]}, "this dialog has no message 0"),
        ({"seqs": [2, 10]}, "this dialog has no message 10"),
        ({"title": "  "}, "a ticket needs a title"),
    ],
)
def test_a_ticket_from_nothing_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        promote(**changed)


@pytest.mark.parametrize("author", [carl, SYSTEM, Author("agent")])
def test_only_agents_make_tickets(author: Author) -> None:
    with pytest.raises(NotAllowed, match="only agents"):
        promote(author=author)


@pytest.mark.parametrize("which", ["line", "home_line"])
def test_a_ticket_goes_to_no_unknown_line(which: str) -> None:
    with pytest.raises(Missing, match="no line 'moon'"):
        promote(**{which: LineName("moon")})


def test_more_messages_are_added_once_each() -> None:
    change = tickets.added(PASSED, [2, 7, 7], ben, LATER)
    assert change.added == ((DIALOG.id, 7),)
    assert change.ticket.messages == ((DIALOG.id, 2), (DIALOG.id, 4), (DIALOG.id, 7))
    assert story(change) == [("added", "#7")]
    with pytest.raises(Refused, match="already"):
        tickets.added(change.ticket, [7], ben, LATER)
    with pytest.raises(Refused, match="choose"):
        tickets.added(change.ticket, [], ben, LATER)


def test_messages_of_a_later_dialog_can_be_added() -> None:
    later = DialogId(999)
    change = tickets.added(RESOLVED, [2], ben, LATER, dialog=later)
    assert change.added == ((later, 2),)
    assert change.ticket.status == "resolved"


def test_of_two_who_claim_at_once_one_wins_and_the_other_learns_who() -> None:
    change = tickets.claimed(PASSED, BEN, "Ben", LATER)
    assert (change.ticket.assignee, change.ticket.assignee_name) == (BEN, "Ben")
    assert change.acted[0].before == {"assignee": None}
    assert change.acted[0].after == {"assignee": "2"}
    with pytest.raises(Taken, match="Ben was first"):
        tickets.claimed(change.ticket, ANN, "Ann", LATER)


def test_claiming_twice_changes_nothing_and_a_lead_may_take_over() -> None:
    mine = tickets.claimed(PASSED, BEN, "Ben", LATER).ticket
    assert tickets.claimed(mine, BEN, "Ben", LATER) == TicketChange(mine)
    assert tickets.claimed(mine, ANN, "Ann", LATER, force=True).ticket.assignee == ANN


def test_a_note_is_for_colleagues_and_never_empty() -> None:
    change = tickets.noted(RESOLVED, ben, "He called again.", LATER)
    assert story(change) == [("noted", "He called again.")]
    assert change.notes[0].author_name == "Ben"
    assert change.ticket.version == RESOLVED.version + 1
    with pytest.raises(Refused, match="empty"):
        tickets.noted(RESOLVED, ben, " \n", LATER)


def test_passing_on_frees_the_ticket_and_takes_note_and_priority_along() -> None:
    mine = tickets.claimed(OPEN, ANN, "Ann", LATER).ticket
    change = tickets.passed(mine, SECOND_LINE, "Look at the log.", Priority.urgent, ann, LATER, RULES)
    ticket = change.ticket
    assert (ticket.status, ticket.line, ticket.assignee, ticket.assignee_name) == (
        "passed",
        "second",
        None,
        "",
    )
    assert ticket.priority is Priority.urgent
    assert story(change) == [("passed", "To Second line."), ("noted", "Look at the log.")]
    assert change.acted[0].before == {
        "status": "open",
        "line": "first",
        "assignee": "1",
        "priority": "high",
    }


def test_passing_home_without_a_draft_opens_the_ticket_again() -> None:
    ticket = tickets.passed(PASSED, FIRST, "", None, ben, LATER, RULES).ticket
    assert (ticket.status, ticket.priority) == ("open", Priority.high)


def test_passing_a_returned_ticket_on_drops_the_draft_but_not_its_words() -> None:
    ticket = tickets.passed(RETURNED, SECOND_LINE, "Not enough.", None, ann, LATER, RULES).ticket
    assert (ticket.status, ticket.draft) == ("passed", None)


def test_a_ticket_is_not_passed_to_where_it_is() -> None:
    with pytest.raises(Refused, match="already with Second line"):
        tickets.passed(PASSED, SECOND_LINE, "", Priority.low, ben, LATER, RULES)


def test_handing_back_brings_the_draft_to_who_made_the_ticket() -> None:
    mine = tickets.claimed(PASSED, BEN, "Ben", LATER).ticket
    change = tickets.handed_back(mine, "It was found.", ben, LATER)
    ticket = change.ticket
    assert (ticket.status, ticket.line, ticket.draft) == ("returned", FIRST, "It was found.")
    assert (ticket.assignee, ticket.assignee_name) == (ANN, "Ann")
    assert story(change) == [("handed_back", "It was found.")]


def test_handing_back_needs_a_draft_and_another_line() -> None:
    with pytest.raises(Refused, match="what the contact is to be told"):
        tickets.handed_back(PASSED, " ", ben, LATER)
    with pytest.raises(Refused, match="own line"):
        tickets.handed_back(OPEN, "Done.", ben, LATER)
    with pytest.raises(Refused, match="own line"):
        tickets.handed_back(RETURNED, "Done.", ben, LATER)


def test_answering_uses_up_the_draft() -> None:
    change = tickets.answered(RETURNED, ann, LATER)
    assert (change.ticket.status, change.ticket.draft) == ("open", None)
    assert story(change) == [("answered", "It was found.")]


def test_answering_may_use_better_words_and_resolve_at_once() -> None:
    change = tickets.answered(RETURNED, ann, LATER, text="We found it!", resolve=True)
    assert (change.ticket.status, change.ticket.resolved_at) == ("resolved", LATER)
    assert story(change) == [("answered", "We found it!"), ("resolved", "")]
    assert change.acted[0].name == "answered"


def test_without_a_draft_there_is_nothing_to_answer_with() -> None:
    with pytest.raises(Refused, match="no draft"):
        tickets.answered(OPEN, ann, LATER, text=" ")


def test_a_ticket_may_be_answered_without_a_specialist_in_ones_own_words() -> None:
    change = tickets.answered(OPEN, ann, LATER, text="Hello")
    assert story(change) == [("answered", "Hello")]
    assert change.ticket.status == "open"


@pytest.mark.parametrize("ticket", [OPEN, PASSED, RETURNED])
def test_a_reopened_ticket_stands_where_it_stood(ticket: Ticket) -> None:
    done = tickets.resolved(ticket, ann, LATER).ticket
    assert (done.status, done.resolved_at) == ("resolved", LATER)
    again = tickets.reopened(done, eve, LATER).ticket
    assert (again.status, again.resolved_at, again.draft) == (ticket.status, None, ticket.draft)


def test_resolving_and_reopening_go_by_turns() -> None:
    with pytest.raises(Refused, match="resolved already"):
        tickets.resolved(RESOLVED, ann, LATER)
    with pytest.raises(Refused, match="not resolved"):
        tickets.reopened(OPEN, ann, LATER)


def test_a_resolved_ticket_is_not_worked_on() -> None:
    attempts: list[Callable[[], object]] = [
        lambda: tickets.claimed(RESOLVED, BEN, "Ben", LATER),
        lambda: tickets.passed(RESOLVED, SECOND_LINE, "", None, ann, LATER, RULES),
        lambda: tickets.handed_back(RESOLVED, "Done.", ann, LATER),
        lambda: tickets.answered(RESOLVED, ann, LATER),
        lambda: tickets.prioritised(RESOLVED, Priority.low, ann, LATER),
        lambda: tickets.due_set(RESOLVED, None, ann, LATER),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="reopen it first"):
            attempt()


def test_priority_and_due_time_are_told_and_audited() -> None:
    change = tickets.prioritised(OPEN, Priority.low, ann, LATER)
    assert story(change) == [("prioritised", "low")]
    assert change.acted[0].after == {"priority": "low"}
    change = tickets.due_set(OPEN, NOON + HOUR, ann, LATER)
    assert story(change) == [("due", "2026-03-02 13:00 UTC")]
    assert change.acted[0].after == {"due_at": "2026-03-02T13:00:00+00:00"}
    change = tickets.due_set(change.ticket, None, ann, LATER)
    assert change.ticket.due_at is None
    assert story(change) == [("due", "none")]
    with pytest.raises(Refused, match="passed already"):
        tickets.due_set(OPEN, LATER, ann, LATER)


def test_what_the_bridge_does_itself_is_nobodys_act() -> None:
    change = tickets.resolved(OPEN, SYSTEM, LATER)
    assert change.acted[0].agent is None
