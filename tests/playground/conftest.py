"""A playground for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.playground.messenger import Messenger, subscribed
from tests.playground.wire import Played, played


@pytest.fixture
async def ground() -> AsyncIterator[Played]:
    """A running playground, empty but for one bot."""
    async with played() as ground:
        yield ground


@pytest.fixture
async def messenger(ground: Played) -> AsyncIterator[Messenger]:
    """A page of Facebook's in that playground, subscribed to all that happens."""
    async with subscribed(ground) as messenger:
        yield messenger
