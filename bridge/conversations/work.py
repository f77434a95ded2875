"""The working set of one transaction: what its commands need is loaded once, folded in memory, written in bulk.

Owns the way of a `Change` into rows, the guards against other processes, and what the commit means for Redis. It must
never decide anything about a dialog, ticket or wish: commands and the pure core do.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from bridge.conversations import store
from bridge.conversations import tables as t
from bridge.conversations.changes import Acted, Change, Dialog, Post, TimerSet
from bridge.conversations.effects import NO_DUE, Effects, milliseconds, timer_member
from bridge.conversations.lines import Rules
from bridge.conversations.store import Identity, OutRow
from bridge.conversations.tickets import Ticket, TicketChange
from bridge.conversations.wishes import Wish, WishChange
from bridge.errors import Missing
from bridge.messages import (
    Address,
    Attachment,
    ChannelName,
    DialogId,
    FileId,
    Json,
    Status,
    TicketId,
    WishId,
)


class Conflict(Exception):
    """Another process changed the same rows meanwhile: nothing was written, run again."""


@dataclass(slots=True)
class Needs:
    """What the commands of one transaction want loaded."""

    keys: set[str] = field(default_factory=set)
    addresses: set[tuple[ChannelName, Address]] = field(default_factory=set)
    dialogs: set[DialogId] = field(default_factory=set)
    in_flight: set[DialogId] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)
    tickets: set[TicketId] = field(default_factory=set)
    wishes: set[WishId] = field(default_factory=set)


class Ids:
    """Draws ids that are unique in the world and grow with time: 41 bits of milliseconds, 22 of chance."""

    _START = 1_767_225_600_000  # 2026-01-01 UTC, in ms

    @classmethod
    def draw(cls) -> int:
        return ((time.time_ns() // 1_000_000 - cls._START) << 22) | secrets.randbits(22)


class Work:
    """One transaction in the making."""

    def __init__(self, connection: Connection, rules: Rules, now: datetime, *, sqlite_dialect: bool) -> None:
        self.connection = connection
        self.rules = rules
        self.now = now
        self.effects = Effects()
        self.seen: dict[str, tuple[DialogId, int]] = {}
        self.identities: dict[tuple[ChannelName, Address], Identity] = {}
        self.dialogs: dict[DialogId, Dialog] = {}
        self.in_flight: dict[DialogId, datetime] = {}
        self.rows: dict[int, OutRow] = {}
        self.tickets: dict[TicketId, Ticket] = {}
        self.wishes: dict[WishId, Wish] = {}
        self.wanted: set[str] = set()
        """lanes whose heads are to be taken once everything is written"""
        self.taken: dict[str, OutRow] | None = None
        self._upsert = sqlite.insert if sqlite_dialect else postgresql.insert
        self._loaded_seq: dict[DialogId, int] = {}
        self._loaded_versions: dict[tuple[str, int], int] = {}
        self._born: dict[DialogId, Dialog] = {}
        self._inserts: dict[sa.Table, list[Json]] = {}
        self._identity_dialogs: dict[int, DialogId] = {}
        self._revised: list[Json] = []
        self._watermarks: list[Json] = []
        self._timers: dict[tuple[str, str], Json] = {}
        self._promises: dict[tuple[DialogId, int], Json] = {}
        self._rows_changed: dict[int, Json] = {}
        self._files: list[Json] = []
        self._carried: set[FileId] = set()
        self._askers: dict[tuple[int, int], Json] = {}
        self._touched: set[DialogId] = set()
        self._new_tickets: list[TicketId] = []
        self._new_wishes: list[WishId] = []

    # -- load

    def load(self, needs: Needs) -> None:
        if needs.keys:
            self.seen = store.seen(self.connection, needs.keys)
        by_channel: dict[ChannelName, list[Address]] = {}
        for channel, address in needs.addresses:
            by_channel.setdefault(channel, []).append(address)
        for channel, addresses in by_channel.items():
            for identity, dialog in store.at_addresses(self.connection, channel, addresses):
                self._know(identity, dialog)
        missing = (needs.dialogs | needs.in_flight) - self.dialogs.keys()
        if missing:
            for identity, dialog in store.dialogs(self.connection, missing):
                self._know(identity, dialog)
        if needs.in_flight:
            self.in_flight = store.in_flight(self.connection, needs.in_flight)
        if needs.rows:
            self.rows = store.out_rows(self.connection, needs.rows)
        if needs.tickets:
            self.tickets = store.tickets(self.connection, needs.tickets)
            self._loaded_versions |= {("ticket", id): ticket.version for id, ticket in self.tickets.items()}
        if needs.wishes:
            self.wishes = store.wishes(self.connection, needs.wishes)
            self._loaded_versions |= {("wish", id): wish.version for id, wish in self.wishes.items()}

    def _know(self, identity: Identity, dialog: Dialog | None) -> None:
        self.identities[identity.channel, identity.address] = identity
        if dialog is not None and dialog.id not in self.dialogs:
            self.dialogs[dialog.id] = dialog
            self._loaded_seq[dialog.id] = dialog.seq

    # -- what commands ask

    def dialog(self, id: DialogId) -> Dialog:
        try:
            return self.dialogs[id]
        except KeyError:
            raise Missing("there is no such dialog") from None

    def ticket(self, id: TicketId) -> Ticket:
        try:
            return self.tickets[id]
        except KeyError:
            raise Missing("there is no such ticket") from None

    def wish(self, id: WishId) -> Wish:
        try:
            return self.wishes[id]
        except KeyError:
            raise Missing("there is no such wish") from None

    def is_latest(self, dialog: Dialog) -> bool:
        """False for a dialog that a newer one of the same address has followed."""
        return self.identities[dialog.channel, dialog.address].dialog == dialog.id

    def number(self, table: sa.Table) -> int:
        """The next number people will call a ticket or a wish by; another process may win it, then all runs again."""
        pending = len(self._new_tickets if table is t.ticket else self._new_wishes)
        highest = self.connection.execute(sa.select(sa.func.max(table.c.number))).scalar()
        return int(highest or 0) + pending + 1

    # -- what commands decided

    def remember(self, key: str, dialog: DialogId, seq: int) -> None:
        self.seen[key] = (dialog, seq)
        self._insert(t.seen, {"key": key, "dialog": dialog, "seq": seq})

    def begin(self, identity: Identity, dialog: Dialog, *, known: bool) -> None:
        """A new dialog, and, where the address is new too, its contact."""
        if not known:
            self._insert(
                t.contact,
                {
                    "id": identity.contact,
                    "name": identity.name,
                    "language": identity.language,
                    "email": identity.email,
                    "plan": identity.plan,
                    "created_at": self.now,
                },
            )
            self._insert(
                t.identity,
                {
                    "id": identity.id,
                    "channel": identity.channel,
                    "address": identity.address,
                    "contact": identity.contact,
                    "dialog": dialog.id,
                    "created_at": self.now,
                },
            )
        else:
            self._identity_dialogs[identity.id] = dialog.id
        self.identities[identity.channel, identity.address] = identity
        self.dialogs[dialog.id] = dialog
        self._born[dialog.id] = dialog

    def put(self, change: Change) -> None:
        """Takes a transition's decision into the transaction."""
        before, after = self.dialogs[change.dialog.id], change.dialog
        self.dialogs[after.id] = after
        self._touched.add(after.id)
        for spoken in change.said:
            self._insert(
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
            self._files += [
                {"b_id": file.id, "dialog": spoken.dialog, "seq": spoken.seq} for file in spoken.attachments
            ]
            self._carried.update(file.id for file in spoken.attachments)
        for revised in change.revised:
            self._revised.append(
                {
                    "b_dialog": revised.dialog,
                    "b_seq": revised.seq,
                    "b_rev": revised.rev,
                    "b_mark": revised.mark.value if revised.mark else None,
                    "b_reason": revised.reason,
                    "b_text": revised.text,
                    "b_private": revised.private,
                    "b_edited_at": revised.edited_at,
                    "b_deleted_at": revised.deleted_at,
                }
            )
        for seen in change.seen:
            self._watermarks.append(
                {"b_dialog": seen.dialog, "b_upto": seen.upto, "b_rev": seen.rev, "b_mark": seen.mark.value}
            )
        for post in change.posts:
            self.post(post)
        for timer in change.timers:
            self.set_timer(timer)
        for kept in change.promises:
            self._promises[kept.dialog, kept.gen] = {
                "dialog": kept.dialog,
                "gen": kept.gen,
                "name": kept.name,
                "started_at": kept.started_at,
                "due_at": kept.due_at,
                "settled_at": kept.settled_at,
                "outcome": kept.outcome,
                "agent": kept.agent,
            }
        for acted in change.acted:
            self.record(acted)
        if change.cancelled or change.retried:
            self._redirect(change)
        self._queue(before, after)

    def _redirect(self, change: Change) -> None:
        """Stops or restarts the posts to the contact that carry the messages named."""
        for row in self.rows.values():
            if row.dialog != change.dialog.id or row.kind != "send":
                continue
            if row.message_seq in change.cancelled and row.state in ("queued", "delayed", "unknown"):
                self.change_row(row, state="cancelled", settled_at=self.now)
            elif row.message_seq in change.retried and row.state in ("failed", "cancelled"):
                self.change_row(row, state="queued", not_before=self.now, reason=None, settled_at=None)

    def put_ticket(self, change: TicketChange) -> None:
        ticket = change.ticket
        if ticket.id not in self.tickets:
            self._new_tickets.append(ticket.id)
        self.tickets[ticket.id] = ticket
        for note in change.notes:
            self._insert(t.ticket_note, _columns(note, t.ticket_note))
        for dialog, seq in change.added:
            self._insert(
                t.ticket_message, {"ticket": ticket.id, "dialog": dialog, "seq": seq, "added_at": self.now}
            )
        for acted in change.acted:
            self.record(acted)
        self.effects.wakes |= {"desk", f"ticket:{ticket.id}"}

    def put_wish(self, change: WishChange) -> None:
        wish = change.wish
        if wish.id not in self.wishes:
            self._new_wishes.append(wish.id)
        self.wishes[wish.id] = wish
        for asker in change.askers:
            self._askers[wish.id, asker.identity] = {"wish": wish.id} | _columns(asker, t.wish_asker)
        for acted in change.acted:
            self.record(acted)
        self.effects.wakes |= {"board", f"wish:{wish.id}"}

    def record(self, acted: Acted) -> None:
        self._insert(
            t.action,
            {
                "id": Ids.draw(),
                "subject": acted.subject,
                "name": acted.name,
                "agent": acted.agent,
                "before": acted.before,
                "after": acted.after,
                "at": acted.at,
            },
        )

    def post(self, post: Post) -> None:
        self._insert(
            t.outbox,
            {
                "id": Ids.draw(),
                "lane": post.lane,
                "seq": post.seq,
                "part": post.part,
                "kind": post.kind,
                "destination": post.destination,
                "dialog": post.dialog,
                "message_seq": post.message_seq,
                "human": post.human,
                "payload": post.payload,
                "key": secrets.token_hex(16),
                "state": "queued",
                "not_before": post.not_before,
                "attempts": 0,
                "doubled": False,
                "created_at": self.now,
            },
        )
        self.effects.ring(post.lane, post.destination, post.not_before)

    def set_timer(self, timer: TimerSet) -> None:
        """Arms, fires or disarms; several settings of one timer in one transaction become one row."""
        key = (timer.subject, timer.name)
        fired = 1 if timer.state == "fired" else 0
        known = self._timers.get(key)
        self._timers[key] = {
            "subject": timer.subject,
            "name": timer.name,
            "gen": timer.gen,
            "due_at": timer.due_at,
            "state": timer.state,
            "fired": fired + (known["fired"] if known else 0),
        }
        if known is not None and known["gen"] != timer.gen:
            self.effects.timers[timer_member(timer.subject, timer.name, known["gen"])] = None
        member = timer_member(timer.subject, timer.name, timer.gen)
        self.effects.timers[member] = milliseconds(timer.due_at) if timer.state == "armed" else None

    def change_row(self, row: OutRow, **fields: object) -> None:
        """Changes an outbox row; the guard is its state and number of attempts as loaded."""
        known = self._rows_changed.get(row.id)
        if known is None:
            known = self._rows_changed[row.id] = {
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
                "payload": row.payload,
            }
        known.update(fields)
        if known["state"] in ("queued", "delayed", "unknown"):
            self.effects.ring(row.lane, row.destination, known["not_before"])

    def file(self, values: Json) -> None:
        self._insert(t.attachment, values)

    def row(self, table: sa.Table, values: Json) -> None:
        """A row of a table that guards itself by its primary key (threads, quarantine)."""
        self._insert(table, values)

    def outgoing(self, dialog: DialogId, seq: int) -> list[OutRow]:
        """The posts that carry a message to the contact, loaded now."""
        rows = store.outgoing(self.connection, dialog, [seq])
        for row in rows:
            self.rows.setdefault(row.id, row)
        return rows

    def files(self, ids: Sequence[FileId], owner: str) -> tuple[Attachment, ...]:
        """The stored files of this owner with these ids, in that order."""
        found = store.files(self.connection, ids, owner) if ids else {}
        if missing := [id for id in ids if id not in found or id in self._carried]:
            raise Missing(f"no uploaded file {missing[0]} of yours")
        return tuple(found[id] for id in ids)

    # -- write

    def write(self) -> None:
        """Writes everything in a fixed order of tables and keys, so that two processes cannot lock each other out."""
        self._insert_all(t.seen, guard=True)
        self._insert_all(t.contact)
        self._insert_all(t.identity, guard=True)
        if self._born:
            self._inserts[t.dialog] = [store.dialog_values(self.dialogs[id]) for id in self._born]
            self._insert_all(t.dialog, guard=True)
        self._update_dialogs()
        self._inserts[t.ticket] = [_columns(self.tickets[id], t.ticket) for id in self._new_tickets]
        self._inserts[t.wish] = [_columns(self.wishes[id], t.wish) for id in self._new_wishes]
        for table in (
            t.message, t.outbox, t.thread, t.ticket, t.ticket_note, t.ticket_message, t.wish, t.action, t.attachment,
            t.quarantine,
        ):  # fmt: skip
            self._insert_all(table, guard=table in (t.ticket, t.wish, t.message))
        self._run(_revise_message, self._revised)
        self._run(_raise_marks, self._watermarks)
        self._run(_own_file, self._files, guard=True)
        self._update_versions(t.ticket, self.tickets)
        self._update_versions(t.wish, self.wishes)
        self._upsert_all()
        changed = sorted(self._rows_changed.values(), key=lambda row: row["b_id"])
        self._run(_change_row, changed, guard=True)

    def _insert(self, table: sa.Table, values: Json) -> None:
        self._inserts.setdefault(table, []).append(values)

    def _insert_all(self, table: sa.Table, *, guard: bool = False) -> None:
        rows = self._inserts.pop(table, None)
        if not rows:
            return
        if (order := _ORDER.get(table)) is not None:
            rows.sort(key=itemgetter(*order))
        statement: sa.Insert = sa.insert(table)
        if guard or table is t.thread:
            # Without preserve_rowcount SQLAlchemy answers -1 for an INSERT on PostgreSQL.
            statement = self._upsert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        result = self.connection.execute(statement, rows)
        if guard and result.rowcount != len(rows):
            raise Conflict(
                f"{table.name}: {len(rows) - result.rowcount} of {len(rows)} rows were there already"
            )

    def _update_dialogs(self) -> None:
        rows = []
        for id in sorted(self._touched - self._born.keys()):
            if (loaded := self._loaded_seq[id]) != self.dialogs[id].seq:
                values = store.dialog_values(self.dialogs[id])
                del values["id"], values["identity"], values["opened_at"]
                rows.append(values | {"b_id": id, "b_seq": loaded})
        self._run(_update_dialog, rows, guard=True)
        self._run(
            _update_identity,
            [{"b_id": id, "b_dialog": dialog} for id, dialog in sorted(self._identity_dialogs.items())],
        )

    def _update_versions(self, table: sa.Table, subjects: dict[Any, Any]) -> None:
        rows = []
        for id, subject in sorted(subjects.items()):
            loaded = self._loaded_versions.get((table.name, id))
            if loaded is not None and loaded != subject.version:
                values = _columns(subject, table)
                del values["id"]
                rows.append(values | {"b_id": id, "b_version": loaded})
        if rows:
            statement = sa.update(table).where(
                table.c.id == sa.bindparam("b_id"), table.c.version == sa.bindparam("b_version")
            )
            self._run(statement, rows, guard=True)

    def _upsert_all(self) -> None:
        timers = [self._timers[key] for key in sorted(self._timers)]
        if timers:
            upsert = self._upsert(t.timer)
            new = upsert.excluded
            self.connection.execute(
                upsert.on_conflict_do_update(
                    index_elements=["subject", "name"],
                    set_={
                        "gen": new.gen,
                        "due_at": new.due_at,
                        "state": new.state,
                        "fired": t.timer.c.fired + new.fired,
                    },
                ),
                timers,
            )
        for table, keys, rows in (
            (t.promise, ("dialog", "gen"), [self._promises[key] for key in sorted(self._promises)]),
            (t.wish_asker, ("wish", "identity"), [self._askers[key] for key in sorted(self._askers)]),
        ):
            if rows:
                insert = self._upsert(table)
                values = {c.name: insert.excluded[c.name] for c in table.c if c.name not in keys}
                statement = insert.on_conflict_do_update(index_elements=list(keys), set_=values)
                self.connection.execute(statement, rows)

    def _run(self, statement: Any, rows: list[Json], *, guard: bool = False) -> None:
        if not rows:
            return
        result = self.connection.execute(statement, rows)
        if guard and result.rowcount != len(rows):
            raise Conflict(f"{len(rows) - result.rowcount} of {len(rows)} rows had changed meanwhile")

    def _queue(self, before: Dialog, after: Dialog) -> None:
        """What the line's queue and the live pages show of this dialog now."""
        waits = after.status is Status.open and after.assignee is None
        if before.line != after.line:
            self.effects.queue[before.line, after.id] = None
        due = milliseconds(after.promise.due_at) if after.promise else NO_DUE
        self.effects.queue[after.line, after.id] = due if waits else None
        self.effects.wakes |= {"desk", f"dialog:{after.id}", f"address:{after.channel}/{after.address}"}


def _columns(thing: Any, table: sa.Table) -> Json:
    """The fields of a dataclass that are columns of this table."""
    names = type(thing).__dataclass_fields__
    return {column.name: getattr(thing, column.name) for column in table.c if column.name in names}


_ORDER = {t.seen: ("key",), t.identity: ("channel", "address"), t.dialog: ("identity",)}
"""Rows that another process may be inserting, too: all go by the order of what is unique, so that none waits in a ring."""
_update_dialog = sa.update(t.dialog).where(
    t.dialog.c.id == sa.bindparam("b_id"), t.dialog.c.seq == sa.bindparam("b_seq")
)
_update_identity = (
    sa.update(t.identity)
    .where(t.identity.c.id == sa.bindparam("b_id"))
    .values(dialog=sa.bindparam("b_dialog"))
)
_revise_message = (
    sa.update(t.message)
    .where(t.message.c.dialog == sa.bindparam("b_dialog"), t.message.c.seq == sa.bindparam("b_seq"))
    .values(
        rev=sa.bindparam("b_rev"),
        **{
            name: sa.func.coalesce(sa.bindparam(f"b_{name}", type_=t.message.c[name].type), t.message.c[name])
            for name in ("mark", "reason", "text", "private", "edited_at", "deleted_at")
        },
    )
)
_RANK = sa.case({"accepted": 1, "delivered": 2, "read": 3}, value=t.message.c.mark, else_=0)
_raise_marks = (
    sa.update(t.message)
    .where(t.message.c.dialog == sa.bindparam("b_dialog"), t.message.c.seq <= sa.bindparam("b_upto"))
    .where(t.message.c.author.in_(["agent", "bot"]), _RANK > 0)
    .where(sa.case({"delivered": 2, "read": 3}, value=sa.bindparam("b_mark", type_=sa.Text), else_=0) > _RANK)
    .values(rev=sa.bindparam("b_rev"), mark=sa.bindparam("b_mark", type_=sa.Text))
)
_own_file = sa.update(t.attachment).where(
    t.attachment.c.id == sa.bindparam("b_id"), t.attachment.c.dialog.is_(None)
)
_change_row = sa.update(t.outbox).where(
    t.outbox.c.id == sa.bindparam("b_id"),
    t.outbox.c.state == sa.bindparam("b_state"),
    t.outbox.c.attempts == sa.bindparam("b_attempts"),
)
