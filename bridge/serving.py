"""Serving HTTP: the ASGI application of one process and the uvicorn server around it.

Owns what is mounted, health checks and the end of serving. It must never know a route's meaning.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from datetime import datetime
from typing import Any

import redis
import redis.asyncio as aioredis
import sqlalchemy.exc
import structlog
import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bridge import metrics
from bridge.config import Config
from bridge.connector import Surroundings
from bridge.conversations import gauges
from bridge.conversations.access import Access
from bridge.conversations.database import Database
from bridge.conversations.passwords import Passwords
from bridge.deliver import Edge
from bridge.errors import ConfigError
from bridge.messages import LineName
from bridge.web import doors
from bridge.web.api import api
from bridge.web.api.macros import Macro
from bridge.web.channels import Channels
from bridge.web.pages import Settings as PageSettings
from bridge.web.pages import routes as page_routes
from bridge.web.site import Check, Scrape, application

Now = Callable[[], datetime]
log = structlog.get_logger()

BACKLOG = 4096
PATIENCE = 3.0
"""Seconds a store may take to say that it is there: who asks does not wait longer either."""


def web_application(
    config: Config,
    edges: dict[str, Edge],
    around: Surroundings,
    access: Access,
    channels: Channels,
    checks: dict[str, Check],
    scrape: Scrape,
    more: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """All that answers HTTP in this process; `more` is what the composition adds."""
    pages = PageSettings(
        channels=tuple(name for name, channel in config.channels.items() if channel.connector == "site"),
        languages=tuple(config.languages),
        demo=config.demo,
        secure=(config.public_url or "").startswith("https:"),
        agents=tuple((agent.login, agent.name, agent.role) for agent in config.agents),
        playground=config.playground,
    )
    routes: list[BaseRoute] = [route for edge in edges.values() for route in edge.routes()]
    routes += page_routes(around.router, access, pages)
    routes += [*doors.routes(access, Passwords(access), pages), *more]
    limit = config.limits.file_mb * 1_048_576
    rest = api(
        around.router,
        access,
        around.live,
        around.files,
        secure=pages.secure,
        file_bytes=limit,
        answers=_macros(config),
        channels=channels,
    )
    return application(routes, rest, checks, scrape, channels)


def _macros(config: Config) -> list[Macro]:
    """The saved answers, each with the default language first where it speaks it."""
    default = config.languages[0]
    return [
        Macro(name, macro.title, dict(sorted(macro.text.items(), key=lambda one: one[0] != default)))
        for name, macro in config.macros.items()
    ]


def health_checks(database: Database, client: aioredis.Redis) -> dict[str, Check]:
    """What /readyz asks."""

    async def sql() -> tuple[bool, str]:
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.to_thread(database.answers)
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            return False, f"the database does not answer: {type(error).__name__}"
        return True, ""

    async def hints() -> tuple[bool, str]:
        try:
            async with asyncio.timeout(PATIENCE):
                await client.ping()
        except (redis.RedisError, OSError) as error:
            # Nothing is lost without Redis, so a balancer must go on sending.
            return True, f"Redis is out, work is found in SQL: {type(error).__name__}"
        return True, ""

    return {"sql": sql, "redis": hints}


def scraped(
    database: Database, client: aioredis.Redis, lines: Collection[LineName], channels: Channels, now: Now
) -> Scrape:
    """What /metrics answers: this process's counters, and the house as SQL and Redis see it now."""

    def house() -> metrics.House | None:
        try:
            return gauges.measure(database, lines, now())
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            log.warning("the house could not be measured", reason=type(error).__name__)
            return None

    async def text() -> bytes:
        channels.told()
        try:
            async with asyncio.timeout(PATIENCE):
                await client.ping()
            metrics.REDIS_UP.set(1)
        except (redis.RedisError, OSError):
            metrics.REDIS_UP.set(0)
        found = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                found = await asyncio.to_thread(house)
        return metrics.exposition(found)

    return text


class _Server(uvicorn.Server):
    """A server that leaves signals to the composition."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def web_server(config: Config, app: ASGIApp) -> tuple[_Server, Coroutine[Any, Any, None]]:
    """The server, and what to await for as long as it serves."""
    server = _Server(
        uvicorn.Config(
            app,
            host=config.http.host,
            port=config.http.port,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(config.http.trusted_proxies),
            forwarded_allow_ips=[str(proxy) for proxy in config.http.trusted_proxies],
            timeout_graceful_shutdown=3,
            backlog=BACKLOG,
        )
    )
    return server, server.serve(sockets=[_listening(config.http.host, config.http.port)])


def _listening(host: str, port: int) -> socket.socket:
    """The socket we serve; uvicorn itself would end the whole process in the middle of its start."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError("http.port", f"{host}:{port} cannot be served: {error.strerror}") from error


async def stop_server(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    """Takes no more requests and lets those under way end."""
    server.should_exit = True
    await asyncio.wait({serving}, timeout=10)
