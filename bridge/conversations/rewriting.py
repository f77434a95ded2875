"""An agent edits or deletes a message of his: the way from the verb to what can still be done about it.

Owns looking at where the message's posts stand, and who may change whose words. It must never write rows itself, nor
decide how a change is put (corrections.py does).
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge import actions as a
from bridge.conversations import corrections, marks, natives, roles
from bridge.conversations.changes import Dialog, lane, to_channel
from bridge.conversations.outbox import LEFT_OUT
from bridge.conversations.said import Said
from bridge.conversations.store import OutRow
from bridge.conversations.work import Work
from bridge.errors import Missing, NotAllowed, Refused
from bridge.messages import Author, Json, Mark, NativeId

IN_HAND = ("queued", "delayed")
"""States of a post that nobody has tried to send, or that has surely not arrived."""
NOT_THERE = ("failed", "cancelled")


def edit(work: Work, dialog: Dialog, verb: a.Edit, agent: a.Agent) -> Json:
    """Other words for a message: in place, by the platform, or by a line of correction; the answer says which."""
    message = _own(work, dialog, verb.seq, agent, "change")
    text, me = verb.text.strip(), agent.id
    if not text:
        raise Refused("write something; what should not be there at all is deleted")
    if text == message.text:
        raise Refused("that is what it says already")
    now, rules = work.now, work.rules
    if message.private:
        work.put(corrections.note_changed(dialog, message, text, me, now, rules))
        return {"how": "rewritten", "seq": message.seq}
    rows = _rows(work, dialog, message)
    files, reply_to = _files(rows), rows[0].payload.get("reply_to")
    if all(row.state in (*IN_HAND, *NOT_THERE) for row in rows):
        if message.mark is Mark.failed:
            _latest(work, dialog)
        work.put(corrections.rewritten(dialog, message, files, reply_to, text, me, now, rules))
        return {"how": "rewritten", "seq": message.seq}
    _latest(work, dialog)
    change = corrections.asked_to_change(dialog, message, files, text, me, now, rules)
    if change is not None:
        work.put(change)
        return {"how": "asked", "seq": message.seq}
    if not rules.line_of(dialog.channel, dialog.line).speaks:
        raise NotAllowed("this line does not write to contacts, and here a change is a message")
    author = Author("agent", me, agent.name)
    change = corrections.corrected(dialog, message, native(work, dialog, message), text, author, now, rules)
    work.put(change)
    return {"how": "corrected", "seq": next(said.seq for said in change.said if said.event == "correction")}


def delete(work: Work, dialog: Dialog, verb: a.Delete, agent: a.Agent) -> Json:
    """A message is taken back: at once where nobody has seen it, else by the platform; refused where it cannot."""
    message = _own(work, dialog, verb.seq, agent, "delete")
    me, now, rules = agent.id, work.now, work.rules
    if message.private:
        work.put(corrections.note_removed(dialog, message, me, now, rules))
        return {"how": "rewritten", "seq": message.seq}
    rows = _rows(work, dialog, message)
    if all(row.state in IN_HAND for row in rows):
        work.put(marks.undone(dialog, message.seq, me, now, rules, keep=False))
        return {"how": "rewritten", "seq": message.seq}
    if all(row.state in NOT_THERE for row in rows):
        work.put(corrections.note_removed(dialog, message, me, now, rules))
        return {"how": "rewritten", "seq": message.seq}
    _latest(work, dialog)
    parts = [place for place, row in enumerate(rows) if row.state not in NOT_THERE]
    work.put(corrections.asked_to_remove(dialog, message, parts, me, now, rules))
    return {"how": "asked", "seq": message.seq}


def settled(work: Work, row: OutRow, reason: str | None) -> None:
    """The platform has changed or removed a part of a message, or will not (`reason`); the last part tells of the whole."""
    if row.dialog is None or row.message_seq is None:
        return
    dialog, now, rules = work.dialog(row.dialog), work.now, work.rules
    message = work.recall.message(row.dialog, row.message_seq)
    waiting = [
        other
        for other in natives.unsettled(work.connection, row.lane)
        if (other.kind, other.message_seq) == (row.kind, row.message_seq) and other.id != row.id
    ]
    if reason is not None:
        for other in waiting:
            if other.seq == row.seq:
                work.change_row(other, state="cancelled", settled_at=now)
        _not_done(work, dialog, message, row, reason)
    elif row.payload.get("last"):
        if row.kind == "delete":
            work.put(corrections.removed(dialog, message, now, rules))
        else:
            change = corrections.changed(
                dialog, message, row.payload["whole"], now, rules, more=bool(waiting)
            )
            work.put(change)


def _not_done(work: Work, dialog: Dialog, message: Said, row: OutRow, reason: str) -> None:
    now, rules = work.now, work.rules
    if message.mark is not Mark.failed:
        work.put(corrections.unchanged(dialog, message, row.kind, reason, now, rules))
    elif row.kind == "delete":
        work.outgoing(dialog.id, message.seq)
        work.put(corrections.note_removed(dialog, message, None, now, rules))
    else:
        # What has never arrived can still be given other words: a retry sends those.
        rows = _rows(work, dialog, message)
        files, reply_to, text = _files(rows), rows[0].payload.get("reply_to"), row.payload["whole"]
        change = corrections.rewritten(dialog, message, files, reply_to, text, None, now, rules, again=False)
        work.put(change)


def _own(work: Work, dialog: Dialog, seq: int, agent: a.Agent, what: str) -> Said:
    """The message, if it is this agent's to change."""
    message = work.recall.message(dialog.id, seq)
    if message.author.kind != "agent":
        raise Refused(f"only what agents have said can be {what}d")
    if message.author.id != agent.id and not roles.leads(agent):
        raise NotAllowed(f"only {message.author.name} or a lead may {what} this")
    if message.deleted_at is not None or (message.data or {}).get("pending") == "delete":
        raise Refused("it has been taken back already")
    return message


def _rows(work: Work, dialog: Dialog, message: Said) -> list[OutRow]:
    """The posts of a message, in its order; those that it no longer needs stood at its end."""
    rows = [row for row in work.outgoing(dialog.id, message.seq) if row.reason != LEFT_OUT]
    if not rows:
        raise Missing(f"this dialog has no outgoing message {message.seq}")
    return rows


def _files(rows: Sequence[OutRow]) -> list[Json]:
    """The files that these posts carry, in their order."""
    return [file for row in rows for file in row.payload.get("attachments") or _lone(row.payload)]


def _lone(payload: Json) -> list[Json]:
    return [payload["file"]] if "file" in payload else []


def native(work: Work, dialog: Dialog, message: Said) -> NativeId | None:
    """What the contact's platform calls a message; None while it has not come there."""
    if message.author.kind == "contact":
        return message.native
    towards = lane(dialog.id, to_channel(dialog.channel))
    found = natives.parts(work.connection, dialog.id, message.seq, towards)
    return next((each for each in found if each is not None), None)


def _latest(work: Work, dialog: Dialog) -> None:
    if not work.is_latest(dialog):
        raise Refused("the contact has a newer dialog: write there")
