"""Any sequence of batches, with repeats, refusals and poison, against a model of plain dicts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.committer import Command
from bridge.conversations.database import Database
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Refused, Unavailable
from bridge.messages import DialogId, Receipt
from tests.conversations.samples import ANN, DAY, MINUTE, ann
from tests.conversations.shell import Mind, Moved, said, sized, url_of, wipe

me = a.Agent(ANN, "ann", "Ann", "agent")
REOPEN_WITHIN = 3 * DAY
contacts = st.integers(0, 3)
orders = st.one_of(
    st.tuples(st.just("receive"), contacts, st.integers(0, 30)),
    st.tuples(st.just("poison"), contacts, st.just(0)),
    st.tuples(st.sampled_from(["note", "send"]), st.integers(0, 9), st.integers(0, 15)),
    st.tuples(st.sampled_from(["resolve", "reopen", "claim", "release"]), st.integers(0, 9), st.just(0)),
)


@dataclass
class Known:
    """What the model knows of a dialog."""

    contact: int
    texts: list[tuple[int, str]] = field(default_factory=list)
    resolved_at: datetime | None = None
    assigned: bool = False


class CommitterMachine(RuleBasedStateMachine):
    database: Database

    def __init__(self) -> None:
        super().__init__()
        wipe(self.database)
        self.wall = Moved()
        self.mind = Mind(self.database, clock=self.wall, batch=50).__enter__()
        self.other_database = Database(url_of(self.database))
        self.other = Mind(self.other_database, clock=self.wall, batch=3).__enter__()
        self.dialogs: dict[int, Known] = {}
        self.current: dict[int, int] = {}
        self.taken: dict[str, tuple[int, int]] = {}
        self.fresh = 0

    def teardown(self) -> None:
        self.mind.committer.stop()
        self.other.committer.stop()
        self.other_database.close()

    @rule(ordered=st.lists(orders, min_size=1, max_size=8))
    def batch(self, ordered: list[tuple[str, int, int]]) -> None:
        """One batch is the same as its commands one after the other."""
        prepared = [self.prepare(*order) for order in ordered]
        outcomes = self.mind.together(*(command for command, _ in prepared))
        for (_, check), outcome in zip(prepared, outcomes, strict=True):
            check(outcome)

    @rule(numbers=st.lists(contacts, min_size=2, max_size=10), repeats=st.integers(1, 3))
    def at_once_in_two_committers(self, numbers: list[int], repeats: int) -> None:
        """The same new events in two processes' committers: each is taken by one of them."""
        self.fresh += 1
        events = [
            Receive(said(number, f"at once {self.fresh}.{place}", key=f"at once {self.fresh}.{place}"))
            for place, number in enumerate(numbers)
        ]
        with ThreadPoolExecutor(8) as threads:
            heard = list(
                threads.map(
                    lambda pair: pair[0].do(pair[1]),
                    [
                        (mind, event)
                        for event in events
                        for mind in (self.mind, self.other)
                        for _ in range(repeats)
                    ],
                )
            )
        for place, event in enumerate(events):
            of_this = heard[place * 2 * repeats : (place + 1) * 2 * repeats]
            assert len({(receipt.dialog, receipt.seq) for receipt in of_this}) == 1
            assert sum(receipt.new for receipt in of_this) == 1
            self.received(numbers[place], event.incoming.event_key, event.incoming.text, of_this[0])
        for known in self.dialogs.values():
            known.texts.sort()

    @rule(days=st.sampled_from([0, 1, 4]))
    def time_passes(self, days: int) -> None:
        self.wall.by(days * DAY + MINUTE)

    # -- one command and what has to come of it

    def prepare(self, what: str, which: int, key: int) -> tuple[Command[Any], Callable[[Any], None]]:
        if what == "receive":
            event = said(which, f"{which} says {key}", key=f"event:{which}:{key}")
            return Receive(event), lambda got: self.received(which, event.event_key, event.text, got)
        if what == "poison":
            return Receive(said(which, "\ud83d", key=f"poison:{which}")), self.is_unavailable
        ids = sorted(self.dialogs)
        dialog = ids[which % len(ids)] if ids else 404
        if what in ("note", "send"):
            text = f"{what} {key}"
            reply = Reply(
                DialogId(dialog), ann, text, f"reply:{what}:{key}", "note" if what == "note" else "send"
            )
            return reply, lambda got: self.replied(dialog, reply.key, text, got, inside=what == "note")
        verb: a.DialogAction = {
            "resolve": a.Resolve(), "reopen": a.Reopen(), "claim": a.Claim(), "release": a.Release()
        }[what]  # type: ignore[assignment]  # fmt: skip
        return ActOnDialog(DialogId(dialog), me, verb), lambda got: self.acted(dialog, what, got)

    def received(self, contact: int, key: str, text: str, got: Any) -> None:
        assert isinstance(got, Receipt), got
        if key in self.taken:
            assert (got.dialog, got.seq) == self.taken[key]
            return
        running = self.current.get(contact)
        known = self.dialogs[running] if running is not None else None
        over = (
            known is not None
            and known.resolved_at is not None
            and self.wall.at - known.resolved_at > REOPEN_WITHIN
        )
        if known is None or over:
            assert got.dialog not in self.dialogs, "a new dialog"
            known = self.dialogs[got.dialog] = Known(contact)
            self.current[contact] = got.dialog
        else:
            assert got.dialog == running
        known.resolved_at = None
        known.texts.append((got.seq, text))
        self.taken[key] = (got.dialog, got.seq)

    def is_unavailable(self, got: Any) -> None:
        assert isinstance(got, Unavailable)

    def replied(self, dialog: int, key: str, text: str, got: Any, *, inside: bool) -> None:
        known = self.dialogs.get(dialog)
        if known is None:
            assert isinstance(got, Refused)
        elif key in self.taken:
            assert isinstance(got, Receipt)
            assert (got.dialog, got.seq, got.new) == (*self.taken[key], False)
        elif known.resolved_at is not None and self.current[known.contact] != dialog:
            assert isinstance(got, Refused), "the contact has a newer dialog"
        else:
            assert isinstance(got, Receipt), got
            assert (got.dialog, got.new, got.private) == (dialog, True, inside)
            known.texts.append((got.seq, text))
            self.taken[key] = (dialog, got.seq)
            if not inside:
                known.resolved_at = None
                known.assigned = True

    def acted(self, dialog: int, what: str, got: Any) -> None:
        known = self.dialogs.get(dialog)
        allowed = (
            known is not None
            and {
                "resolve": known.resolved_at is None,
                "reopen": known.resolved_at is not None and self.current[known.contact] == dialog,
                "claim": known.resolved_at is None,
                "release": known.assigned,
            }[what]
        )
        assert isinstance(got, dict) == allowed, (what, got)
        assert allowed or isinstance(got, Refused)
        if known is not None and allowed:
            known.resolved_at = {"resolve": self.wall.at, "reopen": None}.get(what, known.resolved_at)
            known.assigned = {"claim": True, "release": False}.get(what, known.assigned)

    # -- what SQL must say

    @precondition(lambda self: self.dialogs)
    @invariant()
    def sql_says_what_the_model_says(self) -> None:
        stored = {row.id: row for row in self.mind.rows(t.dialog)}
        assert stored.keys() == self.dialogs.keys()
        texts: dict[int, list[tuple[int, str]]] = {id: [] for id in stored}
        last: dict[int, int] = dict.fromkeys(stored, 0)
        for row in self.mind.rows(t.message):
            last[row.dialog] = max(last[row.dialog], row.rev)
            if row.author in ("contact", "agent"):
                texts[row.dialog].append((row.seq, row.text))
        for id, known in self.dialogs.items():
            assert texts[id] == known.texts
            assert (stored[id].resolved_at, stored[id].assignee is not None) == (
                known.resolved_at,
                known.assigned,
            )
            assert last[id] <= stored[id].seq
        assert {row.key: (row.dialog, row.seq) for row in self.mind.rows(t.seen)} == self.taken
        assert {row.dialog for row in self.mind.rows(t.identity)} == set(self.current.values())
        wrong = self.mind.rows(t.outbox, t.outbox.c.dialog.not_in(list(stored)))
        assert wrong == []


def test_any_sequence_of_batches_ends_as_the_model_says(database: Database) -> None:
    machine = type("Bound", (CommitterMachine,), {"database": database})
    run_state_machine_as_test(machine, settings=sized(10, 12))
