"""The first schema: all tables that the bridge begins with.

A moment is a BIGINT of microseconds since 1970. What a step says is never changed once it is released, so it names
columns itself instead of asking tables.py.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

unfinished = sa.text("state IN ('queued', 'delayed', 'sending', 'unknown')")
armed = sa.text("state = 'armed'")
unresolved = sa.text("status != 'resolved'")


def upgrade() -> None:
    op.create_table(
        "action",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agent", sa.BigInteger()),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
    )
    op.create_index("ix_action_subject", "action", ["subject"])
    op.create_table(
        "agent",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
        sa.UniqueConstraint("login", name="uq_agent_login"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dialog", sa.BigInteger()),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_dialog_seq", "attachment", ["dialog", "seq"])
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("plan", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_table(
        "finding",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="pk_finding"),
    )
    op.create_table(
        "message",
        sa.Column("dialog", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger()),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("event", sa.Text()),
        sa.Column("data", sa.JSON()),
        sa.Column("native", sa.Text()),
        sa.Column("mark", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.BigInteger()),
        sa.Column("edited_at", sa.BigInteger()),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("dialog", "seq", name="pk_message"),
    )
    op.create_index("ix_message_dialog_rev", "message", ["dialog", "rev"])
    unsettled = sa.text("mark IN ('held', 'queued', 'delayed', 'unknown')")
    op.create_index(
        "ix_message_unsettled",
        "message",
        ["said_at"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("dialog", sa.BigInteger()),
        sa.Column("message_seq", sa.BigInteger()),
        sa.Column("human", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("sending_until", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("native", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("lane", "seq", "part", name="uq_outbox_lane_seq_part"),
    )
    op.create_index("ix_outbox_dialog_message_seq", "outbox", ["dialog", "message_seq"])
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["destination", "state", "not_before"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    troubled = sa.text("state IN ('failed', 'delayed', 'unknown')")
    op.create_index(
        "ix_outbox_troubled",
        "outbox",
        ["id"],
        sqlite_where=troubled,
        postgresql_where=troubled,
    )
    op.create_index(
        "ix_outbox_unfinished",
        "outbox",
        ["lane", "seq", "part"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "promise",
        sa.Column("dialog", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gen", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agent", sa.BigInteger()),
        sa.PrimaryKeyConstraint("dialog", "gen", name="pk_promise"),
    )
    op.create_index("ix_promise_started_at", "promise", ["started_at"])
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("event_key", name="uq_quarantine_event_key"),
    )
    op.create_table(
        "seen",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("dialog", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_seen"),
    )
    op.create_table(
        "thread",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "native", name="pk_thread"),
    )
    op.create_index("ix_thread_subject_desk", "thread", ["subject", "desk"])
    op.create_table(
        "timer",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("gen", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fired", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "name", name="pk_timer"),
    )
    op.create_index("ix_timer_armed", "timer", ["due_at"], sqlite_where=armed, postgresql_where=armed)
    op.create_table(
        "wish",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("deadline", sa.BigInteger()),
        sa.Column("assignee", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.Column("announcement", sa.JSON(), nullable=False),
        sa.Column("announce", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("shipped_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_wish"),
        sa.UniqueConstraint("number", name="uq_wish_number"),
    )
    op.create_index("ix_wish_status", "wish", ["status"])
    op.create_table(
        "access",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent", sa.BigInteger()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["agent"], ["agent.id"], name="fk_access_agent"),
        sa.PrimaryKeyConstraint("hash", name="pk_access"),
    )
    op.create_index("ix_access_agent", "access", ["agent"])
    op.create_table(
        "identity",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("contact", sa.BigInteger(), nullable=False),
        sa.Column("dialog", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_identity_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("channel", "address", name="uq_identity_channel_address"),
    )
    op.create_index("ix_identity_contact", "identity", ["contact"])
    op.create_table(
        "dialog",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("assignee", sa.BigInteger()),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("contact_seq", sa.BigInteger(), nullable=False),
        sa.Column("answered_seq", sa.BigInteger(), nullable=False),
        sa.Column("replied_seq", sa.BigInteger(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("page", sa.Text()),
        sa.Column("away_at", sa.BigInteger()),
        sa.Column("promise", sa.Text()),
        sa.Column("promise_started_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("promise_step", sa.Integer(), nullable=False),
        sa.Column("promise_gen", sa.BigInteger(), nullable=False),
        sa.Column("promise_asked", sa.BigInteger(), nullable=False),
        sa.Column("breached_at", sa.BigInteger()),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("snoozed_until", sa.BigInteger()),
        sa.Column("snooze_gen", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["identity"], ["identity.id"], name="fk_dialog_identity"),
        sa.PrimaryKeyConstraint("id", name="pk_dialog"),
    )
    op.create_index("ix_dialog_assignee_status", "dialog", ["assignee", "status"])
    op.create_index("ix_dialog_changed_at", "dialog", ["changed_at"])
    op.create_index("ix_dialog_identity", "dialog", ["identity"])
    op.create_index("ix_dialog_line_status_due_at", "dialog", ["line", "status", "due_at"])
    op.create_index(
        "uq_dialog_identity_unresolved",
        "dialog",
        ["identity"],
        unique=True,
        sqlite_where=unresolved,
        postgresql_where=unresolved,
    )
    op.create_table(
        "wish_asker",
        sa.Column("wish", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("dialog", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_dialog", sa.BigInteger()),
        sa.Column("told_seq", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(["identity"], ["identity.id"], name="fk_wish_asker_identity"),
        sa.ForeignKeyConstraint(["wish"], ["wish.id"], name="fk_wish_asker_wish"),
        sa.PrimaryKeyConstraint("wish", "identity", name="pk_wish_asker"),
    )
    op.create_index("ix_wish_asker_told_dialog_told_seq", "wish_asker", ["told_dialog", "told_seq"])
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("dialog", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("home_line", sa.Text(), nullable=False),
        sa.Column("assignee", sa.BigInteger()),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("draft", sa.Text()),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["dialog"], ["dialog.id"], name="fk_ticket_dialog"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("number", name="uq_ticket_number"),
    )
    op.create_index("ix_ticket_dialog", "ticket", ["dialog"])
    op.create_index("ix_ticket_line_status", "ticket", ["line", "status"])
    op.create_table(
        "ticket_message",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("dialog", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_ticket_message_ticket"),
        sa.PrimaryKeyConstraint("ticket", "dialog", "seq", name="pk_ticket_message"),
    )
    op.create_table(
        "ticket_note",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger()),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_ticket_note_ticket"),
        sa.PrimaryKeyConstraint("ticket", "version", name="pk_ticket_note"),
    )


def downgrade() -> None:
    for table in (
        "ticket_note",
        "ticket_message",
        "ticket",
        "wish_asker",
        "dialog",
        "identity",
        "access",
        "wish",
        "timer",
        "thread",
        "seen",
        "quarantine",
        "promise",
        "outbox",
        "message",
        "finding",
        "contact",
        "attachment",
        "agent",
        "action",
    ):
        op.drop_table(table)
