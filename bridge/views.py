"""What pages and the REST API are shown: frozen views of what SQL holds, ids as strings.

Owns the shapes only. It must never hold anything a reader of the API may not see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from bridge.messages import Json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `next` is the cursor of the following part, None at the end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody who speaks: kind is contact, agent, bot or system."""

    kind: str
    id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a message; `url` is signed for whoever asked, and good for some minutes.

    `state` is stored, pending (it is fetched from its platform, `reason` says why that takes a while) or failed (`reason`
    says why); only what is stored has a `url`, and until then `type` and `size` are what the platform says. `kind` is
    how it was sent: file, photo, video, voice, audio, sticker, video_note, animation.
    """

    id: str
    name: str
    type: str
    size: int
    url: str = ""
    kind: str = "file"
    state: str = "stored"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message. `seq` is its place; `rev` grows when it changes, and is the id of live events.

    `data` holds what it bears besides its words, each by its name, where it bears any: `quote` (what it answers: dialog,
    seq, author, text), `about` (a location, a contact, what is unsupported), `reactions`, `buttons`; and for agents
    `earlier` (the texts it had before, oldest first), `pending` ("edit" or "delete", asked of the platform), `corrected`
    (the seq of the correction).
    """

    dialog: str
    seq: int
    rev: int
    author: PersonView
    text: str
    private: bool
    said_at: datetime
    event: str | None = None
    data: Json | None = None
    client_id: str | None = None
    mark: str | None = None
    reason: str | None = None
    held_until: datetime | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    attachments: list[FileView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ContactView:
    """The person who writes to us, at one address."""

    id: str
    name: str
    language: str
    email: str | None
    plan: str


@dataclass(frozen=True, slots=True)
class PromiseView:
    """The answer we owe: until when, and whether that moment has passed."""

    name: str
    started_at: datetime
    due_at: datetime
    breached: bool


@dataclass(frozen=True, slots=True)
class DialogView:
    """A dialog as lists show it."""

    id: str
    channel: str
    contact: ContactView
    status: str
    line: str
    assignee: PersonView | None
    priority: str
    seq: int
    preview: str
    opened_at: datetime
    changed_at: datetime
    promise: PromiseView | None
    answered_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    page: str | None
    unreachable: str | None = None
    """why the contact cannot be written to, as far as his platform has told us"""


@dataclass(frozen=True, slots=True)
class TicketName:
    """A ticket where it is only named."""

    id: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class FoundView:
    """A dialog that search has found: the message, or the ticket, that holds the words."""

    dialog: DialogView
    seq: int | None
    snippet: str
    ticket: TicketName | None


@dataclass(frozen=True, slots=True)
class HereView:
    """Somebody who looks at a dialog now, an agent or the contact (then without an id)."""

    kind: str
    id: str | None
    name: str
    typing: bool


@dataclass(frozen=True, slots=True)
class TicketNoteView:
    """A line of a ticket's story."""

    author: PersonView
    event: str
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket; quotes and story are filled where one ticket is asked for."""

    id: str
    number: int
    dialog: str
    contact: ContactView
    channel: str
    title: str
    status: str
    line: str
    home_line: str
    assignee: PersonView | None
    priority: str
    due_at: datetime | None
    draft: str | None
    version: int
    created_by: str
    created_at: datetime
    changed_at: datetime
    quotes: list[MessageView] = field(default_factory=list)
    story: list[TicketNoteView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AskerView:
    """One who asked for a wish, and whether he has been told."""

    dialog: str
    seq: int
    contact: str
    channel: str
    language: str
    text: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class WishNoteView:
    """A line of a wish's story."""

    author: PersonView
    event: str
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class WishView:
    """A wish, or a task of the developers' own; `told` of `asked` contacts know that it has shipped, `missed` do not.

    Askers and story are filled where one wish is asked for.
    """

    id: str
    number: int
    title: str
    text: str
    kind: str
    status: str
    priority: str
    deadline: datetime | None
    assignee: PersonView | None
    reason: str | None
    announcement: Json
    announce: str
    version: int
    created_by: str
    created_at: datetime
    changed_at: datetime
    shipped_at: datetime | None
    asked: int
    told: int
    missed: int
    askers: list[AskerView] = field(default_factory=list)
    story: list[WishNoteView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OutboxView:
    """A post that has not arrived (yet), and why."""

    id: str
    destination: str
    kind: str
    dialog: str | None
    message_seq: int | None
    state: str
    reason: str | None
    attempts: int
    doubled: bool
    created_at: datetime
    not_before: datetime


@dataclass(frozen=True, slots=True)
class TroubleView:
    """How many posts to one destination have failed, or are late, of late."""

    destination: str
    failed: int
    late: int
    reason: str


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """An event that could not be understood; `raw` is its text as far as it can be shown."""

    id: str
    channel: str
    reason: str
    state: str
    attempts: int
    at: datetime
    raw: str


@dataclass(frozen=True, slots=True)
class ActionView:
    """Who did what to a subject."""

    subject: str
    name: str
    agent: str | None
    before: Json | None
    after: Json | None
    at: datetime


@dataclass(frozen=True, slots=True)
class FindingView:
    """Something the audit found that should not be."""

    kind: str
    subject: str
    reason: str
    found_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line, and how much waits there."""

    name: str
    title: str
    speaks: bool
    waiting: int
    overdue: int


WishOrder = Literal["urgent", "changed"]
PromiseName = Literal["first_response", "next_response"]
ReportBy = Literal["channel", "hour", "agent", "line"]


@dataclass(frozen=True, slots=True)
class KeptView:
    """How the promises of one group were kept; seconds are business time from the question to the accepted answer.

    `met_percent` is of met and breached, never rounded up. Breached are those, too, that nobody has answered yet;
    `answered` counts those that have a time. An agent's group holds what he answered, and what he had when it broke
    unanswered; the group of nobody has the key "".
    """

    key: str
    title: str
    met: int
    breached: int
    void: int
    running: int
    answered: int
    met_percent: float | None
    median_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class PromiseReport:
    """How one kind of promise was kept on the days from `first` to `last`, both included, of a time zone."""

    promise: PromiseName
    first: date
    last: date
    zone: str
    by: ReportBy
    total: KeptView
    groups: list[KeptView]


@dataclass(frozen=True, slots=True)
class BreachView:
    """A promise that broke, and why. `assignee` is who had the dialog when the answer was due."""

    dialog: str
    contact: str
    channel: str
    line: str
    started_at: datetime
    due_at: datetime
    answered_at: datetime | None
    took_seconds: float | None
    assignee: PersonView | None
    answered_by: PersonView | None
    cause: str


@dataclass(frozen=True, slots=True)
class BreachReport:
    """The promises that broke: cause → how many, the most frequent first, and the latest ones.

    Causes, of which the first that fits is given: `failed` an answer was written in time and refused by the platform,
    `late` written in time and accepted too late, `unanswered` claimed, `passed` passed on and claimed by nobody there,
    `unclaimed` people of the line were at work, `hours` nobody was, nor ever is at this hour of the day, `nobody` nobody
    was at work.
    """

    promise: PromiseName
    first: date
    last: date
    zone: str
    causes: dict[str, int]
    items: list[BreachView]
