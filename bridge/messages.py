"""The words every room shares: ids, authors, what comes in and what goes out.

Owns plain frozen data only. It must never import another part of the bridge, do I/O or read a clock.
Ids are opaque to everybody but the room that makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NewType

ChannelName = NewType("ChannelName", str)
"""A configured channel, as config.yaml names it ("shop")."""
DeskName = NewType("DeskName", str)
LineName = NewType("LineName", str)
Address = NewType("Address", str)
"""Where a contact is reached on one channel: opaque to all but that channel's connector."""
NativeId = NewType("NativeId", str)
"""A platform's own id of a message, its chat included."""
ThreadId = NewType("ThreadId", str)
"""A desk's own id of the place where one dialog, ticket or wish is shown."""
EventKey = NewType("EventKey", str)
"""Names one event of the outside world for ever: the same event bears the same key when it is repeated."""

ContactId = NewType("ContactId", int)
IdentityId = NewType("IdentityId", int)
DialogId = NewType("DialogId", int)
TicketId = NewType("TicketId", int)
WishId = NewType("WishId", int)
AgentId = NewType("AgentId", int)
FileId = NewType("FileId", int)

Json = dict[str, Any]


class Priority(StrEnum):
    """How soon something matters; `rank` orders them, urgent first."""

    urgent = "urgent"
    high = "high"
    normal = "normal"
    low = "low"

    @property
    def rank(self) -> int:
        return list(Priority).index(self)


class Status(StrEnum):
    """Where a dialog stands: open = the contact waits for us, waiting = we wait for the contact."""

    open = "open"
    waiting = "waiting"
    snoozed = "snoozed"
    resolved = "resolved"


class Mark(StrEnum):
    """What became of a message we send, as its author sees it."""

    held = "held"
    queued = "queued"
    delayed = "delayed"
    unknown = "unknown"
    accepted = "accepted"
    delivered = "delivered"
    read = "read"
    failed = "failed"
    cancelled = "cancelled"

    @property
    def shown(self) -> bool:
        """True when the contact has it, as far as the platform has told us."""
        return self in (Mark.accepted, Mark.delivered, Mark.read)


@dataclass(frozen=True, slots=True)
class Author:
    """Who said it. `id` is an AgentId for agents and a ContactId for contacts."""

    kind: Literal["contact", "agent", "bot", "system"]
    id: int | None = None
    name: str = ""

    @property
    def human(self) -> bool:
        return self.kind in ("contact", "agent")


BOT = Author("bot", None, "Bot")
SYSTEM = Author("system", None, "")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file that belongs to a message; `size` in bytes."""

    id: FileId
    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that is still at its platform.

    `ref` is what its connector finds it by: opaque to all others, and never a link that holds a token. `size` in bytes,
    None where the platform does not tell.
    """

    ref: str
    name: str = ""
    type: str = ""
    size: int | None = None
    kind: Literal["file", "photo", "video", "voice", "audio", "sticker", "video_note", "animation"] = "file"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a connector heard: one message of a contact.

    `native` is the platform's id of the message; `asks_person` is a press of "talk to a person";
    `command` is a bot command or menu press ("start"), which arms no timer by itself; `start` is the payload of the
    deep link he came by. `reply_to` is the native id of the message he answers and `quote` the words of it that he
    marked. Messages with one `album` were sent together. `about` holds what is not text, each by its name:
    {"location": {"latitude", "longitude", "title", "address"}}, {"contact": {"name", "phone"}}, {"poll": {"question",
    "options"}}, {"unsupported": "dice"}, {"entities": [...]}.
    """

    channel: ChannelName
    address: Address
    event_key: EventKey
    text: str
    name: str = ""
    language: str | None = None
    native: NativeId | None = None
    attachments: tuple[Attachment, ...] = ()
    command: str | None = None
    asks_person: bool = False
    email: str | None = None
    page: str | None = None
    remote: tuple[Remote, ...] = ()
    reply_to: NativeId | None = None
    quote: str = ""
    album: str | None = None
    about: Json = field(default_factory=dict)
    start: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The contact changed his message `native`: what it says from now on, its files included."""

    channel: ChannelName
    address: Address
    event_key: EventKey
    native: NativeId
    text: str
    remote: tuple[Remote, ...] = ()
    about: Json = field(default_factory=dict)
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """The contact took his message `native` back."""

    channel: ChannelName
    address: Address
    event_key: EventKey
    native: NativeId


@dataclass(frozen=True, slots=True)
class Reacted:
    """The contact's reactions to the message `native`, his or ours: the whole new set, () when he took them back."""

    channel: ChannelName
    address: Address
    event_key: EventKey
    native: NativeId
    emojis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reachable:
    """The contact can be written to again, or no longer: he has blocked us, or his account is gone."""

    channel: ChannelName
    address: Address
    event_key: EventKey
    reachable: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Receipted:
    """The platform's news of what we sent: delivered, read or failed (`reason`).

    It is about these native ids, or about all that was sent up to a moment; what was read or delivered includes all
    that stands above it.
    """

    channel: ChannelName
    address: Address
    event_key: EventKey
    mark: Mark
    natives: tuple[NativeId, ...] = ()
    upto: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Echoed:
    """Something was said in our name on the platform.

    With the `key` of one of our posts, or the beginning of it, it tells that this one has arrived; without, a person
    answered from the platform's own page, or (`automatic`) another program did, which keeps no promise.
    """

    channel: ChannelName
    address: Address
    event_key: EventKey
    native: NativeId
    key: str | None = None
    text: str = ""
    remote: tuple[Remote, ...] = ()
    author_name: str = ""
    said_at: datetime | None = None
    automatic: bool = False


Heard = Incoming | Edited | Deleted | Reacted | Reachable | Receipted | Echoed
"""What a connector may tell the router of a contact's side."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the router answers after the commit: where the event stands in the dialog.

    `new` is False when the same event had been taken before; the ids are then those of that first time.
    """

    dialog: DialogId
    seq: int
    new: bool = True
    mark: Mark | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What hands give to a connector or a desk: one platform call's worth of speech.

    `key` is the 128-bit idempotency key of the outbox row, hexadecimal; `doubled` warns that an earlier try may
    have arrived.
    """

    dialog: DialogId
    seq: int
    author: Author
    text: str
    key: str
    private: bool = False
    attachments: tuple[Attachment, ...] = ()
    reply_to: NativeId | None = None
    native: NativeId | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    event: str | None = None
    data: Json = field(default_factory=dict)
    mark: Mark | None = None
    doubled: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """The head of a dialog, ticket or wish as a desk shows it."""

    subject: str
    title: str
    channel: str = ""
    contact: str = ""
    language: str = ""
    line: str = ""
    status: str = ""
    assignee: str = ""
    priority: str = "normal"
    due_at: datetime | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connector's platform can take; the router splits at commit by them."""

    text: int = 4096
    unit: Literal["chars", "utf16", "bytes"] = "chars"
    file_mb: int = 50
    edits: bool = False
    deletes: bool = False
    typing: bool = False
    """True when an agent who types can be shown to the contact."""
    album: int = 1
    """How many files one message can carry."""
    caption: int = 0
    """How long a text may be, in `unit`, that goes out together with files; 0 where it must go on its own."""
    window: timedelta | None = None
    """How long after the contact's latest word he may be written to; None where there is no such limit."""
    keyed: bool = True
    """True when the platform drops a repeat that bears the same key, so that a doubtful send may be repeated."""
    per_second: float | None = None
    """Calls a second of the whole bucket; None where only the other side's speed limits us."""
    buttons: int = 0
    """How many buttons a message can carry; where there are more, or none can, they are offered as numbered text."""
    lasting: bool = True
    """True when what we send finds the contact wherever he is; False for a page that he may have closed."""
    concurrent: int = 32


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel or desk is, and in words how to repair it.

    `said` is language → the same two in that language, where a page may show them.
    """

    ok: bool
    reason: str = ""
    repair: str = ""
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
