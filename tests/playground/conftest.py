"""A playground for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.playground.wire import Played, played


@pytest.fixture
async def ground() -> AsyncIterator[Played]:
    """A running playground, empty but for one bot."""
    async with played() as ground:
        yield ground
