"""A desk and a platform that throttle, break, drop, are slow or refuse: outcomes as deliver.decide says, in time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.scene import scene
from tests.faults.standins import FAULTS
from tests.services import RedisServer

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]
BAD_SECONDS = 8.0
REFUSED_SECONDS = 4.0


async def test_whatever_desk_and_platform_do_every_post_gets_its_outcome_in_time(
    database_url: str, redis_server: RedisServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    async with scene("bad standins", tmp_path, database_url, redis_server.url, seed) as on:
        for _ in range(rounds):
            for temper in (on.desk.server.temper, on.platform.server.temper):
                temper.faults, temper.share = FAULTS, 0.15
            await asyncio.sleep(BAD_SECONDS)
            for temper in (on.desk.server.temper, on.platform.server.temper):
                temper.share = 0.0
            for server in (on.desk.server, on.platform.server):
                await server.stop()
            await asyncio.sleep(REFUSED_SECONDS)
            for server in (on.desk.server, on.platform.server):
                await server.start()
            await asyncio.sleep(2)
        found = await on.verdict()
        assert on.desk.server.temper.made > 10, "too little went wrong to prove anything"
        for row in found.outbox:
            if row.destination == "channel:phone":
                # A person's words are tried once more in doubt and say so; the bot's are not.
                assert row.human or not row.doubled, f"FAULT_SEED={seed}: {row}"
                if row.state == "failed":
                    assert (row.reason or "").startswith("it may not have arrived"), (
                        f"FAULT_SEED={seed}: {row}"
                    )
            else:
                # The desk knows the key: trying again cannot double, so nothing is given up.
                assert row.state == "accepted", f"FAULT_SEED={seed}: {row}"
                assert not row.doubled, f"FAULT_SEED={seed}: {row}"


async def test_a_failed_reply_is_told_in_its_own_thread_within_a_minute(
    redis_server: RedisServer, tmp_path: Path, seed: int
) -> None:
    database = f"sqlite:///{tmp_path / 'bridge.db'}"
    async with scene(
        "dropping platform", tmp_path, database, redis_server.url, seed, visitors=0, callers=6
    ) as on:
        await asyncio.sleep(1)
        on.platform.server.temper.faults, on.platform.server.temper.share = ("drop", "break"), 1.0
        await asyncio.sleep(4)
        # Calm returns only once both tries of every reply are over.
        await on.people.finish()
        await asyncio.sleep(16)
        on.platform.server.temper.share = 0.0
        found = await on.verdict()
        failed = {
            (row.dialog, row.message_seq): row for row in found.outbox if row.human and row.state == "failed"
        }
        assert failed, "no reply met the fault"
        told = {
            (message.dialog, int(message.text.partition(":")[0] == "Not delivered")): message
            for message in found.messages
            if message.event == "failed"
        }
        marked = {(m.dialog, m.seq): m for m in found.messages if m.mark == "failed"}
        for place, row in failed.items():
            assert row.doubled, f"FAULT_SEED={seed}: given up before it was tried again: {row}"
            assert (place[0], 1) in told, f"FAULT_SEED={seed}: nobody was told of {row}"
            assert (place[0], place[1] or 0) in marked, f"FAULT_SEED={seed}: no mark on {row}"
            assert row.settled_at is not None
            assert row.created_at is not None
            assert row.settled_at - row.created_at < timedelta(seconds=60), f"FAULT_SEED={seed}: {row}"
