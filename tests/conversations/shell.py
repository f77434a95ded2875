"""A mind for tests: a real database, a committer that runs, and what Redis would be told.

Owns putting the shell's parts together as the composition does, a wall clock that tests move by hand, and processes
that work side by side. It must never stand in for a part with anything that is not one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
import redis.asyncio as aioredis
import sqlalchemy as sa
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bridge.conversations.committer import Command, Committer
from bridge.conversations.database import Database
from bridge.conversations.effects import BELLS, QUEUE, TIMERS, Effects
from bridge.conversations.heal import Heal
from bridge.conversations.hints import Hints
from bridge.conversations.lanes import Bells
from bridge.conversations.lines import Rules
from bridge.conversations.presence import Presence
from bridge.conversations.queue import Queue
from bridge.conversations.reader import Reader
from bridge.conversations.router import Router
from bridge.conversations.tables import metadata
from bridge.conversations.timers import Timers
from bridge.conversations.work import Needs, Work
from bridge.messages import Address, EventKey, Incoming
from tests.conversations.samples import NOON, RULES, SHOP
from tests.services import PostgresServer

T = TypeVar("T")


class Moved:
    """A wall clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def now(self) -> datetime:
        return self.at

    def by(self, span: timedelta) -> datetime:
        self.at += span
        return self.at


@contextmanager
def emptied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables, of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
        metadata.create_all(database.writer)
    else:
        database = Database(_shared(request.getfixturevalue("postgres_server")))
        wipe(database)
    try:
        yield database
    finally:
        database.close()


@cache
def _shared(server: PostgresServer) -> str:
    """One database for all tests of this process: emptying its tables is ten times faster than making them."""
    url = server.url(server.create())
    database = Database(url)
    metadata.create_all(database.writer)
    database.close()
    return url


def url_of(database: Database) -> str:
    """What another process opens it by."""
    return database.url.render_as_string(hide_password=False)


class Mind:
    """The half of the shell that needs no Redis: commands in, rows and effects out."""

    def __init__(
        self,
        database: Database,
        rules: Rules = RULES,
        *,
        clock: Callable[[], datetime],
        batch: int = 200,
        hint: Callable[[Effects], None] | None = None,
    ) -> None:
        self.database = database
        self.rules = rules
        self.told: list[Effects] = []
        """what was to be told to Redis, one a commit"""
        self.committer = Committer(database, rules, hint or self.told.append, batch=batch, clock=clock)

    def __enter__(self) -> Mind:
        self.committer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.committer.stop()

    def do(self, command: Command[T]) -> T:
        return self.committer.run_sync(command)

    def together(self, *commands: Command[Any]) -> list[Any]:
        """Runs the commands in one batch, in their order; answers and errors come as values."""

        async def submit() -> list[Any]:
            hold = Hold()
            holding = asyncio.create_task(self.committer.run(hold))
            await asyncio.to_thread(hold.begun.wait)
            running = [asyncio.create_task(self.committer.run(command)) for command in commands]
            await asyncio.sleep(0)  # every task has put its command into the committer's hands
            hold.end.set()
            await holding
            return await asyncio.gather(*running, return_exceptions=True)

        return asyncio.run(submit())

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        """The rows of a table in the order of its key."""
        query = sa.select(table).where(*where).order_by(*table.primary_key.columns)
        with self.database.read() as connection:
            return list(connection.execute(query))

    def count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        with self.database.read() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
            )


class Hold(Command[None]):
    """Keeps the committer busy until told to go on, so that what is submitted meanwhile becomes one batch."""

    def __init__(self) -> None:
        self.begun, self.end = threading.Event(), threading.Event()

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def fold(self, work: Work) -> None:
        self.begun.set()
        assert self.end.wait(30)


@dataclass(slots=True)
class House:
    """A whole mind in one event loop: SQL, Redis and all that lies between."""

    mind: Mind
    client: Any
    hints: Hints
    router: Router
    queue: Queue
    bells: Bells
    timers: Timers
    heal: Heal
    clock: Callable[[], datetime]

    async def settled(self) -> None:
        """Returns once Redis has been told of every commit so far."""
        async with asyncio.timeout(10):
            await self.hints.settled()

    async def redis_state(self) -> dict[str, dict[str, float]]:
        """All that Redis holds about the order of work."""
        state = {}
        for pattern in (TIMERS, BELLS + "*", QUEUE + "*"):
            for key in await self.client.keys(pattern):
                members = await self.client.zrange(key, 0, -1, withscores=True)
                state[key.decode()] = {member.decode(): score for member, score in members}
        return state


@asynccontextmanager
async def housed(
    database: Database, redis_url: str, *, rules: Rules = RULES, clock: Callable[[], datetime]
) -> AsyncIterator[House]:
    """A running house; several of them may share one database and one Redis."""
    client = aioredis.Redis.from_url(
        redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1)
    )
    hints = Hints(client, asyncio.get_running_loop())
    mind = Mind(database, rules, clock=clock, hint=hints.add)
    reader = Reader(database, rules)
    queue = Queue(client)
    router = Router(database, mind.committer, reader, queue, hints.add, Presence(client, reader))
    with mind:
        house = House(
            mind, client, hints, router, queue, Bells(client), Timers(client), Heal(database, client), clock
        )
        try:
            yield house
        finally:
            await house.settled()
            reader.close()
            await client.aclose()


hypothesis.settings.register_profile(
    "deep",
    max_examples=1000,
    stateful_step_count=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def sized(examples: int, steps: int) -> hypothesis.settings:
    """How long a machine runs: so much in every run of the tests, all night with --hypothesis-profile=deep."""
    if hypothesis.settings.get_current_profile_name() == "deep":
        return hypothesis.settings()
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def wipe(database: Database) -> None:
    """Deletes every row."""
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


async def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Returns as soon as it is true; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        await asyncio.sleep(0.01)


def said(number: int, text: str = "Where is my parcel?", *, key: str = "", **fields: Any) -> Incoming:
    """The message of visitor `number`."""
    known: dict[str, Any] = {"channel": SHOP, "address": Address(f"visitor-{number}")}
    return Incoming(text=text, event_key=EventKey(key or f"{number}:{text}"), **known | fields)


def side_by_side(target: Callable[..., Any], *arguments: Sequence[Any]) -> list[Any]:
    """Runs `target(barrier, *arguments)` in one new process per argument list; answers what each returned."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(arguments))
    pipes, processes = [], []
    for each in arguments:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_report, args=(target, barrier, theirs, each))
        process.start()
        theirs.close()
        pipes.append(mine)
        processes.append(process)
    try:
        results = []
        for pipe in pipes:
            assert pipe.poll(90), "a process does not answer"
            results.append(pipe.recv())
        return results
    finally:
        for process in processes:
            process.join(10)
            process.kill()
        assert [process.exitcode for process in processes] == [0] * len(processes)


def _report(target: Callable[..., Any], barrier: Barrier, pipe: Any, arguments: Iterable[Any]) -> None:
    pipe.send(target(barrier, *arguments))
