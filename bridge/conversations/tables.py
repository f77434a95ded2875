"""The tables: what the bridge knows for certain.

Owns the schema (SQLAlchemy Core, the same on SQLite and PostgreSQL) and nothing that reads or writes it. A change
here needs a step in migrations/; `make check` finds the drift.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime kept as microseconds since 1970, exact and sortable on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Span(TypeDecorator[timedelta]):
    """A length of time kept as microseconds, exact and sortable on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON()


contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("plan", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", Moment, nullable=False),
)

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("contact", sa.BigInteger, sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("dialog", sa.BigInteger),
    sa.Column("early", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("unreachable", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("channel", "address"),
)

dialog = sa.Table(
    "dialog",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("identity", sa.BigInteger, sa.ForeignKey("identity.id"), nullable=False, index=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("assignee", sa.BigInteger),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("contact_seq", sa.BigInteger, nullable=False),
    sa.Column("answered_seq", sa.BigInteger, nullable=False),
    sa.Column("replied_seq", sa.BigInteger, nullable=False),
    sa.Column("preview", sa.Text, nullable=False),
    sa.Column("page", sa.Text),
    sa.Column("away_at", Moment),
    sa.Column("bot_asks", sa.Text),
    sa.Column("email_asked_at", Moment),
    sa.Column("promise", sa.Text),
    sa.Column("promise_started_at", Moment),
    sa.Column("due_at", Moment),
    sa.Column("promise_step", sa.Integer, nullable=False),
    sa.Column("promise_gen", sa.BigInteger, nullable=False),
    sa.Column("promise_asked", sa.BigInteger, nullable=False),
    sa.Column("breached_at", Moment),
    sa.Column("answered_at", Moment),
    sa.Column("snoozed_until", Moment),
    sa.Column("snooze_gen", sa.BigInteger, nullable=False),
    sa.Column("resolved_at", Moment),
    sa.Index("ix_dialog_line_status_due_at", "line", "status", "due_at"),
    sa.Index("ix_dialog_assignee_status", "assignee", "status"),
    sa.Index("ix_dialog_changed_at", "changed_at"),
)
sa.Index(
    "uq_dialog_identity_unresolved",
    dialog.c.identity,
    unique=True,
    sqlite_where=dialog.c.status != "resolved",
    postgresql_where=dialog.c.status != "resolved",
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("dialog", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("private", sa.Boolean, nullable=False),
    sa.Column("event", sa.Text),
    sa.Column("data", _json()),
    sa.Column("native", sa.Text),
    sa.Column("mark", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("said_at", Moment, nullable=False),
    sa.Column("held_until", Moment),
    sa.Column("edited_at", Moment),
    sa.Column("deleted_at", Moment),
    sa.Index("ix_message_dialog_rev", "dialog", "rev"),
)

unsettled = message.c.mark.in_(
    [sa.literal_column(f"'{mark}'") for mark in ("held", "queued", "delayed", "unknown")]
)
sa.Index("ix_message_unsettled", message.c.said_at, sqlite_where=unsettled, postgresql_where=unsettled)

# Only what a contact said bears his platform's id here; what we said to him bears it in the outbox, part by part.
theirs = sa.and_(message.c.native.is_not(None), message.c.author == sa.literal_column("'contact'"))
sa.Index(
    "ix_message_native", message.c.dialog, message.c.native, sqlite_where=theirs, postgresql_where=theirs
)

early = sa.Table(
    "early",
    metadata,
    sa.Column("identity", sa.BigInteger, sa.ForeignKey("identity.id"), primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    sa.Column("gen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("news", _json(), nullable=False),
    sa.Column("at", Moment, nullable=False),
)

seen = sa.Table(
    "seen",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("dialog", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("dialog", sa.BigInteger),
    sa.Column("seq", sa.BigInteger),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="file"),
    sa.Column("ref", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index("ix_attachment_dialog_seq", "dialog", "seq"),
    sa.Index("ix_attachment_owner_created_at", "owner", "created_at"),
)
loose = attachment.c.dialog.is_(None)
sa.Index("ix_attachment_loose", attachment.c.created_at, sqlite_where=loose, postgresql_where=loose)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("destination", sa.Text, nullable=False),
    sa.Column("dialog", sa.BigInteger),
    sa.Column("message_seq", sa.BigInteger),
    sa.Column("human", sa.Boolean, nullable=False),
    sa.Column("payload", _json(), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("sending_until", Moment),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("doubled", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("native", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("settled_at", Moment),
    sa.UniqueConstraint("lane", "seq", "part"),
    sa.Index("ix_outbox_dialog_message_seq", "dialog", "message_seq"),
)
UNFINISHED = ("queued", "delayed", "sending", "unknown")
"""States of an outbox row that hold back the rows behind it in its lane."""
unfinished = outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in UNFINISHED])
sa.Index(
    "ix_outbox_unfinished",
    outbox.c.lane,
    outbox.c.seq,
    outbox.c.part,
    sqlite_where=unfinished,
    postgresql_where=unfinished,
)
sa.Index(
    "ix_outbox_due",
    outbox.c.destination,
    outbox.c.state,
    outbox.c.not_before,
    sqlite_where=unfinished,
    postgresql_where=unfinished,
)

sent = sa.and_(outbox.c.native.is_not(None), outbox.c.kind == sa.literal_column("'send'"))
sa.Index("ix_outbox_native", outbox.c.dialog, outbox.c.native, sqlite_where=sent, postgresql_where=sent)

TROUBLED = ("failed", "delayed", "unknown")
"""States of an outbox row that people are shown."""
troubled = outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in TROUBLED])
sa.Index("ix_outbox_troubled", outbox.c.id, sqlite_where=troubled, postgresql_where=troubled)

thread = sa.Table(
    "thread",
    metadata,
    sa.Column("desk", sa.Text, primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index("ix_thread_subject_desk", "subject", "desk"),
)

timer = sa.Table(
    "timer",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("gen", sa.BigInteger, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("fired", sa.Integer, nullable=False),
)
sa.Index(
    "ix_timer_armed",
    timer.c.due_at,
    sqlite_where=timer.c.state == "armed",
    postgresql_where=timer.c.state == "armed",
)

promise = sa.Table(
    "promise",
    metadata,
    sa.Column("dialog", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("gen", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("settled_at", Moment),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("agent", sa.BigInteger),
    sa.Column("line", sa.Text, nullable=False, server_default=""),
    sa.Column("took", Span),
    sa.Index("ix_promise_started_at", "started_at"),
    sa.Index("ix_promise_settled_at", "settled_at"),
)

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    sa.Column("dialog", sa.BigInteger, sa.ForeignKey("dialog.id"), nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("home_line", sa.Text, nullable=False),
    sa.Column("assignee", sa.BigInteger),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("due_at", Moment),
    sa.Column("draft", sa.Text),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("resolved_at", Moment),
    sa.Index("ix_ticket_line_status", "line", "status"),
)

ticket_message = sa.Table(
    "ticket_message",
    metadata,
    sa.Column("ticket", sa.BigInteger, sa.ForeignKey("ticket.id"), primary_key=True),
    sa.Column("dialog", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("added_at", Moment, nullable=False),
)

ticket_note = sa.Table(
    "ticket_note",
    metadata,
    sa.Column("ticket", sa.BigInteger, sa.ForeignKey("ticket.id"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("said_at", Moment, nullable=False),
)

wish = sa.Table(
    "wish",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="wish"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("deadline", Moment),
    sa.Column("assignee", sa.BigInteger),
    sa.Column("reason", sa.Text),
    sa.Column("announcement", _json(), nullable=False),
    sa.Column("announce", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("shipped_at", Moment),
    sa.Index("ix_wish_status", "status"),
)

wish_asker = sa.Table(
    "wish_asker",
    metadata,
    sa.Column("wish", sa.BigInteger, sa.ForeignKey("wish.id"), primary_key=True),
    sa.Column("identity", sa.BigInteger, sa.ForeignKey("identity.id"), primary_key=True),
    sa.Column("dialog", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("told_dialog", sa.BigInteger),
    sa.Column("told_seq", sa.BigInteger),
    sa.Column("reason", sa.Text),
)
sa.Index("ix_wish_asker_told_dialog_told_seq", wish_asker.c.told_dialog, wish_asker.c.told_seq)

wish_note = sa.Table(
    "wish_note",
    metadata,
    sa.Column("wish", sa.BigInteger, sa.ForeignKey("wish.id"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("said_at", Moment, nullable=False),
)

agent = sa.Table(
    "agent",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("lines", _json(), nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("password", sa.Text),
    sa.Column("disabled_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
)

access = sa.Table(
    "access",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("agent", sa.BigInteger, sa.ForeignKey("agent.id"), index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
)

action = sa.Table(
    "action",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agent", sa.BigInteger),
    sa.Column("before", _json()),
    sa.Column("after", _json()),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_action_subject", "subject"),
    sa.Index("ix_action_at", "at"),
)

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("found_at", Moment, nullable=False),
    sa.Column("gone_at", Moment),
)

bookmark = sa.Table(
    "bookmark",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("event_key", sa.Text, nullable=False, unique=True),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
