"""Tickets and wishes, as lists, the ticket's page and the developers' board show them.

Owns the way of their rows into views. It must never show one side's words to the other.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.reading import cursors, messages
from bridge.conversations.reading.dialogs import contact, contact_columns, person
from bridge.conversations.wishes import NOBODY
from bridge.errors import Missing
from bridge.messages import Priority, TicketId, WishId

_creator = t.agent.alias("creator")
_tickets = sa.select(
    t.ticket,
    t.identity.c.channel,
    *contact_columns,
    t.agent.c.name.label("assignee_name"),
    _creator.c.name.label("creator_name"),
).select_from(
    t.ticket.join(t.dialog, t.dialog.c.id == t.ticket.c.dialog)
    .join(t.identity, t.identity.c.id == t.dialog.c.identity)
    .join(t.contact)
    .outerjoin(t.agent, t.agent.c.id == t.ticket.c.assignee)
    .outerjoin(_creator, _creator.c.id == t.ticket.c.created_by)
)
_asked = t.wish_asker.c.wish == t.wish.c.id
_wishes = sa.select(
    t.wish,
    t.agent.c.name.label("assignee_name"),
    _creator.c.name.label("creator_name"),
    sa.select(sa.func.count()).where(_asked).scalar_subquery().label("asked"),
    *(
        sa.select(sa.func.count()).where(_asked, t.wish_asker.c.state == state).scalar_subquery().label(name)
        for state, name in (("told", "told"), ("failed", "missed"))
    ),
).select_from(
    t.wish.outerjoin(t.agent, t.agent.c.id == t.wish.c.assignee).outerjoin(
        _creator, _creator.c.id == t.wish.c.created_by
    )
)
_vouched = t.wish.c.created_by != NOBODY
_rank = sa.case(
    {priority.value: sa.literal_column(str(priority.rank)) for priority in Priority},
    value=t.wish.c.priority,
    else_=sa.literal_column("9"),
)


def tickets(
    connection: Connection,
    *,
    status: Collection[str],
    line: str | None,
    dialog: int | None,
    cursor: str | None,
    limit: int,
) -> v.Page[v.TicketView]:
    """Latest change first."""
    query = _tickets
    if status:
        query = query.where(t.ticket.c.status.in_(list(status)))
    if line is not None:
        query = query.where(t.ticket.c.line == line)
    if dialog is not None:
        query = query.where(t.ticket.c.dialog == dialog)
    keys = [cursors.ticks(t.ticket.c.changed_at), t.ticket.c.id]
    query = cursors.part_of(query, keys, cursor, limit, descending=True)
    return cursors.page(connection.execute(query).all(), limit, _ticket)


def ticket(connection: Connection, wanted: TicketId) -> v.TicketView:
    """One ticket with the messages it quotes and its story."""
    row = connection.execute(_tickets.where(t.ticket.c.id == wanted)).one_or_none()
    if row is None:
        raise Missing("there is no such ticket")
    quoted = (
        sa.select(t.message)
        .join(
            t.ticket_message,
            sa.and_(
                t.ticket_message.c.dialog == t.message.c.dialog, t.ticket_message.c.seq == t.message.c.seq
            ),
        )
        .where(t.ticket_message.c.ticket == wanted)
        .order_by(t.message.c.dialog, t.message.c.seq)
    )
    quotes = messages.views(connection, connection.execute(quoted).all())
    notes = connection.execute(
        sa.select(t.ticket_note).where(t.ticket_note.c.ticket == wanted).order_by(t.ticket_note.c.version)
    )
    story = [
        v.TicketNoteView(
            author=person(note.author_id, note.author_name) or v.PersonView("system", None, note.author_name),
            event=note.event,
            text=note.text,
            said_at=note.said_at,
        )
        for note in notes
    ]
    return _ticket(row, quotes, story)


def wishes(
    connection: Connection,
    *,
    status: Collection[str],
    dialog: int | None,
    vouched: bool,
    order: v.WishOrder,
    cursor: str | None,
    limit: int,
) -> v.Page[v.WishView]:
    """Urgent first, and of equal ones the oldest first, for ids grow with time; or latest change first."""
    query = _wishes
    if vouched:
        query = query.where(_vouched)
    if status:
        query = query.where(t.wish.c.status.in_(list(status)))
    if dialog is not None:
        query = query.where(sa.exists().where(_asked, t.wish_asker.c.dialog == dialog))
    if order == "changed":
        keys = [cursors.ticks(t.wish.c.changed_at), t.wish.c.id]
        query = cursors.part_of(query, keys, cursor, limit, descending=True)
    else:
        query = cursors.part_of(query, [_rank, t.wish.c.id], cursor, limit)
    return cursors.page(connection.execute(query).all(), limit, _wish)


def wish(connection: Connection, wanted: WishId, *, vouched: bool) -> v.WishView:
    """One wish with those who asked for it and its story."""
    query = _wishes.where(t.wish.c.id == wanted)
    row = connection.execute(query.where(_vouched) if vouched else query).one_or_none()
    if row is None:
        raise Missing("there is no such wish")
    asked = (
        sa.select(
            t.wish_asker, t.identity.c.channel, t.contact.c.name, t.contact.c.language, t.message.c.text
        )
        .select_from(
            t.wish_asker.join(t.identity, t.identity.c.id == t.wish_asker.c.identity)
            .join(t.contact)
            .outerjoin(
                t.message,
                sa.and_(t.message.c.dialog == t.wish_asker.c.dialog, t.message.c.seq == t.wish_asker.c.seq),
            )
        )
        .where(t.wish_asker.c.wish == wanted)
        .order_by(t.wish_asker.c.dialog, t.wish_asker.c.seq)
    )
    askers = [
        v.AskerView(
            dialog=str(asker.dialog),
            seq=asker.seq,
            contact=asker.name,
            channel=asker.channel,
            language=asker.language,
            text=asker.text or "",
            state=asker.state,
            reason=asker.reason,
        )
        for asker in connection.execute(asked)
    ]
    notes = connection.execute(
        sa.select(t.wish_note).where(t.wish_note.c.wish == wanted).order_by(t.wish_note.c.version)
    )
    story = [
        v.WishNoteView(
            author=person(note.author_id, note.author_name) or v.PersonView("system", None, note.author_name),
            event=note.event,
            text=note.text,
            said_at=note.said_at,
        )
        for note in notes
    ]
    return _wish(row, askers, story)


def _ticket(
    row: Any, quotes: list[v.MessageView] | None = None, story: list[v.TicketNoteView] | None = None
) -> v.TicketView:
    return v.TicketView(
        id=str(row.id),
        number=row.number,
        dialog=str(row.dialog),
        contact=contact(row),
        channel=row.channel,
        title=row.title,
        status=row.status,
        line=row.line,
        home_line=row.home_line,
        assignee=person(row.assignee, row.assignee_name),
        priority=row.priority,
        due_at=row.due_at,
        draft=row.draft,
        version=row.version,
        created_by=row.creator_name or "",
        created_at=row.created_at,
        changed_at=row.changed_at,
        quotes=quotes or [],
        story=story or [],
    )


def _wish(
    row: Any, askers: list[v.AskerView] | None = None, story: list[v.WishNoteView] | None = None
) -> v.WishView:
    return v.WishView(
        id=str(row.id),
        number=row.number,
        title=row.title,
        text=row.text,
        kind=row.kind,
        status=row.status,
        priority=row.priority,
        deadline=row.deadline,
        assignee=person(row.assignee, row.assignee_name),
        reason=row.reason,
        announcement=row.announcement,
        announce=row.announce,
        version=row.version,
        created_by=row.creator_name or "",
        created_at=row.created_at,
        changed_at=row.changed_at,
        shipped_at=row.shipped_at,
        asked=row.asked,
        told=row.told,
        missed=row.missed,
        askers=askers or [],
        story=story or [],
    )
