"""What one transaction remembers of messages: those it has loaded, and those it is about to write.

Owns finding a message by its platform's id or its place in the dialog, as it is after all that the transaction has
decided so far. It must never decide, nor write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from bridge.conversations import natives, store
from bridge.conversations.changes import Change, Dialog, Revised, Spoken
from bridge.conversations.natives import Early, Place
from bridge.conversations.said import Said, said
from bridge.errors import Missing
from bridge.messages import Address, ChannelName, DialogId, IdentityId, NativeId

_CHANGES = ("text", "private", "data", "mark", "edited_at", "deleted_at")


class Recall:
    """The messages of one transaction in the making."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._places: dict[Place, tuple[DialogId, int]] = {}
        self._messages: dict[tuple[DialogId, int], Said] = {}
        self._fresh: dict[Place, Spoken] = {}
        """what is said in this transaction, until somebody asks for it: hardly anybody does"""
        self._early: dict[tuple[IdentityId, NativeId], Early | None] = {}

    def learn(self, places: Mapping[Place, Said]) -> None:
        """What has been found by its platform's id."""
        for place, message in places.items():
            self._places[place] = (message.dialog, message.seq)
            self._messages[message.dialog, message.seq] = message

    def dialogs(self) -> set[DialogId]:
        """The dialogs of the messages found."""
        return {dialog for dialog, _ in self._messages}

    def take(self, change: Change) -> None:
        """What is said and revised from now on."""
        dialog = change.dialog
        for spoken in change.said:
            if spoken.native is not None and spoken.author.kind == "contact":
                self._fresh[dialog.channel, dialog.address, spoken.native] = spoken
        if self._messages:
            for revised in change.revised:
                self._revise(revised)

    def arrived(self, dialog: Dialog, native: NativeId, spoken: Spoken) -> None:
        """What was said past us is known by its platform's id from now on, too."""
        self._fresh[dialog.channel, dialog.address, native] = spoken

    def _revise(self, revised: Revised) -> None:
        known = self._messages.get((revised.dialog, revised.seq))
        if known is not None:
            new = {name: value for name in _CHANGES if (value := getattr(revised, name)) is not None}
            self._messages[revised.dialog, revised.seq] = replace(known, **new)

    def by_native(self, channel: ChannelName, address: Address, native: NativeId) -> Said | None:
        """The message its platform knows by this id; it must be among what the command needs."""
        fresh = self._fresh.pop((channel, address, native), None)
        if fresh is not None:
            self.learn({(channel, address, native): said(fresh)})
        place = self._places.get((channel, address, native))
        return None if place is None else self._messages[place]

    def message(self, dialog: DialogId, seq: int) -> Said:
        """A message of a dialog, loaded now; raises `Missing`."""
        if (dialog, seq) not in self._messages:
            found = store.messages(self._connection, dialog, [seq])
            if seq not in found:
                raise Missing(f"this dialog has no message {seq}")
            self._messages[dialog, seq] = found[seq]
        return self._messages[dialog, seq]

    def said_at(self, dialog: DialogId, seq: int) -> datetime | None:
        """When a message was said, also one of this transaction; None for one that is not here."""
        for spoken in self._fresh.values():
            if (spoken.dialog, spoken.seq) == (dialog, seq):
                return spoken.said_at
        try:
            return self.message(dialog, seq).said_at
        except Missing:
            return None

    def early(self, identity: IdentityId, native: NativeId) -> Early | None:
        """What was said of a message before it came, loaded now."""
        key = (identity, native)
        if key not in self._early:
            self._early[key] = natives.early(self._connection, identity, native)
        return self._early[key]

    def keep_early(self, early: Early) -> None:
        """What is known of a message that has not come, from now on."""
        self._early[early.identity, early.native] = early
