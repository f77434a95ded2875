"""The hands' commands: a row of the outbox is taken, and what became of the try is written down.

Owns the way from an outcome to the dialog that it concerns. It must never decide what an error means (deliver.py does),
nor which row of a lane goes first (lanes.py does).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bridge.conversations import fetches, lanes, marks, rewriting, wishes
from bridge.conversations.committer import Command
from bridge.conversations.store import OutRow
from bridge.conversations.work import Needs, Work
from bridge.media import Kept
from bridge.messages import Author, DeskName, DialogId, Json, Mark, ThreadId, WishId


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
    gone: bool = False
    """the contact cannot be reached any more"""
    kept: Kept | None = None
    """the file that was fetched"""


@dataclass(frozen=True, slots=True)
class Settle(Command[None]):
    """Writes the outcome of a try; a success counts even when it comes late, anything else only from the try's owner."""

    row: OutRow
    outcome: Outcome
    told: bool = False
    """True when the platform itself has said so, whoever's try it is"""

    def needs(self, needs: Needs) -> None:
        needs.rows.add(self.row.id)
        if self.row.dialog is not None and (self._said or self.row.kind == fetches.KIND):
            needs.dialogs.add(self.row.dialog)
        if "wish" in self.row.payload:
            needs.wishes.add(WishId(int(self.row.payload["wish"])))

    @property
    def _said(self) -> bool:
        """Whether this is about what the contact reads."""
        changes = self.row.kind in ("edit", "delete") and self.row.destination.startswith("channel:")
        return self.row.kind == "send" or changes

    def fold(self, work: Work) -> None:
        row, outcome = work.rows.get(self.row.id), self.outcome
        if row is None or row.state in ("accepted", "delivered", "read"):
            return
        mine = self.told or (row.state == "sending" and row.attempts == self.row.attempts)
        if not mine and outcome.state != "accepted":
            return
        if row.kind == "send" and row.dialog is not None and row.message_seq is not None:
            self._tell(work, row)
        elif row.kind == fetches.KIND:
            fetches.settled(work, row, outcome)
        elif self._said and outcome.state in ("accepted", "failed"):
            rewriting.settled(work, row, None if outcome.state == "accepted" else outcome.reason or "?")
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
            work.put(marks.accepted(dialog, seq, author, outcome.at, work.now, work.rules, human=row.human))
        else:
            mark = Mark(outcome.state)
            reason = outcome.reason or ""
            latest = work.is_latest(dialog)
            work.put(
                marks.troubled(
                    dialog,
                    seq,
                    mark,
                    reason,
                    work.now,
                    work.rules,
                    human=row.human,
                    latest=latest,
                    gone=outcome.gone,
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
