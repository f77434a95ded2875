"""Kill -9 in the middle of a fetch: the file is there once afterwards, whole, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
import yaml

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.faults.house import Member
from tests.media.server import Disk, Write, serving
from tests.services import DATABASE_KINDS, PostgresServer, chosen, port

pytestmark = [pytest.mark.anyio, pytest.mark.faults]
WHOLE = b"%PDF-" + bytes(range(256)) * 1000


def configured(folder: Path, database: str, platform: str, number: int) -> Path:
    """One process of all roles, at a port of its own."""
    path = folder / "config.yaml"
    config = {
        "data": str(folder / "data"),
        "secret": "in the tests of files only",
        "http": {"port": number},
        "database": {"url": database},
        "lines": {"first": {"speaks": True, "desks": ["web"]}},
        "channels": {
            "shop": {
                "connector": "tests.media.platform:PlatformConnector",
                "line": "first",
                "api_url": platform,
            }
        },
        "desks": {"web": {"desk": "web"}},
        "hands": {"lease": "4s"},
        "workers": {"count": 0},
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


async def at_work(member: Member) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            assert member.running, member.log.read_text()
            try:
                async with session.get(f"http://127.0.0.1:{member.port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.05)


async def rows(database: Database, table: sa.Table, true: Callable[[list[Any]], bool]) -> list[Any]:
    """The rows of a table once this is true of them."""
    async with asyncio.timeout(20):
        while True:
            with database.read() as connection:
                found = list(connection.execute(sa.select(table).order_by(table.c.id)))
            if true(found):
                return found
            await asyncio.sleep(0.05)


async def test_a_file_whose_fetcher_was_killed_is_fetched_once_more_and_stored_once(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On each kind of database, side by side: most of the time is the start of processes."""
    runs = []
    for kind in chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS):
        folder = tmp_path / kind
        folder.mkdir()
        url = f"sqlite:///{folder / 'bridge.db'}"
        if kind != "sqlite":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = server.url(server.create())
        runs.append(_killed_and_started_again(folder, url))
    await asyncio.gather(*runs)


async def _killed_and_started_again(tmp_path: Path, url: str) -> None:
    async with serving() as disk:
        half, killed = asyncio.Event(), asyncio.Event()
        _slow_at_first(disk, half, killed)
        number = port()
        config = configured(tmp_path, url, disk.url, number)
        member = Member("all", "all", config, tmp_path / "log", number)
        member.start()
        try:
            await at_work(member)
            update = {"id": "u1", "from": "anna", "text": "look", "files": [{"ref": "x"}]}
            async with aiohttp.ClientSession() as session:
                async with session.post(f"http://127.0.0.1:{number}/hooks/shop", json=update) as answer:
                    assert answer.status == 200
                async with asyncio.timeout(20):
                    await half.wait()
                folder = tmp_path / "data" / "files"
                async with asyncio.timeout(10):
                    while not list(folder.glob("*.part")):  # noqa: ASYNC110 -- of another process
                        await asyncio.sleep(0.01)
                await member.kill()
                killed.set()
                member.start()
                await at_work(member)
                database = Database(url)
                (file,) = await rows(database, t.attachment, lambda found: found[0].state == "stored")
                async with session.post(f"http://127.0.0.1:{number}/hooks/shop", json=update) as answer:
                    assert answer.status == 200
            assert _whole(folder) == {file.url: WHOLE}
            fetches = await rows(
                database, t.outbox, lambda found: all(row.state == "accepted" for row in found)
            )
            assert [row.attempts for row in fetches if row.kind == "fetch"] == [2]
            assert [asked.path for asked in disk.asked] == ["/x", "/x"]
            with database.read() as connection:
                assert connection.execute(sa.select(sa.func.count()).select_from(t.attachment)).scalar() == 1
            database.close()
        finally:
            await member.kill()


def _whole(folder: Path) -> dict[str, bytes]:
    """The files that have their place, and what is in them."""
    return {str(path): path.read_bytes() for path in folder.iterdir() if path.suffix != ".part"}


def _slow_at_first(disk: Disk, half: asyncio.Event, killed: asyncio.Event) -> None:
    """The first who asks gets half of the file and has to wait; whoever comes later gets it all."""

    async def answer(write: Write) -> None:
        await write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(WHOLE)}\r\n\r\n".encode())
        await write(WHOLE[: len(WHOLE) // 2])
        if not half.is_set():
            half.set()
            await killed.wait()
            return
        await write(WHOLE[len(WHOLE) // 2 :])

    disk.answers["/x"] = answer
