"""API and pages as they are composed for real, on a port, with a database and Redis of its own, and agents who may ask."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import argon2
import redis.asyncio
import uvicorn

from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.committer import Committer
from bridge.conversations.database import Database
from bridge.conversations.hints import Hints
from bridge.conversations.live import Hub
from bridge.conversations.passwords import Passwords
from bridge.conversations.presence import Presence
from bridge.conversations.queue import Queue
from bridge.conversations.reader import Reader
from bridge.conversations.router import Router
from bridge.media import Files
from bridge.messages import Address, ChannelName, EventKey, Health, Incoming, NativeId, Receipt
from bridge.web import doors
from bridge.web.api import api
from bridge.web.api.macros import Macro
from bridge.web.channels import Channels
from bridge.web.pages import Settings
from bridge.web.pages import routes as page_routes
from bridge.web.site import application
from tests.conversations.samples import FIRST, RULES, SHOP
from tests.services import port

FILE_BYTES = 100_000
PAGES = Settings(("shop",), ("en",), demo=False, secure=False, agents=())
PEOPLE = (
    Person("ann", "Ann", "agent", (FIRST,)),
    Person("ben", "Ben", "agent"),
    Person("lea", "Lea", "lead"),
    Person("dev", "Dev", "developer"),
)

MACROS = (
    Macro("greet", "Greeting", {"en": "Hello {name}, {agent} here.", "ru": "Здравствуйте, {name}!"}),
    Macro("tschuess", "Farewell", {"de": "Auf Wiedersehen"}),
)


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """The word for what went wrong."""
        return str(self.body["error"]["code"])


@dataclass
class Server:
    """A running API with its pages."""

    url: str
    client: aiohttp.ClientSession
    database: Database
    router: Router
    access: Access
    tokens: dict[str, str]
    app: Any
    health: dict[str, Health] = field(default_factory=dict)
    """how each channel says it is"""
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def ask(self, method: str, path: str, who: str | None = "ann", **options: Any) -> Answer:
        """One request by one of the people, with his token."""
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens[who]}")
        async with self.client.request(
            method, f"{self.url}/api/v1{path}", headers=headers, **options
        ) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json"
            return Answer(response.status, await response.json() if is_json else raw, response.headers)

    async def get(self, path: str, who: str | None = "ann", **options: Any) -> Answer:
        """Reads."""
        return await self.ask("GET", path, who, **options)

    async def post(self, path: str, body: Any, who: str | None = "ann", **options: Any) -> Answer:
        """Changes."""
        return await self.ask("POST", path, who, json=body, **options)

    async def reply(self, dialog: int, text: str, who: str = "ann", key: str = "", **fields: Any) -> Answer:
        """An agent's words."""
        headers = {"Idempotency-Key": key or f"key-{next(self.numbers)}"}
        return await self.post(f"/dialogs/{dialog}/reply", {"text": text, **fields}, who, headers=headers)

    async def act(self, subject: str, action: str, who: str = "ann", **fields: Any) -> Answer:
        """An agent's verb on "dialogs/7"."""
        return await self.post(f"/{subject}/actions", {"action": action, **fields}, who)

    async def hear(
        self, text: str = "Where is my parcel?", who: str = "carl", channel: ChannelName = SHOP
    ) -> Receipt:
        """A contact's message."""
        number = next(self.numbers)
        return await self.router.receive(
            Incoming(
                channel,
                Address(who),
                EventKey(f"event-{number}"),
                text,
                who.title(),
                native=NativeId(f"n-{number}"),
            )
        )


async def _checked(health: dict[str, Health], name: str) -> Health:
    return health[name]


@asynccontextmanager
async def running(database_url: str, redis_url: str, folder: Path) -> AsyncIterator[Server]:
    """Starts everything, and ends it."""
    database = Database(database_url)
    with database.write() as connection:
        t.metadata.create_all(connection)
    client = redis.asyncio.Redis.from_url(redis_url)
    hints = Hints(client, asyncio.get_running_loop())
    committer = Committer(database, RULES, hints.add)
    committer.start()
    reader = Reader(database, RULES)
    router = Router(database, committer, reader, Queue(client), hints.add, Presence(client, reader))
    access = Access(database, {"bench": "the-bench's-token"})
    access.ensure_agents(PEOPLE)
    tokens = {person.login: access.issue_token(person.login, "test") for person in PEOPLE}
    hub = Hub(client)
    listening = asyncio.create_task(hub.run())
    health = {"channel:shop": Health(ok=True)}
    app = api(
        router,
        access,
        hub,
        Files(str(folder / "files"), b"secret"),
        file_bytes=FILE_BYTES,
        answers=MACROS,
        channels=Channels({name: partial(_checked, health, name) for name in health}),
    )
    passwords = Passwords(access, hasher=argon2.PasswordHasher(1, 8, 1))
    number = port()
    config = uvicorn.Config(
        application([*page_routes(router, access, PAGES), *doors.routes(access, passwords, PAGES)], app, {}),
        port=number,
        lifespan="off",
        ws="none",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            yield Server(
                f"http://127.0.0.1:{number}",
                session,
                database,
                router,
                access,
                tokens | {"bench": "the-bench's-token"},
                app,
                health,
            )
    finally:
        server.should_exit = True
        await serving
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await asyncio.to_thread(committer.stop)
        reader.close()
        access.close()
        await hints.settled()
        await client.aclose()
        database.close()
