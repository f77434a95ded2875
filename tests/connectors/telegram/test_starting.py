"""A channel that has just been started: it is on its way, not ill."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.conversations.database import Database
from tests.connectors.telegram.house import opened

pytestmark = pytest.mark.anyio


async def test_a_channel_whose_library_is_still_being_loaded_does_not_alarm_anybody(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    async with opened(database, redis_url, tmp_path) as bots:
        first = asyncio.create_task(bots.connector.check())
        await asyncio.sleep(0)
        health = await bots.connector.check()
        assert (health.ok, health.reason) == (True, "it is starting")
        async with asyncio.timeout(60):
            health = await first
        assert not health.ok
        assert "cannot be reached" in health.reason
