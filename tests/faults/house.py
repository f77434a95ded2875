"""The bridge as it runs in production: separate processes, each of which may be killed, frozen and started again.

Owns their configuration and their lives, the embedded Redis included. Must never reach into a process but by signals.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml

from bridge.config import Config, load
from bridge.conversations.access import Access
from bridge.conversations.database import Database
from tests import services
from tests.faults.standins import SECRET

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
SPLIT = ("web", "hands", "clock")
TARGET = 4
"""Seconds in which an answer is promised."""


@dataclass(slots=True)
class Member:
    """One process of the house: its name, its roles, and its port if it serves."""

    name: str
    roles: str
    config: Path
    log: Path
    port: int | None = None
    process: subprocess.Popen[bytes] | None = None
    said_before: int = 0
    """How long its log was when it was started."""

    def start(self) -> None:
        """Starts it and returns at once."""
        self.said_before = self.log.stat().st_size if self.log.exists() else 0
        roles = ["--roles", self.roles] if self.roles != "all" else []
        command = [sys.executable, "-m", "bridge", "run", "--no-workers", "-c", str(self.config), *roles]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None, "not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it lives, frozen or not."""
        return self.process is not None and self.process.poll() is None

    def at_work(self) -> bool:
        """Whether it has said that it runs since it was started."""
        return b"running" in self.log.read_bytes()[self.said_before :]

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it alone."""
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """Kill -9."""
        if self.running:
            self.signal(signal.SIGKILL)
            await self.ended()

    async def ended(self) -> int:
        """Waits until it has ended, and returns its exit code."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, START_SECONDS)

    def redis(self) -> psutil.Process:
        """The embedded Redis below it."""
        (found,) = (
            child for child in psutil.Process(self.pid).children(recursive=True) if "valkey" in child.name()
        )
        return found


@dataclass(slots=True)
class House:
    """All processes of one bridge."""

    folder: Path
    database: str
    redis: str | None
    members: list[Member] = field(default_factory=list)
    token: str = ""

    @property
    def webs(self) -> list[str]:
        """The addresses of its web processes."""
        return [f"http://127.0.0.1:{member.port}" for member in self.members if member.port is not None]

    def member(self, name: str) -> Member:
        """The process of that name."""
        return next(member for member in self.members if member.name == name)

    def config(self) -> Config:
        """The configuration as the bridge reads it."""
        return load(self.members[0].config, os.environ)

    async def ready(self, member: Member) -> None:
        """Waits until a process is at work."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while not member.at_work():
                if not member.running:
                    raise RuntimeError(f"{member.name} ended:\n{member.log.read_text()[-3000:]}")
                await asyncio.sleep(0.05)
            while member.port is not None:
                try:
                    async with session.get(f"http://127.0.0.1:{member.port}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass  # it listens a moment after it says that it runs
                await asyncio.sleep(0.05)

    def logs(self) -> str:
        """What all processes have said."""
        return "".join(f"== {m.name}\n{m.log.read_text()}" for m in self.members if m.log.exists())


@asynccontextmanager
async def running(
    folder: Path,
    database: str,
    redis: str | None,
    desk: str,
    platform: str,
    *,
    members: Sequence[str] = SPLIT,
    lease: str = "4s",
) -> AsyncIterator[House]:
    """A house of these processes ("web", "web2", "hands", "all" …); all end with the block."""
    house = House(folder, database, redis)
    for name in members:
        port = services.port() if name.startswith(("web", "all")) else None
        path = folder / f"{name}.yaml"
        chosen = settings(folder, database, redis, desk, platform, port, lease)
        path.write_text(yaml.safe_dump(chosen))
        roles = name.rstrip("0123456789")
        house.members.append(Member(name, roles, path, folder / f"{name}.log", port))
    try:
        for member in house.members:
            member.start()
        for member in house.members:
            await house.ready(member)
        house.token = await asyncio.to_thread(_token, database)
        yield house
    finally:
        for member in house.members:
            if member.running:
                member.signal(signal.SIGCONT)
            await member.kill()


def settings(
    folder: Path, database: str, redis: str | None, desk: str, platform: str, port: int | None, lease: str
) -> dict[str, Any]:
    """The configuration of one process: a site chat, a keyless channel, and one webhook desk that shows both."""
    promised = {"first_response": f"{TARGET}s", "next_response": f"{TARGET}s"}
    steps = (("50%", "nudge"), ("80%", "mention"), ("100%", "requeue"), ("+1s", "supervise"))
    return {
        "data": str(folder / "data"),
        "secret": "in the fault tests only",
        "http": {"port": port or 0},
        "database": {"url": database},
        "redis": {"url": redis} if redis else None,
        "lines": {"first": {"speaks": True, "desks": ["crm"]}},
        "ladder": [{"at": at, "do": do} for at, do in steps],
        "hold": "1s",
        "channels": {
            "shop": {"connector": "site", "line": "first", "targets": promised},
            "phone": {
                "connector": "tests.faults.keyless:KeylessConnector",
                "line": "first",
                "targets": promised,
                "api_url": platform,
            },
        },
        "desks": {"crm": {"desk": "webhook", "url": f"{desk}/desk", "secret": SECRET, "timeout": 2}},
        "agents": [{"login": "ann", "name": "Ann", "lines": ["first"]}],
        # All visitors share one address, and each writes more than a person can.
        "limits": {"messages_per_minute": 1_000_000, "sessions_per_minute": 1_000_000},
        "hands": {"lease": lease},
        "workers": {"count": 0},
        "log": {"level": "info"},
    }


def _token(url: str) -> str:
    database = Database(url)
    access = Access(database, {})
    try:
        return access.issue_token("ann", "faults")
    finally:
        access.close()
        database.close()
