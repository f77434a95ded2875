"""An agent changes or takes back what he has said: in place where that is still possible, openly where it is not. Pure.

Owns the choice between rewriting what has not gone out, asking the platform to change what has, and a line of
correction. What the contact has seen changes here only once his platform has said that it has changed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from bridge.conversations import greeter, marks, posts
from bridge.conversations.changes import Change, Dealt, Dialog, Draft, to_channel
from bridge.conversations.lines import Rules
from bridge.conversations.revisions import MOST_EARLIER
from bridge.conversations.said import Said, quote
from bridge.errors import Refused
from bridge.messages import AgentId, Author, Json, Mark, NativeId

How = Literal["rewritten", "asked", "corrected"]
"""Done at once, asked of the platform, or said once more in a line of correction."""


def note_changed(
    dialog: Dialog, message: Said, text: str, agent: AgentId | None, now: datetime, rules: Rules
) -> Change:
    """A note says something else: colleagues see what it said before."""
    draft = Draft(dialog, now)
    _say(draft, message, text, rules)
    draft.act("edited", agent, seq=message.seq)
    return draft.change()


def note_removed(dialog: Dialog, message: Said, agent: AgentId | None, now: datetime, rules: Rules) -> Change:
    """A note, or a message that never went out, is no longer there."""
    draft = Draft(dialog, now)
    draft.cancelled.append(message.seq)
    _remove(draft, message, rules)
    draft.act("deleted", agent, seq=message.seq)
    return draft.change()


def rewritten(
    dialog: Dialog,
    message: Said,
    files: Sequence[Json],
    reply_to: NativeId | None,
    text: str,
    agent: AgentId | None,
    now: datetime,
    rules: Rules,
    *,
    again: bool = True,
) -> Change:
    """Nobody has seen the message yet: it goes out with other words; one that had failed is sent `again` with them."""
    limits = rules.channel_of(dialog.channel).limits
    draft, message = Draft(dialog, now), _settled(message)
    if message.mark is Mark.failed and again:
        marks.send_again(draft, message.seq, rules, human=True)
    payloads = posts.parts(dialog, message.author, message.seq, text, files, limits, message.data, reply_to)
    draft.dealt.append(Dealt(message.seq, tuple(payloads)))
    after = replace(message, text=text)
    draft.revise(message.seq, text=text, data=after.data)
    _show(draft, after, rules)
    draft.act("edited", agent, seq=message.seq)
    return draft.change()


def asked_to_change(
    dialog: Dialog,
    message: Said,
    files: Sequence[Json],
    text: str,
    agent: AgentId,
    now: datetime,
    rules: Rules,
) -> Change | None:
    """The platform is asked to change what has gone out; None where it cannot, or not as many parts as that would be."""
    limits = rules.channel_of(dialog.channel).limits
    if not limits.edits:
        return None
    before, after = (
        posts.parts(dialog, message.author, message.seq, each, files, limits, None, None)
        for each in (message.text, text)
    )
    if len(before) != len(after):
        return None
    changed = [place for place, part in enumerate(after) if part["text"] != before[place]["text"]]
    draft = Draft(dialog, now)
    _await(draft, message, "edit")
    for place in changed:
        payload = after[place] | {"part": place, "last": place == changed[-1], "whole": text}
        draft.post("edit", to_channel(dialog.channel), payload, message_seq=message.seq)
    draft.act("edited", agent, seq=message.seq)
    return draft.change()


def corrected(
    dialog: Dialog,
    message: Said,
    native: NativeId | None,
    text: str,
    author: Author,
    now: datetime,
    rules: Rules,
) -> Change:
    """The contact keeps what he has seen, and is told what it should have been."""
    draft = Draft(dialog, now)
    words = greeter.text(rules.channel_of(dialog.channel), dialog.language, "correction", text=text)
    data = {"of": message.seq, "quote": quote(message)}
    spoken = posts.send(draft, author, words, rules, event="correction", data=data, reply_to=native)
    draft.set(preview=posts.preview(spoken), replied_seq=spoken.seq)
    draft.revise(message.seq, data=(message.data or {}) | {"corrected": spoken.seq})
    draft.act("corrected", AgentId(author.id) if author.id is not None else None, seq=message.seq)
    return draft.change()


def asked_to_remove(
    dialog: Dialog, message: Said, parts: Sequence[int], agent: AgentId, now: datetime, rules: Rules
) -> Change:
    """The platform is asked to take back what has gone out, part by part."""
    if not rules.channel_of(dialog.channel).limits.deletes:
        raise Refused(
            "what has gone out cannot be taken back on this channel: change it, and a correction goes out"
        )
    draft = Draft(dialog, now)
    _await(draft, message, "delete")
    for part in parts:
        payload: Json = {
            "address": dialog.address,
            "seq": message.seq,
            "part": part,
            "last": part == parts[-1],
        }
        draft.post("delete", to_channel(dialog.channel), payload, message_seq=message.seq)
    draft.act("deleted", agent, seq=message.seq)
    return draft.change()


def changed(
    dialog: Dialog, message: Said, text: str, now: datetime, rules: Rules, *, more: bool = False
) -> Change:
    """The platform has changed the message: now it says this for everybody. With `more` it was asked again since."""
    draft = Draft(dialog, now)
    _say(draft, message if more else _settled(message), text, rules)
    return draft.change()


def removed(dialog: Dialog, message: Said, now: datetime, rules: Rules) -> Change:
    """The platform has taken the message back."""
    draft = Draft(dialog, now)
    _remove(draft, _settled(message), rules)
    return draft.change()


def unchanged(dialog: Dialog, message: Said, what: str, reason: str, now: datetime, rules: Rules) -> Change:
    """The platform has not done what it was asked for: the contact sees what he saw before, and agents are told so."""
    draft = Draft(dialog, now)
    after = _settled(message)
    draft.revise(message.seq, data=after.data or {})
    event = "not_edited" if what == "edit" else "not_deleted"
    done = "changed" if what == "edit" else "taken back"
    spoken = draft.tell_inside(event, f"Not {done}: {reason}", seq=message.seq, reason=reason)
    posts.mirror(draft, spoken, rules)
    return draft.change()


def _say(draft: Draft, message: Said, text: str, rules: Rules) -> None:
    data = dict(message.data or {})
    if text != message.text:
        at = message.edited_at or message.said_at
        earlier = [*data.get("earlier", []), {"text": message.text, "at": at.isoformat()}]
        data["earlier"] = [earlier[0], *earlier[1:][-(MOST_EARLIER - 1) :]]
    after = replace(message, text=text, data=data, edited_at=draft.now)
    draft.revise(message.seq, text=text, data=data, edited_at=draft.now)
    _show(draft, after, rules)


def _show(draft: Draft, message: Said, rules: Rules) -> None:
    if posts.listed(draft.dialog, message):
        draft.set(preview=posts.preview(message))
    posts.revise(draft, message, rules)


def _remove(draft: Draft, message: Said, rules: Rules) -> None:
    draft.revise(message.seq, data=message.data or {}, deleted_at=draft.now)
    if posts.listed(draft.dialog, message):
        draft.set(preview=posts.preview(replace(message, text="", data=None)))
    posts.take_back(draft, replace(message, deleted_at=draft.now), rules)


def _await(draft: Draft, message: Said, what: str) -> None:
    """Until the platform has answered, who looks at the dialog sees that it was asked."""
    draft.revise(message.seq, data=(message.data or {}) | {"pending": what})


def _settled(message: Said) -> Said:
    data = {name: value for name, value in (message.data or {}).items() if name != "pending"}
    return replace(message, data=data)
