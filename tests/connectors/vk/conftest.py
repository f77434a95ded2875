"""Fixtures of the VK channel's tests: an empty database of each kind, and the channel at work on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.conversations.database import Database
from tests.connectors.vk.house import Shop, opened
from tests.connectors.vk.server import Server, serving
from tests.conversations.shell import emptied
from tests.services import DATABASE_KINDS, chosen


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    with emptied(request, tmp_path) as database:
        yield database


@pytest.fixture
async def shop(database: Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """The channel, called by its webhook."""
    async with opened(database, redis_url, tmp_path) as shop:
        yield shop


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """What stands at api_url: it says that it has done everything until it is told otherwise."""
    async with serving() as server:
        yield server
