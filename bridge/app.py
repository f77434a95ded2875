"""The composition: which parts one process is made of, and the order in which they start and stop.

Owns the wiring only; nothing else knows everything. It must never hold a rule of the product.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import redis
import redis.asyncio as aioredis
import sqlalchemy.exc
import structlog

from bridge import lease, stage
from bridge.beside import Chores, keep_worker, redis_client, redis_server
from bridge.clock import Clock, Wall
from bridge.config import Config, edge_class
from bridge.config.sections import AgentSection
from bridge.connector import Bounds, Connector, Surroundings
from bridge.conversations import schema
from bridge.conversations.access import Access, Person
from bridge.conversations.changes import to_files
from bridge.conversations.committer import GATHER, UNHURRIED, Committer
from bridge.conversations.database import Database
from bridge.conversations.door import Door
from bridge.conversations.effects import EVERYTHING, Effects
from bridge.conversations.heal import Heal
from bridge.conversations.hints import Hints, send_now
from bridge.conversations.lanes import Bells
from bridge.conversations.leases import Leases
from bridge.conversations.lines import Rules
from bridge.conversations.live import Hub
from bridge.conversations.presence import Presence
from bridge.conversations.queue import Queue
from bridge.conversations.reader import Reader
from bridge.conversations.router import Router
from bridge.conversations.timers import Timers
from bridge.deliver import Edge, Hands, Outward
from bridge.desk import Desk
from bridge.downloads import Downloads
from bridge.media import Fetcher, Files
from bridge.messages import ChannelName, DeskName, Health, LineName
from bridge.serving import health_checks, scraped, stop_server, web_application, web_server
from bridge.signs import Signs
from bridge.tasks import ending
from bridge.web.channels import Channels, ask

log = structlog.get_logger()

ROLES = ("web", "hands", "clock")
SWITCH = 0.0005
"""Seconds for which a thread may keep the interpreter from the others. The event loop and the committer wait for each other
at every answer of the database; at Python's own five milliseconds that doubled the time to an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The classes that config.yaml names, and the rules that follow from both."""

    connectors: dict[ChannelName, type[Connector]]
    desks: dict[DeskName, type[Desk]]
    rules: Rules


def parts(config: Config) -> Parts:
    """Imports what is configured; raises `ConfigError` for what does not fit."""
    connectors = {
        ChannelName(name): edge_class(f"channels.{name}.connector", "connector", channel.connector, Connector)  # type: ignore[type-abstract]
        for name, channel in config.channels.items()
    }
    desks = {
        DeskName(name): edge_class(f"desks.{name}.desk", "desk", desk.desk, Desk)  # type: ignore[type-abstract]
        for name, desk in config.desks.items()
    }
    rules = config.rules({name: made.limits for name, made in connectors.items()})
    return Parts(connectors, desks, _posted(rules, desks))


def _posted(rules: Rules, desks: dict[DeskName, type[Desk]]) -> Rules:
    """The rules without the desks that read SQL themselves: nothing is posted to those."""
    channels = {
        name: replace(channel, desks=tuple(desk for desk in channel.desks if not desks[desk].reads))
        for name, channel in rules.channels.items()
    }
    lines = {
        name: replace(line, desks=tuple(desk for desk in line.desks if not desks[desk].reads))
        for name, line in rules.lines.items()
    }
    return replace(rules, channels=channels, lines=lines)


async def run(config: Config, config_path: Path, roles: Collection[str], *, workers: bool) -> None:
    """Runs the bridge until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH)
    config = stage.furnished(config)
    made = parts(config)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with redis_server(config) as redis_url, AsyncExitStack() as stack:
        kept: list[asyncio.Task[None]] = []
        stack.push_async_callback(_cancel, kept)  # our own ears close before the workers go
        process = await stack.enter_async_context(_process(config, made, redis_url, roles))
        if workers:
            kept += [
                asyncio.create_task(keep_worker(config_path, redis_url)) for _ in range(config.workers.count)
            ]
        log.info("running", roles=sorted(roles))
        stopped = asyncio.create_task(stopping.wait())
        running = [stopped, *process]
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()
        log.info("stopping")


@asynccontextmanager
async def _process(
    config: Config, made: Parts, redis_url: str, roles: Collection[str]
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Everything of one process, started in the order of need and stopped in reverse: ears first."""
    loop = asyncio.get_running_loop()
    wall = Wall()
    async with AsyncExitStack() as stack:
        database = Database(config.database.url)
        stack.callback(database.close)
        await asyncio.to_thread(schema.upgrade, database)
        client = redis_client(redis_url)
        stack.push_async_callback(client.aclose)
        hints = Hints(client, loop)
        stack.push_async_callback(hints.settled)
        gather = GATHER if "web" in roles else UNHURRIED
        committer = Committer(
            database, made.rules, hints.add, batch=config.committer.batch, gather=gather, clock=wall.now
        )
        committer.start()
        stack.push_async_callback(asyncio.to_thread, committer.stop)
        reader = Reader(database, made.rules)
        stack.callback(reader.close)
        router = Router(database, committer, reader, Queue(client), hints.add, Presence(client, reader))
        heal = Heal(database, client)
        tokens = {name: token.get_secret_value() for name, token in config.tokens.items()}
        access = Access(database, tokens, clock=wall.now)
        stack.callback(access.close)
        await asyncio.to_thread(access.ensure_agents, [_person(agent) for agent in config.agents])
        http = await stack.enter_async_context(_http())
        hub = Hub(client)
        around = _surroundings(config, router, hub, Leases(client, lease.myself()), http)
        edges = _edges(config, made, around)
        tasks = _informed(router, hub, hints, made.rules.lines, roles)
        stack.push_async_callback(_cancel, tasks)
        chores = Chores(redis_url)
        stack.callback(chores.close)
        _call_out(router, edges, chores)
        if "clock" in roles:
            clock = Clock(router, Timers(client), heal, wall, client, config.chores.model_dump(), chores.soon)
            tasks += _ticking(clock, database)
        if "hands" in roles:
            outward = await stack.enter_async_context(_outward(edges, around))
            hands = Hands(router, Bells(client), heal, outward, lease.myself(), wall.now, config.hands.lease)
            hub.on_ring = hands.ring
            tasks.append(asyncio.create_task(hands.run(), name="hands"))
        if "web" in roles:
            tasks.append(_serving(stack, config, made, edges, around, access, database, client, wall))
            listening = [asyncio.create_task(_listen(name, edge), name=name) for name, edge in edges.items()]
            stack.push_async_callback(_cancel, listening)
        # What has been made by now stays: looking through it again and again would stop everybody for a while.
        gc.collect()
        gc.freeze()
        yield tasks


def _serving(
    stack: AsyncExitStack,
    config: Config,
    made: Parts,
    edges: dict[str, Edge],
    around: Surroundings,
    access: Access,
    database: Database,
    client: aioredis.Redis,
    wall: Wall,
) -> asyncio.Task[None]:
    """Everything that answers HTTP; when it ends, those who wait at the playground are let go first."""
    channels = Channels({name: edge.check for name, edge in edges.items()})
    playground = stage.opened(config)
    app = web_application(
        config,
        edges,
        around,
        access,
        channels,
        health_checks(database, client),
        scraped(database, client, made.rules.lines, channels, wall.now),
        stage.routes(playground, config, around.router),
    )
    server, serve = web_server(config, app)
    serving = asyncio.create_task(serve, name="web")
    stack.push_async_callback(stop_server, server, serving)
    if playground is not None:
        stack.push_async_callback(playground.close)
    return serving


def _informed(
    router: Router, hub: Hub, hints: Hints, lines: Collection[LineName], roles: Collection[str]
) -> list[asyncio.Task[None]]:
    """What keeps a process up to date: who is on duty, and, where there are pages or hands, what is called for."""
    hints.add(Effects(wakes={EVERYTHING}))  # in the name of the process that was killed before it could
    tasks = [asyncio.create_task(router.attendance.run(lines), name="duty")]
    if "web" in roles or "hands" in roles:
        tasks.append(asyncio.create_task(hub.run(), name="live"))
    return tasks


def _ticking(clock: Clock, database: Database) -> list[asyncio.Task[None]]:
    """What goes by the clock: timers, and looking after SQLite's log."""
    tasks = [asyncio.create_task(clock.run(), name="clock")]
    if database.sqlite:
        tasks.append(asyncio.create_task(_keep_small(database), name="log"))
    return tasks


async def _keep_small(database: Database) -> None:
    """Moves SQLite's log into the database every second, so that no commit has to."""
    while not ending():
        try:
            await asyncio.to_thread(database.checkpoint)
        except (sqlite3.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            log.warning("the log of the database could not be moved", reason=type(error).__name__)
        await asyncio.sleep(1)


def _surroundings(
    config: Config, router: Router, hub: Hub, leases: Leases, http: aiohttp.ClientSession
) -> Surroundings:
    secret = config.signing_secret().encode()
    return Surroundings(
        router=router,
        live=hub,
        leases=leases,
        files=Files(config.files.url, secret),
        http=http,
        secret=secret,
        public_url=config.public_url or "",
        languages=tuple(config.languages),
        bounds=Bounds(**config.limits.model_dump()),
    )


async def _listen(name: str, edge: Edge) -> None:
    """An edge that stops listening is said aloud, and listened to again."""
    while True:
        try:
            await edge.listen()
        except Exception:
            log.exception("an edge does not listen any more", edge=name)
            await asyncio.sleep(10)
        else:
            return


def _edges(config: Config, made: Parts, around: Surroundings) -> dict[str, Edge]:
    edges: dict[str, Edge] = {}
    for name, connector in made.connectors.items():
        settings = config.channel_settings(name, connector.Settings)
        edges[f"channel:{name}"] = connector(name, settings, around)
    for desk_name, desk in made.desks.items():
        edges[f"desk:{desk_name}"] = desk(desk_name, config.desk_settings(desk_name, desk.Settings), around)
    return edges


@asynccontextmanager
async def _outward(edges: Mapping[str, Edge], around: Surroundings) -> AsyncIterator[dict[str, Outward]]:
    """What the hands work for: all edges that are sent to, and the files of each channel's contacts."""
    outward: dict[str, Outward] = {
        name: edge for name, edge in edges.items() if not getattr(edge, "reads", False)
    }
    limit = around.bounds.file_mb * 1_048_576
    async with Fetcher() as fetcher:
        for edge in edges.values():
            if isinstance(edge, Connector):
                outward[to_files(edge.name)] = Downloads(edge, fetcher, around.files, limit)
        yield outward


async def asked(config: Config, made: Parts) -> dict[str, Health]:
    """How each channel and desk says it is, without running any of them: it asks nobody but its platform."""
    nobody = cast("Any", None)
    async with _http() as http:
        around = Surroundings(
            nobody, nobody, nobody, nobody, http, b"", config.public_url or "", tuple(config.languages)
        )
        edges = _edges(config, made, around)
        return {name: await ask(name, edge.check) for name, edge in edges.items()}


def _call_out(router: Router, edges: Mapping[str, Edge], chores: Chores) -> None:
    """What the mind asks of those above it: to show a sign, to read an event again, to start a chore."""
    connectors = {edge.name: edge for edge in edges.values() if isinstance(edge, Connector)}
    router.presence.on_typing = Signs(connectors).typing
    router.replays = {name: connector.replay for name, connector in connectors.items()}
    router.on_announce = lambda: chores.soon("announce")


def _person(agent: AgentSection) -> Person:
    lines = tuple(LineName(line) for line in agent.lines)
    return Person(agent.login, agent.name, agent.role, lines, agent.language or "en")


@asynccontextmanager
async def _http() -> AsyncIterator[aiohttp.ClientSession]:
    """The one client that connectors and desks call out with."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=True) as session:
        yield session


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def run_worker(config: Config, redis_url: str) -> None:
    """One worker process: the same mind behind a sync door, and RQ in front of it."""
    from workers import door as worker_door
    from workers.run import work

    made = parts(stage.furnished(config))
    database = Database(config.database.url)
    client = redis.Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)
    committer = Committer(database, made.rules, lambda effects: send_now(client, effects))
    committer.start()
    files = Files(config.files.url, config.signing_secret().encode())
    worker_door.open(Door(database, committer, made.rules, files))
    try:
        work(redis_url)
    finally:
        committer.stop()
        database.close()
