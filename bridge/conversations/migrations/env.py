"""Alembic's way in: it runs the steps on the connection, and in the transaction, that schema.py has opened.

Whoever starts Alembic by itself gets no connection from here: a step outside of schema.py's lock could meet another.
"""

from alembic import context

from bridge.conversations.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
