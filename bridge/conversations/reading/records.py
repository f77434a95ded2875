"""What the house keeps about its own work: posts in trouble, quarantine, who did what, findings, agents.

Owns the way of those rows into views. It must never show a secret that came in with a raw event.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import text
from bridge import views as v
from bridge.actions import Agent
from bridge.conversations import tables as t
from bridge.conversations.reading import cursors
from bridge.errors import Missing
from bridge.messages import AgentId, ChannelName, LineName

HOUSE = "api:"
"""Begins the login of the house's own machines, which are no people."""
_MOST_RAW = 4000
_MOST_FINDINGS = 1000


def outbox(
    connection: Connection, states: Collection[str], cursor: str | None, limit: int
) -> v.Page[v.OutboxView]:
    """The latest first."""
    query = sa.select(t.outbox).where(t.outbox.c.state.in_(list(states)))
    if set(states) <= set(t.TROUBLED):
        query = query.where(t.troubled)  # says to the planner that the partial index holds them all
    query = cursors.part_of(query, [t.outbox.c.id], cursor, limit, descending=True)
    return cursors.page(connection.execute(query).all(), limit, _post)


def troubles(connection: Connection, since: datetime) -> list[v.TroubleView]:
    """Per destination what has not arrived: all that is late, and what has failed since a moment."""
    late = sa.case((t.outbox.c.state == "failed", 0), else_=1)
    query = (
        sa.select(
            t.outbox.c.destination,
            sa.func.sum(late).label("late"),
            sa.func.sum(1 - late).label("failed"),
            sa.func.max(t.outbox.c.id).label("latest"),
        )
        .where(t.troubled, t.outbox.c.reason.is_not(None))
        .where(sa.or_(t.outbox.c.state != "failed", t.outbox.c.settled_at >= since))
        .group_by(t.outbox.c.destination)
        .subquery()
    )
    rows = sa.select(query, t.outbox.c.reason).join(t.outbox, t.outbox.c.id == query.c.latest)
    return [
        v.TroubleView(row.destination, row.failed, row.late, row.reason)
        for row in connection.execute(rows.order_by(query.c.destination))
    ]


def quarantined(
    connection: Connection, state: str | None, cursor: str | None, limit: int
) -> v.Page[v.QuarantineView]:
    """The latest first."""
    query = sa.select(t.quarantine)
    if state is not None:
        query = query.where(t.quarantine.c.state == state)
    query = cursors.part_of(query, [t.quarantine.c.id], cursor, limit, descending=True)
    return cursors.page(connection.execute(query).all(), limit, _event)


def raw(connection: Connection, event: int) -> tuple[ChannelName, bytes, str]:
    """An event as it came, for its connector alone."""
    row = connection.execute(sa.select(t.quarantine).where(t.quarantine.c.id == event)).one_or_none()
    if row is None:
        raise Missing("there is no such event")
    return row.channel, bytes(row.raw), row.state


def bookmark(connection: Connection, channel: ChannelName) -> str:
    """How far a channel has read; "" when it never has."""
    query = sa.select(t.bookmark.c.place).where(t.bookmark.c.channel == channel)
    return connection.execute(query).scalar() or ""


def actions(connection: Connection, subject: str, limit: int) -> list[v.ActionView]:
    """The latest first."""
    query = (
        sa.select(t.action, t.agent.c.name.label("agent_name"))
        .select_from(t.action.outerjoin(t.agent, t.agent.c.id == t.action.c.agent))
        .where(t.action.c.subject == subject)
        .order_by(t.action.c.at.desc(), t.action.c.id.desc())
        .limit(max(1, min(limit, 1000)))
    )
    return [
        v.ActionView(row.subject, row.name, row.agent_name, row.before, row.after, row.at)
        for row in connection.execute(query)
    ]


def findings(connection: Connection, *, gone: bool) -> list[v.FindingView]:
    """Those that still stand, or with `gone` those too that do not; the latest first."""
    query = sa.select(t.finding).order_by(t.finding.c.found_at.desc(), t.finding.c.key).limit(_MOST_FINDINGS)
    if not gone:
        query = query.where(t.finding.c.gone_at.is_(None))
    return [
        v.FindingView(row.kind, row.subject, row.reason, row.found_at, row.gone_at)
        for row in connection.execute(query)
    ]


def agents(connection: Connection) -> list[Agent]:
    """The people who are not disabled, by name."""
    query = (
        sa.select(t.agent)
        .where(t.agent.c.disabled_at.is_(None), sa.not_(t.agent.c.login.startswith(HOUSE)))
        .order_by(t.agent.c.name, t.agent.c.id)
    )
    return [agent(row) for row in connection.execute(query)]


def agent(row: Any) -> Agent:
    """The agent of a row."""
    lines = tuple(LineName(line) for line in row.lines)
    return Agent(AgentId(row.id), row.login, row.name, row.role, lines, row.language)


def _post(row: Any) -> v.OutboxView:
    return v.OutboxView(
        id=str(row.id),
        destination=row.destination,
        kind=row.kind,
        dialog=None if row.dialog is None else str(row.dialog),
        message_seq=row.message_seq,
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        doubled=row.doubled,
        created_at=row.created_at,
        not_before=row.not_before,
    )


def _event(row: Any) -> v.QuarantineView:
    raw = text.masked(text.clean(bytes(row.raw).decode("utf-8", "replace")))
    return v.QuarantineView(
        id=str(row.id),
        channel=row.channel,
        reason=row.reason,
        state=row.state,
        attempts=row.attempts,
        at=row.at,
        raw=text.excerpt(raw, _MOST_RAW),
    )
