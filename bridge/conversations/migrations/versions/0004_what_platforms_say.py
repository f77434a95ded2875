"""Messages by their platform's id, news that came before its message, and who cannot be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity", sa.Column("early", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("identity", sa.Column("unreachable", sa.Text()))
    op.create_table(
        "early",
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("gen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("news", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["identity"], ["identity.id"], name="fk_early_identity"),
        sa.PrimaryKeyConstraint("identity", "native", name="pk_early"),
    )
    _index("message", "native IS NOT NULL AND author = 'contact'")
    _index("outbox", "native IS NOT NULL AND kind = 'send'")


def _index(table: str, where: str) -> None:
    op.create_index(
        f"ix_{table}_native",
        table,
        ["dialog", "native"],
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
