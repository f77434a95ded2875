"""Redis wiped, frozen and stopped under load: it routes, so nothing may depend on it but speed."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.journal import Journal
from tests.faults.people import until
from tests.faults.scene import Scene, scene
from tests.services import RedisServer

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]
OUT_SECONDS = 20.0
CATCH_UP_SECONDS = 5.0
LONGEST_SILENCE = 3.0
"""Between two acknowledgements to anybody; some thirty people write."""


async def test_wiping_redis_under_load_loses_nothing(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    async with scene("flushall", tmp_path, database_url, redis_server.url, seed) as on:
        for _ in range(5 * rounds):
            await asyncio.sleep(on.rng.uniform(0.5, 2.5))
            await asyncio.to_thread(redis_server.flush)
            on.kills += 1
        found = await on.verdict()
        assert not [row for row in found.outbox if row.doubled]


async def test_a_frozen_redis_stops_neither_acknowledgements_nor_deliveries(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int
) -> None:
    async with scene("frozen redis", tmp_path, database_url, redis_server.url, seed) as on:
        await asyncio.sleep(2)
        redis_server.pause()
        try:
            await _outage(on)
        finally:
            redis_server.resume()
        await _returned(on)


async def test_a_stopped_redis_stops_neither_acknowledgements_nor_deliveries(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int
) -> None:
    async with scene("stopped redis", tmp_path, database_url, redis_server.url, seed) as on:
        await asyncio.sleep(2)
        await asyncio.to_thread(redis_server.stop)
        try:
            await _outage(on)
        finally:
            await asyncio.to_thread(redis_server.start)
        await _returned(on)


async def _outage(on: Scene) -> None:
    began = time.monotonic()
    await asyncio.sleep(OUT_SECONDS)
    acknowledged = [began, *sorted(s.at for s in on.journal.said if s.at > began), time.monotonic()]
    longest = max(b - a for a, b in pairwise(acknowledged))
    assert longest < LONGEST_SILENCE, f"FAULT_SEED={on.seed}: nobody was acknowledged for {longest:.1f} s"
    assert on.journal.refused["503"] == 0, "a message was refused for want of Redis"


async def _returned(on: Scene) -> None:
    """All goes on for a while, then nothing is missing; what was acknowledged before was caught up with in time."""
    returned = time.monotonic()
    await asyncio.sleep(CATCH_UP_SECONDS)
    waiting = _waiting(on.journal, returned)
    if waiting:
        seconds = await until(lambda: asyncio.sleep(0, not _waiting(on.journal, returned)), 30)
        print(f"caught up {CATCH_UP_SECONDS + seconds:.1f} s after its return")
    assert not waiting, (
        f"FAULT_SEED={on.seed}: not at the desk {CATCH_UP_SECONDS} s after its return: {waiting}"
    )
    found = await on.verdict()
    assert not [row for row in found.outbox if row.doubled]


def _waiting(journal: Journal, before: float) -> list[str]:
    posted = {(post.dialog, post.seq) for post in journal.desk if post.kind == "post"}
    return [
        f"{said.customer} {said.number}"
        for said in journal.said
        if said.at < before and (said.dialog, said.seq) not in posted
    ]
