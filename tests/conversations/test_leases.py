"""Leases: one process at a time, the dead hold nothing, and a Redis that is out says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis.asyncio as aioredis

from bridge import lease
from bridge.conversations.leases import LEASES, Leases
from bridge.errors import Unavailable
from tests.services import RedisServer

pytestmark = pytest.mark.anyio
SPAN = timedelta(seconds=30)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[aioredis.Redis]:
    client = aioredis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    yield client
    await client.aclose()


def of(client: aioredis.Redis, name: str) -> Leases:
    """The leases of a process of this name."""
    return Leases(client, name)


async def test_one_holds_it_until_he_lets_go(client: aioredis.Redis) -> None:
    first, second = of(client, "first"), of(client, "second")
    assert await first.hold("telegram:7", SPAN)
    assert not await second.hold("telegram:7", SPAN)
    assert await first.hold("telegram:7", SPAN), "and prolongs it"
    assert await second.hold("telegram:8", SPAN)
    await second.leave("telegram:7")
    assert not await second.hold("telegram:7", SPAN), "who does not hold it cannot let go of it"
    await first.leave("telegram:7")
    assert await second.hold("telegram:7", SPAN)


async def test_who_says_nothing_more_holds_nothing_after_a_while(client: aioredis.Redis) -> None:
    assert await of(client, "first").hold("x", timedelta(milliseconds=30))
    assert await client.pttl(LEASES + "x") <= 30
    await client.pexpire(LEASES + "x", 1)
    while await client.exists(LEASES + "x"):
        pass
    assert await of(client, "second").hold("x", SPAN)


@pytest.fixture
def dead() -> str:
    """The name of a process that has ended."""
    code = "from bridge import lease; print(lease.myself())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return found.stdout.strip()


async def test_the_dead_hold_nothing(client: aioredis.Redis, dead: str) -> None:
    assert lease.is_dead(dead)
    assert await of(client, dead).hold("x", SPAN)
    assert await of(client, lease.myself()).hold("x", SPAN)
    assert not await of(client, "another").hold("x", SPAN)


async def test_a_clock_that_was_set_back_prolongs_no_lease(client: aioredis.Redis) -> None:
    assert await of(client, "first").hold("x", SPAN)
    await client.pexpire(LEASES + "x", 3_600_000)
    assert await of(client, "second").hold("x", SPAN)


async def test_while_redis_is_out_nobody_knows(client: aioredis.Redis, redis_server: RedisServer) -> None:
    leases = of(client, "first")
    redis_server.stop()
    with pytest.raises(Unavailable):
        await leases.hold("x", SPAN)
    with pytest.raises(Unavailable):
        await leases.leave("x")
