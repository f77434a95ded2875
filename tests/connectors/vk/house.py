"""A VK channel as it is composed for real, on a port, with SQL and Redis of its own, and hands that deliver.

Owns starting and ending it. Must never reach past the router.
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
import sqlalchemy as sa
import uvicorn

from bridge import actions as a
from bridge import lease
from bridge.connector import Bounds, Surroundings
from bridge.connectors.vk.connector import VkConnector
from bridge.connectors.vk.settings import VkSettings
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.database import Database
from bridge.conversations.leases import Leases
from bridge.conversations.live import Hub
from bridge.deliver import Hands
from bridge.downloads import Downloads
from bridge.media import Fetcher, Files
from bridge.messages import Author, ChannelName, DialogId
from bridge.views import DialogView, MessageView
from bridge.web.site import application
from tests.conversations.samples import FIRST, RULES, SHOP
from tests.conversations.shell import House, housed
from tests.services import port

TOKEN = "vk1.a.tests"
SECRET = "vk-proves-itself-with-this"
GROUP = 7
NOWHERE = "http://127.0.0.1:9"
"""Where nobody answers."""


@dataclass
class Shop:
    """A running channel."""

    url: str
    client: aiohttp.ClientSession
    house: House
    ann: a.Agent
    connector: VkConnector
    around: Surroundings
    database: Database

    async def post(self, event: dict[str, Any], *, group: int = GROUP, **headers: str) -> tuple[int, str]:
        """What VK does, its secret within; status and body of the answer."""
        return await self.raw(json.dumps({"group_id": group, "secret": SECRET} | event).encode(), **headers)

    async def raw(self, body: bytes, **headers: str) -> tuple[int, str]:
        """A body as it is."""
        url = f"{self.url}/hooks/shop"
        async with self.client.post(url, data=body, headers=headers) as response:
            return response.status, await response.text()

    async def dialog(self, address: str) -> DialogView:
        """The dialog of an address."""
        found = await self.house.router.read.current(SHOP, address)  # type: ignore[arg-type]
        assert found is not None, f"{address} has no dialog"
        return found

    async def messages(self, address: str) -> list[MessageView]:
        """What stands in the dialog of an address, in the order in which it was said."""
        found = await self.house.router.read.messages(DialogId(int((await self.dialog(address)).id)))
        return sorted(found, key=lambda message: message.seq)

    async def heard(self, address: str) -> list[str]:
        """What the contact has said there."""
        return [message.text for message in await self.messages(address) if message.author.kind == "contact"]

    async def reply(self, address: str, text: str, **options: Any) -> None:
        """Ann claims the dialog and answers."""
        dialog = await self.dialog(address)
        number = DialogId(int(dialog.id))
        if dialog.assignee is None:
            await self.house.router.act(number, "dialog", self.ann, a.Claim())
        ann = Author("agent", self.ann.id, self.ann.name)
        await self.house.router.reply(number, ann, text, key=text, mode="send", **options)

    def rows(self, table: sa.Table) -> list[Any]:
        """All rows of a table."""
        with self.database.read() as connection:
            return list(connection.execute(sa.select(table)))

    def counts(self) -> tuple[int, int, int]:
        """How many events, messages and unread updates there are."""
        return tuple(len(self.rows(table)) for table in (t.seen, t.message, t.quarantine))  # type: ignore[return-value]


@asynccontextmanager
async def opened(
    database: Database,
    redis_url: str,
    folder: Path,
    *,
    api_url: str = NOWHERE,
    public_url: str = "",
    listen: bool = False,
    bot: bool = False,
    owner: str = "",
    **settings: Any,
) -> AsyncIterator[Shop]:
    """Starts everything, and ends it; the bot in front is silent unless asked for.

    `owner` is the name of its process for who asks VK.
    """
    channel = replace(RULES.channels[SHOP], limits=VkConnector.limits, connector="vk", bot=bot, desks=())
    rules = replace(RULES, channels={**RULES.channels, SHOP: channel})
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(
            housed(database, redis_url, rules=rules, clock=lambda: datetime.now(UTC))
        )
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=60), cookie_jar=aiohttp.DummyCookieJar()
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
            leases=Leases(house.client, owner or lease.myself()),
            files=Files(str(folder / "files"), b"secret"),
            http=client,
            secret=b"secret",
            public_url=public_url,
            languages=("en", "ru"),
            bounds=Bounds(),
        )
        wanted = {"group_id": GROUP, "token": TOKEN, "secret": SECRET, "api_url": api_url, **settings}
        connector = VkConnector(ChannelName(SHOP), VkSettings.model_validate(wanted), around)
        fetcher = await stack.enter_async_context(Fetcher())
        downloads = Downloads(connector, fetcher, around.files, 25 * 1_048_576)
        hands = Hands(
            house.router,
            house.bells,
            house.heal,
            {f"channel:{SHOP}": connector, f"files:{SHOP}": downloads},
            "tests",
            house.clock,
            timedelta(seconds=20),
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
        running = [hub.run(), hands.run(), server.serve(), *([connector.listen()] if listen else [])]
        tasks = [asyncio.create_task(task) for task in running]
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.005)
        try:
            yield Shop(f"http://127.0.0.1:{number}", client, house, ann, connector, around, database)
        finally:
            server.should_exit = True
            await tasks[2]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    """The API, which nobody asks here."""
