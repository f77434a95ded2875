"""Messages by their platform's id, and news that came before its message.

Owns the questions that find a message by what its platform calls it: what a contact said bears that id itself, what we
said bears it in the outbox, one id a part. It must never write, and never decide.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t
from bridge.conversations.said import Said
from bridge.conversations.statements import Statement, one_of
from bridge.conversations.store import OUT_COLUMNS, Asked, OutRow, said
from bridge.messages import Address, ChannelName, DialogId, IdentityId, Json, Mark, NativeId

Place = tuple[ChannelName, Address, NativeId]


@dataclass(frozen=True, slots=True)
class Early:
    """What a platform has said of a message that has not come; `gen` names the timer that waits for it."""

    identity: IdentityId
    native: NativeId
    gen: int
    state: str
    news: Json
    at: datetime


def _among(column: sa.Column[Any], *words: str) -> sa.ColumnElement[bool]:
    return column.in_([sa.literal_column(f"'{word}'") for word in words])


_here = t.identity.join(t.dialog, t.dialog.c.identity == t.identity.c.id)
_at_addresses = sa.and_(
    t.identity.c.channel == sa.bindparam("channel"), one_of(t.identity.c.address, "addresses")
)
_theirs = Statement(
    sa.select(t.identity.c.address, t.message.c.native.label("known_as"), t.message)
    .select_from(_here.join(t.message, t.message.c.dialog == t.dialog.c.id))
    .where(_at_addresses, one_of(t.message.c.native, "natives"), t.theirs)
)
_ours = Statement(
    sa.select(t.identity.c.address, t.outbox.c.native.label("known_as"), t.message)
    .select_from(
        _here.join(t.outbox, t.outbox.c.dialog == t.dialog.c.id).join(
            t.message,
            sa.and_(t.message.c.dialog == t.outbox.c.dialog, t.message.c.seq == t.outbox.c.message_seq),
        )
    )
    .where(_at_addresses, one_of(t.outbox.c.native, "natives"), t.sent)
)
_early = Statement(
    sa.select(*(t.early.c[name] for name in Early.__dataclass_fields__)).where(
        t.early.c.identity == sa.bindparam("identity"), t.early.c.native == sa.bindparam("native")
    )
)
_lane = sa.cast(t.dialog.c.id, sa.Text).concat(sa.bindparam("towards", type_=sa.Text))
_by_key = Statement(
    sa.select(*OUT_COLUMNS)
    .select_from(t.dialog.join(t.outbox, t.outbox.c.lane == _lane))
    .where(t.dialog.c.identity == sa.bindparam("identity"), t.outbox.c.kind == "send")
    .where(
        sa.func.substr(t.outbox.c.key, 1, sa.func.length(sa.bindparam("key", type_=sa.Text)))
        == sa.bindparam("key", type_=sa.Text)
    )
)
_unsettled = Statement(
    sa.select(*OUT_COLUMNS)
    .where(t.outbox.c.lane == sa.bindparam("lane"), t.unfinished)
    .order_by(t.outbox.c.seq, t.outbox.c.part)
)
_parts = Statement(
    sa.select(t.outbox.c.native)
    .where(t.outbox.c.dialog == sa.bindparam("dialog"), t.outbox.c.message_seq == sa.bindparam("seq"))
    .where(t.outbox.c.lane == sa.bindparam("lane"), _among(t.outbox.c.kind, "send", "post"))
    .order_by(t.outbox.c.seq, t.outbox.c.part)
)
_said_until = Statement(
    sa.select(t.message.c.seq)
    .where(t.message.c.dialog == sa.bindparam("dialog"), _among(t.message.c.author, "agent", "bot"))
    .where(t.message.c.said_at <= sa.bindparam("upto", type_=t.Moment))
    .where(_among(t.message.c.mark, *(mark.value for mark in Mark if mark.shown)))
    .order_by(t.message.c.seq.desc())
    .limit(1)
)


def find(
    connection: Connection, channel: ChannelName, wanted: Collection[tuple[Address, NativeId]]
) -> Asked[dict[Place, Said]]:
    """The messages at these addresses of one channel that their platform knows by these ids."""
    addresses, ids = list({address for address, _ in wanted}), list({native for _, native in wanted})
    asked = [
        each.ask(connection, channel=channel, addresses=addresses, natives=ids) for each in (_theirs, _ours)
    ]

    def found() -> dict[Place, Said]:
        places: dict[Place, Said] = {}
        for rows in asked:
            for row in rows:
                place = (channel, row.address, row.known_as)
                # An id that stands for two messages (one was shown before it came) means the later one.
                if place not in places or places[place].seq < row.seq:
                    places[place] = said(row)
        return places

    return found


def early(connection: Connection, identity: IdentityId, native: NativeId) -> Early | None:
    """What was said of a message before it came, if anything."""
    return next((Early(*row) for row in _early.ask(connection, identity=identity, native=native)), None)


def by_key(connection: Connection, identity: IdentityId, channel: ChannelName, key: str) -> OutRow | None:
    """The post to this identity whose idempotency key is, or begins with, `key`: platforms keep some of it only."""
    towards = f">channel:{channel}"
    return next(
        (OutRow(*row) for row in _by_key.ask(connection, identity=identity, towards=towards, key=key)), None
    )


def unsettled(connection: Connection, lane: str) -> list[OutRow]:
    """The posts in this lane of which it is not known that they have arrived, of all kinds, in their order."""
    return [OutRow(*row) for row in _unsettled.ask(connection, lane=lane)]


def parts(connection: Connection, dialog: DialogId, seq: int, lane: str) -> list[NativeId | None]:
    """What the platform at the end of a lane calls each part of a message; None for what it has not taken."""
    return [row.native for row in _parts.ask(connection, dialog=dialog, seq=seq, lane=lane)]


def said_until(connection: Connection, dialog: DialogId, upto: datetime) -> int:
    """The latest message of ours that had arrived and was said by a moment; 0 when there is none."""
    rows: Any = _said_until.ask(connection, dialog=dialog, upto=upto)
    return next((row.seq for row in rows), 0)
