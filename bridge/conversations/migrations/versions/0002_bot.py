"""What the bot has asked in a dialog, and when it asked for an e-mail address."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dialog", sa.Column("bot_asks", sa.Text()))
    op.add_column("dialog", sa.Column("email_asked_at", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("dialog", "email_asked_at")
    op.drop_column("dialog", "bot_asks")
