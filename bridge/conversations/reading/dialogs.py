"""Dialogs and the lines they wait on, as lists and pages show them.

Owns the list's filters and orders. It must never read a message's text but to search in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.lines import Line
from bridge.conversations.reading import cursors
from bridge.conversations.reading.matching import dialog_holds, know_letters
from bridge.errors import Missing
from bridge.messages import Address, ChannelName, DialogId, LineName, Status

Order = Literal["due", "changed"]

_NO_DUE = 2**62
"""Where a dialog to which nothing is promised stands among due times: behind all of them."""

contact_columns = [
    t.contact.c.id.label("contact_id"),
    t.contact.c.name.label("contact_name"),
    t.contact.c.language,
    t.contact.c.email,
    t.contact.c.plan,
]
every = sa.select(
    t.dialog,
    t.identity.c.channel,
    t.identity.c.unreachable,
    *contact_columns,
    t.agent.c.name.label("assignee_name"),
).select_from(
    t.dialog.join(t.identity, t.identity.c.id == t.dialog.c.identity)
    .join(t.contact)
    .outerjoin(t.agent, t.agent.c.id == t.dialog.c.assignee)
)


def part(
    connection: Connection,
    *,
    status: Collection[str],
    line: str | None,
    channel: str | None,
    assignee: int | None,
    contact: int | None,
    unclaimed: bool,
    search: str | None,
    order: Order,
    cursor: str | None,
    limit: int,
) -> v.Page[v.DialogView]:
    """Dialogs by due time, soonest first, or by their latest change, latest first."""
    query = every
    if status:
        query = query.where(t.dialog.c.status.in_(list(status)))
    if line is not None:
        query = query.where(t.dialog.c.line == line)
    if channel is not None:
        query = query.where(t.identity.c.channel == channel)
    if assignee is not None:
        query = query.where(t.dialog.c.assignee == assignee)
    if contact is not None:
        query = query.where(t.identity.c.contact == contact)
    if unclaimed:
        query = query.where(t.dialog.c.assignee.is_(None))
    if search is not None and search.strip():
        know_letters(connection)
        query = query.where(dialog_holds(search.strip()))
    if order == "due":
        due = sa.func.coalesce(cursors.ticks(t.dialog.c.due_at), _NO_DUE)
        query = cursors.part_of(query, [due, t.dialog.c.id], cursor, limit)
    else:
        changed = cursors.ticks(t.dialog.c.changed_at)
        query = cursors.part_of(query, [changed, t.dialog.c.id], cursor, limit, descending=True)
    return cursors.page(connection.execute(query).all(), limit, view)


def one(connection: Connection, dialog: DialogId) -> v.DialogView:
    """One dialog."""
    row = connection.execute(every.where(t.dialog.c.id == dialog)).one_or_none()
    if row is None:
        raise Missing("there is no such dialog")
    return view(row)


def current(connection: Connection, channel: ChannelName, address: Address) -> v.DialogView | None:
    """The latest dialog of an address."""
    latest = (
        sa.select(t.identity.c.dialog)
        .where(t.identity.c.channel == channel, t.identity.c.address == address)
        .scalar_subquery()
    )
    row = connection.execute(every.where(t.dialog.c.id == latest)).one_or_none()
    return None if row is None else view(row)


def whereabouts(connection: Connection, dialog: DialogId) -> tuple[ChannelName, Address]:
    """Where a dialog's contact is reached."""
    query = (
        sa.select(t.identity.c.channel, t.identity.c.address)
        .select_from(t.dialog.join(t.identity, t.identity.c.id == t.dialog.c.identity))
        .where(t.dialog.c.id == dialog)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Missing("there is no such dialog")
    return row.channel, row.address


def lines(connection: Connection, known: Mapping[LineName, Line], now: datetime) -> list[v.LineView]:
    """Each configured line with how many open dialogs nobody has claimed, and how many are past their due time."""
    counts = sa.select(
        t.dialog.c.line,
        sa.func.sum(sa.case((t.dialog.c.assignee.is_(None), 1), else_=0)).label("waiting"),
        sa.func.sum(sa.case((t.dialog.c.due_at < now, 1), else_=0)).label("overdue"),
    )
    counts = counts.where(t.dialog.c.line.in_(list(known)), t.dialog.c.status == Status.open.value)
    found = {row.line: row for row in connection.execute(counts.group_by(t.dialog.c.line))}
    return [
        v.LineView(
            name=line.name,
            title=line.title,
            speaks=line.speaks,
            waiting=found[line.name].waiting if line.name in found else 0,
            overdue=found[line.name].overdue if line.name in found else 0,
        )
        for line in known.values()
    ]


def view(row: Any) -> v.DialogView:
    """A row of a dialog with its contact and assignee."""
    promise = None
    if row.promise is not None:
        promise = v.PromiseView(row.promise, row.promise_started_at, row.due_at, row.breached_at is not None)
    return v.DialogView(
        id=str(row.id),
        channel=row.channel,
        contact=contact(row),
        status=row.status,
        line=row.line,
        assignee=person(row.assignee, row.assignee_name),
        priority=row.priority,
        seq=row.seq,
        preview=row.preview,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        promise=promise,
        answered_at=row.answered_at,
        snoozed_until=row.snoozed_until,
        resolved_at=row.resolved_at,
        page=row.page,
        unreachable=row.unreachable,
    )


def contact(row: Any) -> v.ContactView:
    """The contact whose `contact_columns` a row bears."""
    return v.ContactView(str(row.contact_id), row.contact_name, row.language, row.email, row.plan)


def person(agent: int | None, name: str | None) -> v.PersonView | None:
    """The agent that a row names; None where it names nobody."""
    return None if agent is None else v.PersonView("agent", str(agent), name or "")
