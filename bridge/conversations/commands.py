"""What the edges may ask of the mind: hear a contact, say an agent's words, keep a file.

Owns the way from a command to the pure transition it means. It must never write rows itself; what agents decide about
subjects lives in verbs.py, the hands' commands in tries.py, the clock's in rings.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.conversations import arrivals, contacts, marks, news, rewriting, store, wishes
from bridge.conversations import dialog as dialogs
from bridge.conversations.committer import Command
from bridge.conversations.work import Needs, Work
from bridge.conversations.writes import Ids
from bridge.errors import Missing, Refused, TooMuch
from bridge.messages import (
    Address,
    Author,
    ChannelName,
    DeskName,
    DialogId,
    FileId,
    IdentityId,
    Incoming,
    LineName,
    Mark,
    NativeId,
    Receipt,
    Status,
    WishId,
)


@dataclass(frozen=True, slots=True)
class Receive(Command[Receipt]):
    """A contact's message; the same event key is taken once, for ever. `files` are his uploads to be attached."""

    incoming: Incoming
    files: tuple[FileId, ...] = ()
    absent: frozenset[LineName] = frozenset()
    """lines on which nobody is on duty now"""

    def needs(self, needs: Needs) -> None:
        incoming = self.incoming
        needs.keys.add(incoming.event_key)
        needs.addresses.add((incoming.channel, incoming.address))
        if incoming.reply_to is not None:
            needs.natives.add((incoming.channel, incoming.address, incoming.reply_to))

    def fold(self, work: Work) -> Receipt:
        incoming = self.incoming
        if (before := work.seen.get(incoming.event_key)) is not None:
            return Receipt(*before, new=False)
        if self.files:
            stored = work.files(self.files, owner=f"{incoming.channel}/{incoming.address}")
            incoming = replace(incoming, attachments=incoming.attachments + stored)
        work.rules.channel(incoming.channel)
        said = arrivals.take_in(work, incoming, self.absent)
        work.remember(incoming.event_key, said.dialog, said.seq)
        if said.native is not None and work.identities[incoming.channel, incoming.address].early > 0:
            news.catch_up(work, incoming.channel, incoming.address, said.native)
        return Receipt(said.dialog, said.seq)


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
            work.meet(arrivals.stranger(self.channel, self.address, name, channel.languages[0], email))
        elif identity.dialog is None:
            work.know(replace(identity, name=name or identity.name, email=email or identity.email))
        else:
            change = contacts.introduced(work.dialog(identity.dialog), name, email, work.now, work.rules)
            if change is not None:
                work.put(change)


@dataclass(frozen=True, slots=True)
class Bookmark(Command[None]):
    """A channel has read so far of what its platform keeps for it; the latest word counts."""

    channel: ChannelName
    place: str

    def needs(self, needs: Needs) -> None:
        """Nothing: whoever comes last is right."""

    def fold(self, work: Work) -> None:
        work.rules.channel(self.channel)
        work.keep_bookmark(self.channel, self.place)


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
    reply_to: int | None = None
    """seq of the message of this dialog that is answered"""

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
        answered = None if self.reply_to is None else work.recall.message(dialog.id, self.reply_to)
        reply_to = None if answered is None else rewriting.native(work, dialog, answered)
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
            answered=answered,
            reply_to=reply_to,
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
        work.put(marks.reached(work.dialog(identity.dialog), self.upto, self.mark, work.now))


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
class StoreFile(Command[FileId]):
    """Remembers an uploaded file that no message carries yet."""

    owner: str
    url: str
    name: str
    type: str
    size: int
    per_day: int | None = None
    """bytes that this owner may hand in within a day"""

    def needs(self, needs: Needs) -> None:
        """Nothing: a file stands alone until a message carries it."""

    def fold(self, work: Work) -> FileId:
        if self.per_day is not None:
            before = store.handed_in(work.connection, self.owner, work.now - timedelta(days=1))
            before += sum(row["size"] for row in work.new_files() if row["owner"] == self.owner)
            if before + self.size > self.per_day:
                raise TooMuch(
                    f"files of {self.per_day // 1_048_576} MB a day are all that is taken from one sender"
                )
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
                "kind": "file",
                "ref": None,
                "reason": None,
                "created_at": work.now,
            }
        )
        return id
