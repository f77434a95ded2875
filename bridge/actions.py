"""What agents can do, as words: one frozen class per verb, the same for every desk and for the REST API.

Owns the vocabulary only. It must never decide whether something is allowed: the pure core does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bridge.messages import AgentId, LineName, Priority, WishId

Role = Literal["agent", "lead", "developer", "admin"]


@dataclass(frozen=True, slots=True)
class Agent:
    """A person of the house, as the agent table knows him."""

    id: AgentId
    login: str
    name: str
    role: Role
    lines: tuple[LineName, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Claim:
    """Take a dialog or a ticket; `force` takes it over from its assignee (leads only)."""

    action: Literal["claim"] = "claim"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Give a claimed dialog back to its line."""

    action: Literal["release"] = "release"


@dataclass(frozen=True, slots=True)
class Pass:
    """Hand a dialog or a ticket to another line, with a note and maybe another priority."""

    line: LineName
    note: str = ""
    priority: Priority | None = None
    action: Literal["pass"] = "pass"


@dataclass(frozen=True, slots=True)
class Snooze:
    """Let a dialog sleep until a moment."""

    until: datetime
    action: Literal["snooze"] = "snooze"


@dataclass(frozen=True, slots=True)
class Resolve:
    """The matter of a dialog or a ticket is settled."""

    action: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class Reopen:
    """Take a resolved dialog, a resolved ticket or a declined wish up again."""

    action: Literal["reopen"] = "reopen"


@dataclass(frozen=True, slots=True)
class Prioritise:
    """Say how much a dialog or a ticket matters."""

    priority: Priority
    action: Literal["prioritise"] = "prioritise"


@dataclass(frozen=True, slots=True)
class Introduce:
    """Say who the contact of a dialog is; what is left empty stays as it was."""

    name: str = ""
    email: str = ""
    action: Literal["introduce"] = "introduce"


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back a message that has not gone out; `keep` turns it into a note."""

    seq: int
    keep: bool = False
    action: Literal["undo"] = "undo"


@dataclass(frozen=True, slots=True)
class Retry:
    """Send a failed message again."""

    seq: int
    action: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class Edit:
    """Say what one has said in other words: in place where the channel can, by a line of correction where not."""

    seq: int
    text: str
    action: Literal["edit"] = "edit"


@dataclass(frozen=True, slots=True)
class Delete:
    """Take back what one has said, where the channel can; a note always."""

    seq: int
    action: Literal["delete"] = "delete"


@dataclass(frozen=True, slots=True)
class Promote:
    """Make a ticket from chosen messages of a dialog; without a line it goes to the configured second line."""

    seqs: tuple[int, ...]
    title: str
    line: LineName | None = None
    note: str = ""
    priority: Priority = Priority.normal
    tell: bool = True
    """Whether the contact is told where the matter went."""
    action: Literal["promote"] = "promote"


@dataclass(frozen=True, slots=True)
class FileWish:
    """Make a wish from a message, or add this contact to those who ask for a wish that is there already."""

    seq: int
    title: str = ""
    text: str = ""
    wish: WishId | None = None
    action: Literal["wish"] = "wish"


@dataclass(frozen=True, slots=True)
class Quote:
    """Add more messages of its dialog to a ticket."""

    seqs: tuple[int, ...]
    action: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Note:
    """Write a note into a ticket."""

    text: str
    action: Literal["note"] = "note"


@dataclass(frozen=True, slots=True)
class HandBack:
    """Return a ticket to the line it came from, with the text for the contact as a draft."""

    draft: str
    action: Literal["hand_back"] = "hand_back"


@dataclass(frozen=True, slots=True)
class Answer:
    """Send a ticket's answer to the contact, in his dialog."""

    text: str
    resolve: bool = True
    action: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class SetDue:
    """Say until when a ticket must be done."""

    due_at: datetime | None
    action: Literal["due"] = "due"


@dataclass(frozen=True, slots=True)
class Accept:
    """A wish is reasonable: developers may pick it up. What a contact proposed to the bot may get a better title."""

    title: str = ""
    action: Literal["accept"] = "accept"


@dataclass(frozen=True, slots=True)
class PickUp:
    """A developer takes a wish, with a deadline and a priority; `force` takes it from a colleague (leads only)."""

    deadline: datetime
    priority: Priority
    force: bool = False
    action: Literal["pick_up"] = "pick_up"


@dataclass(frozen=True, slots=True)
class AskBack:
    """A developer asks the agents what a wish means."""

    text: str
    action: Literal["ask_back"] = "ask_back"


@dataclass(frozen=True, slots=True)
class Clarify:
    """An agent answers what a developer asked about a wish."""

    text: str
    action: Literal["clarify"] = "clarify"


@dataclass(frozen=True, slots=True)
class Ship:
    """A wish is built; `announcement` is language → words for those who asked."""

    announcement: dict[str, str] = field(default_factory=dict)
    action: Literal["ship"] = "ship"


@dataclass(frozen=True, slots=True)
class Approve:
    """The announcement of a shipped wish may go out, with these words where given."""

    announcement: dict[str, str] = field(default_factory=dict)
    action: Literal["approve"] = "approve"


@dataclass(frozen=True, slots=True)
class TellAgain:
    """Those whom the news of a shipped wish did not reach are told once more."""

    action: Literal["tell_again"] = "tell_again"


@dataclass(frozen=True, slots=True)
class Decline:
    """A wish will not be built, and why."""

    reason: str
    action: Literal["decline"] = "decline"


DialogAction = (
    Claim
    | Release
    | Pass
    | Snooze
    | Resolve
    | Reopen
    | Prioritise
    | Introduce
    | Undo
    | Retry
    | Edit
    | Delete
    | Promote
    | FileWish
)
TicketAction = Claim | Pass | Resolve | Reopen | Prioritise | Quote | Note | HandBack | Answer | SetDue
WishAction = Accept | PickUp | AskBack | Clarify | Ship | Approve | TellAgain | Decline | Reopen
