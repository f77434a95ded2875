"""Whatever happens in whatever order: what must always hold for dialogs, tickets and wishes.

Each machine keeps its own simple notion of the truth beside the transitions and compares after every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.conversations import dialog as dialogs
from bridge.conversations import marks, promises, tickets, wishes
from bridge.conversations.changes import Change, PromiseKept, TimerSet
from bridge.conversations.tickets import Ticket, TicketChange, TicketNote
from bridge.conversations.wishes import Asker, Wish, WishChange
from bridge.errors import NotAllowed, Refused, Taken
from bridge.messages import (
    BOT,
    AgentId,
    Author,
    DialogId,
    IdentityId,
    LineName,
    Mark,
    Priority,
    Status,
    TicketId,
    WishId,
)
from tests.conversations.samples import (
    ANN,
    AUTOMATIC,
    DAY,
    FIRST,
    FRONT,
    MAIL,
    MINUTE,
    NOON,
    OFFICE,
    PLAIN,
    QUIET,
    RULES,
    SECOND,
    SECOND_LINE,
    SHOP,
    a_dialog,
    ann,
    ben,
    dev,
    eve,
    words,
)

agents = st.sampled_from([ann, ben])
passing = st.sampled_from([FIRST, FIRST, OFFICE, OFFICE, SECOND_LINE])
priorities = st.sampled_from(list(Priority))
lines = st.sampled_from([FIRST, SECOND_LINE, OFFICE])
texts = st.sampled_from(["Yes.", "// between us", "It is on its way, " * 5, "//", " \n", "Привет"])
presses = ["start", "person", "yes", "no", "menu", "menu:delivery", "menu:days", "menu:suggest", "menu:email"]
typings = [
    "Where is it?",
    "Ещё вопрос",
    "1",
    "4",
    "Delivery",
    "Back",
    "No",
    "Yes, thank you",
    "ann@example.org",
    "person",
]
sayings = st.one_of(
    st.tuples(st.sampled_from(typings), st.none()), st.tuples(st.just("pressed"), st.sampled_from(presses))
)
pick = st.integers(0, 10**6)
ways = st.sampled_from(["", "accept", "resolve", "lose", "ask"])
recent = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7])
CALM = settings(max_examples=150, stateful_step_count=50, deadline=None)


@dataclass
class Outgoing:
    """A message on its way to the contact, as the outbox knows it."""

    seq: int
    author: Author
    human: bool
    state: Literal["pending", "accepted", "failed", "cancelled"] = "pending"


class DialogLife(RuleBasedStateMachine):
    """One dialog, two agents, a bot, a clock that rings whenever it likes."""

    @initialize(
        channel=st.sampled_from([SHOP, FRONT, FRONT, PLAIN, MAIL, QUIET]), plan=st.sampled_from(["", "gold"])
    )
    def begin(self, channel: str, plan: str) -> None:
        self.now = NOON
        self.dialog = a_dialog(channel=channel, plan=plan, line=RULES.channels[channel].line)  # type: ignore[index]
        self.taken: set[int] = set()
        self.private: dict[int, bool] = {}
        self.posted: set[tuple[str, int, int]] = set()
        self.outgoing: dict[int, Outgoing] = {}
        self.asked = 0  # seq of the contact's last question
        self.owed = False  # an answer is owed to him
        self.question = 0  # ... since this one
        self.answered = 0  # seq of the latest answer that counts
        self.coming = 0  # seq of the newest reply on its way, 0 when none newer than the answer is
        self.armed: list[TimerSet] = []
        self.gens: dict[str, int] = {}
        self.fired: set[tuple[str, int]] = set()
        self.contact_writes(("Where is my parcel?", None), page=None, on_duty=True)

    def keep(self, change: Change, *, settles: bool = False) -> None:
        """What the committer would write, checked row by row."""
        before, after = self.dialog, change.dialog
        numbers = [row.seq for row in change.said] + [row.rev for row in change.revised]
        numbers += [row.rev for row in change.seen]
        assert len(set(numbers)) == len(numbers)
        assert all(before.seq < number <= after.seq for number in numbers)
        assert not self.taken & set(numbers)
        assert after.seq > before.seq or (after == before and not change.posts)
        self.taken |= set(numbers)
        for spoken in change.said:
            self.private[spoken.seq] = spoken.private
        for revised in change.revised:
            if revised.private:
                self.private[revised.seq] = True
        for post in change.posts:
            place = (post.lane, post.seq, post.part)
            assert place not in self.posted
            self.posted.add(place)
            if post.destination.startswith("channel:"):
                assert post.message_seq is not None
                assert not self.private[post.message_seq]
        for timer in change.timers:
            assert timer.gen > 0
            assert timer.gen >= self.gens.get(timer.name, 0)
            self.gens[timer.name] = timer.gen
            if timer.state == "armed":
                self.armed.append(timer)
        for kept in change.promises:
            self.judge(kept, settles=settles)
        self.dialog = after

    def owe(self) -> None:
        if not self.owed:
            self.owed, self.question = True, self.asked

    def drop(self, change: Change, agent: AgentId | None) -> None:
        """The dialog is resolved: what is owed is dropped, unless an answer to it is on its way."""
        promise = self.dialog.promise
        if self.coming > self.question or promise is None:
            assert not change.promises
            assert change.dialog.promise == promise
        else:
            (kept,) = change.promises
            assert kept.outcome == ("void" if promise.breached_at is None else "breached")
            assert kept.agent == agent
            assert change.dialog.promise is None
        self.owed = self.owed and self.coming > self.question

    def judge(self, kept: PromiseKept, *, settles: bool) -> None:
        assert settles or kept.settled_at is None, "only an accepted answer or a resolution ends a promise"
        if kept.outcome == "void":
            assert kept.settled_at == self.now
        if kept.outcome == "met":
            assert kept.settled_at is not None
            assert kept.settled_at <= kept.due_at
        elif kept.outcome == "breached":
            assert (self.now if kept.settled_at is None else kept.settled_at) >= kept.due_at

    # -- the contact

    @rule(said=sayings, page=st.sampled_from([None, "/cart"]), on_duty=st.booleans())
    def contact_writes(self, said: tuple[str, str | None], page: str | None, on_duty: bool) -> None:
        text, command = said
        before = self.dialog
        incoming = words(text, command=command, page=page)
        change = dialogs.received(before, incoming, self.now, RULES, on_duty=on_duty)
        assert before.promise in (None, change.dialog.promise), (
            "the bot stops no clock, one more word moves none"
        )
        assert not change.promises
        spoken = change.said[0]
        if spoken.event is None:
            assert change.dialog.status is Status.open
            self.asked = spoken.seq
            self.owe()
        else:
            assert RULES.channels[before.channel].bot or command == "start"
            assert (change.dialog.contact_seq, change.dialog.promise) == (before.contact_seq, before.promise)
            assert change.dialog.assignee == before.assignee
            ended = change.dialog.status is not before.status and before.seq > 0
            assert not ended or (
                change.dialog.status is Status.resolved and not self.owed and command == "yes"
            )
        answers = [other for other in change.said if other.author == BOT]
        assert len(answers) <= RULES.channels[before.channel].bot
        for other in change.said[1:]:
            assert other in answers or other.private
        for other in answers:
            self.outgoing[other.seq] = Outgoing(other.seq, BOT, human=False)
            offered = other.data["buttons"] if other.data else [["person", ""]]
            assert offered[-1][0] == "person"
        assert not any(post.human for post in change.posts)
        self.keep(change)

    # -- agents

    @rule(author=agents, what=st.integers(0, 6), force=st.booleans(), priority=priorities)
    def beside_the_talk(self, author: Author, what: int, force: bool, priority: Priority) -> None:
        """What answers nothing: one rule, so that it does not crowd out the talk."""
        match what:
            case 0 | 1:
                self.agent_claims(author, force)
            case 2:
                self.agent_releases(author)
            case 3:
                self.agent_prioritises(author, priority)
            case 4:
                self.agent_quotes(author)
            case 5:
                self.bridge_announces()
            case _:
                self.contact_reads(Mark.read if force else Mark.delivered)

    @rule(author=agents, text=texts, mode=st.sampled_from(["auto", "auto", "send", "note"]))
    def agent_writes(self, author: Author, text: str, mode: dialogs.Mode) -> None:
        before = self.dialog
        if not text.removeprefix("//").strip():
            with pytest.raises(Refused):
                dialogs.replied(before, author, text, self.now, RULES, mode=mode)
            return
        change = dialogs.replied(before, author, text, self.now, RULES, mode=mode)
        sent = [post for post in change.posts if post.kind == "send"]
        if mode == "note" or text.startswith("//") or not RULES.line(before.line).speaks:
            assert not sent
        if mode == "auto" and before.assignee not in (None, author.id):
            assert not sent, "a stranger's text reached the contact"
        if mode == "auto" and before.assignee is None:
            assert all(post.not_before <= self.now + RULES.hold for post in sent)
        self.keep(change)
        assert self.dialog.promise == before.promise
        if sent:
            assert all(post.human for post in sent)
            assert self.dialog.status is not Status.resolved
            spoken = change.said[-1]
            self.coming = spoken.seq
            self.outgoing[spoken.seq] = Outgoing(spoken.seq, author, human=True)

    def bridge_announces(self) -> None:
        before = self.dialog
        change = dialogs.announced(before, ann, "It is there!", {"wish": "5"}, self.now, RULES)
        assert not any(post.human for post in change.posts)
        self.keep(change)
        assert (self.dialog.promise, self.dialog.status) == (before.promise, before.status)
        self.outgoing[change.said[0].seq] = Outgoing(change.said[0].seq, ann, human=False)

    def agent_claims(self, author: Author, force: bool) -> None:
        before = self.dialog
        agent = AgentId(author.id or 0)
        try:
            self.keep(dialogs.claimed(before, agent, author.name, self.now, RULES, force=force))
        except Taken:
            assert not force
            assert before.assignee not in (None, agent)
        except Refused:
            assert before.status is Status.resolved
        else:
            assert self.dialog.assignee == agent
            assert force or before.assignee in (None, agent)

    def agent_releases(self, author: Author) -> None:
        if self.dialog.assignee is None:
            with pytest.raises(Refused):
                dialogs.released(self.dialog, AgentId(author.id or 0), self.now, RULES)
        else:
            self.keep(dialogs.released(self.dialog, AgentId(author.id or 0), self.now, RULES))
            assert self.dialog.assignee is None

    @rule(author=agents, line=passing, priority=st.none() | priorities, note=st.sampled_from(["", "Look."]))
    def agent_passes(self, author: Author, line: LineName, priority: Priority | None, note: str) -> None:
        try:
            change = dialogs.passed(
                self.dialog, AgentId(author.id or 0), line, note, priority, self.now, RULES, by=author
            )
        except Refused:
            assert line == self.dialog.line
        else:
            self.keep(change)
            assert (self.dialog.line, self.dialog.assignee) == (line, None)

    def agent_prioritises(self, author: Author, priority: Priority) -> None:
        self.keep(dialogs.prioritised(self.dialog, AgentId(author.id or 0), priority, self.now, RULES))

    @rule(author=agents, minutes=st.integers(-1, 120))
    def agent_snoozes(self, author: Author, minutes: int) -> None:
        until = self.now + minutes * MINUTE
        try:
            change = dialogs.snoozed(self.dialog, AgentId(author.id or 0), until, self.now, RULES)
        except Refused:
            assert minutes <= 0 or self.owed or self.dialog.status is Status.resolved
        else:
            self.keep(change)

    @rule(author=agents)
    def agent_resolves(self, author: Author) -> None:
        before = self.dialog
        try:
            change = dialogs.resolved(before, AgentId(author.id or 0), self.now, RULES)
        except Refused:
            assert before.status is Status.resolved
            return
        self.drop(change, AgentId(author.id or 0))
        self.keep(change, settles=True)

    @rule(author=agents, replies=st.integers(1, 2), then=ways)
    def agent_answers(self, author: Author, replies: int, then: str) -> None:
        """What happens most, and what may come right behind it, while the answers are on their way."""
        for _ in range(replies):
            self.agent_writes(author, "Yes.", "send")
        match then:
            case "accept" if self.chosen(0, "pending", "failed"):
                self.platform_accepts(replies - 1, ago=0, sharp=False)
            case "resolve":
                self.agent_resolves(author)
            case "lose" if self.chosen(0, "pending"):
                self.agent_resolves(author)
                self.platform_troubles(0, Mark.failed, followed=True)
            case "ask":
                self.contact_writes(("And now?", None), page=None, on_duty=True)

    @rule(author=agents)
    def agent_reopens(self, author: Author) -> None:
        try:
            self.keep(dialogs.reopened(self.dialog, AgentId(author.id or 0), self.now, RULES))
        except Refused:
            assert self.dialog.status is not Status.resolved
        else:
            assert self.dialog.status is Status.open
            if self.asked > self.answered:
                self.owe()

    def agent_quotes(self, author: Author) -> None:
        change = dialogs.quoted(
            self.dialog, AgentId(author.id or 0), "promoted", "Ticket 1", self.now, RULES, number=1
        )
        assert all(spoken.private for spoken in change.said)
        self.keep(change)

    # -- the hands

    def chosen(self, which: int, *states: str) -> Outgoing | None:
        """The latest first, people's before the bot's: that is where the rules are."""
        fitting = [out for out in self.outgoing.values() if out.state in states]
        fitting.sort(key=lambda out: (out.human, out.seq), reverse=True)
        return fitting[which % len(fitting)] if fitting else None

    @precondition(lambda self: self.chosen(0, "pending", "failed") is not None)
    @rule(which=recent, ago=st.integers(0, 60), sharp=st.booleans())
    def platform_accepts(self, which: int, ago: int, sharp: bool) -> None:
        out = self.chosen(which, "pending", "failed")
        if out is None:
            return
        at = self.now - ago * SECOND
        before = self.dialog
        if sharp and before.promise is not None:
            at = min(before.promise.due_at, self.now)
        change = marks.accepted(before, out.seq, out.author, at, self.now, RULES, human=out.human)
        settles = out.human and self.owed and out.seq > self.question
        if settles and before.promise is not None:
            (kept,) = change.promises
            assert kept.outcome == ("met" if at <= before.promise.due_at else "breached")
            assert kept.agent == out.author.id
        else:
            assert not change.promises
            assert before.promise in (None, change.dialog.promise), (
                "no answer to the question, but it settled"
            )
        if out.human:
            self.owed = self.owed and not settles
            self.answered = max(self.answered, out.seq)
            if self.coming <= out.seq:
                self.coming = 0
            if self.asked > self.answered and before.status is Status.open:
                self.owe()
            if before.status is Status.open:
                assert change.dialog.status is (Status.open if self.owed else Status.waiting)
            else:
                assert change.dialog.status is before.status
        else:
            assert (change.dialog.promise, change.dialog.status) == (before.promise, before.status)
        self.keep_accepted(change, settles)
        out.state = "accepted"

    def keep_accepted(self, change: Change, settles: bool) -> None:
        for kept in change.promises:
            if kept.outcome == "breached":
                assert kept.settled_at is not None
                assert kept.settled_at > kept.due_at
        self.keep(change, settles=settles)

    @precondition(lambda self: self.chosen(0, "pending", "accepted") is not None)
    @rule(
        which=recent,
        mark=st.sampled_from([Mark.failed, Mark.failed, Mark.delayed, Mark.unknown]),
        followed=st.booleans(),
    )
    def platform_troubles(self, which: int, mark: Mark, followed: bool) -> None:
        """Only a resolved dialog can be followed by a newer one."""
        out = self.chosen(which, "pending", "accepted")
        if out is None or (out.state == "accepted" and mark is not Mark.failed):
            return
        before = self.dialog
        latest = not (followed and before.status is Status.resolved)
        change = marks.troubled(
            before, out.seq, mark, "no way", self.now, RULES, human=out.human, latest=latest
        )
        lost = mark is Mark.failed and out.human
        if mark is Mark.failed:
            out.state = "failed"
        if lost:
            self.coming = 0 if self.coming == out.seq else self.coming
            self.answered = min(self.answered, max(0, self.asked - 1))
        if lost and not latest:
            self.drop(change, None)
        else:
            assert not change.promises
            assert before.promise in (None, change.dialog.promise)
        if lost and latest:
            self.owe()
            assert change.dialog.status is Status.open
        else:
            assert change.dialog.status is before.status
        self.keep(change, settles=lost and not latest)

    @precondition(lambda self: self.chosen(0, "pending") is not None)
    @rule(which=recent, keep=st.booleans())
    def agent_undoes(self, which: int, keep: bool) -> None:
        out = self.chosen(which, "pending")
        if out is None:
            return
        before = self.dialog
        change = marks.undone(before, out.seq, ANN, self.now, RULES, keep=keep)
        assert change.cancelled == [out.seq]
        assert change.dialog.status is before.status
        self.coming = 0 if self.coming == out.seq else self.coming
        if before.status is Status.resolved:
            self.drop(change, ANN)
        else:
            assert not change.promises
            assert change.dialog.promise == before.promise
        self.keep(change, settles=before.status is Status.resolved)
        out.state = "cancelled"

    @precondition(lambda self: self.chosen(0, "failed") is not None)
    @rule(which=recent, resolve=st.booleans())
    def agent_retries(self, which: int, resolve: bool) -> None:
        out = self.chosen(which, "failed")
        if out is not None:
            change = marks.retried(self.dialog, out.seq, ANN, self.now, RULES, human=out.human)
            assert change.retried == [out.seq]
            assert (change.dialog.promise, change.dialog.status) == (self.dialog.promise, self.dialog.status)
            self.keep(change)
            out.state = "pending"
            if out.human and out.seq > self.answered:
                self.coming = max(self.coming, out.seq)
            if resolve:
                self.agent_resolves(ann)

    def contact_reads(self, mark: Mark) -> None:
        self.keep(marks.reached(self.dialog, self.dialog.seq, mark, self.now))

    # -- the clock

    @rule(seconds=st.integers(0, 90) | st.sampled_from([600, 3600, 8 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(which=pick, flight=st.booleans(), sharp=st.booleans())
    def timer_rings(self, which: int, flight: bool, sharp: bool) -> None:
        """Any timer that was ever armed rings: early, in time, late, twice."""
        if self.armed:
            self.ring(self.armed[-1 if sharp else -1 - which % min(len(self.armed), 4)], flight)

    @precondition(lambda self: bool(self.armed))
    @rule(flight=st.booleans())
    def timer_falls_due(self, flight: bool) -> None:
        timer = self.armed[-1]
        self.now = max(self.now, timer.due_at)
        self.ring(timer, flight)

    def ring(self, timer: TimerSet, flight: bool) -> None:
        before = self.dialog
        if timer.name == promises.TIMER:
            sending = any(out.human and out.state == "pending" for out in self.outgoing.values())
            until = self.now + 30 * SECOND if flight and sending else None
            change = promises.expired(before, timer.gen, self.now, RULES, in_flight_until=until)
        else:
            change = dialogs.woken(before, timer.gen, self.now, RULES)
        if change is None:
            return
        assert (timer.name, timer.gen) not in self.fired
        self.fired.add((timer.name, timer.gen))
        self.keep(change)
        if timer.name == promises.TIMER:
            assert self.dialog.promise is not None
            assert before.promise is not None
            assert self.dialog.promise.started_at == before.promise.started_at
            if before.status is Status.resolved:
                assert not change.said, "the ladder of a resolved dialog called somebody"
                assert not change.posts
                assert self.dialog.assignee == before.assignee
        else:
            assert self.dialog.status is Status.open
            assert self.now >= timer.due_at

    # -- what always holds

    @invariant()
    def the_promise_runs_while_the_contact_waits(self) -> None:
        promised = RULES.channel(self.dialog.channel).targets.first_response is not None
        assert self.dialog.contact_seq == self.asked
        if self.owed and promised:
            assert self.dialog.promise is not None
            assert self.dialog.promise.asked == self.question
        else:
            assert self.dialog.promise is None

    @invariant()
    def who_is_owed_an_answer_is_not_forgotten(self) -> None:
        assert self.dialog.answered_seq == self.answered
        match self.dialog.status:
            case Status.waiting:
                assert not self.owed
                assert self.asked <= self.answered
            case Status.snoozed:
                assert self.dialog.promise is None
            case Status.resolved if self.owed:
                assert self.coming > self.question, "resolved, and nothing will ever settle the promise"
        if self.owed:
            assert self.asked > self.answered or not self.asked

    @invariant()
    def a_reply_on_its_way_is_one(self) -> None:
        if self.coming:
            assert self.outgoing[self.coming].human
            assert self.outgoing[self.coming].state == "pending"

    @invariant()
    def one_timer_is_armed_for_a_running_promise(self) -> None:
        promise = self.dialog.promise
        if promise is not None and promise.gen:
            assert self.gens[promises.TIMER] == promise.gen
            assert self.armed
        if promise is not None and not promise.gen:
            assert promise.breached_at is not None, "the ladder ended without a breach"

    @invariant()
    def status_and_moments_agree(self) -> None:
        assert (self.dialog.status is Status.resolved) == (self.dialog.resolved_at is not None)
        assert (self.dialog.status is Status.snoozed) == (self.dialog.snoozed_until is not None)


class TicketLife(RuleBasedStateMachine):
    """One ticket, three lines, agents who act on what they saw some time ago."""

    @initialize(line=lines, home=lines, note=st.sampled_from(["", "Please look."]))
    def promote(self, line: LineName, home: LineName, note: str) -> None:
        self.now = NOON
        dialog = a_dialog(seq=9)
        self.notes: list[TicketNote] = []
        self.messages: set[tuple[DialogId, int]] = set()
        change = tickets.promoted(
            TicketId(5), 1, dialog, [3, 1, 3], "Lost", line, home, note, Priority.high, ann, NOON, RULES
        )
        self.ticket: Ticket = replace(change.ticket, version=0)
        self.keep(change, settles=False)

    def keep(self, change: TicketChange, *, settles: bool) -> None:
        before, after = self.ticket, change.ticket
        versions = [note.version for note in change.notes]
        assert versions == list(range(before.version + 1, after.version + 1))
        assert (len(change.acted) == 1) == bool(versions)
        assert not self.messages & set(change.added)
        assert settles == (after.status == "resolved" and before.status != "resolved")
        self.messages |= set(change.added)
        self.notes += change.notes
        self.ticket = after

    @rule(seconds=st.integers(0, 5000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(author=st.sampled_from([ann, ben, eve]), force=st.booleans())
    def claim(self, author: Author, force: bool) -> None:
        agent = AgentId(author.id or 0)
        before = self.ticket
        try:
            self.keep(tickets.claimed(before, agent, author.name, self.now, force=force), settles=False)
        except Taken:
            assert not force
            assert before.assignee not in (None, agent)
        except Refused:
            assert before.status == "resolved"
        else:
            assert self.ticket.assignee == agent
            assert force or before.assignee in (None, agent)

    @rule(author=agents, line=lines, priority=st.none() | priorities, note=st.sampled_from(["", "Yours."]))
    def pass_on(self, author: Author, line: LineName, priority: Priority | None, note: str) -> None:
        before = self.ticket
        try:
            change = tickets.passed(before, line, note, priority, author, self.now, RULES)
        except Refused:
            assert before.status == "resolved" or line == before.line
        else:
            self.keep(change, settles=False)
            assert self.ticket.assignee is None
            assert self.ticket.draft is None
            assert self.ticket.priority == (priority or before.priority)

    @rule(author=agents, draft=st.sampled_from(["Found it.", " "]))
    def hand_back(self, author: Author, draft: str) -> None:
        before = self.ticket
        try:
            self.keep(tickets.handed_back(before, draft, author, self.now), settles=False)
        except Refused:
            assert before.status == "resolved" or before.line == before.home_line or not draft.strip()
        else:
            assert self.ticket.status == "returned"
            assert self.ticket.assignee == ANN
            assert any(note.text == draft for note in self.notes)

    @rule(author=agents, text=st.sampled_from(["", "Better words."]), resolve=st.booleans())
    def answer(self, author: Author, text: str, resolve: bool) -> None:
        before = self.ticket
        try:
            change = tickets.answered(before, author, self.now, text=text, resolve=resolve)
        except Refused:
            assert before.status == "resolved" or not (text or before.draft)
        else:
            self.keep(change, settles=resolve)
            assert change.notes[0].text == (text or before.draft)
            stays = "open" if before.line == before.home_line else "passed"
            assert self.ticket.status == ("resolved" if resolve else stays)

    @rule(
        author=agents, what=st.sampled_from(["resolved", "reopened", "noted", "due", "prioritised", "added"])
    )
    def the_rest(self, author: Author, what: str) -> None:
        before, now = self.ticket, self.now
        over = before.status == "resolved"
        try:
            match what:
                case "resolved":
                    change = tickets.resolved(before, author, now)
                case "reopened":
                    change = tickets.reopened(before, author, now)
                case "noted":
                    change = tickets.noted(before, author, "Called him.", now)
                case "due":
                    change = tickets.due_set(before, now + DAY, author, now)
                case "prioritised":
                    change = tickets.prioritised(before, Priority.urgent, author, now)
                case _:
                    change = tickets.added(before, [1, 3, len(self.notes)], author, now)
        except Refused:
            refused_when = {
                "reopened": not over,
                "noted": False,
                "added": (before.dialog, len(self.notes)) in self.messages,
            }
            assert refused_when.get(what, over)
        else:
            self.keep(change, settles=what == "resolved")
            assert change.notes[0].event == what

    @invariant()
    def status_follows_from_where_the_ticket_stands(self) -> None:
        ticket = self.ticket
        assert (ticket.status == "resolved") == (ticket.resolved_at is not None)
        assert set(ticket.messages) == self.messages
        assert ticket.draft is None or ticket.line == ticket.home_line
        match ticket.status:
            case "open":
                assert ticket.line == ticket.home_line
                assert ticket.draft is None
            case "passed":
                assert ticket.line != ticket.home_line
            case "returned":
                assert ticket.draft
            case "resolved":
                assert [note.event for note in self.notes].count("resolved")

    @invariant()
    def the_story_has_no_hole(self) -> None:
        assert [note.version for note in self.notes] == list(range(1, self.ticket.version + 1))


class WishLife(RuleBasedStateMachine):
    """One wish, five contacts who may ask for it, two developers who press at once."""

    @initialize(automatic=st.booleans(), by_bot=st.booleans())
    def file(self, automatic: bool, by_bot: bool) -> None:
        self.now = NOON
        self.house = AUTOMATIC if automatic else RULES
        change = (
            wishes.proposed(WishId(7), 1, "Dark.", a_dialog(1, seq=4), 2, NOON)
            if by_bot
            else wishes.filed(WishId(7), 1, "Night mode", "Dark.", a_dialog(1, seq=4), 2, ann, NOON)
        )
        self.wish: Wish = replace(change.wish, version=0)
        self.askers: dict[IdentityId, Asker] = {}
        self.told: list[IdentityId] = []
        self.keep(change)

    def keep(self, change: WishChange) -> None:
        assert change.wish.version == self.wish.version + 1
        assert [note.version for note in change.notes] == [change.wish.version] * len(change.acted)
        self.askers |= {asker.identity: asker for asker in change.askers}
        self.wish = change.wish

    @rule(number=st.integers(1, 5))
    def ask_too(self, number: int) -> None:
        dialog = a_dialog(number, seq=4)
        try:
            self.keep(wishes.asked_too(self.wish, dialog, 3, ben, self.now))
        except Refused:
            assert dialog.identity in self.askers or self.wish.status == "told"

    @rule()
    def accept(self) -> None:
        try:
            self.keep(wishes.accepted(self.wish, ann, self.now))
        except Refused:
            assert self.wish.status != "new"

    @rule(first=st.sampled_from([dev, eve]), hours=st.integers(-1, 50), priority=priorities)
    def two_developers_pick_up_at_once(self, first: Author, hours: int, priority: Priority) -> None:
        second = eve if first == dev else dev
        deadline = self.now + timedelta(hours=hours)
        seen = self.wish
        for developer in (first, second):
            try:
                self.keep(
                    wishes.picked_up(
                        self.wish, AgentId(developer.id or 0), developer.name, deadline, priority, self.now
                    )
                )
            except Taken:
                assert self.wish.assignee not in (None, developer.id)
            except Refused:
                assert hours <= 0 or self.wish.status not in wishes.UNSHIPPED
            else:
                assert seen.assignee in (None, developer.id)
                assert developer == first or seen.assignee == developer.id
                assert (self.wish.deadline, self.wish.priority) == (deadline, priority)

    @rule(
        author=st.sampled_from([dev, eve]), what=st.sampled_from(["question", "clarify", "decline", "reopen"])
    )
    def talk(self, author: Author, what: str) -> None:
        before = self.wish
        try:
            match what:
                case "question":
                    change = wishes.questioned(before, "Which page?", author, self.now)
                case "clarify":
                    change = wishes.clarified(before, "All pages.", author, self.now)
                case "decline":
                    change = wishes.declined(before, "Too dear.", author, self.now)
                case _:
                    change = wishes.reopened(before, author, self.now)
        except Refused:
            refused_when = {
                "reopen": before.status != "declined",
                "clarify": before.status not in wishes.UNSHIPPED or before.reason is None,
            }
            assert refused_when.get(what, before.status not in wishes.UNSHIPPED)
        else:
            self.keep(change)
            assert (self.wish.reason is None) == (what in ("clarify", "reopen"))

    @rule(developer=st.sampled_from([dev, eve]))
    def ship(self, developer: Author) -> None:
        before = self.wish
        try:
            change = wishes.shipped(before, AgentId(developer.id or 0), {"en": "Dark!"}, self.now, self.house)
        except NotAllowed:
            assert before.assignee != developer.id
        except Refused:
            assert before.status != "scheduled"
        else:
            self.keep(change)
            assert self.wish.announce == ("going" if self.house is AUTOMATIC else "review")

    @rule()
    def approve(self) -> None:
        try:
            self.keep(wishes.approved(self.wish, {"ru": "Темно!"}, ann, self.now))
        except Refused:
            assert self.wish.announce != "review"
        else:
            assert self.wish.announce == "going"

    @rule(number=st.integers(1, 6))
    def announce(self, number: int) -> None:
        """The job may run twice and for anybody; each asker's message is made once."""
        identity = IdentityId(200 + number)
        asker = self.askers.get(identity)
        try:
            change = wishes.announcing(self.wish, identity, DialogId(100 + number), 50 + number, self.now)
        except Refused:
            assert self.wish.announce != "going" or asker is None or asker.state != "asked"
        else:
            assert identity not in self.told
            self.told.append(identity)
            self.keep(change)

    @rule()
    def tell_again(self) -> None:
        missed = [asker.identity for asker in self.wish.askers if asker.state == "failed"]
        try:
            self.keep(wishes.told_again(self.wish, ben, self.now))
        except Refused:
            assert not missed or self.wish.announce not in ("going", "done")
        else:
            assert missed
            self.told = [identity for identity in self.told if identity not in missed]

    @rule(number=st.integers(1, 5), ok=st.booleans())
    def settle(self, number: int, ok: bool) -> None:
        change = wishes.told(self.wish, DialogId(100 + number), 50 + number, self.now, ok=ok, reason="gone")
        if change is None:
            asker = self.askers.get(IdentityId(200 + number))
            assert asker is None or asker.told_seq is None or asker.state == ("told" if ok else "failed")
        else:
            (asker,) = change.askers
            assert (asker.state, asker.reason) == (("told", None) if ok else ("failed", "gone"))
            self.keep(change)

    @invariant()
    def the_wish_is_told_when_nobody_is_left_untold(self) -> None:
        waiting = [asker for asker in self.wish.askers if asker.state in ("asked", "queued")]
        assert tuple(self.askers.values()) == self.wish.askers
        match self.wish.announce:
            case "none":
                assert self.wish.status in ("proposed", "new", "accepted", "scheduled", "declined")
                assert len(waiting) == len(self.askers)
            case "review":
                assert self.wish.status == "shipped"
                assert len(waiting) == len(self.askers)
            case "going":
                assert self.wish.status == "shipped"
                assert waiting
            case "done":
                assert self.wish.status == "told"
                assert not waiting
        assert (self.wish.shipped_at is None) == (self.wish.announce == "none")

    @invariant()
    def what_nobody_vouches_for_stays_a_proposal(self) -> None:
        vouched = self.wish.created_by != wishes.NOBODY
        assert self.wish.status == "declined" or vouched == (self.wish.status != "proposed")

    @invariant()
    def who_has_it_is_known(self) -> None:
        if self.wish.status == "scheduled":
            assert self.wish.assignee is not None
            assert self.wish.deadline is not None
        if self.wish.status in ("new", "accepted", "declined"):
            assert self.wish.assignee is None


TestDialogLife = DialogLife.TestCase
TestDialogLife.settings = settings(CALM, max_examples=300)  # its rules are many
TestTicketLife = TicketLife.TestCase
TestTicketLife.settings = CALM
TestWishLife = WishLife.TestCase
TestWishLife.settings = CALM
