"""What one transaction writes: rows gathered in memory, written in bulk, in a fixed order.

Owns the statements that write conversations and their guards against other processes. It must never decide: who calls
has done so.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from bridge.conversations import tables as t
from bridge.conversations.changes import Revised, Seen, Spoken, TimerSet
from bridge.conversations.statements import Statement, together
from bridge.conversations.store import OutRow
from bridge.messages import DialogId, FileId, IdentityId, Json


class Conflict(Exception):
    """Another process changed the same rows meanwhile: nothing was written, run again."""


class Ids:
    """Draws ids that are unique in the world and grow with time: 41 bits of milliseconds, 22 of chance."""

    _START = 1_767_225_600_000  # 2026-01-01 UTC, in ms

    @classmethod
    def draw(cls) -> int:
        return ((time.time_ns() // 1_000_000 - cls._START) << 22) | secrets.randbits(22)


class Writes:
    """The rows of one transaction in the making."""

    def __init__(self) -> None:
        self.latest: dict[int, DialogId] = {}
        """identity → the dialog it has now"""
        self.promises: dict[tuple[DialogId, int], Json] = {}
        self.askers: dict[tuple[int, int], Json] = {}
        self.contacts: dict[int, Json] = {}
        """contact → what he is known by from now on"""
        self.identities: dict[int, Json] = {}
        """identity → whether it can be reached, and how many more messages are known of that have not come"""
        self.early: dict[tuple[int, str], Json] = {}
        self.bookmarks: dict[str, Json] = {}
        """channel → how far it has read"""
        self.arrived: list[Json] = []
        """rows of the outbox for what is there already"""
        self._inserts: dict[sa.Table, list[Json]] = {}
        self._revised: list[Json] = []
        self._watermarks: list[Json] = []
        self._timers: dict[tuple[str, str], Json] = {}
        self._rows: dict[int, Json] = {}
        self._payloads: dict[int, Json] = {}
        self._files: list[Json] = []
        self._changed_files: dict[FileId, Json] = {}

    # -- gather

    def insert(self, table: sa.Table, values: Json) -> None:
        """A new row; all rows of a table in one transaction have the same columns."""
        self._inserts.setdefault(table, []).append(values)

    def inserted(self, table: sa.Table) -> list[Json]:
        """The new rows of a table so far."""
        return self._inserts.get(table, [])

    def say(self, spoken: Spoken) -> None:
        """A new message."""
        self.insert(
            t.message,
            {
                "dialog": spoken.dialog,
                "seq": spoken.seq,
                "rev": spoken.seq,
                "author": spoken.author.kind,
                "author_id": spoken.author.id,
                "author_name": spoken.author.name,
                "text": spoken.text,
                "private": spoken.private,
                "event": spoken.event,
                "data": spoken.data,
                "native": spoken.native,
                "mark": spoken.mark.value if spoken.mark else None,
                "said_at": spoken.said_at,
                "held_until": spoken.held_until,
            },
        )

    def attach(self, file: FileId, spoken: Spoken) -> None:
        """A stored file belongs to a message from now on."""
        self._files.append({"b_id": file, "dialog": spoken.dialog, "seq": spoken.seq})

    def change_file(self, file: FileId, fields: Mapping[str, object]) -> None:
        """What is known of a file of a message from now on."""
        self._changed_files[file] = {"b_id": file, **fields}

    def revise(self, revised: Revised) -> None:
        """A message changes."""
        names = ("dialog", "seq", "rev", "reason", "text", "private", "data", "edited_at", "deleted_at")
        values = {f"b_{name}": getattr(revised, name) for name in names}
        self._revised.append(values | {"b_mark": revised.mark.value if revised.mark else None})

    def raise_marks(self, seen: Seen) -> None:
        """The contact's side has our messages up to one."""
        self._watermarks.append(
            {"b_dialog": seen.dialog, "b_upto": seen.upto, "b_rev": seen.rev, "b_mark": seen.mark.value}
        )

    def set_timer(self, timer: TimerSet) -> int | None:
        """Arms, fires or disarms; several settings become one row. Returns the gen set before in this transaction."""
        key = (timer.subject, timer.name)
        known = self._timers.get(key)
        fired = (1 if timer.state == "fired" else 0) + (known["fired"] if known else 0)
        self._timers[key] = columns(timer, t.timer) | {"fired": fired}
        return known["gen"] if known else None

    def change_row(self, row: OutRow, fields: Mapping[str, object]) -> tuple[str, datetime]:
        """Changes an outbox row; the guard is its state and number of attempts as loaded.

        Returns the state it will have and the moment before which it need not be looked at.
        """
        known = self._rows.get(row.id)
        if known is None:
            known = self._rows[row.id] = {
                "b_id": row.id,
                "b_state": row.state,
                "b_attempts": row.attempts,
                "state": row.state,
                "not_before": row.not_before,
                "owner": None,
                "sending_until": None,
                "doubled": row.doubled,
                "reason": row.reason,
                "native": None,
                "settled_at": None,
            }
        known.update(fields)
        return known["state"], known["not_before"]

    def rewrite_row(self, row: OutRow, payload: Json) -> None:
        """An outbox row that has not gone out shall say something else; the guard is its state as loaded."""
        self._payloads[row.id] = {"b_id": row.id, "b_state": row.state, "payload": payload}

    def note_identity(self, identity: IdentityId, *, early: int = 0, unreachable: str | None) -> None:
        """What is known of an identity: `early` more (or fewer) messages to come, and whether it can be reached."""
        known = self.identities.get(identity, {"b_early": 0})
        self.identities[identity] = {
            "b_id": identity,
            "b_early": known["b_early"] + early,
            "b_unreachable": unreachable,
        }

    # -- write

    def write(
        self,
        connection: Connection,
        born: list[Json],
        dialogs: list[Json],
        changed: Mapping[sa.Table, list[Json]],
    ) -> None:
        """Writes in a fixed order of tables and keys, so that two processes cannot lock each other out.

        `born` are new dialogs, `dialogs` changed ones, `changed` the tickets and wishes that bear a version.
        """
        self._inserts.setdefault(t.dialog, []).extend(born)
        with together(connection):
            told = [
                (step, step.statement.write(connection, step.rows))
                for step in self._steps(connection.dialect.name, dialogs, changed)
                if step.rows
            ]
        for step, written in told:
            if step.guards and written.count != len(step.rows):
                raise Conflict(f"{step.what}: {written.count} of {len(step.rows)} rows were as expected")

    def _steps(
        self, dialect: str, dialogs: list[Json], changed: Mapping[sa.Table, list[Json]]
    ) -> Iterator[_Step]:
        latest = [{"b_id": id, "b_dialog": dialog} for id, dialog in sorted(self.latest.items())]
        for table in (t.seen, t.contact, t.identity, t.dialog):
            yield self._insertion(dialect, table)
        yield _Step("dialog", _update_dialog, dialogs)
        yield _Step("identity", _update_identity, latest)
        known = [{"b_id": id, **values} for id, values in sorted(self.contacts.items())]
        yield _Step("contact", _update_contact, known)
        yield _Step("identity", _note_identity, _in_order(self.identities))
        for table in _AFTERWARDS:
            yield self._insertion(dialect, table)
        yield _Step("outbox", _INTO[dialect][t.outbox], self.arrived)
        yield _Step("message", _revise_message, self._revised, guards=False)
        yield _Step("message", _raise_marks, self._watermarks, guards=False)
        yield _Step("file", _own_file, self._files)
        yield _Step("file", _change_file, _in_order(self._changed_files), guards=False)
        for table, rows in changed.items():
            yield _Step(table.name, _update_version[table], rows)
        yield _Step("timer", _PUT[dialect][t.timer], _in_order(self._timers), guards=False)
        yield _Step("promise", _PUT[dialect][t.promise], _in_order(self.promises), guards=False)
        yield _Step("asker", _PUT[dialect][t.wish_asker], _in_order(self.askers), guards=False)
        yield _Step("early", _PUT[dialect][t.early], _in_order(self.early), guards=False)
        yield _Step("bookmark", _PUT[dialect][t.bookmark], _in_order(self.bookmarks), guards=False)
        # Before the states: both guards are the state as it was loaded.
        yield _Step("outbox", _rewrite_row, _in_order(self._payloads))
        yield _Step("outbox", _change_row, _in_order(self._rows))

    def _insertion(self, dialect: str, table: sa.Table) -> _Step:
        rows = self._inserts.pop(table, [])
        if (order := _ORDER.get(table)) is not None:
            rows.sort(key=itemgetter(*order))
        return _Step(table.name, _INTO[dialect][table], rows, guards=table is not t.thread)


@dataclass(frozen=True, slots=True)
class _Step:
    """Rows that one statement writes; when it `guards`, another process has been there if it touches fewer."""

    what: str
    statement: Statement
    rows: Sequence[Json]
    guards: bool = True


def _in_order(rows: Mapping[Any, Json]) -> list[Json]:
    return [rows[key] for key in sorted(rows)]


def columns(thing: Any, table: sa.Table) -> Json:
    """The fields of a dataclass that are columns of this table."""
    names = type(thing).__dataclass_fields__
    return {column.name: getattr(thing, column.name) for column in table.c if column.name in names}


_ORDER = {t.seen: ("key",), t.identity: ("channel", "address"), t.dialog: ("identity",)}
"""Rows that another process may be inserting, too: all go by the order of what is unique, so that none waits in a ring."""
_AFTERWARDS = (
    t.message, t.outbox, t.thread, t.ticket, t.ticket_note, t.ticket_message, t.wish, t.wish_note, t.action,
    t.attachment, t.quarantine,
)  # fmt: skip
_INSERT: dict[str, Callable[[sa.Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Both databases have the same words for a row that is there already, but each has its own door to them."""


def _into(dialect: str, table: sa.Table) -> Statement:
    """A new row; that another process was first is seen by the count, and raises nothing in the middle."""
    return Statement(_INSERT[dialect](table).on_conflict_do_nothing())


def _put(
    dialect: str, table: sa.Table, adding: tuple[str, ...] = (), keeping: tuple[str, ...] = ()
) -> Statement:
    """A row that is new or takes the place of the one with its key.

    `adding` columns grow by what it bears, `keeping` columns stay as they were first told.
    """
    insert = _INSERT[dialect](table)
    keys = [column.name for column in table.primary_key]
    values: dict[str, Any] = {
        c.name: insert.excluded[c.name] for c in table.c if c.name not in (*keys, *keeping)
    }
    values |= {name: table.c[name] + insert.excluded[name] for name in adding}
    return Statement(insert.on_conflict_do_update(index_elements=keys, set_=values))


_INTO = {
    dialect: {
        table: _into(dialect, table) for table in (t.seen, t.contact, t.identity, t.dialog, *_AFTERWARDS)
    }
    for dialect in _INSERT
}
_PUT = {
    dialect: {
        t.timer: _put(dialect, t.timer, adding=("fired",)),
        t.promise: _put(dialect, t.promise, keeping=("line",)),
        t.wish_asker: _put(dialect, t.wish_asker),
        t.early: _put(dialect, t.early),
        t.bookmark: _put(dialect, t.bookmark),
    }
    for dialect in _INSERT
}
_update_version = {
    table: Statement(
        sa.update(table).where(
            table.c.id == sa.bindparam("b_id"), table.c.version == sa.bindparam("b_version")
        ),
        [column.name for column in table.c if column.name != "id"],
    )
    for table in (t.ticket, t.wish)
}
_update_dialog = Statement(
    sa.update(t.dialog).where(t.dialog.c.id == sa.bindparam("b_id"), t.dialog.c.seq == sa.bindparam("b_seq")),
    [column.name for column in t.dialog.c if column.name not in ("id", "identity", "opened_at")],
)
_update_identity = Statement(
    sa.update(t.identity)
    .where(t.identity.c.id == sa.bindparam("b_id"))
    .values(dialog=sa.bindparam("b_dialog"))
)
_update_contact = Statement(
    sa.update(t.contact).where(t.contact.c.id == sa.bindparam("b_id")), ["name", "language", "email"]
)
_note_identity = Statement(
    sa.update(t.identity)
    .where(t.identity.c.id == sa.bindparam("b_id"))
    .values(
        # By how much, not how many: other processes count here, too.
        early=t.identity.c.early + sa.bindparam("b_early", type_=sa.BigInteger),
        unreachable=sa.bindparam("b_unreachable", type_=sa.Text),
    )
)
_REVISABLE: dict[str, sa.types.TypeEngine[Any]] = {
    name: t.message.c[name].type for name in ("mark", "reason", "text", "private", "edited_at", "deleted_at")
} | {"data": sa.JSON(none_as_null=True)}
_revise_message = Statement(
    sa.update(t.message)
    .where(t.message.c.dialog == sa.bindparam("b_dialog"), t.message.c.seq == sa.bindparam("b_seq"))
    .values(
        rev=sa.bindparam("b_rev"),
        **{
            name: sa.func.coalesce(sa.bindparam(f"b_{name}", type_=kind), t.message.c[name])
            for name, kind in _REVISABLE.items()
        },
    )
)
_RANK = sa.case({"accepted": 1, "delivered": 2, "read": 3}, value=t.message.c.mark, else_=0)
_raise_marks = Statement(
    sa.update(t.message)
    .where(t.message.c.dialog == sa.bindparam("b_dialog"), t.message.c.seq <= sa.bindparam("b_upto"))
    .where(sa.or_(t.message.c.author == "agent", t.message.c.author == "bot"), _RANK > 0)
    .where(sa.case({"delivered": 2, "read": 3}, value=sa.bindparam("b_mark", type_=sa.Text), else_=0) > _RANK)
    .values(rev=sa.bindparam("b_rev"), mark=sa.bindparam("b_mark", type_=sa.Text))
)
_own_file = Statement(
    sa.update(t.attachment).where(t.attachment.c.id == sa.bindparam("b_id"), t.attachment.c.dialog.is_(None)),
    ["dialog", "seq"],
)
_change_file = Statement(
    sa.update(t.attachment).where(t.attachment.c.id == sa.bindparam("b_id")),
    ["state", "url", "type", "size", "reason"],
)
_rewrite_row = Statement(
    sa.update(t.outbox).where(
        t.outbox.c.id == sa.bindparam("b_id"), t.outbox.c.state == sa.bindparam("b_state")
    ),
    ["payload"],
)
_change_row = Statement(
    sa.update(t.outbox).where(
        t.outbox.c.id == sa.bindparam("b_id"),
        t.outbox.c.state == sa.bindparam("b_state"),
        t.outbox.c.attempts == sa.bindparam("b_attempts"),
    ),
    ["state", "not_before", "owner", "sending_until", "doubled", "reason", "native", "settled_at"],
)
