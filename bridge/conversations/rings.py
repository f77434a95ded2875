"""The clock's commands: a timer has rung, chores are due, somebody's try was never settled.

Owns the way from an armed timer's row to the transition it means, once per (timer, gen). It must never decide when a
timer is due: that was decided when it was armed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bridge.conversations import dialog as dialogs
from bridge.conversations import promises
from bridge.conversations import tables as t
from bridge.conversations.changes import TimerSet
from bridge.conversations.committer import Command
from bridge.conversations.work import Needs, Work
from bridge.messages import DialogId


@dataclass(frozen=True, slots=True)
class Expire(Command[bool]):
    """A dialog's timer has rung; False when it was of the past or rang too early."""

    subject: str
    name: str
    gen: int

    @property
    def dialog(self) -> DialogId:
        return DialogId(int(self.subject.removeprefix("dialog:")))

    def needs(self, needs: Needs) -> None:
        needs.in_flight.add(self.dialog)

    def fold(self, work: Work) -> bool:
        dialog = work.dialogs.get(self.dialog)
        if dialog is None:
            return False
        if self.name == promises.TIMER:
            in_flight = work.in_flight.get(dialog.id)
            change = promises.expired(dialog, self.gen, work.now, work.rules, in_flight_until=in_flight)
        else:
            change = dialogs.woken(dialog, self.gen, work.now, work.rules)
        if change is None:
            return False
        work.put(change)
        return True


@dataclass(frozen=True, slots=True)
class Chore(Command[bool]):
    """A chore's timer has rung: it is armed again for `every` later; False when another process was first."""

    name: str
    gen: int
    every: timedelta

    def needs(self, needs: Needs) -> None:
        """Nothing: the timer's own row is the guard."""

    def fold(self, work: Work) -> bool:
        due_at = work.now + self.every
        result = work.connection.execute(
            sa.update(t.timer)
            .where(
                t.timer.c.subject == f"chore:{self.name}", t.timer.c.name == "run", t.timer.c.gen == self.gen
            )
            .values(gen=self.gen + 1, due_at=due_at, state="armed", fired=t.timer.c.fired + 1)
        )
        if result.rowcount != 1:
            return False
        work.effects.timers[f"chore:{self.name}/run:{self.gen + 1}"] = int(due_at.timestamp() * 1000)
        return True


@dataclass(frozen=True, slots=True)
class ArmChore(Command[None]):
    """A chore that has no timer yet gets one, due now."""

    name: str
    at: datetime

    def needs(self, needs: Needs) -> None:
        """Nothing: a chore that is armed already stays as it is."""

    def fold(self, work: Work) -> None:
        known = work.connection.execute(
            sa.select(t.timer.c.gen).where(t.timer.c.subject == f"chore:{self.name}", t.timer.c.name == "run")
        ).scalar()
        if known is None:
            work.set_timer(TimerSet(f"chore:{self.name}", "run", 1, self.at, "armed"))
