"""Fixtures of the site channel's tests: an empty database of each kind, and the channel at work on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.conversations.database import Database
from tests.connectors.site.shop import OWNER, SECRET, Shop, opened
from tests.conversations.shell import emptied
from tests.services import DATABASE_KINDS, chosen


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    with emptied(request, tmp_path) as database:
        yield database


@pytest.fixture
async def shop(database: Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """The channel, on its own site and one more, with a secret for signed customers."""
    async with opened(database, redis_url, tmp_path, origins=[OWNER], identity_secret=SECRET) as shop:
        yield shop
