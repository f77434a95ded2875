"""What becomes of a file that was still at its platform: it comes, it cannot be had, it is asked for again. Pure.

Owns what agents see of that, in the message that bears the file and at desks that are posted to. It must never say
anything to the contact, nor move a clock: his message was there before its files.
"""

from __future__ import annotations

from datetime import datetime

from bridge.conversations import posts
from bridge.conversations.changes import Change, Dialog, Draft
from bridge.conversations.lines import Rules
from bridge.conversations.said import Said
from bridge.messages import AgentId, Attachment, Remote


def added(dialog: Dialog, message: Said, remote: tuple[Remote, ...], now: datetime) -> Change:
    """An edit has brought files that the message did not bear before; those it bore are still shown."""
    draft = Draft(dialog, now)
    draft.revise(message.seq)
    draft.wait_for(message.seq, remote)
    return draft.change()


def stored(dialog: Dialog, message: Said, file: Attachment, now: datetime, rules: Rules) -> Change:
    """The file has come."""
    draft = Draft(dialog, now)
    draft.revise(message.seq)
    posts.hand_over(draft, message, [file], rules)
    return draft.change()


def late(dialog: Dialog, message: Said, now: datetime) -> Change:
    """The file has not come yet, and now there is a reason."""
    draft = Draft(dialog, now)
    draft.revise(message.seq)
    return draft.change()


def failed(dialog: Dialog, message: Said, name: str, reason: str, now: datetime, rules: Rules) -> Change:
    """The file cannot be had: that is said where its message is shown."""
    draft = Draft(dialog, now)
    draft.revise(message.seq)
    posts.miss(draft, message, name, reason, rules)
    return draft.change()


def retried(dialog: Dialog, seq: int, agent: AgentId, now: datetime) -> Change:
    """An agent has the files that could not be had fetched once more."""
    draft = Draft(dialog, now)
    draft.revise(seq)
    draft.act("refetched", agent, seq=seq)
    return draft.change()
