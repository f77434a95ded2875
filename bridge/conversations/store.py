"""Reading rows into the pure core's own shapes, many subjects in one statement.

Owns the way from tables to `Dialog`, `Ticket`, `Wish`. It must never write, and never decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t
from bridge.conversations.changes import Dialog, Promise
from bridge.conversations.said import Said
from bridge.conversations.statements import Statement, one_of
from bridge.conversations.tickets import Ticket
from bridge.conversations.wishes import Asker, Wish
from bridge.messages import (
    Address,
    AgentId,
    Attachment,
    Author,
    ChannelName,
    ContactId,
    DialogId,
    FileId,
    IdentityId,
    Json,
    LineName,
    Mark,
    Priority,
    Status,
    TicketId,
    WishId,
)

T = TypeVar("T")
Asked = Callable[[], T]
"""A question that has been put: the call fetches its answer, so that several can be put in one round trip."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One address on one channel, whose it is, and its latest dialog."""

    id: IdentityId
    channel: ChannelName
    address: Address
    contact: ContactId
    name: str
    language: str
    plan: str
    email: str | None
    dialog: DialogId | None
    early: int = 0
    """how many messages are known of that have not come"""
    unreachable: str | None = None


@dataclass(frozen=True, slots=True)
class OutRow:
    """A row of the outbox as the hands work with it."""

    id: int
    lane: str
    seq: int
    part: int
    kind: str
    destination: str
    dialog: DialogId | None
    message_seq: int | None
    human: bool
    payload: Json
    key: str
    state: str
    not_before: datetime
    owner: str | None
    sending_until: datetime | None
    attempts: int
    doubled: bool
    reason: str | None
    created_at: datetime


_identity = sa.select(
    t.identity.c.id.label("identity"),
    t.identity.c.channel,
    t.identity.c.address,
    t.identity.c.contact,
    t.identity.c.dialog.label("latest"),
    t.identity.c.early,
    t.identity.c.unreachable,
    t.contact.c.name,
    t.contact.c.language,
    t.contact.c.plan,
    t.contact.c.email,
)
_dialog = _identity.add_columns(
    *(column for column in t.dialog.c if column.name != "identity"), t.agent.c.name.label("assignee_name")
)
_by_address = Statement(
    _dialog.select_from(
        t.identity.join(t.contact)
        .outerjoin(t.dialog, t.dialog.c.id == t.identity.c.dialog)
        .outerjoin(t.agent, t.agent.c.id == t.dialog.c.assignee)
    )
    .where(t.identity.c.channel == sa.bindparam("channel"))
    .where(one_of(t.identity.c.address, "addresses"))
)
_by_id = Statement(
    _dialog.select_from(
        t.dialog.join(t.identity, t.identity.c.id == t.dialog.c.identity)
        .join(t.contact)
        .outerjoin(t.agent, t.agent.c.id == t.dialog.c.assignee)
    ).where(one_of(t.dialog.c.id, "ids"))
)
_seen = Statement(sa.select(t.seen).where(one_of(t.seen.c.key, "keys")))
OUT_COLUMNS = [t.outbox.c[name] for name in OutRow.__dataclass_fields__]
_rows = Statement(sa.select(*OUT_COLUMNS).where(one_of(t.outbox.c.id, "ids")))
_in_flight = Statement(
    sa.select(t.outbox.c.dialog, sa.func.max(t.outbox.c.sending_until).label("until"))
    .where(one_of(t.outbox.c.dialog, "ids"))
    .where(t.outbox.c.human, t.outbox.c.state == "sending")
    .group_by(t.outbox.c.dialog)
)
_outgoing = Statement(
    sa.select(*OUT_COLUMNS)
    .where(t.outbox.c.dialog == sa.bindparam("dialog"))
    .where(one_of(t.outbox.c.message_seq, "seqs"), t.outbox.c.kind == "send")
)
_messages = Statement(
    sa.select(t.message).where(t.message.c.dialog == sa.bindparam("dialog"), one_of(t.message.c.seq, "seqs"))
)
_creator = t.agent.alias("creator")
_tickets = (
    sa.select(t.ticket, t.agent.c.name.label("assignee_name"), _creator.c.name.label("created_by_name"))
    .select_from(
        t.ticket.outerjoin(t.agent, t.agent.c.id == t.ticket.c.assignee).outerjoin(
            _creator, _creator.c.id == t.ticket.c.created_by
        )
    )
    .where(t.ticket.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_ticket_messages = sa.select(t.ticket_message).where(
    t.ticket_message.c.ticket.in_(sa.bindparam("ids", expanding=True))
)
_wishes = (
    sa.select(t.wish, t.agent.c.name.label("assignee_name"))
    .select_from(t.wish.outerjoin(t.agent, t.agent.c.id == t.wish.c.assignee))
    .where(t.wish.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_askers = (
    sa.select(t.wish_asker)
    .where(t.wish_asker.c.wish.in_(sa.bindparam("ids", expanding=True)))
    .order_by(t.wish_asker.c.dialog, t.wish_asker.c.seq)
)


def seen(connection: Connection, keys: Collection[str]) -> Asked[dict[str, tuple[DialogId, int]]]:
    """Which of these events have been taken before, and where they stand."""
    rows = _seen.ask(connection, keys=list(keys))
    return lambda: {row.key: (row.dialog, row.seq) for row in rows}


def at_addresses(
    connection: Connection, channel: ChannelName, addresses: Collection[Address]
) -> Asked[list[tuple[Identity, Dialog | None]]]:
    """The identities at these addresses of one channel, each with its latest dialog."""
    rows = _by_address.ask(connection, channel=channel, addresses=list(addresses))
    return lambda: [(identity(row), None if row.id is None else dialog(row)) for row in rows]


def dialogs(connection: Connection, ids: Collection[DialogId]) -> Asked[list[tuple[Identity, Dialog]]]:
    """These dialogs, each with its identity."""
    rows = _by_id.ask(connection, ids=list(ids))
    return lambda: [(identity(row), dialog(row)) for row in rows]


def out_rows(connection: Connection, ids: Collection[int]) -> Asked[dict[int, OutRow]]:
    """These rows of the outbox."""
    rows = _rows.ask(connection, ids=list(ids))
    return lambda: {row.id: OutRow(*row) for row in rows}


def outgoing(connection: Connection, of: DialogId, seqs: Collection[int]) -> list[OutRow]:
    """The posts to the contact that carry these messages of a dialog."""
    return [OutRow(*row) for row in _outgoing.ask(connection, dialog=of, seqs=list(seqs))]


def in_flight(connection: Connection, ids: Collection[DialogId]) -> Asked[dict[DialogId, datetime]]:
    """Until when a person's reply may still be on its way, for dialogs where one is."""
    rows = _in_flight.ask(connection, ids=list(ids))
    return lambda: {row.dialog: row.until for row in rows}


def messages(connection: Connection, of: DialogId, seqs: Collection[int]) -> dict[int, Said]:
    """These messages of a dialog by their seq."""
    return {row.seq: said(row) for row in _messages.ask(connection, dialog=of, seqs=list(seqs))}


def files(connection: Connection, ids: Collection[FileId], owner: str) -> dict[FileId, Attachment]:
    """Stored files of this owner that no message carries yet."""
    query = sa.select(t.attachment).where(
        t.attachment.c.id.in_(ids),
        t.attachment.c.owner == owner,
        t.attachment.c.dialog.is_(None),
        t.attachment.c.state == "stored",
    )
    return {row.id: Attachment(row.id, row.name, row.type, row.size) for row in connection.execute(query)}


def handed_in(connection: Connection, owner: str, since: datetime) -> int:
    """How many bytes an owner has handed in since a moment."""
    query = sa.select(sa.func.coalesce(sa.func.sum(t.attachment.c.size), 0)).where(
        t.attachment.c.owner == owner, t.attachment.c.created_at >= since, t.attachment.c.state == "stored"
    )
    return int(connection.execute(query).scalar_one())


def thread(connection: Connection, desk: str, subject: str) -> str | None:
    """Where a desk shows a subject: its latest thread."""
    query = sa.select(t.thread.c.native).where(t.thread.c.subject == subject, t.thread.c.desk == desk)
    native: str | None = connection.execute(query.order_by(t.thread.c.created_at.desc()).limit(1)).scalar()
    return native


def tickets(connection: Connection, ids: Collection[TicketId]) -> dict[TicketId, Ticket]:
    """These tickets with their chosen messages."""
    chosen: dict[TicketId, list[tuple[DialogId, int]]] = {}
    for row in connection.execute(_ticket_messages, {"ids": list(ids)}):
        chosen.setdefault(row.ticket, []).append((row.dialog, row.seq))
    found = {}
    for row in connection.execute(_tickets, {"ids": list(ids)}):
        fields = dict(row._mapping)
        fields["priority"] = Priority(fields["priority"])
        fields["assignee_name"] = fields["assignee_name"] or ""
        fields["created_by_name"] = fields["created_by_name"] or ""
        found[row.id] = Ticket(**fields, messages=tuple(sorted(chosen.get(row.id, ()))))
    return found


def wishes(connection: Connection, ids: Collection[WishId]) -> dict[WishId, Wish]:
    """These wishes with those who asked."""
    asked: dict[WishId, list[Asker]] = {}
    for row in connection.execute(_askers, {"ids": list(ids)}):
        fields = dict(row._mapping)
        asked.setdefault(fields.pop("wish"), []).append(Asker(**fields))
    found = {}
    for row in connection.execute(_wishes, {"ids": list(ids)}):
        fields = dict(row._mapping)
        fields["priority"] = Priority(fields["priority"])
        fields["assignee_name"] = fields["assignee_name"] or ""
        found[row.id] = Wish(**fields, askers=tuple(asked.get(row.id, ())))
    return found


def identity(row: Any) -> Identity:
    """The identity in a row of the dialog queries."""
    return Identity(
        id=row.identity,
        channel=row.channel,
        address=row.address,
        contact=row.contact,
        name=row.name,
        language=row.language,
        plan=row.plan,
        email=row.email,
        dialog=row.latest,
        early=row.early,
        unreachable=row.unreachable,
    )


def said(row: Any) -> Said:
    """The message in a row of its table."""
    return Said(
        dialog=row.dialog,
        seq=row.seq,
        author=Author(row.author, row.author_id, row.author_name),
        text=row.text,
        said_at=row.said_at,
        private=row.private,
        event=row.event,
        data=row.data,
        native=row.native,
        mark=None if row.mark is None else Mark(row.mark),
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )


def dialog(row: Any) -> Dialog:
    """The dialog in a row of the dialog queries."""
    promise = None
    if row.promise is not None:
        promise = Promise(
            name=row.promise,
            started_at=row.promise_started_at,
            due_at=row.due_at,
            step=row.promise_step,
            gen=row.promise_gen,
            asked=row.promise_asked,
            breached_at=row.breached_at,
        )
    return Dialog(
        id=row.id,
        channel=row.channel,
        address=row.address,
        identity=row.identity,
        contact=row.contact,
        name=row.name,
        language=row.language,
        plan=row.plan,
        email=row.email,
        line=LineName(row.line),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        status=Status(row.status),
        assignee=None if row.assignee is None else AgentId(row.assignee),
        assignee_name=row.assignee_name or "",
        priority=Priority(row.priority),
        seq=row.seq,
        contact_seq=row.contact_seq,
        answered_seq=row.answered_seq,
        replied_seq=row.replied_seq,
        preview=row.preview,
        page=row.page,
        away_at=row.away_at,
        bot_asks=row.bot_asks,
        email_asked_at=row.email_asked_at,
        promise=promise,
        answered_at=row.answered_at,
        snoozed_until=row.snoozed_until,
        snooze_gen=row.snooze_gen,
        resolved_at=row.resolved_at,
        unreachable=row.unreachable,
    )


def dialog_values(dialog: Dialog) -> Json:
    """The columns of a dialog's row."""
    promise = dialog.promise
    return {
        "id": dialog.id,
        "identity": dialog.identity,
        "status": dialog.status.value,
        "line": dialog.line,
        "assignee": dialog.assignee,
        "priority": dialog.priority.value,
        "seq": dialog.seq,
        "opened_at": dialog.opened_at,
        "changed_at": dialog.changed_at,
        "contact_seq": dialog.contact_seq,
        "answered_seq": dialog.answered_seq,
        "replied_seq": dialog.replied_seq,
        "preview": dialog.preview,
        "page": dialog.page,
        "away_at": dialog.away_at,
        "bot_asks": dialog.bot_asks,
        "email_asked_at": dialog.email_asked_at,
        "promise": promise.name if promise else None,
        "promise_started_at": promise.started_at if promise else None,
        "due_at": promise.due_at if promise else None,
        "promise_step": promise.step if promise else 0,
        "promise_gen": promise.gen if promise else 0,
        "promise_asked": promise.asked if promise else 0,
        "breached_at": promise.breached_at if promise else None,
        "answered_at": dialog.answered_at,
        "snoozed_until": dialog.snoozed_until,
        "snooze_gen": dialog.snooze_gen,
        "resolved_at": dialog.resolved_at,
    }
