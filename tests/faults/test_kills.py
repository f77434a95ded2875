"""Kill -9 of every kind of process at random moments under load, each time followed by an immediate restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults import house
from tests.faults.scene import Scene, scene
from tests.services import RedisServer

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]
KILLS = 6


async def test_killing_web_hands_and_clock_loses_and_doubles_nothing(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    members = ["web", "hands", "clock", "web2"]
    async with scene("kills of roles", tmp_path, database_url, redis_server.url, seed, members=members) as on:
        # The second web process lives, so that there is load whatever else is dead.
        await asyncio.gather(*(on.kill_often(on.house.member(name), KILLS * rounds) for name in house.SPLIT))
        await on.verdict()
        assert on.kills == 3 * KILLS * rounds


async def test_killing_the_one_process_and_its_redis_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path, seed: int, rounds: int
) -> None:
    async with scene("kills of one", tmp_path, database_url, None, seed, members=["all"]) as on:
        for _ in range(KILLS * rounds):
            await asyncio.sleep(on.rng.uniform(0.5, 1.5))
            await _kill_embedded(on)
            await asyncio.sleep(on.rng.uniform(0.5, 1.5))
            await on.kill(on.house.members[0])
        await on.verdict()
        assert on.kills == 2 * KILLS * rounds


async def _kill_embedded(on: Scene) -> None:
    """Kills the embedded Redis; the house starts it again by itself."""
    on.house.members[0].redis().kill()
    on.kills += 1
