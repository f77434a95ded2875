"""Wake-ups: who watches what changes is woken soon, and looks by himself when nobody can call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis as sync_redis
import redis.asyncio as aioredis

from bridge.conversations import live
from bridge.conversations.effects import EVERYTHING, LIVE, Effects, notice
from bridge.conversations.hints import Hints, send_now
from bridge.conversations.live import Hub
from tests.conversations.samples import NOON
from tests.conversations.shell import until
from tests.services import RedisServer


@asynccontextmanager
async def hub_on(url: str) -> AsyncIterator[tuple[Hub, aioredis.Redis]]:
    client = aioredis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)
    hub = Hub(client)
    task = asyncio.create_task(hub.run())
    await until(lambda: not hub.deaf)
    try:
        yield hub, client
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        assert done
        await client.aclose()


@pytest.mark.anyio
async def test_a_watcher_is_woken_by_his_keys_only_and_seldom_enough(redis_url: str) -> None:
    async with hub_on(redis_url) as (hub, client):
        rung: list[str] = []
        hub.on_ring = rung.append
        watch = hub.watch("desk", "dialog:7")
        assert await anext(watch) == {"desk", "dialog:7"}
        await client.publish(LIVE, notice({"dialog:8", "board"}, ["channel:shop"]))
        await client.publish(LIVE, notice({"dialog:7"}, []))
        assert await asyncio.wait_for(anext(watch), 2) == {"dialog:7"}
        assert rung == ["channel:shop"]
        began = time.monotonic()
        for _ in range(10):
            await client.publish(LIVE, notice({"desk", "dialog:7"}, []))
        assert await asyncio.wait_for(anext(watch), 2) == {"desk", "dialog:7"}
        assert time.monotonic() - began >= live.CALM * 0.9
        await watch.aclose()  # type: ignore[attr-defined]
        assert hub._watchers == {}


@pytest.mark.anyio
async def test_two_watchers_of_one_key_are_both_woken_and_one_may_leave(redis_url: str) -> None:
    async with hub_on(redis_url) as (hub, client):
        first, second = hub.watch("desk"), hub.watch("desk")
        await anext(first)
        await anext(second)
        await client.publish(LIVE, notice({"desk"}, []))
        assert await asyncio.wait_for(anext(first), 2) == await asyncio.wait_for(anext(second), 2) == {"desk"}
        await first.aclose()  # type: ignore[attr-defined]
        await client.publish(LIVE, notice({"desk"}, []))
        assert await asyncio.wait_for(anext(second), 2) == {"desk"}
        await second.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_a_heartbeat_comes_when_nothing_happens_and_now_and_then_a_watcher_looks_by_himself(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.2)
    async with hub_on(redis_url) as (hub, _):
        watch = hub.watch("desk")
        await anext(watch)
        assert await asyncio.wait_for(anext(watch), 2) == frozenset()
        monkeypatch.setattr(live, "LOOK", 0.0)
        assert await asyncio.wait_for(anext(watch), 2) == {"desk"}
        await watch.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_watchers_look_by_themselves_while_redis_is_out_and_at_once_when_it_is_back(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_DEAF", 0.2)
    async with hub_on(redis_server.url) as (hub, _):
        watch = hub.watch("desk")
        await anext(watch)
        redis_server.kill()
        await until(lambda: hub.deaf)
        assert await asyncio.wait_for(anext(watch), 2) == {"desk"}
        monkeypatch.setattr(live, "HEARTBEAT_DEAF", 60.0)
        redis_server.start()
        await until(lambda: not hub.deaf)
        assert await asyncio.wait_for(anext(watch), 5) == {"desk"}
        await watch.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_a_crowd_is_woken_one_after_another_and_everybody_once(redis_url: str) -> None:
    async with hub_on(redis_url) as (hub, client):
        crowd = [hub.watch("desk") for _ in range(live.FEW + 10)]
        alone = hub.watch("dialog:7")
        for watch in (*crowd, alone):
            await anext(watch)
        woken: list[int] = []

        async def wait(number: int, watch: AsyncIterator[frozenset[str]]) -> None:
            await anext(watch)
            woken.append(number)

        waiting = [asyncio.create_task(wait(number, watch)) for number, watch in enumerate(crowd)]
        waiting.append(asyncio.create_task(wait(-1, alone)))
        began = time.monotonic()
        for _ in range(3):
            await client.publish(LIVE, notice({"desk"}, []))
        await client.publish(LIVE, notice({"dialog:7"}, []))
        await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert time.monotonic() - began >= live.PACE * live.FEW
        assert sorted(woken) == [-1, *range(len(crowd))]
        assert woken.index(-1) < live.FEW
        for watch in (*crowd, alone):
            await watch.aclose()  # type: ignore[attr-defined]
        assert hub._watchers == {}


@pytest.mark.anyio
async def test_who_is_woken_all_the_time_looks_at_his_other_keys_too(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK", 0.5)
    async with hub_on(redis_url) as (hub, client):
        watch = hub.watch("desk", "dialog:7")
        await anext(watch)
        found = []
        for _ in range(10):
            await client.publish(LIVE, notice({"desk"}, []))
            found.append(await asyncio.wait_for(anext(watch), 2))
        assert {"desk", "dialog:7"} in found
        assert {"desk"} in found
        await watch.aclose()  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_a_process_that_begins_wakes_every_page(redis_url: str) -> None:
    async with hub_on(redis_url) as (hub, client):
        watch = hub.watch("desk", "dialog:7")
        await anext(watch)
        hints = Hints(client, asyncio.get_running_loop())
        hints.add(Effects(wakes={EVERYTHING}))
        assert await asyncio.wait_for(anext(watch), 2) == {"desk", "dialog:7"}
        await watch.aclose()  # type: ignore[attr-defined]
        await hints.settled()


@pytest.mark.anyio
async def test_hints_say_once_that_redis_is_out_and_workers_without_a_loop_go_on(
    redis_server: RedisServer,
) -> None:
    told = Effects(wakes={"desk"}, timers={"dialog:7/promise:1": None, "dialog:7/promise:2": 5})
    told.queue["first", 7] = 3
    told.ring("7>channel:shop", "channel:shop", NOON)
    client = aioredis.Redis.from_url(redis_server.url, socket_timeout=1)
    hints = Hints(client, asyncio.get_running_loop())
    workers = sync_redis.Redis.from_url(redis_server.url, retry=None)
    send_now(workers, told)
    assert workers.zrange("bridge:queue:first", 0, -1) == [b"7"]
    assert workers.zrange("bridge:timers", 0, -1) == [b"dialog:7/promise:2"]
    redis_server.kill()
    send_now(workers, told)
    hints.add(told)
    await until(lambda: not hints.reachable)
    redis_server.start()
    hints.add(told)
    await until(lambda: hints.reachable)
    await hints.settled()
    assert workers.zcard("bridge:bells:channel:shop") == 1
    workers.close()
    await client.aclose()


def test_hints_of_a_loop_that_has_ended_are_dropped(redis_url: str) -> None:
    async def made() -> Hints:
        return Hints(aioredis.Redis.from_url(redis_url), asyncio.get_running_loop())

    asyncio.run(made()).add(Effects(wakes={"desk"}))
