"""Search: the dialogs whose contact, words or ticket hold what an agent has typed, each with the place found.

Owns the order of what is found and the snippet around it. It must never decide what counts as found: matching does.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.reading import dialogs
from bridge.conversations.reading.matching import dialog_holds, holds, know_letters, message_holds

_BEFORE, _AFTER = 40, 120
_NUMBER = re.compile(r"#?([0-9]{1,15})")


def search(connection: Connection, words: str, limit: int) -> list[v.FoundView]:
    """The latest first; the dialog of a ticket whose very number was typed before all."""
    words = words.strip()
    if not words:
        return []
    know_letters(connection)
    named = _NUMBER.fullmatch(words)
    numbered = _tickets(connection, t.ticket.c.number == int(named[1]), 1) if named else []
    tickets = {row.dialog: row for row in _tickets(connection, holds(t.ticket.c.title, words), limit)}
    tickets |= {row.dialog: row for row in numbered}
    found = sa.or_(dialog_holds(words), t.dialog.c.id.in_(list(tickets)))
    latest = dialogs.every.order_by(t.dialog.c.changed_at.desc(), t.dialog.c.id.desc()).limit(limit)
    first = [row.dialog for row in numbered]
    rows = [
        *connection.execute(dialogs.every.where(t.dialog.c.id.in_(first))),
        *connection.execute(latest.where(found, t.dialog.c.id.not_in(first))),
    ][:limit]
    messages = _messages(connection, words, [row.id for row in rows])
    return [_found(row, words, messages.get(row.id), tickets.get(row.id)) for row in rows]


def _tickets(connection: Connection, which: sa.ColumnElement[bool], limit: int) -> list[Any]:
    columns = [t.ticket.c.id, t.ticket.c.number, t.ticket.c.title, t.ticket.c.dialog]
    query = sa.select(*columns).where(which).order_by(t.ticket.c.changed_at.desc()).limit(limit)
    return list(connection.execute(query))


def _messages(connection: Connection, words: str, found: Collection[int]) -> dict[int, Any]:
    """The latest message of each dialog that holds the words."""
    latest = (
        sa.select(t.message.c.dialog, sa.func.max(t.message.c.seq).label("seq"))
        .where(t.message.c.dialog.in_(list(found)), message_holds(words))
        .group_by(t.message.c.dialog)
        .subquery()
    )
    query = sa.select(t.message.c.dialog, t.message.c.seq, t.message.c.text).join(
        latest, sa.and_(latest.c.dialog == t.message.c.dialog, latest.c.seq == t.message.c.seq)
    )
    return {row.dialog: row for row in connection.execute(query)}


def _found(row: Any, words: str, message: Any | None, ticket: Any | None) -> v.FoundView:
    return v.FoundView(
        dialog=dialogs.view(row),
        seq=None if message is None else message.seq,
        snippet="" if message is None else _around(message.text, words),
        ticket=None if ticket is None else v.TicketName(str(ticket.id), ticket.number, ticket.title),
    )


def _around(text: str, words: str) -> str:
    """The place of the words in one line, short enough for a list."""
    line = " ".join(text.split())
    at = max(0, line.lower().find(words.lower()))
    start, end = max(0, at - _BEFORE), at + len(words) + _AFTER
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
