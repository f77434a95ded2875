"""What is measured: the floor and the bridge, started with a configuration of the benchmark's own.

The only file that knows the bridge's command line, configuration, addresses and message table.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy
import yaml

from bench import platforms
from bench.load import Target
from bench.parts import ROOT, started, wait_for
from tests.services import PostgresServer, RedisServer, port

FLOOR = "floor"  # signs and stores nothing
SHIPPED = "shipped"  # `make run` as it comes
IDLE, PLAYED = "idle", "idle with the playground"  # without channels of platforms, and as it comes
TIMERS = "timers"  # the bridge on each database with nothing to do but to keep its promises in mind
DATABASES = ("sqlite", "postgresql")
NAMES = (*DATABASES, FLOOR)  # the order within a round: the floor repeats the others' loads
LAYOUTS: dict[str, tuple[str | None, ...]] = {
    "one": (None,),  # every role in one process, as `make run` does
    "split": ("web", "hands", "clock"),  # a process for each role, on one Redis
}
BRIDGE = (sys.executable, "-m", "bridge")
SECRETS = {
    "SINK_SECRET": "whsec_YmVuY2htYXJrLWJlbmNobWFyay1iZW5jaG1hcmsh",
    "BENCH_TOKEN": "benchmark-benchmark-benchmark-benchmark",
}
RESTLESS, GLANCE = 60.0, 0.5
"""Seconds after which a system that does not come to rest is measured all the same, and between two looks at it."""


@dataclass(frozen=True, slots=True)
class System:
    """A running system: where it takes messages and which process trees it consists of."""

    name: str
    target: Target
    roots: Sequence[int]
    started_in: float
    database: str | None = None

    @property
    def web(self) -> int:
        """The process that serves HTTP."""
        return self.roots[0]


@contextmanager
def running(
    name: str, desk: str | None, work: Path, layout: str = "one", fill: Callable[[str], None] | None = None
) -> Iterator[System]:
    """One of the systems by its name, on fresh data in `work`, stopped at the end.

    `fill` is given the database's URL when its schema is there and the bridge has not been started.
    """
    with ExitStack() as stack:
        if name == FLOOR and desk is not None:
            yield stack.enter_context(floor(desk, work))
        elif name in DATABASES:
            url, beside = stack.enter_context(database(name, work))
            yield stack.enter_context(
                bridge(name, url, beside, desk=desk, work=work, layout=layout, fill=fill)
            )
        else:
            raise ValueError(f"there is no system {name!r}")


@contextmanager
def database(name: str, work: Path) -> Iterator[tuple[str, Sequence[int]]]:
    """A new, empty database and the processes that it consists of."""
    if name == "sqlite":
        yield f"sqlite:///{work / 'bridge.db'}", []
        return
    cluster = PostgresServer()
    try:
        cluster.start()
        yield cluster.url(cluster.create()), [cluster.pid]
    finally:
        cluster.remove()


@contextmanager
def floor(desk: str, work: Path) -> Iterator[System]:
    """The empty hook with a Redis of the kind that the bridge embeds."""
    redis = RedisServer()
    try:
        redis.start()
        number, log = port(), work / "floor.log"
        command = [sys.executable, "-m", "bench.floor", "--port", str(number)]
        with started([*command, "--redis", redis.url, "--desk", desk], log, os.environ) as process:
            took = wait_for(number, "/readyz", process, log)
            yield System(FLOOR, Target(number, "/hook"), [process.pid, redis.pid], took)
    finally:
        redis.remove()


@contextmanager
def bridge(
    name: str,
    url: str,
    beside: Sequence[int],
    *,
    desk: str | None,
    work: Path,
    layout: str,
    fill: Callable[[str], None] | None = None,
) -> Iterator[System]:
    """The bridge on a database, in one of the layouts; `beside` are processes it uses that already run."""
    roles = LAYOUTS[layout]
    number, log, began = port(), work / "bridge.log", time.monotonic()
    with ExitStack() as stack:
        roots: list[int] = []
        redis: str | None = None
        if len(roles) > 1:
            server = RedisServer()
            stack.callback(server.remove)
            server.start()
            beside = [*beside, server.pid]
            redis = server.url
        path = work / "config.yaml"
        path.write_text(yaml.safe_dump(config(number, url, redis, desk, work)))
        if fill is not None:
            migrate(path)
            fill(url)
        for role in roles:
            command = [*BRIDGE, "run", "--config", str(path)]
            options = [] if role is None else ["--roles", role]
            process = stack.enter_context(started([*command, *options], log, os.environ | SECRETS))
            roots.append(process.pid)
            if role in {None, "web"}:
                wait_for(number, "/readyz", process, log)
        took = time.monotonic() - began
        rest(roots)
        yield System(name, target(number), [*roots, *beside], took, url)


def rest(roots: Sequence[int]) -> None:
    """Waits until these processes do next to nothing: a channel's library is loaded behind a page that answers already."""
    processes = [psutil.Process(root) for root in roots]
    deadline = time.monotonic() + RESTLESS
    while time.monotonic() < deadline:
        before = [process.cpu_times() for process in processes]
        time.sleep(GLANCE)
        after = [process.cpu_times() for process in processes]
        if (
            sum(b.user + b.system - a.user - a.system for a, b in zip(before, after, strict=True))
            < GLANCE / 10
        ):
            return


def migrate(path: Path) -> None:
    """Lets the bridge make the tables of the database that a configuration names."""
    command = [*BRIDGE, "migrate", "--config", str(path)]
    subprocess.run(command, cwd=ROOT, env=os.environ | SECRETS, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def shipped(work: Path, *, playground: bool) -> Iterator[System]:
    """The bridge as `make run` starts it, on a port and in a folder of its own; ready when its first page answers.

    Without the playground there are no platforms' channels either.
    """
    number, log = port(), work / "shipped.log"
    chosen = yaml.safe_load((ROOT / "config.yaml").read_text())
    chosen["http"] = (chosen.get("http") or {}) | {"host": "127.0.0.1", "port": number}
    chosen["data"] = str(work / "data")
    chosen["playground"] = playground
    path = work / "config.yaml"
    path.write_text(yaml.safe_dump(chosen))
    command = [*BRIDGE, "run", "--config", str(path)]
    with started(command, log, os.environ) as process:
        took = wait_for(number, "/", process, log)
        yield System(SHIPPED, target(number), [process.pid], took)


def target(number: int) -> Target:
    """The bridge's addresses."""
    return Target(
        port=number,
        messages="/site/shop/messages",
        session="/site/shop/session",
        events="/site/shop/events",
        replies="/api/v1/dialogs/{dialog}/reply",
        token=SECRETS["BENCH_TOKEN"],
        hooks=True,
    )


def config(number: int, url: str, redis: str | None, desk: str | None, work: Path) -> dict[str, object]:
    """The bridge's configuration: a site chat, a channel of each platform, and the sink as its only desk; or no desk that is posted to."""
    name = "web" if desk is None else "sink"
    chosen: dict[str, object] = {
        "data": str(work / "data"),
        "http": {"host": "127.0.0.1", "port": number},
        "database": {"url": url},
        "lines": {"first": {"speaks": True, "desks": [name]}},
        "channels": {
            "shop": {"connector": "site", "line": "first"},
            **platforms.CHANNELS,
        },
        "tokens": {"bench": "${BENCH_TOKEN}"},
        # All visitors share one address, and each writes more than a person can.
        "limits": {"messages_per_minute": 1_000_000, "sessions_per_minute": 1_000_000},
        "log": {"level": "warning"},
    }
    if desk is None:
        # One rung: a timer that has fired is over.
        chosen |= {"desks": {name: {"desk": "web"}}, "ladder": [{"at": "100%", "do": "requeue"}]}
    else:
        chosen["desks"] = {name: {"desk": "webhook", "url": desk, "secret": "${SINK_SECRET}"}}
    if redis is not None:
        chosen["redis"] = {"url": redis}
    return chosen


def stored(url: str) -> list[str]:
    """The texts of all the generator's messages that are in the bridge's SQL."""
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            query = sqlalchemy.text("SELECT text FROM message WHERE text LIKE :pattern")
            return list(connection.execute(query, {"pattern": "[%] %"}).scalars())
    finally:
        engine.dispose()
