"""One scene of a fault test: a house, its people and stand-ins, from the first word to the verdict.

Owns the order of things: load, faults, the end of both, quiet, the books, the checks, one line of figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.exc

from bridge import app
from bridge.conversations import tables as t
from bridge.conversations.audit import audit
from bridge.conversations.database import Database
from tests.faults import checks, house
from tests.faults.checks import Span
from tests.faults.house import House, Member
from tests.faults.journal import Books, Journal, books
from tests.faults.people import People, until
from tests.faults.standins import Desk, Platform

QUIET_SECONDS = 60.0
VISITORS, CALLERS = 20, 10


@dataclass(slots=True)
class Scene:
    """All that takes part."""

    name: str
    seed: int
    house: House
    people: People
    journal: Journal
    desk: Desk
    platform: Platform
    rng: random.Random
    kills: int = 0
    outages: list[Span] = field(default_factory=list)
    """when there was no clock, or nothing for it to go by"""

    async def kill(self, member: Member) -> None:
        """Kill -9 and an immediate restart; returns once it serves again."""
        with self.outage() if member.roles in ("clock", "all") else nullcontext():
            await member.kill()
            self.kills += 1
            member.start()
            await self.house.ready(member)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Nobody can ring a timer while this block runs."""
        began = datetime.now(UTC)
        yield
        self.outages.append((began, datetime.now(UTC)))

    async def kill_often(self, member: Member, times: int) -> None:
        """Kills at random moments, soon enough after the restart to hit it at work."""
        for _ in range(times):
            await asyncio.sleep(self.rng.uniform(0.5, 1.5))
            await self.kill(member)

    async def verdict(self, *, late: float = 10.0) -> Books:
        """Ends the load, waits for quiet and asks every question; raises AssertionError with what is broken."""
        started, calm = time.monotonic(), datetime.now(UTC)
        await asyncio.wait_for(self.people.finish(), QUIET_SECONDS)
        took = await until(self._quiet, QUIET_SECONDS)
        quiet = time.monotonic() - started
        # What goes on while the books are read would look like loss: without quiet there is only this to say.
        assert took < QUIET_SECONDS, f"{self.name} FAULT_SEED={self.seed}: not quiet after {quiet:.0f} s"
        database = Database(self.house.database)
        try:
            found = await asyncio.to_thread(books, database)
            rules = app.parts(self.house.config()).rules
            later = datetime.now(UTC) + timedelta(minutes=2)
            findings = await asyncio.to_thread(audit, database, rules, later)
            # Chores come round for ever: at a later moment they are all overdue.
            found.findings = [str(f) for f in findings if not f.subject.startswith("chore:")]
        finally:
            database.close()
        broken = checks.broken(self.journal, found, calm, late=late, outages=self.outages)
        self._report(found, broken, quiet)
        # Shown in full: such a run may not come again.
        words = "\n".join(
            f"{name}: {len(faults)}\n  " + "\n  ".join(faults[:12]) for name, faults in broken.items()
        )
        assert not broken, f"{self.name} FAULT_SEED={self.seed}, quiet after {took:.0f} s\n{words}"
        return found

    async def _quiet(self) -> bool:
        """Nothing to send, nothing to ring, and every visitor has seen what is his."""
        idle = self.people.idle()
        settled = await asyncio.to_thread(self._settled)
        return idle and settled and self.people.idle() and not self._behind()

    def _settled(self) -> bool:
        engine = sa.create_engine(self.house.database)
        try:
            with engine.connect() as connection:
                # One statement, one snapshot: a timer that fires in between would be neither armed nor posted.
                unfinished = sa.select(sa.func.count()).where(t.outbox.c.state.in_(t.UNFINISHED))
                armed = sa.select(sa.func.count()).where(
                    t.timer.c.state == "armed", t.timer.c.subject.like("dialog:%")
                )
                left = connection.scalar(sa.select(unfinished.scalar_subquery() + armed.scalar_subquery()))
                return left == 0
        except sqlalchemy.exc.OperationalError:
            return False
        finally:
            engine.dispose()

    def _behind(self) -> bool:
        """Whether a reply is not in its stream yet."""
        streams = checks.streamed(self.journal)
        visitors = {said.dialog for said in self.journal.said if said.customer in self.journal.streams}
        return any(
            (reply.dialog, reply.seq) not in streams
            for reply in self.journal.replied
            if reply.dialog in visitors and not reply.private
        )

    def _report(self, found: Books, broken: dict[str, list[str]], quiet: float) -> None:
        """One line of figures, for people, and for the file that FAULT_REPORT names."""
        acknowledged = {(said.dialog, said.seq): said.at for said in self.journal.said}
        waits = [
            post.at - acknowledged[post.dialog, post.seq or 0]
            for post in self.journal.desk
            if post.kind == "post" and (post.dialog, post.seq or 0) in acknowledged
        ]
        figures = {
            "scene": self.name,
            "seed": self.seed,
            "kills": self.kills,
            "messages": len(self.journal.said),
            "replies": len(self.journal.replied),
            "refused": dict(self.journal.refused),
            "faults": self.desk.server.temper.made + self.platform.server.temper.made,
            "posts": len(self.journal.desk),
            "texts": len(self.journal.platform),
            "fired": sum(timer.fired for timer in found.timers),
            "doubled": sum(row.doubled for row in found.outbox),
            "failed": sum(row.state == "failed" for row in found.outbox),
            "retried": sum(row.attempts > 1 for row in found.outbox),
            "desk_max_s": round(max(waits, default=0.0), 1),
            "quiet_s": round(quiet, 1),
            "broken": {name: len(faults) for name, faults in broken.items()},
        }
        print(json.dumps(figures))
        if report := os.environ.get("FAULT_REPORT"):
            with Path(report).open("a") as lines:
                lines.write(json.dumps(figures) + "\n")


@asynccontextmanager
async def scene(
    name: str,
    folder: Path,
    database: str,
    redis: str | None,
    seed: int,
    *,
    members: Sequence[str] = house.SPLIT,
    visitors: int = VISITORS,
    callers: int = CALLERS,
    lease: str = "4s",
) -> AsyncIterator[Scene]:
    """A house under load; the block does the faults and ends with the verdict."""
    rng = random.Random(seed)
    journal = Journal()
    desk, platform = Desk(journal, rng), Platform(journal, rng)
    await desk.server.start()
    await platform.server.start()
    try:
        async with house.running(
            folder,
            database,
            redis,
            desk.server.url,
            platform.server.url,
            members=members,
            lease=lease,
        ) as started:
            people = People(started, journal, rng.getrandbits(32))
            desk.on_post = people.answer
            try:
                await people.come(visitors, callers)
                yield Scene(name, seed, started, people, journal, desk, platform, rng)
            except BaseException:
                print(started.logs()[-20_000:])
                raise
            finally:
                await people.leave()
    finally:
        await desk.server.stop()
        await platform.server.stop()
