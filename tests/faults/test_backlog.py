"""What customers wrote on Telegram while the bridge was away, taken by a bridge that is killed again and again."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.conversations.shell import until
from tests.faults import house
from tests.faults.house import House, Member
from tests.playground.wire import TOKEN, played
from tests.services import port

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]
CUSTOMERS, EACH = 500, 20
WAITING = CUSTOMERS * EACH
KILLS = 3


async def test_ten_thousand_waiting_updates_are_taken_once_and_in_order_by_a_bridge_killed_three_times(
    database_url: str, tmp_path: Path
) -> None:
    async with played() as ground:
        people = [ground.telegram.customer(f"Customer {number}") for number in range(CUSTOMERS)]
        for count in range(EACH):
            for number, person in enumerate(people):
                person.write(ground.bot, f"{number}:{count}")
        inbox = ground.bot.inbox
        assert len(inbox.pending) == WAITING
        bridge = _bridge(tmp_path, database_url, ground.url)
        database = Database(database_url)
        began = time.monotonic()
        try:
            bridge.members[0].start()
            for kill in range(1, KILLS + 1):
                await _until_stored(database, WAITING * kill // (KILLS + 1), bridge)
                assert inbox.pending, "it was done before it could be killed"
                await bridge.members[0].kill()
                bridge.members[0].start()
            await until(lambda: not inbox.pending, 120)
            print(f"{WAITING} updates in {time.monotonic() - began:.1f} s with {KILLS} kills and restarts")
            said = _said(database)
        finally:
            await bridge.members[0].kill()
            database.close()
        assert len(said) == CUSTOMERS
        for number, words in said.items():
            assert words == list(range(EACH)), f"customer {number}"


def _bridge(folder: Path, database: str, platform: str) -> House:
    settings = house.settings(folder, database, None, "http://127.0.0.1:9", "", port(), "4s")
    settings["channels"] = {
        "bot": {"connector": "telegram", "line": "first", "token": TOKEN, "api_url": f"{platform}/telegram"}
    }
    settings["desks"] = {"web": {"desk": "web"}}
    settings["lines"]["first"]["desks"] = ["web"]
    path = folder / "all.yaml"
    path.write_text(yaml.safe_dump(settings))
    member = Member("all", "all", path, folder / "all.log", settings["http"]["port"])
    return House(folder, database, None, [member])


async def _until_stored(database: Database, wanted: int, bridge: House) -> None:
    deadline = time.monotonic() + 120
    while _stored(database) < wanted:
        assert bridge.members[0].running, bridge.logs()[-3000:]
        assert time.monotonic() < deadline, bridge.logs()[-3000:]
        await asyncio.sleep(0.05)


def _stored(database: Database) -> int:
    try:
        with database.read() as connection:
            query = sa.select(sa.func.count()).where(t.message.c.author == "contact")
            return int(connection.scalar(query) or 0)
    except sa.exc.DBAPIError:
        return 0  # the bridge has not made its tables yet


def _said(database: Database) -> dict[int, list[int]]:
    """What each customer said, in the order in which agents see it."""
    found: dict[int, list[int]] = defaultdict(list)
    query = sa.select(t.message.c.text).where(t.message.c.author == "contact")
    with database.read() as connection:
        for row in connection.execute(query.order_by(t.message.c.dialog, t.message.c.seq)):
            number, _, count = row.text.partition(":")
            found[int(number)].append(int(count))
    return found
