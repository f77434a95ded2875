"""Fixtures of the shell's tests: an empty database of each kind, a wall clock, a running mind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.conversations.database import Database
from tests.conversations.shell import Mind, Moved, emptied
from tests.services import DATABASE_KINDS, chosen


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables, on SQLite and on PostgreSQL."""
    with emptied(request, tmp_path) as database:
        yield database


@pytest.fixture
def wall() -> Moved:
    """The time, which only the test moves."""
    return Moved()


@pytest.fixture
def mind(database: Database, wall: Moved) -> Iterator[Mind]:
    """A committer at work on the database."""
    with Mind(database, clock=wall) as mind:
        yield mind
