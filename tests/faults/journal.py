"""What the customers, the agents and the desk saw, and what the bridge's own books say: plain data, no judgement.

The journal is written by the simulated people and stand-ins alone, so that it owes nothing to the bridge. The books are
read from SQL once all is quiet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.database import Database


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's message that the bridge acknowledged, with the moment (monotonic) of that."""

    customer: str
    number: int
    client_id: str
    text: str
    dialog: int
    seq: int
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Replied:
    """An agent's reply that the bridge acknowledged."""

    dialog: int
    number: int
    text: str
    seq: int
    private: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """What the keyed desk took in, once per key."""

    key: str
    kind: str
    dialog: int
    seq: int | None = None
    text: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """One event of a visitor's stream."""

    seq: int
    rev: int
    author: str
    text: str
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that arrived at the keyless platform."""

    to: str
    text: str


@dataclass(slots=True)
class Journal:
    """All that the world outside of the bridge saw."""

    said: list[Said] = field(default_factory=list)
    replied: list[Replied] = field(default_factory=list)
    desk: list[Posted] = field(default_factory=list)
    streams: dict[str, list[Shown]] = field(default_factory=dict)
    platform: list[Sent] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """answers that were no acknowledgement: status or "no connection" """
    odd: list[str] = field(default_factory=list)
    """answers that nobody should get, and two answers that contradict each other"""


@dataclass(frozen=True, slots=True)
class Message:
    """A row of message."""

    dialog: int
    seq: int
    author: str
    text: str
    private: bool = False
    event: str | None = None
    native: str | None = None
    mark: str | None = None
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox."""

    key: str
    kind: str
    destination: str
    lane: str
    dialog: int
    state: str
    message_seq: int | None = None
    human: bool = False
    doubled: bool = False
    address: str = ""
    text: str = ""
    attempts: int = 1
    reason: str | None = None
    created_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """A row of timer that belongs to a dialog."""

    dialog: int
    name: str
    state: str
    fired: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A row of dialog, with its address."""

    id: int
    channel: str
    address: str
    status: str
    started_at: datetime | None = None


@dataclass(slots=True)
class Books:
    """All that SQL says."""

    dialogs: list[Dialog] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def books(database: Database) -> Books:
    """Everything of interest in one snapshot."""
    found = Books()
    with database.read() as connection:
        dialogs = sa.select(t.dialog, t.identity.c.channel, t.identity.c.address).join(
            t.identity, t.identity.c.id == t.dialog.c.identity
        )
        for row in connection.execute(dialogs):
            found.dialogs.append(Dialog(row.id, row.channel, row.address, row.status, row.opened_at))
        for row in connection.execute(sa.select(t.message).order_by(t.message.c.dialog, t.message.c.seq)):
            found.messages.append(Message(**_fields(row, Message)))
        for row in connection.execute(
            sa.select(t.outbox).order_by(t.outbox.c.lane, t.outbox.c.seq, t.outbox.c.part)
        ):
            payload = row.payload
            found.outbox.append(
                Row(
                    **_fields(row, Row, but=("address", "text")),
                    address=payload.get("address", ""),
                    text=payload.get("text", ""),
                )
            )
        for row in connection.execute(sa.select(t.timer).where(t.timer.c.subject.like("dialog:%"))):
            dialog = int(row.subject.removeprefix("dialog:"))
            found.timers.append(Timer(dialog, row.name, row.state, row.fired, row.due_at))
    return found


def _fields(row: Any, kind: type, but: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [name for name in kind.__dataclass_fields__ if name not in but]  # type: ignore[attr-defined]
    return {name: getattr(row, name) for name in names}
