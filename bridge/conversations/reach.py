"""Whether a contact can be written to, and what a person says to him past us. Pure.

Owns what a dialog learns when its contact blocks us or comes back, and when somebody answers on the platform's own
page. It must never send anything: what was said there is there.
"""

from __future__ import annotations

from datetime import datetime

from bridge.conversations import posts, promises
from bridge.conversations.changes import Change, Dialog, Draft, to_channel
from bridge.conversations.lines import Rules
from bridge.messages import Author, Echoed, Mark, Status

BLOCKED = "the contact has blocked us"


def lost(dialog: Dialog, reason: str, now: datetime, rules: Rules) -> Change | None:
    """The contact cannot be reached any more; None when that was known.

    What is written to him later is tried all the same: whether he has come back, his platform knows best, and says so
    at once.
    """
    if dialog.unreachable is not None:
        return None
    draft = Draft(dialog, now)
    draft.set(unreachable=reason)
    spoken = draft.tell_inside("unreachable", f"The contact cannot be reached: {reason}.", reason=reason)
    posts.mirror(draft, spoken, rules)
    posts.show(draft, rules)
    return draft.change()


def found(dialog: Dialog, now: datetime, rules: Rules) -> Change | None:
    """The contact can be reached again; None when nobody had thought otherwise."""
    if dialog.unreachable is None:
        return None
    draft = Draft(dialog, now)
    draft.set(unreachable=None)
    posts.mirror(draft, draft.tell_inside("reachable", "The contact can be reached again."), rules)
    posts.show(draft, rules)
    return draft.change()


def echoed(dialog: Dialog, echo: Echoed, now: datetime, rules: Rules) -> Change:
    """A person has answered on the platform's own page: his words stand in the dialog, and keep the promise.

    The moment he said it counts, unless it lies before the question. What another program says answers nobody: the
    dialog goes on as it was.
    """
    draft = Draft(dialog, now)
    opening = not dialog.preview
    at = min(echo.said_at or now, now)
    author = Author("bot" if echo.automatic else "agent", None, echo.author_name or dialog.channel)
    draft.set(bot_asks=None)
    late = echo.automatic or (dialog.promise is not None and at < dialog.promise.started_at)
    if opening or (dialog.status is Status.resolved and not late):
        draft.set(status=Status.waiting, resolved_at=None)
    spoken = draft.say(author, echo.text, event="echo", mark=Mark.accepted, said_at=at)
    draft.wait_for(spoken.seq, echo.remote)
    draft.post(
        "send",
        to_channel(dialog.channel),
        posts.said_elsewhere(dialog, spoken),
        message_seq=spoken.seq,
        human=not echo.automatic,
        native=echo.native,
    )
    draft.set(preview=posts.preview(spoken, echo.remote))
    if not late:
        draft.set(replied_seq=spoken.seq)
        promises.answered(draft, spoken.seq, None, at, rules)
    if opening:
        posts.open(draft, rules)
    posts.mirror(draft, spoken, rules)
    posts.show(draft, rules)
    return draft.change()
