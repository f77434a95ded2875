"""What the report asks of a promise, what the board shows of a wish, and passwords."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("promise", sa.Column("line", sa.Text(), nullable=False, server_default=""))
    op.add_column("promise", sa.Column("took", sa.BigInteger()))
    # Business time was not kept before: what really passed is the nearest that is known.
    op.execute(
        "UPDATE promise SET line = (SELECT dialog.line FROM dialog WHERE dialog.id = promise.dialog), "
        "took = CASE WHEN outcome <> 'void' THEN settled_at - started_at END"
    )
    op.create_index("ix_promise_settled_at", "promise", ["settled_at"])
    op.create_index("ix_action_at", "action", ["at"])
    op.add_column("wish", sa.Column("kind", sa.Text(), nullable=False, server_default="wish"))
    op.create_table(
        "wish_note",
        sa.Column("wish", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger()),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["wish"], ["wish.id"], name="fk_wish_note_wish"),
        sa.PrimaryKeyConstraint("wish", "version", name="pk_wish_note"),
    )
    op.add_column("agent", sa.Column("password", sa.Text()))
