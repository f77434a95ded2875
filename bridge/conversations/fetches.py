"""Files that are still at their platform: a row each from the message's own commit on, and a post that fetches it.

Owns the way from a `Remote` to those rows, and from what became of the fetch back to the message. Fetching is work of
the outbox like any other, in a lane of its own per message: a file that does not come holds up no other message's. It
must never decide what an error means (deliver.py does), nor what agents are shown (attachments.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from bridge.conversations import attachments
from bridge.conversations import tables as t
from bridge.conversations.changes import Awaited, Dialog, Post, lane, to_files
from bridge.conversations.outbox import Outbox
from bridge.conversations.said import Said
from bridge.conversations.statements import Statement
from bridge.conversations.store import OUT_COLUMNS, OutRow
from bridge.conversations.writes import Ids, Writes
from bridge.media import Kept, names
from bridge.messages import AgentId, Attachment, DialogId, FileId, Remote

if TYPE_CHECKING:
    from bridge.conversations.tries import Outcome
    from bridge.conversations.work import Work

KIND: Literal["fetch"] = "fetch"
"""The kind of the posts that fetch."""

_columns = [t.attachment.c[name] for name in ("id", "state", "ref", "kind", "name", "type", "size", "reason")]
_of_message = Statement(
    sa.select(*_columns)
    .where(t.attachment.c.dialog == sa.bindparam("dialog"), t.attachment.c.seq == sa.bindparam("seq"))
    .order_by(t.attachment.c.id)
)
_fetching = Statement(
    sa.select(*OUT_COLUMNS)
    .where(t.outbox.c.dialog == sa.bindparam("dialog"), t.outbox.c.message_seq == sa.bindparam("seq"))
    .where(t.outbox.c.kind == sa.literal_column(f"'{KIND}'"))
    .order_by(t.outbox.c.seq, t.outbox.c.part)
)


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file of a message."""

    id: FileId
    state: str
    ref: str | None
    kind: str
    name: str
    type: str
    size: int
    reason: str | None


def named(remote: Collection[Remote]) -> tuple[Remote, ...]:
    """The same files by names that are safe to show and to store, and by types that are types."""
    return tuple(
        replace(
            file,
            name=names.called(file.name, file.type, file.kind),
            type=names.media_type(file.type),
            size=None if file.size is None or file.size < 0 else file.size,
        )
        for file in remote
    )


def wait_for(writes: Writes, outbox: Outbox, dialog: Dialog, awaited: Awaited, now: datetime) -> None:
    """The rows of files that are to come, and of the posts that fetch them."""
    first = Ids.draw()
    where = to_files(dialog.channel)
    for part, remote in enumerate(awaited.remote):
        id = FileId(first + part)  # in the order in which the message bears them
        writes.insert(
            t.attachment,
            {
                "id": id,
                "dialog": dialog.id,
                "seq": awaited.seq,
                "owner": f"{dialog.channel}/{dialog.address}",
                "state": "pending",
                "url": "",
                "name": remote.name,
                "type": remote.type,
                "size": remote.size or 0,
                "kind": remote.kind,
                "ref": remote.ref,
                "reason": None,
                "created_at": now,
            },
        )
        payload = {"file": str(id), "ref": remote.ref, "type": remote.type, "size": remote.size}
        outbox.post(
            Post(
                lane=f"{lane(dialog.id, where)}>{awaited.seq}",
                seq=awaited.at,
                part=part,
                kind=KIND,
                destination=where,
                dialog=dialog.id,
                payload=payload,
                not_before=now,
                message_seq=awaited.seq,
            )
        )


def add(work: Work, message: Said, remote: tuple[Remote, ...]) -> None:
    """An edit names all the files of a message: those that it did not bear before are fetched, too."""
    known = _files(work, message.dialog, message.seq)
    refs, looks = {file.ref for file in known}, {_look(file) for file in known}
    # A platform may name the same file anew with every message that it tells of.
    new = tuple(file for file in remote if file.ref not in refs and _look(file) not in looks)
    if new:
        work.put(attachments.added(work.dialog(message.dialog), message, new, work.now))


def settled(work: Work, row: OutRow, outcome: Outcome) -> None:
    """What became of a try to fetch: the file is there, cannot be had, or is late for a reason."""
    if row.dialog is None or row.message_seq is None:
        return
    id = FileId(int(row.payload["file"]))
    file = next((one for one in _files(work, row.dialog, row.message_seq) if one.id == id), None)
    if file is None:
        return
    dialog, message = work.dialog(row.dialog), work.recall.message(row.dialog, row.message_seq)
    now, rules, reason = work.now, work.rules, outcome.reason
    if outcome.state == "accepted":
        kept = outcome.kept or Kept("", 0, file.type)
        _change(work, file, state="stored", url=kept.place, type=kept.type, size=kept.size, reason=None)
        came = Attachment(id, file.name, kept.type, kept.size)
        work.put(attachments.stored(dialog, message, came, now, rules))
    elif outcome.state == "failed":
        _change(work, file, state="failed", reason=reason)
        work.put(attachments.failed(dialog, message, file.name, reason or "?", now, rules))
    elif reason != file.reason:
        _change(work, file, reason=reason)
        work.put(attachments.late(dialog, message, now))


def retry(work: Work, dialog: Dialog, seq: int, agent: AgentId) -> bool:
    """Fetches once more what of a message's files could not be had; False when nothing of it has failed."""
    rows = [OutRow(*row) for row in _fetching.ask(work.connection, dialog=dialog.id, seq=seq)]
    failed = {int(row.payload["file"]): row for row in rows if row.state == "failed"}
    if not failed:
        return False
    for file in _files(work, dialog.id, seq):
        if file.id in failed:
            row = failed[file.id]
            work.rows.setdefault(row.id, row)
            work.change_row(row, state="queued", not_before=work.now, reason=None, settled_at=None)
            _change(work, file, state="pending", reason=None)
    work.put(attachments.retried(dialog, seq, agent, work.now))
    return True


def _files(work: Work, dialog: DialogId, seq: int) -> list[File]:
    """The files of a message, those of this very transaction included."""
    stored = [File(*row) for row in _of_message.ask(work.connection, dialog=dialog, seq=seq)]
    names = File.__dataclass_fields__
    return stored + [
        File(**{name: row[name] for name in names})
        for row in work.new_files()
        if (row["dialog"], row["seq"]) == (dialog, seq)
    ]


def _change(work: Work, file: File, **fields: Any) -> None:
    """Writes what is different now; a place is told when the file is there."""
    known = {"state": file.state, "url": "", "type": file.type, "size": file.size, "reason": file.reason}
    work.change_file(file.id, **known | fields)


def _look(file: File | Remote) -> tuple[str, str, int]:
    return file.kind, file.name, file.size or 0
