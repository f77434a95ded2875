"""Processes that are frozen for longer than their posts are left to them, ended politely, or started twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.faults.scene import scene
from tests.services import RedisServer

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]
FROZEN_SECONDS = 5.0
LEASE = "3s"


async def test_a_frozen_sender_is_replaced_and_doubles_nothing_when_it_wakes(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    members = ["web", "hands", "hands2", "clock"]
    async with scene(
        "frozen hands", tmp_path, database_url, redis_server.url, seed, members=members, lease=LEASE
    ) as on:
        for number in range(4 * rounds):
            frozen = on.house.member(("hands", "hands2")[number % 2])
            await asyncio.sleep(on.rng.uniform(0.5, 1.5))
            before = len(on.journal.desk)
            with on.outage():  # it may have held SQLite's one lock
                frozen.signal(signal.SIGSTOP)
                await asyncio.sleep(FROZEN_SECONDS)
                frozen.signal(signal.SIGCONT)
            await asyncio.sleep(1)
            assert len(on.journal.desk) > before, "nobody took over"
        found = await on.verdict()
        assert any(row.attempts > 1 for row in found.outbox), "it was never frozen with a post in its hands"


async def test_a_polite_restart_leaves_nothing_in_doubt(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    # With the lease of production: a post left behind would be in doubt for most of a minute.
    async with scene("rolling restart", tmp_path, database_url, redis_server.url, seed, lease="45s") as on:
        for _ in range(2 * rounds):
            for member in on.house.members:
                with on.outage():
                    member.signal(signal.SIGTERM)
                    assert await member.ended() == 0, f"{member.name} did not end well"
                    member.start()
                    await on.house.ready(member)
                await asyncio.sleep(on.rng.uniform(0.3, 1.0))
        found = await on.verdict()
        doubtful = [row for row in found.outbox if row.doubled or row.state == "failed"]
        assert not doubtful, f"FAULT_SEED={seed}: left in doubt by a restart: {doubtful}"


async def test_two_of_every_process_do_everything_once(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    members = ["web", "web2", "hands", "hands2", "clock", "clock2"]
    async with scene("two of each", tmp_path, database_url, redis_server.url, seed, members=members) as on:
        await asyncio.sleep(8 * rounds)
        found = await on.verdict()
        assert not [row for row in found.outbox if row.doubled]
