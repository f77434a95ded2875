"""What happens to a dialog: pure transitions `(dialog, event, now, rules) -> Change`.

Owns the rules of speaking, claiming, resolving and of the contact's messages; promises.py owns the clock's side,
marks.py what becomes of what we send, bot.py what the bot says. It must never await, read a clock or touch a store;
what the rules forbid raises `Refused` and changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from bridge.conversations import bot, posts, promises
from bridge.conversations.changes import Change, Dialog, Draft
from bridge.conversations.lines import Rules
from bridge.conversations.said import Said, extras, quote
from bridge.errors import Refused, Taken
from bridge.messages import (
    AgentId,
    Attachment,
    Author,
    DeskName,
    Incoming,
    Json,
    LineName,
    NativeId,
    Priority,
    Status,
)

Mode = Literal["auto", "send", "note"]
"""How an agent's text is meant: by the safe-side rule, sent whatever the rule says, or kept inside."""


def received(
    dialog: Dialog,
    incoming: Incoming,
    now: datetime,
    rules: Rules,
    *,
    on_duty: bool = True,
    answered: Said | None = None,
) -> Change:
    """A contact wrote: it is recorded and shown on every desk, the promise starts to run, and the bot answers.

    What he says to the bot alone (a press, a wish, his address) promises nothing and reopens nothing. `answered` is the
    message that his words answer.
    """
    draft = Draft(dialog, now)
    opening = not dialog.preview
    channel = rules.channel_of(dialog.channel)
    heard = bot.hear(dialog, incoming, channel)
    draft.set(
        name=dialog.name or incoming.name,
        email=dialog.email or incoming.email,
        language=bot.language(dialog, incoming, channel),
        page=incoming.page or dialog.page,
        bot_asks=None,
        unreachable=None,
    )
    if heard.wants_answer:
        _take_up(draft)
    elif opening:
        draft.set(status=Status.waiting)
    spoken = draft.say(
        Author("contact", dialog.contact, draft.dialog.name),
        incoming.text,
        event=heard.event,
        data=extras(incoming, answered),
        native=incoming.native,
        attachments=incoming.attachments,
        said_at=min(incoming.said_at or now, now),
    )
    draft.wait_for(spoken.seq, incoming.remote)
    if heard.wants_answer or not dialog.contact_seq:
        # A press never hides from a list what he has asked.
        draft.set(preview=posts.preview(spoken, incoming.remote))
    if heard.wants_answer:
        draft.set(contact_seq=spoken.seq)
        if draft.dialog.promise is None:
            promises.start(draft, now, rules)
    elif heard.kind == "wished":
        draft.wished = spoken
    if opening:
        posts.open(draft, rules)
    posts.mirror(draft, spoken, rules)
    bot.answer(draft, heard, now, rules, opening=opening, on_duty=on_duty)
    return draft.change()


def _take_up(draft: Draft) -> None:
    """The contact waits for us again, however the dialog stood."""
    if draft.dialog.status is Status.resolved:
        draft.act("reopened", None)
        draft.set(resolved_at=None, answered_at=None)
    if draft.dialog.status is Status.snoozed:
        wake(draft)
    draft.set(status=Status.open)


def replied(
    dialog: Dialog,
    author: Author,
    text: str,
    now: datetime,
    rules: Rules,
    *,
    mode: Mode = "auto",
    attachments: tuple[Attachment, ...] = (),
    via: DeskName | None = None,
    native: NativeId | None = None,
    answered: Said | None = None,
    reply_to: NativeId | None = None,
) -> Change:
    """An agent wrote: it goes to the contact, is held with Undo, or stays inside, by the safe-side rule.

    `answered` is the message that it answers, `reply_to` what the contact's platform calls that one.
    """
    if not text.removeprefix("//").strip() and not attachments:
        raise Refused("write something, or attach a file")
    draft = Draft(dialog, now)
    agent = AgentId(author.id) if author.id is not None else None
    data = {"quote": quote(answered)} if answered is not None else None
    inside = mode == "note" or text.startswith("//")
    if mode == "auto" and dialog.assignee not in (None, agent):
        inside = True
    if not inside and not rules.line_of(dialog.channel, dialog.line).speaks:
        inside = True
        draft.tell_inside("draft", "This line does not write to contacts: kept as a draft.")
    if inside:
        words = text[2:].lstrip() if text.startswith("//") else text
        spoken = draft.say(author, words, private=True, data=data, attachments=attachments, native=native)
        posts.mirror(draft, spoken, rules, but=via)
        return draft.change()
    if answered is not None and answered.private:
        raise Refused("the contact cannot see what you answer: answer a message of his, or write a note")
    _fit(attachments, dialog, rules)
    held_until = None
    if dialog.assignee is None and agent is not None:
        _claim(draft, agent, author.name)
        if mode == "auto":
            held_until = _hold(dialog, now, rules)
    if dialog.status is Status.resolved:
        settled = dialog.contact_seq <= dialog.answered_seq
        draft.set(status=Status.waiting if settled else Status.open, resolved_at=None)
    spoken = posts.send(
        draft,
        author,
        text,
        rules,
        attachments=attachments,
        held_until=held_until,
        but=via,
        native=native,
        data=data,
        reply_to=reply_to,
    )
    draft.set(preview=posts.preview(spoken), replied_seq=spoken.seq)
    if draft.dialog.assignee != dialog.assignee:
        posts.show(draft, rules)
    return draft.change()


def _fit(attachments: tuple[Attachment, ...], dialog: Dialog, rules: Rules) -> None:
    """Refuses what the contact's platform would refuse, while whoever sends it still looks."""
    limit = rules.channel_of(dialog.channel).limits.file_mb
    for file in attachments:
        if file.size > limit * 1_048_576:
            raise Refused(
                f"{file.name} is too large for this channel, which takes files of {limit} MB at most"
            )


def _hold(dialog: Dialog, now: datetime, rules: Rules) -> datetime | None:
    """Until when a first text can be undone: never so long that the hold itself would break the promise."""
    until = now + rules.hold
    if dialog.promise is not None and dialog.promise.due_at > now:
        until = min(until, max(now, dialog.promise.due_at - rules.hold / 2))
    return until if until > now else None


def announced(dialog: Dialog, author: Author, text: str, data: Json, now: datetime, rules: Rules) -> Change:
    """The contact is told of something in his dialog; it answers no question and reopens nothing."""
    draft = Draft(dialog, now)
    posts.send(draft, author, text, rules, human=False, event="announcement", data=data)
    return draft.change()


def claimed(
    dialog: Dialog, agent: AgentId, name: str, now: datetime, rules: Rules, *, force: bool = False
) -> Change:
    """An agent takes the dialog; of two who press at once one wins and the other is told who did."""
    if dialog.status is Status.resolved:
        raise Refused("the dialog is resolved: reopen it first")
    if dialog.assignee is not None and dialog.assignee != agent and not force:
        raise Taken(dialog.assignee_name)
    draft = Draft(dialog, now)
    if dialog.assignee != agent:
        _claim(draft, agent, name)
        posts.show(draft, rules)
    return draft.change()


def released(dialog: Dialog, agent: AgentId, now: datetime, rules: Rules) -> Change:
    """The assignee gives the dialog back to its line."""
    if dialog.assignee is None:
        raise Refused("nobody has claimed this dialog")
    draft = Draft(dialog, now)
    draft.set(assignee=None, assignee_name="")
    draft.tell_inside("released", "Given back to the line.")
    draft.act("released", agent)
    posts.show(draft, rules)
    return draft.change()


def passed(
    dialog: Dialog,
    agent: AgentId,
    line: LineName,
    note: str,
    priority: Priority | None,
    now: datetime,
    rules: Rules,
    *,
    by: Author,
) -> Change:
    """The dialog goes to another line with a note; nobody there has claimed it yet."""
    target = rules.line(line)
    if line == dialog.line and priority in (None, dialog.priority):
        raise Refused(f"the dialog is already with {target.title}")
    draft = Draft(dialog, now)
    before = rules.desks(dialog.channel, dialog.line)
    draft.set(line=line, assignee=None, assignee_name="", priority=priority or dialog.priority)
    promises.retarget(draft, rules)
    draft.tell_inside("passed", f"Passed to {target.title}.", line=line, by=by.name)
    draft.act("passed", agent, line=line, priority=draft.dialog.priority)
    posts.open(draft, rules, only=[desk for desk in rules.desks(dialog.channel, line) if desk not in before])
    if note:
        posts.mirror(draft, draft.say(by, note, private=True), rules)
    # Desks that only the line before had keep a card that says where the dialog went.
    posts.show(draft, rules, also=before)
    return draft.change()


def snoozed(dialog: Dialog, agent: AgentId, until: datetime, now: datetime, rules: Rules) -> Change:
    """The dialog sleeps until a moment or until the contact writes. An unkept promise does not sleep."""
    if dialog.status is Status.resolved:
        raise Refused("the dialog is resolved: reopen it first")
    if until <= now:
        raise Refused("the moment to wake up has passed already")
    if dialog.promise is not None:
        raise Refused("the contact still waits for an answer: answer first, then snooze")
    draft = Draft(dialog, now)
    gen = draft.arm("snooze", until)
    draft.set(status=Status.snoozed, snoozed_until=until, snooze_gen=gen)
    draft.tell_inside("snoozed", f"Snoozed until {until:%Y-%m-%d %H:%M} UTC.", until=until.isoformat())
    draft.act("snoozed", agent, until=until.isoformat())
    posts.show(draft, rules)
    return draft.change()


def woken(dialog: Dialog, gen: int, now: datetime, rules: Rules) -> Change | None:
    """The snooze is over; None when that timer is of the past, or rang too early."""
    if dialog.status is not Status.snoozed or dialog.snooze_gen != gen:
        return None
    if dialog.snoozed_until is not None and now < dialog.snoozed_until:
        return None
    draft = Draft(dialog, now)
    draft.disarm("snooze", gen, fired=True)
    draft.set(status=Status.open, snoozed_until=None)
    posts.mirror(draft, draft.tell_inside("woken", "The snooze is over."), rules)
    posts.show(draft, rules)
    return draft.change()


def resolved(dialog: Dialog, agent: AgentId, now: datetime, rules: Rules) -> Change:
    """The matter is settled; a promise that nobody answered is void, with who did it."""
    if dialog.status is Status.resolved:
        raise Refused("the dialog is resolved already")
    draft = Draft(dialog, now)
    if dialog.status is Status.snoozed:
        wake(draft)
    promises.void(draft, agent)
    draft.set(status=Status.resolved, resolved_at=now)
    draft.tell_inside("resolved", "Resolved.")
    draft.act("resolved", agent)
    posts.show(draft, rules)
    return draft.change()


def reopened(dialog: Dialog, agent: AgentId, now: datetime, rules: Rules) -> Change:
    """A resolved dialog is taken up again."""
    if dialog.status is not Status.resolved:
        raise Refused("the dialog is not resolved")
    draft = Draft(dialog, now)
    draft.set(status=Status.open, resolved_at=None)
    if dialog.contact_seq > dialog.answered_seq and dialog.promise is None:
        promises.start(draft, now, rules)
    draft.tell_inside("reopened", "Reopened.")
    draft.act("reopened", agent)
    posts.show(draft, rules)
    return draft.change()


def prioritised(dialog: Dialog, agent: AgentId, priority: Priority, now: datetime, rules: Rules) -> Change:
    """The dialog matters more or less; a running promise gets the due time of the new priority."""
    draft = Draft(dialog, now)
    draft.set(priority=priority)
    draft.act("prioritised", agent, before=dialog.priority, priority=priority)
    promises.retarget(draft, rules)
    draft.tell_inside("prioritised", f"Priority: {priority}.", priority=priority)
    posts.show(draft, rules)
    return draft.change()


def quoted(
    dialog: Dialog, agent: AgentId | None, event: str, text: str, now: datetime, rules: Rules, **data: object
) -> Change:
    """The dialog says where its matter went: a ticket or a wish now carries some of its messages."""
    draft = Draft(dialog, now)
    posts.mirror(draft, draft.tell_inside(event, text, **data), rules)
    draft.act(event, agent, **data)
    return draft.change()


def _claim(draft: Draft, agent: AgentId, name: str) -> None:
    draft.set(assignee=agent, assignee_name=name)
    draft.tell_inside("claimed", f"{name} has claimed this dialog.", agent=name)
    draft.act("claimed", agent)


def wake(draft: Draft) -> None:
    """The snooze is over before its time."""
    draft.disarm("snooze", draft.dialog.snooze_gen)
    draft.set(snoozed_until=None)
