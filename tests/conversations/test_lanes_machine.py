"""Any sequence of posts, takes, outcomes, undos and retries, against one list per lane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge import actions as a
from bridge import errors
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.heal import Heal
from bridge.conversations.store import OutRow
from bridge.conversations.tables import UNFINISHED
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.deliver import decide
from bridge.messages import DialogId, Limits
from tests.conversations.samples import ANN, SECOND, ann
from tests.conversations.shell import Mind, Moved, said, sized, wipe

LEASE = timedelta(seconds=45)
KEYLESS = Limits(keyed=False)
me = a.Agent(ANN, "ann", "Ann", "agent")
lanes_chosen = st.sets(st.integers(0, 2), min_size=1)
States = Literal["accepted", "delayed", "unknown", "failed"]


@dataclass
class Row:
    """What the model knows of an outbox row."""

    lane: int
    place: tuple[int, int]
    message: int
    state: str
    not_before: datetime
    attempts: int = 0
    until: datetime | None = None
    doubled: bool = False


class LanesMachine(RuleBasedStateMachine):
    database: Database

    @initialize()
    def begin(self) -> None:
        wipe(self.database)
        self.wall = Moved()
        self.mind = Mind(self.database, clock=self.wall).__enter__()
        self.dialogs: list[DialogId] = []
        self.rows: dict[int, Row] = {}
        self.tries: list[OutRow] = []
        self.said = 0
        for number in range(3):
            dialog = self.mind.do(Receive(said(number))).dialog
            self.mind.do(ActOnDialog(dialog, me, a.Claim()))
            self.dialogs.append(dialog)
        self.look()

    def teardown(self) -> None:
        if hasattr(self, "mind"):
            self.mind.committer.stop()

    def look(self) -> None:
        """New rows enter the model as they were posted; all else it knows by itself."""
        for row in self.stored():
            if row.id not in self.rows:
                lane = self.dialogs.index(row.dialog)
                self.rows[row.id] = Row(lane, (row.seq, row.part), row.message_seq, "queued", row.not_before)

    def stored(self) -> list[Any]:
        return self.mind.rows(t.outbox, t.outbox.c.kind == "send")

    def lane(self, number: int) -> str:
        return f"{self.dialogs[number]}>channel:shop"

    def head(self, number: int) -> int | None:
        mine = [
            (row.place, id) for id, row in self.rows.items() if row.lane == number and row.state in UNFINISHED
        ]
        return min(mine)[1] if mine else None

    @rule(number=st.integers(0, 2), long=st.booleans())
    def post(self, number: int, long: bool) -> None:
        self.said += 1
        text = f"Reply {self.said}." + (
            " This one has a second half, and so it goes in parts." if long else ""
        )
        self.mind.do(Reply(self.dialogs[number], ann, text, f"reply:{self.said}", "send"))
        before = len(self.rows)
        self.look()
        assert len(self.rows) - before == (2 if long else 1)

    @rule(owner=st.sampled_from("AB"), numbers=lanes_chosen)
    def take(self, owner: str, numbers: set[int]) -> None:
        until = self.wall.at + LEASE
        found = self.mind.do(Take([self.lane(number) for number in numbers], owner, until))
        heads = [head for number in numbers if (head := self.head(number)) is not None]
        due = {
            id
            for id in heads
            if self.rows[id].state != "sending" and self.rows[id].not_before <= self.wall.at
        }
        assert {row.id for row in found} == due
        for row in found:
            known = self.rows[row.id]
            known.state, known.until, known.attempts = "sending", until, known.attempts + 1
            assert (row.owner, row.sending_until, row.attempts) == (owner, until, known.attempts)
            self.tries.append(row)

    @precondition(lambda self: self.tries)
    @rule(
        which=st.integers(0, 40),
        state=st.sampled_from(["accepted", "accepted", "delayed", "unknown", "failed"]),
        seconds=st.sampled_from([0, 5, 60]),
    )
    def settle(self, which: int, state: States, seconds: int) -> None:
        """Any try that ever was, the latest more often, may report now: in time, late or twice."""
        row = self.tries[-1 - which % min(len(self.tries), 6)]
        later = self.wall.at + seconds * SECOND if state in ("delayed", "unknown") else None
        self.outcome(row, Outcome(state, self.wall.at, reason=state, not_before=later))

    def outcome(self, row: OutRow, outcome: Outcome) -> None:
        self.mind.do(Settle(row, outcome))
        known = self.rows[row.id]
        mine = known.state == "sending" and known.attempts == row.attempts
        if known.state == "accepted" or not (mine or outcome.state == "accepted"):
            return
        known.state, known.until = outcome.state, None
        known.not_before = outcome.not_before or known.not_before
        known.doubled = known.doubled or outcome.doubled
        if outcome.state == "failed":
            for other in self.parts(known):
                if other.state in ("queued", "delayed"):
                    other.state = "cancelled"

    def parts(self, of: Row) -> list[Row]:
        return [row for row in self.rows.values() if (row.lane, row.message) == (of.lane, of.message)]

    @rule()
    def sweep_what_is_lost(self) -> None:
        lost = Heal(self.database, None).lost(self.wall.at)
        expected = {id for id, row in self.rows.items() if row.until is not None and row.until < self.wall.at}
        assert {row.id for row in lost} == expected
        for row in lost:
            self.outcome(row, decide(errors.Ambiguous("it has died"), row, KEYLESS, self.wall.at))
            assert self.rows[row.id].state in ("unknown", "failed")

    @precondition(lambda self: self.rows)
    @rule(which=st.integers(0, 40))
    def undo(self, which: int) -> None:
        known = self.any_row(which)
        unsent = all(row.state in ("queued", "delayed") for row in self.parts(known))
        assert self.acted(known, a.Undo(known.message)) == unsent
        if unsent:
            for row in self.parts(known):
                row.state = "cancelled"

    @precondition(lambda self: self.rows)
    @rule(which=st.integers(0, 40))
    def retry(self, which: int) -> None:
        known = self.any_row(which)
        failed = any(row.state == "failed" for row in self.parts(known))
        assert self.acted(known, a.Retry(known.message)) == failed
        if failed:
            for row in self.parts(known):
                if row.state in ("failed", "cancelled"):
                    row.state, row.not_before = "queued", self.wall.at

    def any_row(self, which: int) -> Row:
        ids = sorted(self.rows)
        return self.rows[ids[-1 - which % len(ids)]]

    def acted(self, row: Row, verb: a.DialogAction) -> bool:
        try:
            self.mind.do(ActOnDialog(self.dialogs[row.lane], me, verb))
        except errors.Refused:
            return False
        return True

    @rule(seconds=st.sampled_from([1, 10, 50]))
    def time_passes(self, seconds: int) -> None:
        self.wall.by(seconds * SECOND)

    @invariant()
    def sql_says_what_the_model_says(self) -> None:
        if not hasattr(self, "mind"):
            return
        for row in self.stored():
            known = self.rows[row.id]
            assert (row.state, row.attempts) == (known.state, known.attempts)
            assert row.sending_until == known.until
            assert (row.owner is None) == (known.state != "sending")
            if known.state in UNFINISHED:
                assert (row.not_before, row.doubled) == (known.not_before, known.doubled)
            assert (row.settled_at is None) == (known.state in UNFINISHED)

    @invariant()
    def what_is_due_is_found_by_the_sweep(self) -> None:
        if not hasattr(self, "mind"):
            return
        effects = Heal(self.database, None).due(self.wall.at)
        for number in range(3):
            head = self.head(number)
            if (
                head is not None
                and self.rows[head].state != "sending"
                and self.rows[head].not_before <= self.wall.at
            ):
                assert self.lane(number) in effects.lanes


def test_any_life_of_the_lanes_ends_as_the_model_says(database: Database) -> None:
    machine = type("Bound", (LanesMachine,), {"database": database})
    run_state_machine_as_test(machine, settings=sized(12, 40))
