"""What a transition decides: rows to write, timers to set, posts to send. Data, and a draft to collect them in.

Owns the shapes that the pure core hands to the shell. It must never do I/O, read a clock or make an id that must be
unique in the world: keys and ids are drawn by the shell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Self

from bridge.messages import (
    SYSTEM,
    Address,
    AgentId,
    Attachment,
    Author,
    ChannelName,
    ContactId,
    DeskName,
    DialogId,
    IdentityId,
    Json,
    LineName,
    Mark,
    NativeId,
    Priority,
    Remote,
    Status,
)

PostKind = Literal["open", "send", "post", "edit", "delete", "mark", "show", "fetch"]


@dataclass(frozen=True, slots=True)
class Promise:
    """The answer we owe: which, since when, until when, and how far its ladder has been climbed.

    `gen` names the timer that is armed for it; a timer that bears another gen is of the past.
    """

    name: Literal["first_response", "next_response"]
    started_at: datetime
    due_at: datetime
    step: int
    gen: int
    asked: int = 0
    """seq of the question it is about: only a later reply can keep it"""
    breached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A talk with one contact at one address. `seq` grows with every change and guards against other processes."""

    id: DialogId
    channel: ChannelName
    address: Address
    identity: IdentityId
    contact: ContactId
    name: str
    language: str
    plan: str
    email: str | None
    line: LineName
    opened_at: datetime
    changed_at: datetime
    status: Status = Status.open
    assignee: AgentId | None = None
    assignee_name: str = ""
    priority: Priority = Priority.normal
    seq: int = 0
    contact_seq: int = 0
    """seq of the contact's latest message that wants an answer"""
    answered_seq: int = 0
    """the contact's messages up to here have been answered by a person"""
    replied_seq: int = 0
    """seq of the latest person's reply that was sent on its way and not taken back"""
    preview: str = ""
    page: str | None = None
    away_at: datetime | None = None
    """when the contact was last told that nobody is there"""
    bot_asks: str | None = None
    """what the bot's question is about, while it is the last thing said"""
    email_asked_at: datetime | None = None
    """when the bot asked for an e-mail address"""
    promise: Promise | None = None
    answered_at: datetime | None = None
    """when the first human answer was accepted"""
    snoozed_until: datetime | None = None
    snooze_gen: int = 0
    resolved_at: datetime | None = None
    unreachable: str | None = None
    """why the contact cannot be written to at this address, as far as his platform has told us"""

    @property
    def subject(self) -> str:
        return f"dialog:{self.id}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A new message row."""

    dialog: DialogId
    seq: int
    author: Author
    text: str
    said_at: datetime
    private: bool = False
    event: str | None = None
    data: Json | None = None
    native: NativeId | None = None
    mark: Mark | None = None
    held_until: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Revised:
    """A change to a message that is already there; None leaves a field as it is."""

    dialog: DialogId
    seq: int
    rev: int
    mark: Mark | None = None
    reason: str | None = None
    text: str | None = None
    private: bool | None = None
    data: Json | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The contact's side has what we sent up to `upto`: those marks move up to `mark`, never down."""

    dialog: DialogId
    upto: int
    rev: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Post:
    """One platform call to be: a row of the outbox. Order in a lane is (seq, part)."""

    lane: str
    seq: int
    part: int
    kind: PostKind
    destination: str
    dialog: DialogId | None
    payload: Json
    not_before: datetime
    message_seq: int | None = None
    human: bool = False
    native: NativeId | None = None
    """set for what is there already: this post is never sent, it says where the message is found"""


@dataclass(frozen=True, slots=True)
class Dealt:
    """What the posts of a message that has not gone out shall say from now on, in their order."""

    seq: int
    payloads: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Awaited:
    """Files of message `seq` that are still at their platform; `at` is their place in the lane of files."""

    seq: int
    at: int
    remote: tuple[Remote, ...]


@dataclass(frozen=True, slots=True)
class TimerSet:
    """A timer armed, fired or taken off. One row per (subject, name); gen grows with every arming."""

    subject: str
    name: str
    gen: int
    due_at: datetime
    state: Literal["armed", "fired", "off"]


@dataclass(frozen=True, slots=True)
class PromiseKept:
    """How a promise ended (or broke): one row per promise, the latest word wins."""

    dialog: DialogId
    gen: int
    name: str
    started_at: datetime
    due_at: datetime
    settled_at: datetime | None
    outcome: Literal["met", "breached", "void"]
    agent: AgentId | None
    """who answered; while nobody has, who had the dialog"""
    line: LineName
    """the line that had the dialog then; of several words on one promise the first tells it"""
    took: timedelta | None = None
    """from the question to the answer in business time, by the hours of that line on that day"""


@dataclass(frozen=True, slots=True)
class Acted:
    """Who did what: an audit row."""

    subject: str
    name: str
    agent: AgentId | None
    at: datetime
    before: Json | None = None
    after: Json | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """All that one transition decided about a dialog."""

    dialog: Dialog
    said: Sequence[Spoken] = ()
    revised: Sequence[Revised] = ()
    seen: Sequence[Seen] = ()
    posts: Sequence[Post] = ()
    timers: Sequence[TimerSet] = ()
    promises: Sequence[PromiseKept] = ()
    acted: Sequence[Acted] = ()
    cancelled: Sequence[int] = ()
    """messages whose posts to the contact must not go out"""
    retried: Sequence[int] = ()
    """messages whose failed posts to the contact are to be tried again"""
    dealt: Sequence[Dealt] = ()
    awaited: Sequence[Awaited] = ()
    wished: Spoken | None = None
    """the contact's message that proposes a wish"""


def lane(dialog: DialogId, destination: str) -> str:
    """The name of the lane of a dialog to one destination."""
    return f"{dialog}>{destination}"


def to_channel(channel: ChannelName) -> str:
    """The destination that is a channel."""
    return f"channel:{channel}"


def to_files(channel: ChannelName) -> str:
    """The destination that is the files of a channel's contacts: they come from there, beside all that is sent."""
    return f"files:{channel}"


def to_desk(desk: DeskName) -> str:
    """The destination that is a desk."""
    return f"desk:{desk}"


@dataclass(slots=True)
class Draft:
    """Collects what a transition decides; `change()` seals it. Lives only inside one transition."""

    dialog: Dialog
    now: datetime
    said: list[Spoken] = field(default_factory=list)
    revised: list[Revised] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    timers: list[TimerSet] = field(default_factory=list)
    promises: list[PromiseKept] = field(default_factory=list)
    acted: list[Acted] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    retried: list[int] = field(default_factory=list)
    dealt: list[Dealt] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    wished: Spoken | None = None

    def set(self, **fields: object) -> Self:
        self.dialog = replace(self.dialog, **fields)  # type: ignore[arg-type]
        return self

    def step(self) -> int:
        """Moves the dialog on by one and returns its new seq."""
        self.set(seq=self.dialog.seq + 1, changed_at=self.now)
        return self.dialog.seq

    def say(
        self,
        author: Author,
        text: str,
        *,
        private: bool = False,
        event: str | None = None,
        data: Json | None = None,
        native: NativeId | None = None,
        mark: Mark | None = None,
        held_until: datetime | None = None,
        attachments: tuple[Attachment, ...] = (),
        said_at: datetime | None = None,
    ) -> Spoken:
        spoken = Spoken(
            dialog=self.dialog.id,
            seq=self.step(),
            author=author,
            text=text,
            said_at=said_at or self.now,
            private=private,
            event=event,
            data=data,
            native=native,
            mark=mark,
            held_until=held_until,
            attachments=attachments,
        )
        self.said.append(spoken)
        return spoken

    def tell_inside(self, event: str, text: str, **data: object) -> Spoken:
        """A line of the bridge itself that only agents see."""
        return self.say(SYSTEM, text, private=True, event=event, data=dict(data))

    def post(
        self,
        kind: PostKind,
        destination: str,
        payload: Json,
        *,
        message_seq: int | None = None,
        human: bool = False,
        not_before: datetime | None = None,
        native: NativeId | None = None,
    ) -> None:
        """Queues one platform call behind all that was queued for this destination before."""
        where = lane(self.dialog.id, destination)
        seq = self.dialog.seq
        self.posts.append(
            Post(
                lane=where,
                seq=seq,
                part=sum(1 for post in self.posts if post.lane == where and post.seq == seq),
                kind=kind,
                destination=destination,
                dialog=self.dialog.id,
                payload=payload,
                not_before=not_before or self.now,
                message_seq=message_seq,
                human=human,
                native=native,
            )
        )

    def revise(self, seq: int, **fields: object) -> None:
        self.revised.append(Revised(self.dialog.id, seq, self.step(), **fields))  # type: ignore[arg-type]

    def wait_for(self, seq: int, remote: tuple[Remote, ...]) -> None:
        """The files of a message are fetched after the commit."""
        if remote:
            self.awaited.append(Awaited(seq, self.dialog.seq, remote))

    def arm(self, name: str, due_at: datetime) -> int:
        """Arms the timer for `due_at` and returns its gen; whatever was armed under this name is void."""
        gen = self.step()
        self.timers.append(TimerSet(self.dialog.subject, name, gen, due_at, "armed"))
        return gen

    def disarm(self, name: str, gen: int, *, fired: bool = False) -> None:
        """Takes the timer off; gen 0 means that none is armed."""
        if gen:
            self.timers.append(
                TimerSet(self.dialog.subject, name, gen, self.now, "fired" if fired else "off")
            )

    def act(self, name: str, agent: AgentId | None, /, **after: object) -> None:
        self.acted.append(Acted(self.dialog.subject, name, agent, self.now, after=dict(after) or None))

    def change(self) -> Change:
        return Change(
            dialog=self.dialog,
            said=self.said,
            revised=self.revised,
            seen=self.seen,
            posts=self.posts,
            timers=self.timers,
            promises=self.promises,
            acted=self.acted,
            cancelled=self.cancelled,
            retried=self.retried,
            dealt=self.dealt,
            awaited=self.awaited,
            wished=self.wished,
        )
