"""The promise of an answer: when it starts, climbs its ladder, is met, breached or void. Pure.

Owns every rule about first and next response times. Only a person's message that the platform accepted keeps a
promise; it must never be stopped by a bot line, a note or a failed send.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bridge.conversations import posts
from bridge.conversations.changes import Change, Dialog, Draft, Promise, PromiseKept
from bridge.conversations.lines import PromiseName, Rules, Step
from bridge.messages import AgentId, Status

TIMER = "promise"


def start(draft: Draft, at: datetime, rules: Rules) -> None:
    """The contact waits from `at` on: arms the first rung of the ladder, if his channel promises anything."""
    dialog = draft.dialog
    name: PromiseName = "first_response" if dialog.answered_at is None else "next_response"
    target = rules.channel_of(dialog.channel).target(name, dialog.priority, dialog.plan)
    if target is None:
        return
    hours = rules.line_of(dialog.channel, dialog.line).hours
    gen = draft.arm(TIMER, rules.ladder.moment(0, at, target, hours))
    draft.set(promise=Promise(name, at, hours.add(at, target), step=0, gen=gen, asked=dialog.contact_seq))


def retarget(draft: Draft, rules: Rules) -> None:
    """Another priority, another due time: the promise keeps its start and the rungs it has climbed."""
    promise = draft.dialog.promise
    if promise is None or promise.breached_at is not None:
        return
    dialog = draft.dialog
    target = rules.channel_of(dialog.channel).target(promise.name, dialog.priority, dialog.plan)
    if target is None:
        return
    hours = rules.line_of(dialog.channel, dialog.line).hours
    gen = draft.arm(TIMER, rules.ladder.moment(promise.step, promise.started_at, target, hours))
    due_at = hours.add(promise.started_at, target)
    draft.set(promise=replace(promise, due_at=due_at, gen=gen))


def answered(draft: Draft, seq: int, agent: AgentId | None, at: datetime, rules: Rules) -> None:
    """A person's message `seq` was accepted `at`: the promise is judged by that moment and no other.

    A reply older than the question, accepted late, answers nothing.
    """
    dialog = draft.dialog
    promise = dialog.promise
    if promise is not None and seq > promise.asked:
        draft.disarm(TIMER, promise.gen)
        outcome: Literal["met", "breached"] = "met" if at <= promise.due_at else "breached"
        hours = rules.line_of(dialog.channel, dialog.line).hours
        took = max(hours.between(promise.started_at, at), timedelta())
        draft.promises.append(_kept(dialog, promise, at, outcome, agent, took))
        draft.set(promise=None)
    answered_seq = max(dialog.answered_seq, seq)
    draft.set(answered_at=dialog.answered_at or at, answered_seq=answered_seq)
    if dialog.contact_seq <= answered_seq:
        if dialog.status is Status.open:
            draft.set(status=Status.waiting)
    elif draft.dialog.promise is None and dialog.status is Status.open:
        start(draft, at, rules)


def void(draft: Draft, agent: AgentId | None) -> None:
    """The dialog was resolved without an answer: the promise is neither met nor breached.

    While an answer is on its way the promise stays: what becomes of that answer settles it.
    """
    dialog = draft.dialog
    promise = dialog.promise
    if promise is None or dialog.replied_seq > promise.asked:
        return
    draft.disarm(TIMER, promise.gen)
    outcome: Literal["void", "breached"] = "void" if promise.breached_at is None else "breached"
    draft.promises.append(_kept(dialog, promise, draft.now if outcome == "void" else None, outcome, agent))
    draft.set(promise=None)


def expired(
    dialog: Dialog, gen: int, now: datetime, rules: Rules, *, in_flight_until: datetime | None
) -> Change | None:
    """The timer of one rung rang; None when that rung is of the past, or the promise is not yet due.

    A reply that is being sent right now may still keep the promise: the due rung waits for the end of that try.
    """
    promise = dialog.promise
    if promise is None or promise.gen != gen:
        return None
    draft = Draft(dialog, now)
    step = rules.ladder.steps[promise.step]
    if step.is_due and now < promise.due_at:
        return None
    if step.is_due and in_flight_until is not None and in_flight_until > now:
        again = draft.arm(TIMER, in_flight_until)
        draft.set(promise=replace(promise, gen=again))
        return draft.change()
    draft.disarm(TIMER, gen, fired=True)
    breached_at = now if step.is_due else promise.breached_at
    _climb(draft, step, rules)
    index = promise.step + 1
    if index < len(rules.ladder.steps):
        due_at = _next_rung(dialog, promise, index, rules)
        next_gen = draft.arm(TIMER, due_at)
        draft.set(promise=replace(promise, step=index, gen=next_gen, breached_at=breached_at))
    else:
        draft.set(promise=replace(promise, gen=0, breached_at=breached_at))
    if step.is_due:
        draft.promises.append(_kept(dialog, promise, None, "breached", dialog.assignee))
    return draft.change()


def _next_rung(dialog: Dialog, promise: Promise, index: int, rules: Rules) -> datetime:
    """When the rung is reached. The due one stands as it was promised, whatever has changed in the rules since."""
    if rules.ladder.steps[index].is_due:
        return promise.due_at
    target = rules.channel_of(dialog.channel).target(promise.name, dialog.priority, dialog.plan)
    span = target if target is not None else promise.due_at - promise.started_at
    return rules.ladder.moment(
        index, promise.started_at, span, rules.line_of(dialog.channel, dialog.line).hours
    )


def _climb(draft: Draft, step: Step, rules: Rules) -> None:
    dialog = draft.dialog
    if dialog.status is Status.resolved:
        draft.step()  # an answer is on its way in a resolved dialog: the rung is climbed, nobody has to be called
        return
    words = {
        "nudge": "The contact is waiting: part of the promised time has passed.",
        "mention": "The promise is about to break: somebody on duty, please answer.",
        "requeue": "The promise is broken: the dialog is back in the queue.",
        "supervise": "The promise is broken and nobody has answered: the supervisor is told.",
    }[step.do]
    if step.do == "requeue" and dialog.assignee is not None:
        draft.set(assignee=None, assignee_name="")
        draft.act("requeued", None, assignee=str(dialog.assignee))
    spoken = draft.tell_inside(step.do, words, was=dialog.assignee_name, line=dialog.line)
    posts.mirror(draft, spoken, rules)


def _kept(
    dialog: Dialog,
    promise: Promise,
    at: datetime | None,
    outcome: Literal["met", "breached", "void"],
    agent: AgentId | None,
    took: timedelta | None = None,
) -> PromiseKept:
    """The row of this promise. It is keyed by when the contact began to wait, so that its last word replaces the first."""
    return PromiseKept(
        dialog=dialog.id,
        gen=round(promise.started_at.timestamp() * 1_000_000),
        name=promise.name,
        started_at=promise.started_at,
        due_at=promise.due_at,
        settled_at=at,
        outcome=outcome,
        agent=agent,
        line=dialog.line,
        took=took,
    )
