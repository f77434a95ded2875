"""What the edges and the hands may ask of the mind: hear a contact, say an agent's words, settle what was sent.

Owns the way from a command to the pure transition it means. It must never write rows itself; what agents decide about
subjects lives in verbs.py, the clock's commands in rings.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bridge import text
from bridge.conversations import contacts, lanes, store, wishes
from bridge.conversations import dialog as dialogs
from bridge.conversations import tables as t
from bridge.conversations.changes import Dialog
from bridge.conversations.committer import Command
from bridge.conversations.store import Identity, OutRow
from bridge.conversations.work import Needs, Work
from bridge.conversations.writes import Ids
from bridge.errors import Missing, Refused
from bridge.messages import (
    Address,
    Author,
    ChannelName,
    ContactId,
    DeskName,
    DialogId,
    FileId,
    IdentityId,
    Incoming,
    Json,
    Mark,
    NativeId,
    Receipt,
    Status,
    ThreadId,
    WishId,
)


@dataclass(frozen=True, slots=True)
class Receive(Command[Receipt]):
    """A contact's message; the same event key is taken once, for ever. `files` are his uploads to be attached."""

    incoming: Incoming
    files: tuple[FileId, ...] = ()

    def needs(self, needs: Needs) -> None:
        needs.keys.add(self.incoming.event_key)
        needs.addresses.add((self.incoming.channel, self.incoming.address))

    def fold(self, work: Work) -> Receipt:
        incoming = self.incoming
        if (taken := work.seen.get(incoming.event_key)) is not None:
            return Receipt(*taken, new=False)
        if self.files:
            stored = work.files(self.files, owner=f"{incoming.channel}/{incoming.address}")
            incoming = replace(incoming, attachments=incoming.attachments + stored)
        work.rules.channel(incoming.channel)
        dialog = self._dialog(work)
        change = dialogs.received(dialog, incoming, work.now, work.rules)
        work.put(change)
        seq = change.said[0].seq
        work.remember(incoming.event_key, dialog.id, seq)
        return Receipt(dialog.id, seq)

    def _dialog(self, work: Work) -> Dialog:
        """The dialog this message belongs to: the running one, one resolved lately, or a new one."""
        incoming = self.incoming
        channel = work.rules.channel(incoming.channel)
        identity = work.identities.get((incoming.channel, incoming.address))
        latest = work.dialogs.get(identity.dialog) if identity and identity.dialog else None
        if latest is not None and not _over(latest, work.now, channel.reopen_within):
            return latest
        language = incoming.language if incoming.language in channel.languages else None
        if language is None and identity is None:
            language = text.language(incoming.text[:200], channel.languages, channel.languages[0])
        known = identity is not None
        if identity is None:
            language = language or channel.languages[0]
            identity = _stranger(incoming.channel, incoming.address, incoming.name, language, incoming.email)
        dialog = Dialog(
            id=DialogId(Ids.draw()),
            channel=incoming.channel,
            address=incoming.address,
            identity=identity.id,
            contact=identity.contact,
            name=identity.name or incoming.name,
            language=language or identity.language,
            plan=identity.plan,
            email=identity.email,
            line=channel.line,
            opened_at=work.now,
            changed_at=work.now,
            # The numbers of one address go on from dialog to dialog, so that its event stream resumes without a hole.
            seq=latest.seq if latest else 0,
        )
        work.begin(replace(identity, dialog=dialog.id), dialog, known=known)
        return dialog


def _stranger(
    channel: ChannelName, address: Address, name: str, language: str, email: str | None
) -> Identity:
    """Somebody at an address where nobody has been met yet."""
    return Identity(
        id=IdentityId(Ids.draw()),
        channel=channel,
        address=address,
        contact=ContactId(Ids.draw()),
        name=name,
        language=language,
        plan="",
        email=email,
        dialog=None,
    )


def _over(dialog: Dialog, now: datetime, reopen_within: timedelta) -> bool:
    return (
        dialog.status is Status.resolved
        and dialog.resolved_at is not None
        and now - dialog.resolved_at > reopen_within
    )


@dataclass(frozen=True, slots=True)
class Introduce(Command[None]):
    """The contact at this address tells who he is; he may do so before his first word."""

    channel: ChannelName
    address: Address
    name: str = ""
    email: str | None = None

    def needs(self, needs: Needs) -> None:
        needs.addresses.add((self.channel, self.address))

    def fold(self, work: Work) -> None:
        channel = work.rules.channel(self.channel)
        name, email = contacts.checked(self.name, self.email)
        identity = work.identities.get((self.channel, self.address))
        if identity is None:
            work.meet(_stranger(self.channel, self.address, name, channel.languages[0], email))
        elif identity.dialog is None:
            work.know(replace(identity, name=name or identity.name, email=email or identity.email))
        else:
            change = contacts.introduced(work.dialog(identity.dialog), name, email, work.now, work.rules)
            if change is not None:
                work.put(change)


@dataclass(frozen=True, slots=True)
class Reply(Command[Receipt]):
    """An agent's words in a dialog; `key` makes a repeated request harmless."""

    dialog: DialogId
    author: Author
    text: str
    key: str
    mode: dialogs.Mode = "auto"
    files: tuple[FileId, ...] = ()
    via: DeskName | None = None
    native: NativeId | None = None

    def needs(self, needs: Needs) -> None:
        needs.keys.add(self.key)
        needs.dialogs.add(self.dialog)

    def fold(self, work: Work) -> Receipt:
        dialog = work.dialog(self.dialog)
        if (taken := work.seen.get(self.key)) is not None:
            said = store.messages(work.connection, taken[0], [taken[1]]).get(taken[1])
            return Receipt(
                *taken, new=False, mark=said.mark if said else None, private=said.private if said else False
            )
        if dialog.status is Status.resolved and not work.is_latest(dialog):
            raise Refused("the contact has a newer dialog: answer there")
        change = dialogs.replied(
            dialog,
            self.author,
            self.text,
            work.now,
            work.rules,
            mode=self.mode,
            attachments=work.files(self.files, owner=f"agent/{self.author.id}"),
            via=self.via,
            native=self.native,
        )
        work.put(change)
        spoken = next(said for said in reversed(change.said) if said.author == self.author)
        work.remember(self.key, dialog.id, spoken.seq)
        return Receipt(dialog.id, spoken.seq, mark=spoken.mark, private=spoken.private)


@dataclass(frozen=True, slots=True)
class Reached(Command[None]):
    """The contact's side has, or has read, everything up to a message."""

    channel: ChannelName
    address: Address
    upto: int
    mark: Mark

    def needs(self, needs: Needs) -> None:
        needs.addresses.add((self.channel, self.address))

    def fold(self, work: Work) -> None:
        identity = work.identities.get((self.channel, self.address))
        if identity is None or identity.dialog is None:
            raise Missing("nobody has written from this address yet")
        work.put(dialogs.reached(work.dialog(identity.dialog), self.upto, self.mark, work.now))


@dataclass(frozen=True, slots=True)
class Announce(Command[bool]):
    """One who asked for a shipped wish is told, on his own channel; False when he has been told already."""

    wish: WishId
    identity: IdentityId
    dialog: DialogId
    """the latest dialog of that identity"""
    author: Author

    def needs(self, needs: Needs) -> None:
        needs.wishes.add(self.wish)
        needs.dialogs.add(self.dialog)

    def fold(self, work: Work) -> bool:
        wish = work.wish(self.wish)
        asker = next((asker for asker in wish.askers if asker.identity == self.identity), None)
        if wish.announce != "going" or asker is None or asker.state != "asked":
            return False
        dialog = work.dialog(self.dialog)
        words = wishes.announcement_text(wish, work.rules.channel_of(dialog.channel), dialog.language)
        data = {"wish": str(wish.id), "number": wish.number}
        change = dialogs.announced(dialog, self.author, words, data, work.now, work.rules)
        told_seq = change.said[0].seq
        work.put_wish(wishes.announcing(wish, self.identity, dialog.id, told_seq, work.now))
        work.put(change)
        return True


@dataclass(frozen=True, slots=True)
class Take(Command[list[OutRow]]):
    """The heads of these lanes become `owner`'s until `until`: nobody else touches them before.

    All the takes of one transaction are one statement.
    """

    lanes: Collection[str]
    owner: str
    until: datetime

    def needs(self, needs: Needs) -> None:
        """Nothing: the statement that takes is its own check."""

    def fold(self, work: Work) -> list[OutRow]:
        work.wanted.update(self.lanes)
        return []

    def finish(self, work: Work, result: list[OutRow]) -> list[OutRow]:
        if work.taken is None:
            rows, later = lanes.take(work.connection, work.wanted, self.owner, self.until, work.now)
            work.effects.merge(later)
            work.taken = {row.lane: row for row in rows}
        return [row for lane in self.lanes if (row := work.taken.pop(lane, None)) is not None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try, as deliver.py decided it."""

    state: Literal["accepted", "delayed", "unknown", "failed"]
    at: datetime
    native: str | None = None
    reason: str | None = None
    not_before: datetime | None = None
    doubled: bool = False


@dataclass(frozen=True, slots=True)
class Settle(Command[None]):
    """Writes the outcome of a try; a success counts even when it comes late, anything else only from the try's owner."""

    row: OutRow
    outcome: Outcome

    def needs(self, needs: Needs) -> None:
        needs.rows.add(self.row.id)
        if self.row.kind == "send" and self.row.dialog is not None:
            needs.dialogs.add(self.row.dialog)
        if "wish" in self.row.payload:
            needs.wishes.add(WishId(int(self.row.payload["wish"])))

    def fold(self, work: Work) -> None:
        row, outcome = work.rows.get(self.row.id), self.outcome
        if row is None or row.state in ("accepted", "delivered", "read"):
            return
        mine = row.state == "sending" and row.attempts == self.row.attempts
        if not mine and outcome.state != "accepted":
            return
        if row.kind == "send" and row.dialog is not None and row.message_seq is not None:
            self._tell(work, row)
        if row.kind == "open" and row.dialog is not None and outcome.state == "accepted" and outcome.native:
            work.open_thread(row.destination, outcome.native, row.dialog)
        work.change_row(
            row,
            state=outcome.state,
            native=outcome.native,
            reason=outcome.reason,
            not_before=outcome.not_before or row.not_before,
            doubled=row.doubled or outcome.doubled,
            settled_at=work.now if outcome.state in ("accepted", "failed") else None,
        )
        work.rows[row.id] = replace(row, state=outcome.state)

    def _tell(self, work: Work, row: OutRow) -> None:
        """The dialog hears what became of its message: the last part accepted, or any part in trouble."""
        outcome, payload = self.outcome, row.payload
        dialog = work.dialog(self.row.dialog or DialogId(0))
        seq = self.row.message_seq or 0
        author = Author(**_author(payload["author"]))
        if outcome.state == "accepted":
            if not payload.get("last"):
                return
            work.put(dialogs.accepted(dialog, seq, author, outcome.at, work.now, work.rules, human=row.human))
        else:
            mark = Mark(outcome.state)
            reason = outcome.reason or ""
            latest = work.is_latest(dialog)
            work.put(
                dialogs.troubled(
                    dialog, seq, mark, reason, work.now, work.rules, human=row.human, latest=latest
                )
            )
            if outcome.state == "failed":
                for other in work.outgoing(dialog.id, seq):
                    if other.id != row.id and other.state in ("queued", "delayed"):
                        work.change_row(other, state="cancelled", settled_at=work.now)
        if "wish" in payload and outcome.state in ("accepted", "failed"):
            wish = work.wish(WishId(int(payload["wish"])))
            ok = outcome.state == "accepted"
            told = wishes.told(wish, dialog.id, seq, work.now, ok=ok, reason=outcome.reason or "")
            if told is not None:
                work.put_wish(told)


@dataclass(frozen=True, slots=True)
class Opened(Command[None]):
    """A dialog has been opened at a desk that had not shown it before."""

    desk: DeskName
    thread: ThreadId
    dialog: DialogId

    def needs(self, needs: Needs) -> None:
        """Nothing: a thread stands for itself."""

    def fold(self, work: Work) -> None:
        work.open_thread(f"desk:{self.desk}", self.thread, self.dialog)


def _author(payload: Json) -> Json:
    return payload | {"id": None if payload["id"] is None else int(payload["id"])}


@dataclass(frozen=True, slots=True)
class StoreFile(Command[FileId]):
    """Remembers an uploaded file that no message carries yet."""

    owner: str
    url: str
    name: str
    type: str
    size: int

    def needs(self, needs: Needs) -> None:
        """Nothing: a file stands alone until a message carries it."""

    def fold(self, work: Work) -> FileId:
        id = FileId(Ids.draw())
        work.file(
            {
                "id": id,
                "dialog": None,
                "seq": None,
                "owner": self.owner,
                "state": "stored",
                "url": self.url,
                "name": self.name,
                "type": self.type,
                "size": self.size,
                "created_at": work.now,
            }
        )
        return id


@dataclass(frozen=True, slots=True)
class Quarantine(Command[None]):
    """Keeps an authentic event that could not be understood, for agents to see and replay."""

    channel: ChannelName
    event_key: str
    raw: bytes
    reason: str

    def needs(self, needs: Needs) -> None:
        needs.keys.add(self.event_key)

    def fold(self, work: Work) -> None:
        if self.event_key in work.seen:
            return
        work.remember(self.event_key, DialogId(0), 0)
        work.row(
            t.quarantine,
            {
                "id": Ids.draw(),
                "channel": self.channel,
                "event_key": self.event_key,
                "raw": self.raw,
                "reason": self.reason,
                "attempts": 1,
                "state": "held",
                "at": work.now,
            },
        )
        work.effects.wakes.add("desk")
