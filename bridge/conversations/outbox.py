"""The outbox of one transaction: posts that are added, and rows that are stopped, restarted or given other words.

Owns the way from a `Post` to its row and back from a message to the rows that carry it. It must never decide what is
sent, nor when a row has been: the pure core and deliver.py do.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy.engine import Connection

from bridge.conversations import store
from bridge.conversations import tables as t
from bridge.conversations.changes import Change, Dealt, Post
from bridge.conversations.effects import Effects
from bridge.conversations.store import OutRow
from bridge.conversations.writes import Ids, Writes
from bridge.messages import DialogId

LEFT_OUT = "left out"
"""The reason of a post whose message has become shorter: nothing sends it, not even a retry."""
STOPPABLE = ("queued", "delayed", "unknown", "failed")
"""States in which nobody is sending a row, and in which somebody may yet."""


class Outbox:
    """The rows that one transaction knows and changes."""

    def __init__(self, connection: Connection, writes: Writes, effects: Effects, now: datetime) -> None:
        self.rows: dict[int, OutRow] = {}
        self._connection = connection
        self._writes = writes
        self._effects = effects
        self._now = now

    def post(self, post: Post) -> None:
        """A new row; what is there already is written down as arrived and rings for nobody."""
        row = {
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
            "created_at": self._now,
        }
        if post.native is None:
            self._writes.insert(t.outbox, row)
            self._effects.ring(post.lane, post.destination, post.not_before)
        else:
            there = {"state": "accepted", "native": post.native, "settled_at": self._now}
            self._writes.arrived.append(row | there)

    def change(self, row: OutRow, **fields: object) -> None:
        """Changes a row; the guard is its state and number of attempts as loaded."""
        state, not_before = self._writes.change_row(row, fields)
        if state in ("queued", "delayed", "unknown"):
            self._effects.ring(row.lane, row.destination, not_before)

    def outgoing(self, dialog: DialogId, seq: int) -> list[OutRow]:
        """The posts that carry a message to the contact, loaded now, in their order."""
        rows = sorted(store.outgoing(self._connection, dialog, [seq]), key=lambda row: (row.seq, row.part))
        for row in rows:
            self.rows.setdefault(row.id, row)
        return rows

    def redirect(self, change: Change) -> None:
        """Stops, restarts or rewrites the posts to the contact that carry the messages named."""
        for row in self.rows.values():
            if row.dialog != change.dialog.id or row.kind != "send" or row.reason == LEFT_OUT:
                continue
            if row.message_seq in change.cancelled and row.state in STOPPABLE:
                self.change(row, state="cancelled", settled_at=self._now)
            elif row.message_seq in change.retried and row.state in ("failed", "cancelled"):
                self.change(row, state="queued", not_before=self._now, reason=None, settled_at=None)
        for dealt in change.dealt:
            self._deal(change.dialog.id, dealt)

    def _deal(self, dialog: DialogId, dealt: Dealt) -> None:
        """Other words for posts that have not gone out: in their own rows, with more or fewer of them."""
        rows = self.outgoing(dialog, dealt.seq)
        first, last = rows[0], rows[-1]
        for row, payload in zip(rows, dealt.payloads, strict=False):
            self._writes.rewrite_row(row, payload)
            if row.reason == LEFT_OUT:
                moment = first.not_before
                self.change(row, state="queued", reason=None, not_before=moment, settled_at=None)
        for row in rows[len(dealt.payloads) :]:
            self.change(row, state="cancelled", reason=LEFT_OUT, settled_at=self._now)
        for number, payload in enumerate(dealt.payloads[len(rows) :], 1):
            self.post(
                Post(
                    lane=last.lane,
                    seq=last.seq,
                    part=last.part + number,
                    kind="send",
                    destination=last.destination,
                    dialog=dialog,
                    payload=payload,
                    not_before=first.not_before,
                    message_seq=dealt.seq,
                    human=last.human,
                )
            )
