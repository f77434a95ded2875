"""Where words that an agent has typed are looked for: names, addresses and messages of the dialogs that changed last.

Owns how text is compared and how far back. Comparing all of it is honest for some thousand dialogs; an index of words
(FTS5, tsvector) takes its place when that is too little. It must never find what was deleted.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t

SEARCHED = 2000
"""Search looks into so many of the dialogs that changed last."""


def dialog_holds(words: str) -> sa.ColumnElement[bool]:
    """The dialogs, among the latest, whose contact's name or e-mail or one of whose messages holds the words."""
    latest = sa.select(t.dialog.c.id).order_by(t.dialog.c.changed_at.desc()).limit(SEARCHED)
    said = sa.exists().where(t.message.c.dialog == t.dialog.c.id, message_holds(words))
    return sa.and_(
        t.dialog.c.id.in_(latest.scalar_subquery()),
        sa.or_(holds(t.contact.c.name, words), holds(t.contact.c.email, words), said),
    )


def message_holds(words: str) -> sa.ColumnElement[bool]:
    """The messages of people and bot that hold the words."""
    return sa.and_(
        t.message.c.author != "system", t.message.c.deleted_at.is_(None), holds(t.message.c.text, words)
    )


def holds(column: sa.ColumnElement[Any], words: str) -> sa.ColumnElement[bool]:
    """Whether a column holds the words, whatever their case."""
    pattern = "%" + "".join(f"\\{char}" if char in "\\%_" else char for char in words.lower()) + "%"
    return sa.func.lower(column).like(pattern, escape="\\")


def know_letters(connection: Connection) -> None:
    """SQLite's own lower() knows A to Z alone."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
