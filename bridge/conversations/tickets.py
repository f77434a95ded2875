"""What happens to a ticket: pure transitions `(ticket, event, now) -> TicketChange`.

Owns the way of a matter between lines: made from chosen messages, passed on, handed back with a draft, told, resolved.
It must never write to a contact (that is the dialog's), await, read a clock or touch a store; what the rules forbid
raises `Refused` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bridge.conversations.changes import Acted, Dialog
from bridge.conversations.lines import Rules
from bridge.errors import NotAllowed, Refused, Taken
from bridge.messages import AgentId, Author, DialogId, Json, LineName, Priority, TicketId

Status = Literal["open", "passed", "returned", "resolved"]
"""open = with its home line, passed = another line works on it, returned = back with a draft to tell the contact."""

Event = Literal[
    "promoted", "added", "claimed", "noted", "passed", "handed_back", "answered", "resolved", "reopened",
    "prioritised", "due",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ticket:
    """Work that can be tracked. `version` grows by one with every note and guards against other processes."""

    id: TicketId
    number: int
    dialog: DialogId
    title: str
    line: LineName
    home_line: LineName
    created_by: AgentId
    created_at: datetime
    changed_at: datetime
    created_by_name: str = ""
    status: Status = "open"
    assignee: AgentId | None = None
    assignee_name: str = ""
    priority: Priority = Priority.normal
    due_at: datetime | None = None
    draft: str | None = None
    """what the specialist wants the contact to be told"""
    version: int = 0
    resolved_at: datetime | None = None
    messages: tuple[tuple[DialogId, int], ...] = ()
    """the chosen messages, dialog by dialog in the order in which they were said"""

    @property
    def subject(self) -> str:
        """The name of the ticket among dialogs, tickets and wishes."""
        return f"ticket:{self.id}"


@dataclass(frozen=True, slots=True)
class TicketNote:
    """One line of a ticket's story; only agents see it."""

    ticket: TicketId
    version: int
    author_id: int | None
    author_name: str
    event: Event
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class TicketChange:
    """All that one transition decided about a ticket; `added` are the messages chosen just now."""

    ticket: Ticket
    notes: Sequence[TicketNote] = ()
    added: Sequence[tuple[DialogId, int]] = ()
    acted: Sequence[Acted] = ()


def promoted(
    ticket_id: TicketId,
    number: int,
    dialog: Dialog,
    seqs: Sequence[int],
    title: str,
    line: LineName,
    home_line: LineName,
    note: str,
    priority: Priority,
    author: Author,
    now: datetime,
    rules: Rules,
) -> TicketChange:
    """An agent makes a ticket from chosen messages of a dialog and gives it to a line."""
    if author.kind != "agent" or author.id is None:
        raise NotAllowed("only agents make tickets")
    if not title.strip():
        raise Refused("a ticket needs a title")
    rules.line(home_line)
    chosen = _chosen(dialog.id, seqs)
    if not chosen:
        raise Refused("choose at least one message")
    for _, seq in chosen:
        if not 1 <= seq <= dialog.seq:
            raise Refused(f"this dialog has no message {seq}")
    ticket = Ticket(
        id=ticket_id,
        number=number,
        dialog=dialog.id,
        title=title.strip(),
        line=line,
        home_line=home_line,
        created_by=AgentId(author.id),
        created_by_name=author.name,
        created_at=now,
        changed_at=now,
        priority=priority,
        messages=chosen,
    )
    story = _story("promoted", f"With {rules.line(line).title}.", note)
    return replace(_moved(ticket, story, author, now), added=chosen)


def added(
    ticket: Ticket, seqs: Sequence[int], author: Author, now: datetime, *, dialog: DialogId | None = None
) -> TicketChange:
    """More messages are chosen, of the ticket's own dialog or of a later one; those it has already are left out."""
    chosen = _chosen(ticket.dialog if dialog is None else dialog, seqs)
    new = tuple(message for message in chosen if message not in ticket.messages)
    if not new:
        raise Refused("the ticket has those messages already" if chosen else "choose at least one message")
    story = _story("added", ", ".join(f"#{seq}" for _, seq in new))
    return replace(
        _moved(ticket, story, author, now, messages=tuple(sorted(ticket.messages + new))), added=new
    )


def claimed(ticket: Ticket, agent: AgentId, name: str, now: datetime, *, force: bool = False) -> TicketChange:
    """An agent takes the ticket; of two who press at once one wins and the other is told who did."""
    _unresolved(ticket)
    if ticket.assignee == agent:
        return TicketChange(ticket)
    if ticket.assignee is not None and not force:
        raise Taken(ticket.assignee_name)
    author = Author("agent", agent, name)
    return _moved(ticket, _story("claimed", name), author, now, assignee=agent, assignee_name=name)


def noted(ticket: Ticket, author: Author, text: str, now: datetime) -> TicketChange:
    """Somebody adds a note for colleagues."""
    if not text.strip():
        raise Refused("the note is empty")
    return _moved(ticket, _story("noted", text), author, now)


def passed(
    ticket: Ticket,
    line: LineName,
    note: str,
    priority: Priority | None,
    author: Author,
    now: datetime,
    rules: Rules,
) -> TicketChange:
    """The ticket goes to another line, where nobody has claimed it yet; a draft that was not sent lives on as a note."""
    _unresolved(ticket)
    target = rules.line(line)
    if line == ticket.line:
        raise Refused(f"the ticket is already with {target.title}")
    return _moved(
        ticket,
        _story("passed", f"To {target.title}.", note),
        author,
        now,
        line=line,
        assignee=None,
        assignee_name="",
        priority=priority or ticket.priority,
        draft=None,
    )


def handed_back(ticket: Ticket, draft: str, author: Author, now: datetime) -> TicketChange:
    """The specialist has solved it: the ticket is back with who made it, and says what the contact is to be told."""
    _unresolved(ticket)
    if ticket.line == ticket.home_line:
        raise Refused("the ticket is with its own line already")
    if not draft.strip():
        raise Refused("write what the contact is to be told")
    return _moved(
        ticket,
        _story("handed_back", draft),
        author,
        now,
        line=ticket.home_line,
        assignee=ticket.created_by,
        assignee_name=ticket.created_by_name,
        draft=draft,
    )


def answered(
    ticket: Ticket, author: Author, now: datetime, *, text: str = "", resolve: bool = False
) -> TicketChange:
    """The draft, or `text` in its place, went to the contact in the dialog; with `resolve` the matter is settled."""
    _unresolved(ticket)
    words = text.strip() or ticket.draft
    if not words:
        raise Refused("the ticket has no draft: write what the contact is to be told")
    story = _story("answered", words)
    if resolve:
        story += _story("resolved")
    return _moved(ticket, story, author, now, draft=None, resolved_at=now if resolve else None)


def resolved(ticket: Ticket, author: Author, now: datetime) -> TicketChange:
    """The matter is settled; a draft that nobody sent stays in the ticket."""
    if ticket.status == "resolved":
        raise Refused("the ticket is resolved already")
    return _moved(ticket, _story("resolved"), author, now, resolved_at=now)


def reopened(ticket: Ticket, author: Author, now: datetime) -> TicketChange:
    """A resolved ticket is taken up again, where it stood."""
    if ticket.status != "resolved":
        raise Refused("the ticket is not resolved")
    return _moved(ticket, _story("reopened"), author, now, resolved_at=None)


def prioritised(ticket: Ticket, priority: Priority, author: Author, now: datetime) -> TicketChange:
    """The ticket matters more or less than before."""
    _unresolved(ticket)
    return _moved(ticket, _story("prioritised", priority), author, now, priority=priority)


def due_set(ticket: Ticket, due_at: datetime | None, author: Author, now: datetime) -> TicketChange:
    """The ticket gets a moment by which it must be resolved, or loses it."""
    _unresolved(ticket)
    if due_at is not None and due_at <= now:
        raise Refused("the due time has passed already")
    words = "none" if due_at is None else f"{due_at:%Y-%m-%d %H:%M} UTC"
    return _moved(ticket, _story("due", words), author, now, due_at=due_at)


def _unresolved(ticket: Ticket) -> None:
    if ticket.status == "resolved":
        raise Refused("the ticket is resolved: reopen it first")


def _chosen(dialog: DialogId, seqs: Sequence[int]) -> tuple[tuple[DialogId, int], ...]:
    return tuple((dialog, seq) for seq in sorted(set(seqs)))


def _story(event: Event, text: str = "", note: str = "") -> list[tuple[Event, str]]:
    """What happened, and behind it the note that came along."""
    lines: list[tuple[Event, str]] = [(event, text)]
    if note.strip():
        lines.append(("noted", note))
    return lines


def _moved(
    ticket: Ticket, story: Sequence[tuple[Event, str]], author: Author, now: datetime, **fields: object
) -> TicketChange:
    """The ticket after it: a note for every line of the story, an audit row for its first."""
    notes = [
        TicketNote(ticket.id, version, author.id, author.name, event, text, now)
        for version, (event, text) in enumerate(story, ticket.version + 1)
    ]
    after = replace(ticket, version=notes[-1].version, changed_at=now, **fields)  # type: ignore[arg-type]
    after = replace(after, status=_status(after))
    agent = AgentId(author.id) if author.kind == "agent" and author.id is not None else None
    was, is_now = _audited(ticket), _audited(after)
    changed = {name for name in is_now if was.get(name) != is_now[name]}
    acted = Acted(
        subject=ticket.subject,
        name=notes[0].event,
        agent=agent,
        at=now,
        before={name: was[name] for name in was if name in changed} or None,
        after={name: is_now[name] for name in is_now if name in changed} or None,
    )
    return TicketChange(after, notes=notes, acted=[acted])


def _status(ticket: Ticket) -> Status:
    """Where a ticket stands follows from where it is and what it holds."""
    if ticket.resolved_at is not None:
        return "resolved"
    elif ticket.draft is not None:
        return "returned"
    else:
        return "open" if ticket.line == ticket.home_line else "passed"


def _audited(ticket: Ticket) -> Json:
    """What an audit row compares, nothing of a ticket that is not yet made; ids are text, to survive any JSON."""
    if ticket.version == 0:
        return {}
    return {
        "status": ticket.status,
        "line": ticket.line,
        "assignee": None if ticket.assignee is None else str(ticket.assignee),
        "priority": ticket.priority.value,
        "due_at": None if ticket.due_at is None else ticket.due_at.isoformat(),
    }
