"""Uploads that no message has carried: they go after a day, rows first, so that no message can bear a lost file.

Owns which files are in nobody's hands any more. It must never touch a file that a message bears: how long those are
kept is the operator's decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.media import Files

UNUSED = timedelta(days=1)
"""So long an upload waits for its message."""
MOST = 500
"""At most so many files in one round; the next goes on."""
DROPPED = "dropped"
"""The state of a file that goes: no message can carry it any more, and its bytes may be gone."""


def tidy(database: Database, files: Files, now: datetime) -> int:
    """Takes away what nobody has used for a day, and halves of files; returns how many."""
    before = now - UNUSED
    swept = files.sweep(before)
    loose = sa.and_(t.attachment.c.dialog.is_(None), t.attachment.c.created_at < before)
    with database.write() as connection:
        found = connection.execute(
            sa.select(t.attachment.c.id, t.attachment.c.url)
            .where(loose)
            .order_by(t.attachment.c.created_at)
            .limit(MOST)
        ).all()
        ids = [row.id for row in found]
        if not ids:
            return swept
        connection.execute(
            sa.update(t.attachment).where(t.attachment.c.id.in_(ids), loose).values(state=DROPPED)
        )
    for row in found:
        files.remove(row.url)
    with database.write() as connection:
        connection.execute(
            sa.delete(t.attachment).where(t.attachment.c.id.in_(ids), loose, t.attachment.c.state == DROPPED)
        )
    return swept + len(ids)
