"""SQL out of reach: nothing but 503s meanwhile, never a false acknowledgement, and all of it complete afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.faults.scene import scene
from tests.services import PostgresServer, RedisServer

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]


async def test_while_postgresql_is_stopped_nothing_is_acknowledged_and_afterwards_nothing_is_missing(
    postgres_server: PostgresServer, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    name = await asyncio.to_thread(postgres_server.create)
    async with scene("postgresql out", tmp_path, postgres_server.url(name), redis_server.url, seed) as on:
        for _ in range(rounds):
            await asyncio.sleep(3)
            with on.outage():
                await asyncio.to_thread(postgres_server.stop)
                stopped = len(on.journal.said)
                await asyncio.sleep(5)
                assert len(on.journal.said) == stopped, "something was acknowledged without a database"
                await asyncio.to_thread(postgres_server.start)
            await asyncio.sleep(3)
        assert on.journal.refused["503"] > 0
        await on.verdict()


async def test_while_sqlite_is_locked_nothing_is_acknowledged_and_afterwards_nothing_is_missing(
    redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    path = tmp_path / "bridge.db"
    async with scene("sqlite locked", tmp_path, f"sqlite:///{path}", redis_server.url, seed) as on:
        for _ in range(rounds):
            await asyncio.sleep(3)
            locker = sqlite3.connect(path, isolation_level=None, timeout=30)
            with on.outage():
                locker.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(0.5)  # answers that were under way arrive
                stopped = len(on.journal.said)
                await asyncio.sleep(15)
                assert len(on.journal.said) == stopped, "something was acknowledged without a database"
                locker.execute("ROLLBACK")
                locker.close()
            await asyncio.sleep(3)
        assert on.journal.refused["503"] > 0, "nobody was told to come again"
        await on.verdict()
