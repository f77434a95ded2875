"""Any life of timers, with wipes, lost claims and double rings, against a model of the ladder."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.effects import TIMERS, parse_timer
from bridge.messages import DialogId, Priority
from tests.conversations.samples import ANN, MINUTE, RULES, SECOND
from tests.conversations.shell import Moved, housed, said, sized, wipe
from tests.services import RedisServer

me = a.Agent(ANN, "ann", "Ann", "agent")
STEPS = ["nudge", "mention", "requeue", "supervise"]
some = st.integers(0, 5)


def moment(step: int, began: datetime, target: timedelta) -> datetime:
    return began + (target * 0.5, target * 0.8, target, target + MINUTE)[step]


@dataclass
class Known:
    """What the model knows of a dialog: the rung it waits for, and when."""

    began: datetime
    target: timedelta = 2 * MINUTE
    step: int = 0
    due_at: datetime | None = None
    resolved: bool = False
    events: list[str] = field(default_factory=list)


class TimersMachine(RuleBasedStateMachine):
    database: Database
    server: RedisServer

    @initialize()
    def begin(self) -> None:
        wipe(self.database)
        self.server.flush()
        self.wall = Moved()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.house = self.loop.run_until_complete(
            self.stack.enter_async_context(housed(self.database, self.server.url, clock=self.wall))
        )
        self.known: dict[int, Known] = {}
        self.asked = 0

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.stack.aclose())
            self.loop.close()

    def run(self, doing: Any) -> Any:
        async def told() -> Any:
            outcome = await doing
            await self.house.settled()
            return outcome

        return self.loop.run_until_complete(told())

    def one(self, which: int) -> tuple[DialogId, Known]:
        ids = sorted(self.known)
        dialog = DialogId(ids[which % len(ids)])
        return dialog, self.known[dialog]

    # -- what people do

    @rule(which=some)
    def ask(self, which: int) -> None:
        """Arms a timer where none runs."""
        self.asked += 1
        receipt = self.run(self.house.router.receive(said(which, key=f"question {self.asked}")))
        known = self.known.get(receipt.dialog)
        if known is None:
            known = self.known[receipt.dialog] = Known(
                self.wall.at, due_at=moment(0, self.wall.at, 2 * MINUTE)
            )
        elif known.resolved:
            known.began, known.step, known.resolved = self.wall.at, 0, False
            known.due_at = moment(0, self.wall.at, known.target)

    @precondition(lambda self: self.known)
    @rule(which=some, priority=st.sampled_from([Priority.urgent, Priority.normal]))
    def prioritise(self, which: int, priority: Priority) -> None:
        """Arms it anew, for another moment."""
        dialog, known = self.one(which)
        self.run(self.house.router.act(dialog, "dialog", me, a.Prioritise(priority)))
        known.target = MINUTE if priority is Priority.urgent else 2 * MINUTE
        if known.step <= 2 and not known.resolved:
            known.due_at = moment(known.step, known.began, known.target)

    @precondition(lambda self: any(not known.resolved for known in self.known.values()))
    @rule(which=some)
    def resolve(self, which: int) -> None:
        """Takes it off."""
        dialog, known = self.one(which)
        if not known.resolved:
            self.run(self.house.router.act(dialog, "dialog", me, a.Resolve()))
            known.resolved, known.due_at = True, None

    # -- what the clock does

    @rule(forgotten=st.sets(st.integers(0, 9)), doubled=st.booleans())
    def ring(self, forgotten: set[int], doubled: bool) -> None:
        """A clock claims what is due; it dies before some effects, and a second one rings the rest again."""
        self.run(self.claimed(forgotten, doubled=doubled))

    async def claimed(self, forgotten: set[int], *, doubled: bool) -> int:
        members, _ = await self.house.timers.claim(self.wall.at, 100)
        for place, member in enumerate(members):
            if place in forgotten:
                continue
            subject, name, gen = parse_timer(member)
            rings = [self.house.router.expire(subject, name, gen) for _ in range(1 + doubled)]
            fired = sum(await asyncio.gather(*rings))
            self.climbed(int(subject.removeprefix("dialog:")), fired)
            await self.house.timers.done([member])
        return len(members)

    def climbed(self, dialog: int, fired: int) -> None:
        assert fired <= 1, "one ring, one effect"
        if not fired:
            return
        known = self.known[dialog]
        assert known.due_at is not None, "nothing was armed"
        assert known.due_at <= self.wall.at, "it rang early"
        known.events.append(STEPS[known.step])
        known.step += 1
        known.due_at = moment(known.step, known.began, known.target) if known.step < len(STEPS) else None

    @precondition(lambda self: self.known)
    @rule(which=some, back=st.integers(1, 5))
    def ring_of_the_past(self, which: int, back: int) -> None:
        dialog, _ = self.one(which)
        for timer in self.house.mind.rows(t.timer, t.timer.c.subject == f"dialog:{dialog}"):
            assert not self.run(self.house.router.expire(timer.subject, timer.name, timer.gen - back))

    @precondition(lambda self: self.known)
    @rule(which=some)
    def due_ring_that_is_early(self, which: int) -> None:
        dialog, known = self.one(which)
        if known.step == 2 and known.due_at is not None and known.due_at > self.wall.at:
            [timer] = self.house.mind.rows(t.timer, t.timer.c.subject == f"dialog:{dialog}")
            assert not self.run(self.house.router.expire(timer.subject, timer.name, timer.gen))

    @rule()
    def wipe_redis(self) -> None:
        self.server.flush()

    @rule()
    def lose_the_timers(self) -> None:
        """Hints were lost, and Redis does not know that it was."""
        self.run(self.house.client.delete(TIMERS))

    @rule()
    def sweep(self) -> None:
        self.run(self.house.heal.sweep(self.wall.at))

    @rule(seconds=st.sampled_from([1, 20, 60, 150]))
    def time_passes(self, seconds: int) -> None:
        self.wall.by(seconds * SECOND)

    @rule()
    def calm(self) -> None:
        """When nothing fails for a few seconds, all that is due has rung."""

        async def calmed() -> None:
            for _ in range(4 * len(STEPS)):
                self.wall.by(2 * SECOND)
                await self.house.heal.sweep(self.wall.at)
                while await self.claimed(set(), doubled=False):
                    await self.house.settled()

        self.run(calmed())
        late = self.wall.at - 5 * SECOND
        assert [
            known for known in self.known.values() if known.due_at is not None and known.due_at < late
        ] == []

    # -- what SQL must say

    @invariant()
    def sql_says_what_the_model_says(self) -> None:
        if not hasattr(self, "house"):
            return
        events: dict[int, list[str]] = {dialog: [] for dialog in self.known}
        for row in self.house.mind.rows(t.message, t.message.c.event.in_(STEPS)):
            events[row.dialog].append(row.event)
        assert events == {dialog: known.events for dialog, known in self.known.items()}
        for timer in self.house.mind.rows(t.timer):
            known = self.known[int(timer.subject.removeprefix("dialog:"))]
            assert timer.fired == len(known.events)
            assert (timer.state == "armed") == (known.due_at is not None)
            assert known.due_at in (None, timer.due_at)


def test_any_life_of_the_timers_rings_each_once_and_none_early(
    database: Database, redis_server: RedisServer
) -> None:
    assert [step.do for step in RULES.ladder.steps] == STEPS
    machine = type("Bound", (TimersMachine,), {"database": database, "server": redis_server})
    run_state_machine_as_test(machine, settings=sized(8, 25))
