"""The playground as a real HTTP server, and a program that calls it as any Telegram bot would.

Owns starting and ending it, and calls by HTTP. Must never answer for the stand-in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette

from bridge.playground import control
from bridge.playground.frame import Playground
from bridge.playground.telegram import Bot, Person, Telegram
from tests.services import port

TOKEN = "42:an-own-bot-of-the-tests-only"
SHARED = Path(os.environ.get("BRIDGE_SHARED", Path(__file__).parents[3] / "shared"))
SPECS = SHARED / "specs" if (SHARED / "specs").is_dir() else None
"""Machine-readable specifications of the platforms, where somebody has them: every call is compared with them too."""


@dataclass
class Refused(Exception):
    """An answer that is not ok."""

    status: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class Api:
    """A program with a token."""

    url: str
    http: aiohttp.ClientSession
    token: str = TOKEN

    async def call(
        self, method: str, files: dict[str, tuple[str, bytes, str]] | None = None, **given: Any
    ) -> Any:
        """Calls a method with JSON, or in parts when there are files; what is not ok is raised."""
        url = f"{self.url}/telegram/bot{self.token}/{method}"
        if files is None:
            request = self.http.post(url, json=given)
        else:
            form = aiohttp.FormData({name: str(value) for name, value in given.items()})
            for part, (name, data, kind) in files.items():
                form.add_field(part, data, filename=name, content_type=kind)
            request = self.http.post(url, data=form)
        async with request as answer:
            body = await answer.json()
            if not body["ok"]:
                raise Refused(answer.status, body["description"], body.get("parameters", {}))
            assert answer.status == 200
            return body["result"]

    async def file(self, path: str) -> tuple[int, bytes]:
        """Downloads a file."""
        async with self.http.get(f"{self.url}/telegram/file/bot{self.token}/{path}") as answer:
            return answer.status, await answer.read()

    async def updates(self, **given: Any) -> list[dict[str, Any]]:
        """What waits, taken."""
        found: list[dict[str, Any]] = await self.call("getUpdates", **given)
        if found:
            await self.call("getUpdates", offset=max(one["update_id"] for one in found) + 1)
        return found


@dataclass
class Played:
    """A running playground with one bot."""

    url: str
    playground: Playground
    api: Api
    http: aiohttp.ClientSession

    @property
    def telegram(self) -> Telegram:
        return self.playground.of(Telegram)

    @property
    def bot(self) -> Bot:
        return self.telegram.bot(TOKEN, "Tests", "tests_bot")

    def person(self, name: str = "Anna", *, started: bool = True) -> Person:
        """A customer who has pressed Start, long ago."""
        person = self.telegram.customer(name)
        if started:
            person.start(self.bot)
            self.bot.inbox.clear()
        return person

    def valid(self) -> None:
        """No call has broken a rule."""
        assert [(call.method, call.problems) for call in self.playground.calls.invalid()] == []


@asynccontextmanager
async def played(**options: Any) -> AsyncIterator[Played]:
    """Starts a playground, and ends it."""
    playground = Playground(specifications=SPECS, **options)
    number = port()
    config = uvicorn.Config(
        Starlette(routes=control.routes(playground)),
        port=number,
        lifespan="off",
        ws="none",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.005)
    url = f"http://127.0.0.1:{number}/playground"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            found = Played(url, playground, Api(url, http), http)
            assert found.bot.id == 42
            yield found
    finally:
        await playground.close()
        server.should_exit = True
        await task
