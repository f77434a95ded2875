"""Whatever is changed, taken back, reacted to or said past us, in whatever order: promises hold, and all agree in the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bridge.conversations import corrections, reach, revisions
from bridge.conversations import tables as t
from bridge.conversations.changes import Change
from bridge.conversations.commands import Receive
from bridge.conversations.committer import Command
from bridge.conversations.database import Database
from bridge.conversations.news import Hear, Stray
from bridge.conversations.notices import Echo
from bridge.conversations.said import Said, said
from bridge.errors import Refused
from bridge.messages import (
    Address,
    AgentId,
    Author,
    Deleted,
    Echoed,
    Edited,
    EventKey,
    Incoming,
    Limits,
    Mark,
    NativeId,
    Reacted,
    Status,
)
from tests.conversations.samples import MINUTE, NOON, RULES, SECOND, SHOP
from tests.conversations.shell import Mind, Moved
from tests.conversations.test_pure_machine import CALM, DialogLife, Outgoing, agents, recent

ABLE = Limits(text=40, edits=True, deletes=True)
ABLE_RULES = replace(
    RULES, channels={name: replace(channel, limits=ABLE) for name, channel in RULES.channels.items()}
)
words = st.sampled_from(["Yes.", "No, sorry.", "It is on its way, " * 5, "Привет"])


class ChangedLife(DialogLife):
    """The same dialog, in which nothing that was said stays as it was."""

    def keep(self, change: Change, *, settles: bool = False) -> None:
        super().keep(change, settles=settles)
        self.messages: dict[int, Said] = getattr(self, "messages", {})
        for spoken in change.said:
            self.messages[spoken.seq] = said(spoken)
        for revised in change.revised:
            known = self.messages[revised.seq]
            names = ("text", "private", "data", "mark", "edited_at", "deleted_at")
            fields = {name: getattr(revised, name) for name in names if getattr(revised, name) is not None}
            self.messages[revised.seq] = replace(known, **fields)

    def recently(self, which: int, kind: str) -> Said | None:
        fitting = [message for message in self.messages.values() if message.author.kind == kind]
        return fitting[-1 - which % len(fitting)] if fitting else None

    def changes_no_promise(self, change: Change | None) -> None:
        if change is None:
            return
        before = self.dialog
        assert not change.promises
        assert not change.timers
        after = change.dialog
        assert (after.promise, after.status, after.assignee) == (
            before.promise,
            before.status,
            before.assignee,
        )
        assert (after.contact_seq, after.answered_seq) == (before.contact_seq, before.answered_seq)
        self.keep(change)

    @rule(which=recent, ours=st.booleans(), what=st.integers(0, 2), text=words, ago=st.integers(0, 90))
    def contact_changes_a_message(self, which: int, ours: bool, what: int, text: str, ago: int) -> None:
        message = self.recently(which, "agent" if ours else "contact")
        if message is None or message.private:
            return
        where: dict[str, Any] = {"channel": SHOP, "address": Address("a"), "event_key": EventKey("k")}
        where["native"] = NativeId("n")
        news: revisions.News = (
            Edited(**where, text=text, edited_at=self.now - ago * SECOND),
            Deleted(**where),
            Reacted(**where, emojis=("👍",) if ago % 2 else ()),
        )[what]
        self.changes_no_promise(revisions.happened(self.dialog, message, news, self.now, RULES))
        after = self.messages[message.seq]
        match news:
            case Edited(edited_at=at) if message.deleted_at is None:
                assert at is not None
                stays = message.edited_at is not None and message.edited_at > at
                assert after.text == (message.text if stays else text)
            case Deleted():
                assert after.deleted_at is not None
            case Reacted(emojis=emojis):
                assert (after.data or {}).get("reactions", []) == list(emojis)
            case _:
                assert after.text == message.text
        if after.text != message.text:
            texts = [each["text"] for each in (after.data or {})["earlier"]]
            assert message.text in texts

    @rule(ago=st.integers(0, 600), text=words)
    def a_person_answers_elsewhere(self, ago: int, text: str) -> None:
        before, at = self.dialog, self.now - ago * SECOND
        echo = Echoed(SHOP, Address("a"), EventKey("k"), NativeId("e"), text=text, said_at=at)
        change = reach.echoed(before, echo, self.now, RULES)
        late = before.promise is not None and at < before.promise.started_at
        spoken = next(each for each in change.said if each.event == "echo")
        assert spoken.mark is Mark.accepted
        if late:
            assert not change.promises
            assert (change.dialog.promise, change.dialog.status) == (before.promise, before.status)
        else:
            assert len(change.promises) == (before.promise is not None)
            for kept in change.promises:
                assert kept.outcome == ("met" if at <= kept.due_at else "breached")
            self.owed, self.answered, self.coming = False, spoken.seq, 0
            assert change.dialog.status in (Status.waiting, Status.snoozed)
        self.keep(change, settles=not late)
        self.outgoing[spoken.seq] = Outgoing(spoken.seq, spoken.author, human=True, state="accepted")

    @rule(lost=st.booleans())
    def contact_blocks_or_returns(self, lost: bool) -> None:
        known = self.dialog.unreachable
        change = (
            reach.lost(self.dialog, "blocked", self.now, RULES)
            if lost
            else reach.found(self.dialog, self.now, RULES)
        )
        assert (change is None) == ((known is not None) == lost)
        self.changes_no_promise(change)
        assert (self.dialog.unreachable is not None) == lost

    @precondition(lambda self: self.chosen(0, "pending", "accepted") is not None)
    @rule(which=recent, text=words, author=agents, able=st.booleans())
    def agent_changes_a_message(self, which: int, text: str, author: Author, able: bool) -> None:
        out = self.chosen(which, "pending", "accepted")
        assert out is not None
        message = self.messages[out.seq]
        me = AgentId(author.id or 0)
        if out.state == "pending":
            self.changes_no_promise(
                corrections.rewritten(self.dialog, message, [], None, text, me, self.now, RULES)
            )
            assert self.messages[out.seq].text == text
            return
        rules = ABLE_RULES if able else RULES
        change = corrections.asked_to_change(self.dialog, message, [], text, me, self.now, rules)
        assert able or change is None
        if change is not None and change.posts:
            self.changes_no_promise(change)
            assert self.messages[out.seq].text == message.text, "the platform has not done it yet"
            self.changes_no_promise(
                corrections.changed(self.dialog, self.messages[out.seq], text, self.now, rules)
            )
            assert self.messages[out.seq].text == text
        elif change is None:
            change = corrections.corrected(self.dialog, message, None, text, author, self.now, rules)
            correction = next(each for each in change.said if each.event == "correction")
            assert not change.promises
            self.keep(change)
            self.coming = correction.seq
            self.outgoing[correction.seq] = Outgoing(correction.seq, author, human=True)

    @precondition(lambda self: self.chosen(0, "accepted") is not None)
    @rule(which=recent, author=agents, fails=st.booleans())
    def agent_takes_a_message_back(self, which: int, author: Author, fails: bool) -> None:
        out = self.chosen(which, "accepted")
        assert out is not None
        message, me = self.messages[out.seq], AgentId(author.id or 0)
        with pytest.raises(Refused):
            corrections.asked_to_remove(self.dialog, message, [0], me, self.now, RULES)
        self.changes_no_promise(
            corrections.asked_to_remove(self.dialog, message, [0], me, self.now, ABLE_RULES)
        )
        asked = self.messages[out.seq]
        assert asked.deleted_at == message.deleted_at
        if fails:
            self.changes_no_promise(
                corrections.unchanged(self.dialog, asked, "delete", "too old", self.now, ABLE_RULES)
            )
        else:
            self.changes_no_promise(corrections.removed(self.dialog, asked, self.now, ABLE_RULES))
            assert self.messages[out.seq].deleted_at is not None
        assert "pending" not in (self.messages[out.seq].data or {})


# --- in the end all agree, whatever came first


@dataclass(frozen=True)
class Story:
    """What happened to one message on its platform, in the order of time; and how we are told of it."""

    edits: int
    deleted: bool
    reactions: int


stories = st.lists(
    st.builds(Story, st.integers(0, 3), st.booleans(), st.integers(0, 2)), min_size=1, max_size=3
)
numbers = itertools.count()


def told(story: Story, address: Address, number: int) -> list[Command[Any]]:
    native = NativeId(f"m{number}")
    where: dict[str, Any] = {"channel": SHOP, "address": address, "native": native}

    def key(what: str) -> EventKey:
        return EventKey(f"{address}:{number}:{what}")

    commands: list[Command[Any]] = [
        Receive(Incoming(SHOP, address, key("said"), f"{number}.0", native=native))
    ]
    commands += [
        Hear(
            Edited(
                **where, event_key=key(f"edit{edit}"), text=f"{number}.{edit}", edited_at=NOON + edit * SECOND
            )
        )
        for edit in range(1, story.edits + 1)
    ]
    commands += [
        Hear(Reacted(**where, event_key=key(f"react{reaction}"), emojis=("👍",) * reaction))
        for reaction in range(1, story.reactions + 1)
    ]
    if story.deleted:
        commands.append(Hear(Deleted(**where, event_key=key("delete"))))
    return commands


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('changes') / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    yield database
    database.close()


@pytest.fixture(scope="module")
def clock() -> Moved:
    return Moved()


@pytest.fixture(scope="module")
def mind(database: Database, clock: Moved) -> Iterator[Mind]:
    with Mind(database, clock=clock) as mind:
        yield mind


Order = Literal["one by one", "together"]


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), all_stories=stories, order=st.sampled_from(["one by one", "together"]))
def test_news_and_messages_in_any_order_and_any_number_of_times_end_alike(
    mind: Mind, data: st.DataObject, all_stories: list[Story], order: Order
) -> None:
    address = Address(f"visitor-{next(numbers)}")
    commands = [
        command for number, story in enumerate(all_stories) for command in told(story, address, number)
    ]
    told_again = data.draw(st.lists(st.sampled_from(commands), max_size=4))
    heard = data.draw(st.permutations([*commands, *told_again]))
    if order == "together":
        cut = data.draw(st.integers(0, len(heard)))
        for part in (heard[:cut], heard[cut:]):
            if part:
                outcomes = mind.together(*part)
                assert not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    else:
        for command in heard:
            mind.do(command)
    [identity] = mind.rows(t.identity, t.identity.c.address == address)
    assert identity.early == 0
    rows = {
        row.native: row
        for row in mind.rows(
            t.message, t.message.c.dialog == identity.dialog, t.message.c.author == "contact"
        )
    }
    assert len(rows) == len(all_stories)
    for number, story in enumerate(all_stories):
        row = rows[f"m{number}"]
        assert (row.deleted_at is not None) == story.deleted
        if not story.deleted:
            assert row.text == f"{number}.{story.edits}"
            earlier = [each["text"] for each in (row.data or {}).get("earlier", [])]
            assert len(set(earlier)) == len(earlier)
            assert set(earlier) <= {f"{number}.{edit}" for edit in range(story.edits)}
            if story.edits:
                assert f"{number}.0" in earlier
        reactions = (row.data or {}).get("reactions", [])
        assert bool(reactions) == bool(story.reactions)
    armed = mind.rows(t.timer, t.timer.c.subject == f"early:{SHOP}/{address}", t.timer.c.state == "armed")
    assert not armed
    keys = [command for command in commands if isinstance(command, Receive | Hear)]
    assert mind.count(t.seen, t.seen.c.key.startswith(f"{address}:")) == len(keys)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), story=st.builds(Story, st.integers(1, 3), st.booleans(), st.integers(0, 2)))
def test_what_never_comes_is_shown_as_it_was_last_known(
    mind: Mind, clock: Moved, data: st.DataObject, story: Story
) -> None:
    address = Address(f"visitor-{next(numbers)}")
    commands = told(story, address, 0)[1:]
    for command in data.draw(st.permutations(commands)):
        mind.do(command)
    clock.by(MINUTE)
    [timer] = mind.rows(t.timer, t.timer.c.subject == f"early:{SHOP}/{address}")
    stray = Stray(timer.subject, timer.name, timer.gen)
    assert [mind.do(stray) for _ in range(2)] == [True, False]
    [identity] = mind.rows(t.identity, t.identity.c.address == address)
    assert identity.early == 0
    shown = mind.rows(
        t.message, t.message.c.dialog == (identity.dialog or 0), t.message.c.author == "contact"
    )
    assert [row.text for row in shown] == ([] if story.deleted else [f"0.{story.edits}"])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), answers=st.integers(1, 3))
def test_echoes_and_questions_in_any_order_leave_nobody_waiting_who_was_answered(
    mind: Mind, clock: Moved, data: st.DataObject, answers: int
) -> None:
    """What was said before the question came answers nothing, whichever of them we hear of first."""
    address = Address(f"visitor-{next(numbers)}")
    moment: datetime = clock.at
    question = Receive(Incoming(SHOP, address, EventKey(f"{address}:q"), "When?", native=NativeId("q")))
    echoes: list[Command[Any]] = [
        Echo(
            Echoed(
                SHOP,
                address,
                EventKey(f"{address}:{number}"),
                NativeId(f"e{number}"),
                text=f"{number}",
                said_at=moment + timedelta(seconds=number),
            )
        )
        for number in range(answers)
    ]
    heard = data.draw(st.permutations([question, *echoes, *echoes]))
    for command in heard:
        clock.by(SECOND)
        mind.do(command)
    [identity] = mind.rows(t.identity, t.identity.c.address == address)
    [row] = mind.rows(t.dialog, t.dialog.c.id == identity.dialog)
    said_by_us = mind.rows(t.message, t.message.c.dialog == row.id, t.message.c.event == "echo")
    assert len(said_by_us) == answers
    first = heard.index(question)
    asked_at = moment + (first + 1) * SECOND
    after = [command for command in heard[first:] if command not in heard[:first]]
    answers_it = [
        command
        for command in after
        if isinstance(command, Echo) and (command.news.said_at or NOON) >= asked_at
    ]
    assert (row.promise is None) == bool(answers_it)
    assert row.status == ("waiting" if answers_it else "open")
    assert not mind.rows(
        t.outbox, t.outbox.c.dialog == row.id, t.outbox.c.human, t.outbox.c.state != "accepted"
    )


TestChangedLife = ChangedLife.TestCase
TestChangedLife.settings = settings(CALM, max_examples=250)
