"""What becomes of what we send: accepted, in trouble, seen, taken back, tried again. Pure.

Owns the marks of our messages and what each means for the dialog; the promise hears of it here. It must never decide
how a failed try counts (deliver.py does), nor send anything itself.
"""

from __future__ import annotations

from datetime import datetime

from bridge.conversations import posts, promises
from bridge.conversations.changes import Change, Dialog, Draft, Seen
from bridge.conversations.dialog import wake
from bridge.conversations.lines import Rules
from bridge.messages import AgentId, Author, Mark, Status


def accepted(
    dialog: Dialog, seq: int, author: Author, at: datetime, now: datetime, rules: Rules, *, human: bool
) -> Change:
    """The platform took our message `seq`: its author sees so, and a person's answer keeps the promise."""
    draft = Draft(dialog, now)
    if dialog.unreachable is not None:
        draft.set(unreachable=None)
    draft.revise(seq, mark=Mark.accepted)
    if human:
        promises.answered(draft, seq, AgentId(author.id) if author.id is not None else None, at, rules)
    posts.mark(draft, seq, Mark.accepted, None, rules)
    return draft.change()


def troubled(
    dialog: Dialog,
    seq: int,
    mark: Mark,
    reason: str,
    now: datetime,
    rules: Rules,
    *,
    human: bool,
    latest: bool = True,
    gone: bool = False,
) -> Change:
    """Our message `seq` is delayed, doubtful or has failed; a failed answer brings the dialog back.

    A dialog that a newer one has followed (`latest` is False) only says so; the contact is answered there. `gone`: he
    cannot be reached any more.
    """
    draft = Draft(dialog, now)
    if gone:
        draft.set(unreachable=reason)
    draft.revise(seq, mark=mark, reason=reason)
    if mark is Mark.failed and human:
        spoken = draft.tell_inside("failed", f"Not delivered: {reason}", seq=seq, reason=reason)
        posts.mirror(draft, spoken, rules)
        _unreplied(draft, seq)
        _owed_again(draft)
        if latest:
            if dialog.status is Status.snoozed:
                wake(draft)
            draft.set(status=Status.open, resolved_at=None)
            if draft.dialog.promise is None:
                promises.start(draft, now, rules)
        elif dialog.status is Status.resolved:
            promises.void(draft, None)
    posts.mark(draft, seq, mark, reason, rules)
    return draft.change()


def reached(dialog: Dialog, upto: int, mark: Mark, now: datetime) -> Change:
    """The contact's side says it has (or has read) everything up to `upto`."""
    draft = Draft(dialog, now)
    rev = draft.step()
    draft.seen.append(Seen(dialog.id, upto, rev, mark))
    return draft.change()


def undone(dialog: Dialog, seq: int, agent: AgentId, now: datetime, rules: Rules, *, keep: bool) -> Change:
    """A message that has not gone out yet is taken back, or kept as a note."""
    draft = Draft(dialog, now)
    draft.cancelled.append(seq)
    if keep:
        draft.revise(seq, private=True, mark=Mark.cancelled, reason="kept as a note")
    else:
        draft.revise(seq, mark=Mark.cancelled, reason="taken back", deleted_at=now)
    draft.act("kept_as_note" if keep else "undone", agent, seq=seq)
    _unreplied(draft, seq)
    if dialog.status is Status.resolved:
        promises.void(draft, agent)
    posts.mark(draft, seq, Mark.cancelled, "kept as a note" if keep else "taken back", rules)
    return draft.change()


def retried(
    dialog: Dialog, seq: int, agent: AgentId, now: datetime, rules: Rules, *, human: bool = True
) -> Change:
    """A failed message is tried again; a person's (`human`) may still become the answer."""
    draft = Draft(dialog, now)
    send_again(draft, seq, rules, human=human)
    draft.act("retried", agent, seq=seq)
    return draft.change()


def send_again(draft: Draft, seq: int, rules: Rules, *, human: bool) -> None:
    """What had failed is on its way once more."""
    draft.retried.append(seq)
    if human:
        draft.set(replied_seq=max(draft.dialog.replied_seq, seq))
    draft.revise(seq, mark=Mark.queued, reason="")
    posts.mark(draft, seq, Mark.queued, None, rules)


def _unreplied(draft: Draft, seq: int) -> None:
    """The reply does not go out after all: nothing is on its way any more."""
    if draft.dialog.replied_seq == seq:
        draft.set(replied_seq=draft.dialog.answered_seq)


def _owed_again(draft: Draft) -> None:
    """What the contact asked last counts as unanswered, even if the lost reply had been accepted before."""
    dialog = draft.dialog
    answered = min(dialog.answered_seq, max(0, dialog.contact_seq - 1))
    on_its_way = dialog.replied_seq > dialog.answered_seq
    draft.set(answered_seq=answered, replied_seq=dialog.replied_seq if on_its_way else answered)
