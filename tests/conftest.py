"""Fixtures that every test may ask for; the servers behind them are real and live in tests/services.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.services import (
    CHROMIUM_ARGS,
    DATABASE_KINDS,
    REDIS_KINDS,
    PostgresServer,
    RedisServer,
    chosen,
    chromium_path,
)

settings.register_profile("bridge", deadline=None)
settings.load_profile("bridge")  # a test never times

CROSSED = ({"embedded", "postgresql"}, {"redis", "sqlite"})
"""What few houses run. The other two pairs, one machine's and several machines', have each kind of either server."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the crossed pairs of servers, unless BRIDGE_TEST_PAIRS=all or one of the kinds was chosen."""
    chosen_by_hand = {"BRIDGE_TEST_REDIS", "BRIDGE_TEST_DATABASES"} & set(os.environ)
    if chosen_by_hand or os.environ.get("BRIDGE_TEST_PAIRS") == "all":
        return
    crossed = [item for item in items if _crossed(item)]
    if crossed:
        config.hook.pytest_deselected(items=crossed)
        left_out = set(map(id, crossed))
        items[:] = [item for item in items if id(item) not in left_out]


def _crossed(item: pytest.Item) -> bool:
    params = getattr(item, "callspec", None) and item.callspec.params  # type: ignore[attr-defined]
    kinds = {value for value in (params or {}).values() if isinstance(value, str)}
    return any(pair <= kinds for pair in CROSSED)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Tests marked `anyio` run on the event loop that the bridge runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session", params=chosen("BRIDGE_TEST_REDIS", REDIS_KINDS))
def shared_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """One server for all tests of this process; ask for redis_server instead."""
    server = RedisServer(request.param)
    yield server
    server.remove()


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """A running, empty Redis that the test may freeze, stop or kill."""
    if shared_redis.running():
        shared_redis.resume()
        shared_redis.flush()
    else:
        shared_redis.start()
    return shared_redis


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a running, empty Redis."""
    return redis_server.url


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """One cluster for all tests of this process; ask for postgres_server instead."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def postgres_server(shared_postgres: PostgresServer) -> PostgresServer:
    """A running PostgreSQL that the test may freeze, stop or kill."""
    if shared_postgres.running():
        shared_postgres.resume()
    else:
        shared_postgres.start()
    return shared_postgres


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, empty database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = server.create()
        yield server.url(name)
        if not server.running():
            server.start()
        server.resume()
        server.drop(name)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium; start it with services.CHROMIUM_ARGS."""
    return chromium_path()


# Not for the session: Playwright's loop occupies the thread, and tests outside of its modules run loops of their own.
@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A headless Chromium for the tests of one module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()
