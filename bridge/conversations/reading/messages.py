"""Messages and their files, as agents see all of them and as a contact sees his side.

Owns what a contact may see. It must never show him a note, or words of ours that have not reached him.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.statements import Statement, one_of
from bridge.errors import Missing
from bridge.messages import Address, ChannelName, DialogId, FileId, Json, Mark

MOST = 1000
_SHOWN: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{mark.value}'") for mark in Mark if mark.shown]


_behind = sa.select(t.message).where(t.message.c.rev > sa.bindparam("after", type_=sa.BigInteger))
_in_order = (t.message.c.rev, t.message.c.dialog, t.message.c.seq)
_limit = sa.bindparam("limit", type_=sa.Integer)

_of_dialog = t.message.c.dialog == sa.bindparam("dialog", type_=sa.BigInteger)
_to_agents = Statement(_behind.where(_of_dialog).order_by(*_in_order).limit(_limit))

_his = (
    sa.select(t.dialog.c.id)
    .join(t.identity, t.identity.c.id == t.dialog.c.identity)
    .where(t.identity.c.channel == sa.bindparam("channel"), t.identity.c.address == sa.bindparam("address"))
)
_of_contact = sa.and_(
    t.message.c.dialog.in_(_his),
    t.message.c.private.is_(False),
    sa.or_(t.message.c.author == sa.literal_column("'contact'"), t.message.c.mark.in_(_SHOWN)),
)
_to_contacts = Statement(_behind.where(_of_contact).order_by(*_in_order).limit(_limit))

_latest = (
    sa.select(t.identity.c.dialog)
    .where(t.identity.c.channel == sa.bindparam("channel"), t.identity.c.address == sa.bindparam("address"))
    .scalar_subquery()
)
_last_word = Statement(
    sa.select(t.message.c.said_at)
    .where(t.message.c.dialog == _latest, t.message.c.author == sa.literal_column("'contact'"))
    .order_by(t.message.c.seq.desc())
    .limit(1)
)

_attached = Statement(
    sa.select(t.attachment)
    .where(one_of(t.attachment.c.dialog, "dialogs"), one_of(t.attachment.c.seq, "seqs"))
    .order_by(t.attachment.c.id)
)


def changed(connection: Connection, dialog: DialogId, after: int, limit: int) -> list[v.MessageView]:
    """All messages of a dialog that changed since, in the order of rev."""
    rows = _since(connection, _to_agents, _of_dialog, after, limit, dialog=dialog)
    if not rows and connection.scalar(sa.select(t.dialog.c.id).where(t.dialog.c.id == dialog)) is None:
        raise Missing("there is no such dialog")
    return views(connection, rows)


def visible(
    connection: Connection, channel: ChannelName, address: Address, after: int, limit: int
) -> list[v.MessageView]:
    """What the contact said, and what of ours has reached him, over all dialogs of his address."""
    rows = _since(connection, _to_contacts, _of_contact, after, limit, channel=channel, address=address)
    files = _files(connection, rows)
    return [_to_contact(row, files.get((row.dialog, row.seq), [])) for row in rows]


def views(connection: Connection, rows: Sequence[Any]) -> list[v.MessageView]:
    """Rows of messages with their files, as agents see them."""
    files = _files(connection, rows)
    return [
        v.MessageView(
            dialog=str(row.dialog),
            seq=row.seq,
            rev=row.rev,
            author=v.PersonView(row.author, _text(row.author_id), row.author_name),
            text=row.text,
            private=row.private,
            said_at=row.said_at,
            event=row.event,
            data=row.data,
            mark=row.mark,
            reason=row.reason or None,
            held_until=row.held_until if row.mark == Mark.held else None,
            edited_at=row.edited_at,
            deleted_at=row.deleted_at,
            attachments=files.get((row.dialog, row.seq), []),
        )
        for row in rows
    ]


def last_word(connection: Connection, channel: ChannelName, address: Address) -> datetime | None:
    """When the contact said the latest message of his present dialog."""
    rows: Any = _last_word.ask(connection, channel=channel, address=address)
    return next((row.said_at for row in rows), None)


def file(connection: Connection, wanted: FileId) -> tuple[v.FileView, str, str]:
    """A stored file, where it lies, and the dialog whose message carries it."""
    row = connection.execute(
        sa.select(t.attachment).where(t.attachment.c.id == wanted, t.attachment.c.state == "stored")
    ).one_or_none()
    if row is None:
        raise Missing("there is no such file")
    return _file(row), row.url, _text(row.dialog) or ""


def _since(
    connection: Connection,
    behind: Statement,
    which: sa.ColumnElement[bool],
    after: int,
    limit: int,
    **whose: Any,
) -> list[Any]:
    """The rows behind rev `after`. Several may share one rev (a receipt moves many marks): they stay together."""
    limit = max(1, min(limit, MOST))
    rows = list(behind.ask(connection, after=after, limit=limit, **whose))
    if len(rows) == limit:
        last = rows[-1]
        further = sa.tuple_(t.message.c.dialog, t.message.c.seq) > sa.tuple_(
            sa.literal(last.dialog, sa.BigInteger), sa.literal(last.seq, sa.BigInteger)
        )
        query = sa.select(t.message).where(which, t.message.c.rev == last.rev, further).order_by(*_in_order)
        rows += connection.execute(query, whose)
    return rows


def _to_contact(row: Any, files: list[v.FileView]) -> v.MessageView:
    """What a contact sees of a message: who of the house wrote it is a name, and what is deleted has no words."""
    own, deleted = row.author == "contact", row.deleted_at is not None
    return v.MessageView(
        dialog=str(row.dialog),
        seq=row.seq,
        rev=row.rev,
        author=v.PersonView(row.author, _text(row.author_id) if own else None, row.author_name),
        text="" if deleted else row.text,
        private=False,
        said_at=row.said_at,
        event=row.event,
        data=None if deleted or not row.data else _without(row.data),
        client_id=row.native if own else None,
        mark=row.mark,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        attachments=[] if deleted else [replace(file, reason=None) for file in files],
    )


_INSIDE = ("earlier", "pending", "corrected", "start")
"""What of a message's data is for agents."""


def _without(data: Json) -> Json | None:
    return {name: value for name, value in data.items() if name not in _INSIDE} or None


def _files(connection: Connection, rows: Collection[Any]) -> dict[tuple[DialogId, int], list[v.FileView]]:
    if not rows:
        return {}
    dialogs, seqs = ({row.dialog for row in rows}, {row.seq for row in rows})
    found: dict[tuple[DialogId, int], list[v.FileView]] = {}
    for row in _attached.ask(connection, dialogs=list(dialogs), seqs=list(seqs)):
        found.setdefault((row.dialog, row.seq), []).append(_file(row))
    return found


def _file(row: Any) -> v.FileView:
    view = v.FileView(str(row.id), row.name, row.type, row.size, kind=row.kind, state=row.state)
    return view if row.reason is None else replace(view, reason=row.reason)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
