"""Files that are still at their platform, or could not be had; those that no message carries are found by their age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("kind", sa.Text(), nullable=False, server_default="file"))
    op.add_column("attachment", sa.Column("ref", sa.Text()))
    op.add_column("attachment", sa.Column("reason", sa.Text()))
    op.create_index("ix_attachment_owner_created_at", "attachment", ["owner", "created_at"])
    op.create_index(
        "ix_attachment_loose",
        "attachment",
        ["created_at"],
        sqlite_where=sa.text("dialog IS NULL"),
        postgresql_where=sa.text("dialog IS NULL"),
    )
