"""The working set of one transaction: what its commands need is loaded once, folded in memory, written in bulk.

Owns what is loaded, the way of a `Change` into the rows of writes.py, and what the commit means for Redis. It must never
decide anything about a dialog, ticket or wish: commands and the pure core do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.conversations import fetches, natives, store
from bridge.conversations import tables as t
from bridge.conversations.changes import Acted, Change, Dialog, TimerSet
from bridge.conversations.effects import NO_DUE, Effects, milliseconds, timer_member
from bridge.conversations.lines import Rules
from bridge.conversations.natives import Early, Place
from bridge.conversations.outbox import Outbox
from bridge.conversations.recall import Recall
from bridge.conversations.statements import together
from bridge.conversations.store import Identity, OutRow
from bridge.conversations.tickets import Ticket, TicketChange
from bridge.conversations.wishes import Wish, WishChange
from bridge.conversations.writes import Ids, Writes, columns
from bridge.errors import Missing
from bridge.messages import (
    Address,
    Attachment,
    ChannelName,
    DialogId,
    FileId,
    Json,
    NativeId,
    Status,
    TicketId,
    WishId,
)


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
    natives: set[Place] = field(default_factory=set)
    """messages that are known by what their platform calls them"""


class Work:
    """One transaction in the making."""

    def __init__(self, connection: Connection, rules: Rules, now: datetime) -> None:
        self.connection = connection
        self.rules = rules
        self.now = now
        self.effects = Effects()
        self.seen: dict[str, tuple[DialogId, int]] = {}
        self.identities: dict[tuple[ChannelName, Address], Identity] = {}
        self.dialogs: dict[DialogId, Dialog] = {}
        self.in_flight: dict[DialogId, datetime] = {}
        self.tickets: dict[TicketId, Ticket] = {}
        self.wishes: dict[WishId, Wish] = {}
        self.recall = Recall(connection)
        self.puts = 0
        """grows with everything that is put, so that a refusal after a put is noticed"""
        self.wanted: set[str] = set()
        """lanes whose heads are to be taken once everything is written"""
        self.taken: dict[str, OutRow] | None = None
        self._writes = Writes()
        self.outbox = Outbox(connection, self._writes, self.effects, now)
        self.rows = self.outbox.rows
        self._loaded_seq: dict[DialogId, int] = {}
        self._loaded_versions: dict[tuple[str, int], int] = {}
        self._born: dict[DialogId, Dialog] = {}
        self._carried: set[FileId] = set()
        self._touched: set[DialogId] = set()
        self._new_tickets: list[TicketId] = []
        self._new_wishes: list[WishId] = []

    # -- load

    def load(self, needs: Needs) -> None:
        by_channel: dict[ChannelName, list[Address]] = {}
        for channel, address in needs.addresses:
            by_channel.setdefault(channel, []).append(address)
        named: dict[ChannelName, list[tuple[Address, NativeId]]] = {}
        for channel, address, native in needs.natives:
            named.setdefault(channel, []).append((address, native))
        ids, c = needs.dialogs | needs.in_flight, self.connection
        with together(c):
            seen = store.seen(c, needs.keys) if needs.keys else dict
            at = [store.at_addresses(c, channel, addresses) for channel, addresses in by_channel.items()]
            dialogs = store.dialogs(c, ids) if ids else list
            in_flight = store.in_flight(c, needs.in_flight) if needs.in_flight else dict
            rows = store.out_rows(c, needs.rows) if needs.rows else dict
            places = [natives.find(c, channel, wanted) for channel, wanted in named.items()]
            self.seen, self.in_flight = seen(), in_flight()
            self.rows.update(rows())
            for found in at:
                for identity, latest in found():
                    self._know(identity, latest)
            for identity, dialog in dialogs():
                self._know(identity, dialog)
            for messages in places:
                self.recall.learn(messages())
        if named:
            self.fetch(self.recall.dialogs())
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

    def fetch(self, ids: Collection[DialogId]) -> None:
        """Loads dialogs of which a command has learned only from what was loaded."""
        if missing := [id for id in ids if id not in self.dialogs]:
            for identity, dialog in store.dialogs(self.connection, missing)():
                self._know(self.identities.get((identity.channel, identity.address), identity), dialog)

    def fetch_wish(self, id: WishId) -> None:
        """The same for a wish."""
        if id not in self.wishes:
            self.wishes |= store.wishes(self.connection, [id])
            self._loaded_versions["wish", id] = self.wish(id).version

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
        self.puts += 1
        self.seen[key] = (dialog, seq)
        self._writes.insert(t.seen, {"key": key, "dialog": dialog, "seq": seq})

    def begin(self, identity: Identity, dialog: Dialog, *, known: bool) -> None:
        """A new dialog, and, where the address is new too, its contact."""
        self.puts += 1
        if not known:
            self.meet(identity)
        else:
            self._writes.latest[identity.id] = dialog.id
        self.identities[identity.channel, identity.address] = identity
        self.dialogs[dialog.id] = dialog
        self._born[dialog.id] = dialog

    def meet(self, identity: Identity) -> None:
        """A contact who has said nothing yet."""
        self.puts += 1
        self._writes.insert(
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
        self._writes.insert(
            t.identity,
            {
                "id": identity.id,
                "channel": identity.channel,
                "address": identity.address,
                "contact": identity.contact,
                "dialog": identity.dialog,
                "created_at": self.now,
            },
        )
        self.identities[identity.channel, identity.address] = identity

    def know(self, identity: Identity) -> None:
        """A contact's name, language or e-mail address is another one from now on."""
        self.puts += 1
        self._writes.contacts[identity.contact] = {
            "name": identity.name,
            "language": identity.language,
            "email": identity.email,
        }
        self.identities[identity.channel, identity.address] = identity

    def put(self, change: Change) -> None:
        """Takes a transition's decision into the transaction."""
        self.puts += 1
        before, after = self.dialogs[change.dialog.id], change.dialog
        self.dialogs[after.id] = after
        self.recall.take(change)
        self._know_better(before, after)
        self._touched.add(after.id)
        for spoken in change.said:
            self._writes.say(spoken)
            for file in spoken.attachments:
                self._writes.attach(file.id, spoken)
            self._carried.update(file.id for file in spoken.attachments)
        for revised in change.revised:
            self._writes.revise(revised)
        for seen in change.seen:
            self._writes.raise_marks(seen)
        for post in change.posts:
            self.outbox.post(post)
        for awaited in change.awaited:
            fetches.wait_for(self._writes, self.outbox, after, awaited, self.now)
        for timer in change.timers:
            self.set_timer(timer)
        for kept in change.promises:
            self._writes.promises[kept.dialog, kept.gen] = columns(kept, t.promise)
        for acted in change.acted:
            self.record(acted)
        if change.cancelled or change.retried or change.dealt:
            self.outbox.redirect(change)
        self._queue(before, after)
        if (
            change.revised
            or change.seen
            or any(not said.private and said.mark is None for said in change.said)
        ):
            # What is still on its way is shown to the contact by its acceptance: that will wake his page.
            self.effects.wakes.add(f"address:{after.channel}/{after.address}")

    def _know_better(self, before: Dialog, after: Dialog) -> None:
        """What the dialog has learned of its contact is kept with him and his address."""
        if after.unreachable != before.unreachable:
            self.note(self.identities[after.channel, after.address], unreachable=after.unreachable)
        if (after.name, after.language, after.email) != (before.name, before.language, before.email):
            known = self.identities[after.channel, after.address]
            self.know(replace(known, name=after.name, language=after.language, email=after.email))

    def put_ticket(self, change: TicketChange) -> None:
        self.puts += 1
        ticket = change.ticket
        if ticket.id not in self.tickets:
            self._new_tickets.append(ticket.id)
        self.tickets[ticket.id] = ticket
        for note in change.notes:
            self._writes.insert(t.ticket_note, columns(note, t.ticket_note))
        for dialog, seq in change.added:
            self._writes.insert(
                t.ticket_message, {"ticket": ticket.id, "dialog": dialog, "seq": seq, "added_at": self.now}
            )
        for acted in change.acted:
            self.record(acted)
        self.effects.wakes |= {"desk", f"ticket:{ticket.id}"}

    def put_wish(self, change: WishChange) -> None:
        self.puts += 1
        wish = change.wish
        if wish.id not in self.wishes:
            self._new_wishes.append(wish.id)
        self.wishes[wish.id] = wish
        for asker in change.askers:
            self._writes.askers[wish.id, asker.identity] = {"wish": wish.id} | columns(asker, t.wish_asker)
        for note in change.notes:
            self._writes.insert(t.wish_note, columns(note, t.wish_note))
        for acted in change.acted:
            self.record(acted)
        self.effects.wakes |= {"board", "desk", f"wish:{wish.id}"}

    def record(self, acted: Acted) -> None:
        self._writes.insert(
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

    def note(self, identity: Identity, *, early: int = 0, unreachable: str | None) -> None:
        """What is known of an identity: `early` more (or fewer) messages to come, and whether it can be reached."""
        self.puts += 1
        self._writes.note_identity(identity.id, early=early, unreachable=unreachable)
        known = replace(identity, early=identity.early + early, unreachable=unreachable)
        self.identities[identity.channel, identity.address] = known

    def keep_early(self, early: Early) -> None:
        """What is known from now on of a message that has not come."""
        self.puts += 1
        self.recall.keep_early(early)
        self._writes.early[early.identity, early.native] = columns(early, t.early)

    def keep_bookmark(self, channel: ChannelName, place: str) -> None:
        """How far a channel has read what its platform keeps for it."""
        self.puts += 1
        self._writes.bookmarks[channel] = {"channel": channel, "place": place}

    def set_timer(self, timer: TimerSet) -> None:
        """Arms, fires or disarms; several settings of one timer in one transaction become one row."""
        self.puts += 1
        replaced = self._writes.set_timer(timer)
        if replaced is not None and replaced != timer.gen:
            self.effects.timers[timer_member(timer.subject, timer.name, replaced)] = None
        member = timer_member(timer.subject, timer.name, timer.gen)
        self.effects.timers[member] = milliseconds(timer.due_at) if timer.state == "armed" else None

    def change_row(self, row: OutRow, **fields: object) -> None:
        """Changes an outbox row; the guard is its state and number of attempts as loaded."""
        self.puts += 1
        self.outbox.change(row, **fields)

    def file(self, values: Json) -> None:
        self.puts += 1
        self._writes.insert(t.attachment, values)

    def new_files(self) -> list[Json]:
        """The rows of files of this transaction."""
        return self._writes.inserted(t.attachment)

    def change_file(self, file: FileId, **fields: object) -> None:
        """What is known of a file of a message from now on: its state, url, type, size and reason."""
        self.puts += 1
        self._writes.change_file(file, fields)

    def open_thread(self, destination: str, native: str, dialog: DialogId) -> None:
        """A desk shows a dialog in this thread from now on."""
        thread = {"desk": destination.removeprefix("desk:"), "native": native, "subject": f"dialog:{dialog}"}
        self.row(t.thread, thread | {"created_at": self.now})

    def row(self, table: sa.Table, values: Json) -> None:
        """A row of a table that guards itself by its primary key (threads, quarantine)."""
        self.puts += 1
        self._writes.insert(table, values)

    def outgoing(self, dialog: DialogId, seq: int) -> list[OutRow]:
        """The posts that carry a message to the contact, loaded now."""
        return self.outbox.outgoing(dialog, seq)

    def files(self, ids: Sequence[FileId], owner: str) -> tuple[Attachment, ...]:
        """The stored files of this owner with these ids, in that order."""
        found = store.files(self.connection, ids, owner) if ids else {}
        if missing := [id for id in ids if id not in found or id in self._carried]:
            raise Missing(f"no uploaded file {missing[0]} of yours")
        return tuple(found[id] for id in ids)

    # -- write

    def write(self) -> None:
        """Hands everything to SQL; raises `Conflict` when another process was there meanwhile."""
        born = [store.dialog_values(self.dialogs[id]) for id in self._born]
        dialogs = [
            store.dialog_values(self.dialogs[id]) | {"b_id": id, "b_seq": self._loaded_seq[id]}
            for id in sorted(self._touched - self._born.keys())
            if self._loaded_seq[id] != self.dialogs[id].seq
        ]
        for id in self._new_tickets:
            self._writes.insert(t.ticket, columns(self.tickets[id], t.ticket))
        for wish_id in self._new_wishes:
            self._writes.insert(t.wish, columns(self.wishes[wish_id], t.wish))
        changed = {
            t.ticket: self._changed(t.ticket, self.tickets),
            t.wish: self._changed(t.wish, self.wishes),
        }
        self._writes.write(self.connection, born, dialogs, changed)

    def _changed(self, table: sa.Table, subjects: Mapping[Any, Ticket | Wish]) -> list[Json]:
        """The rows of what has moved on since it was loaded."""
        return [
            columns(subjects[id], table) | {"b_id": id, "b_version": version}
            for (name, id), version in sorted(self._loaded_versions.items())
            if name == table.name and subjects[id].version != version
        ]

    def _queue(self, before: Dialog, after: Dialog) -> None:
        """What the line's queue and the live pages show of this dialog now."""
        waits = after.status is Status.open and after.assignee is None
        if before.line != after.line:
            self.effects.queue[before.line, after.id] = None
        due = milliseconds(after.promise.due_at) if after.promise else NO_DUE
        self.effects.queue[after.line, after.id] = due if waits else None
        whose = {before.assignee, after.assignee} - {None}
        self.effects.wakes |= {"desk", f"dialog:{after.id}", *(f"agent:{agent}" for agent in whose)}
