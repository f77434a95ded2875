"""A site channel as it is composed for real, on a port, with SQL and Redis of its own, and hands that deliver.

Owns starting and ending it, and asking it as browsers do. Must never reach past the router.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from bridge import actions as a
from bridge import lease
from bridge.connector import Bounds, Surroundings
from bridge.connectors.site.connector import SiteConnector, SiteSettings
from bridge.conversations.access import Access, Person
from bridge.conversations.database import Database
from bridge.conversations.leases import Leases
from bridge.conversations.live import Hub
from bridge.deliver import Hands
from bridge.media import Files
from bridge.messages import Author, DialogId, Receipt
from bridge.web.site import application
from tests.conversations.samples import FIRST, RULES, SHOP
from tests.conversations.shell import House, housed
from tests.services import port

OWNER = "https://shop.example"
SECRET = "between-owner-and-bridge"


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
class Shop:
    """A running site channel."""

    url: str
    client: aiohttp.ClientSession
    house: House
    ann: a.Agent

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> Answer:
        """One request of a browser, with the visitor's token."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address = path if path.startswith("/") else f"/site/shop/{path}"
        async with self.client.request(method, self.url + address, headers=headers, **options) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json"
            return Answer(response.status, json.loads(raw) if is_json else raw.decode(), response.headers)

    async def post(self, path: str, body: Any, token: str | None = None, **options: Any) -> Answer:
        """A request with a JSON body."""
        return await self.ask("POST", path, token, json=body, **options)

    async def enter(self, **fields: Any) -> str:
        """A new visitor's token."""
        answer = await self.post("session", fields)
        assert answer.status == 200, answer.body
        return str(answer.body["token"])

    async def say(self, token: str, text: str = "Hello?", id: str = "1", **fields: Any) -> Answer:
        """A visitor's words."""
        return await self.post("messages", {"text": text, "client_id": id, **fields}, token)

    async def dialog(self, token: str) -> DialogId:
        """The visitor's dialog."""
        return DialogId(int((await self.post("session", {"token": token})).body["dialog"]))

    async def reply(self, token: str, text: str, *, reply_to: int | None = None) -> Receipt:
        """Ann claims the dialog and answers."""
        dialog = await self.dialog(token)
        if (await self.house.router.read.dialog(dialog)).assignee is None:
            await self.house.router.act(dialog, "dialog", self.ann, a.Claim())
        ann = Author("agent", self.ann.id, self.ann.name)
        return await self.house.router.reply(dialog, ann, text, key=text, mode="send", reply_to=reply_to)

    @asynccontextmanager
    async def listening(self, token: str, after: int = 0) -> AsyncIterator[Ear]:
        """The visitor's event stream."""
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.url}/site/shop/events?after={after}"
        async with self.client.get(address, headers=headers) as response:
            assert response.status == 200
            yield Ear(response)


class Ear:
    """The far end of an event stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self, kind: str = "message") -> Any:
        """The next event of this kind."""
        async with asyncio.timeout(10):
            while await self._response.content.readline() != f"event: {kind}\n".encode():
                pass
            return json.loads((await self._response.content.readline()).removeprefix(b"data: "))


@asynccontextmanager
async def opened(
    database: Database, redis_url: str, folder: Path, *, bounds: Bounds | None = None, **settings: Any
) -> AsyncIterator[Shop]:
    """Starts everything, and ends it."""
    async with AsyncExitStack() as stack:
        place = replace(RULES.channels[SHOP], limits=SiteConnector.limits)
        rules = replace(RULES, channels={**RULES.channels, SHOP: place})
        house = await stack.enter_async_context(
            housed(database, redis_url, rules=rules, clock=lambda: datetime.now(UTC))
        )
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=20), cookie_jar=aiohttp.DummyCookieJar()
            )
        )
        access = Access(database, {})
        stack.callback(access.close)
        access.ensure_agents([Person("ann", "Ann", "agent", (FIRST,))])
        (ann,) = await house.router.read.agents()
        hub = Hub(house.client)
        around = Surroundings(
            router=house.router,
            live=hub,
            leases=Leases(house.client, lease.myself()),
            files=Files(str(folder / "files"), b"secret"),
            http=client,
            secret=b"secret",
            languages=("en", "ru"),
            bounds=bounds or Bounds(messages_per_minute=1000, sessions_per_minute=1000),
        )
        connector = SiteConnector(SHOP, SiteSettings(**settings), around)
        hands = Hands(
            house.router,
            house.bells,
            house.heal,
            {f"channel:{SHOP}": connector},
            "tests",
            house.clock,
            timedelta(seconds=10),
        )
        hub.on_ring = hands.ring
        number = port()
        server = uvicorn.Server(
            uvicorn.Config(
                application(connector.routes(), _nowhere, {}),
                port=number,
                lifespan="off",
                ws="none",
                log_level="error",
                timeout_graceful_shutdown=1,
            )
        )
        tasks = [asyncio.create_task(task) for task in (hub.run(), hands.run(), server.serve())]
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield Shop(f"http://127.0.0.1:{number}", client, house, ann)
        finally:
            server.should_exit = True
            await tasks[-1]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    """The API, which nobody asks here."""
