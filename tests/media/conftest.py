"""Fixtures of the tests of files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import RedisServer


@pytest.fixture(scope="module")
def _redis() -> Iterator[RedisServer]:
    server = RedisServer("embedded")
    yield server
    server.remove()


@pytest.fixture
def redis_url(_redis: RedisServer) -> str:
    """A running, empty Redis of one kind: that both route alike is proven elsewhere."""
    if _redis.running():
        _redis.flush()
    else:
        _redis.start()
    return _redis.url
