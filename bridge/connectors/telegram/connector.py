"""The customers' bot: one channel on Telegram.

Owns how its parts stand together. aiogram takes seconds to load, so it is loaded in a thread when the channel first
needs it. It must never hold back from the router what it hears, nor decide what a failure means.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import structlog
from pydantic import BaseModel
from starlette.routing import BaseRoute

from bridge.connector import Connector, Surroundings
from bridge.connectors.telegram import addresses, health
from bridge.connectors.telegram.addresses import Place
from bridge.connectors.telegram.hook import Hook
from bridge.connectors.telegram.intake import Intake
from bridge.connectors.telegram.pace import Pace
from bridge.connectors.telegram.polling import Polling
from bridge.connectors.telegram.registration import Registration
from bridge.connectors.telegram.settings import TelegramSettings
from bridge.connectors.telegram.speech import Bot
from bridge.errors import Rejected, SendError
from bridge.media import Location
from bridge.messages import Address, ChannelName, Health, Limits, Message, NativeId

if TYPE_CHECKING:
    from bridge.connectors.telegram.client import Client
    from bridge.connectors.telegram.posts import Posts

log = structlog.get_logger()


class TelegramConnector(Connector):
    """A bot that contacts write to."""

    Settings: ClassVar[type[BaseModel]] = TelegramSettings
    limits: ClassVar[Limits] = Limits(
        text=4096,
        unit="utf16",
        file_mb=50,
        edits=True,
        deletes=True,
        typing=True,
        album=10,
        caption=1024,
        keyed=False,
        per_second=30,
        buttons=100,
    )
    settings: TelegramSettings

    def __init__(self, name: ChannelName, settings: TelegramSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        bot = Bot(settings.bot, name, around.languages, settings.groups)
        self._intake = Intake(bot, around.router, self._answer)
        self._pace = Pace()
        self._parts: asyncio.Task[tuple[Client, Posts]] | None = None
        self._running: set[asyncio.Task[None]] = set()
        path = f"/hooks/{name}"
        secret = self._secret(bot)
        self._hook = Hook(path, secret, self._intake, around.bounds.body_kb * 1024)
        self._registration = Registration(f"{around.public_url}{path}", secret) if around.public_url else None
        self._polling = Polling(name, bot.id, self._intake, around.leases)

    def routes(self) -> Sequence[BaseRoute]:
        return [self._hook.route()]

    async def listen(self) -> None:
        client, _ = await self._ready()
        if self._registration is not None:
            await self._registration.run(client)
        else:
            await self._polling.run(client)

    async def send(self, to: Address, message: Message) -> NativeId:
        place = _place(to)
        _, posts = await self._ready()
        await self._pace.keep(place.chat)
        return await posts.send(place, message)

    async def edit(self, to: Address, message: Message) -> None:
        _, posts = await self._ready()
        await posts.edit(message.native or NativeId(""), message.text)

    async def delete(self, to: Address, native: NativeId) -> None:
        _, posts = await self._ready()
        await posts.delete(native)

    async def typing(self, to: Address) -> None:
        place = _place(to)
        _, posts = await self._ready()
        await posts.typing(place)

    async def locate(self, ref: str) -> Location:
        client, _ = await self._ready()
        return Location(await client.file_url(ref), trusted=True)

    async def replay(self, raw: bytes) -> None:
        await self._intake.replay(raw)

    async def check(self) -> Health:
        if self._parts is not None and not self._parts.done():
            # aiogram takes longer to load than anybody waits for an answer: what is on its way is not ill.
            return Health(ok=True, reason="it is starting")
        client, _ = await self._ready()
        try:
            me, info = await asyncio.gather(client.me(), client.webhook())
        except SendError as error:
            return health.refused(error, self.name, self.settings.api_url)
        if self._registration is not None:
            ill = health.hooked(info, self._registration.url, datetime.now(UTC))
            how = "called by its webhook"
        else:
            ill = health.asked(info, self._polling.trouble)
            how = "asks for its updates"
        return ill or health.well(me, how, self._intake.last_at)

    # -- its parts

    async def _ready(self) -> tuple[Client, Posts]:
        """What calls Telegram, once aiogram is loaded; who is cancelled while he waits does not stop it for others."""
        if self._parts is None or (self._parts.done() and self._parts.exception() is not None):
            self._parts = asyncio.create_task(self._load())
        return await asyncio.shield(self._parts)

    async def _load(self) -> tuple[Client, Posts]:
        await asyncio.to_thread(_import)
        from bridge.connectors.telegram.client import Client
        from bridge.connectors.telegram.posts import Posts

        client = Client(self.settings.token.get_secret_value(), self.settings.api_url, self.around.http)
        return client, Posts(client, self.around)

    def _answer(self, press: str) -> None:
        """A press that is stored is answered while the contact looks; if that fails, only his button blinks longer."""
        task = asyncio.create_task(self._answered(press))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answered(self, press: str) -> None:
        client, _ = await self._ready()
        try:
            await client.answered(press)
        except SendError as error:
            log.debug("a press was not answered", channel=self.name, reason=error.reason)

    def _secret(self, bot: Bot) -> str:
        """What Telegram proves itself with: the same in all processes, and after every start."""
        if self.settings.webhook_secret is not None:
            return self.settings.webhook_secret.get_secret_value()
        return hmac.new(
            self.around.secret, f"telegram:{self.name}:{bot.id}".encode(), hashlib.sha256
        ).hexdigest()


def _import() -> None:
    """Loads what is slow to load, away from the event loop."""
    import bridge.connectors.telegram.posts  # noqa: F401

    # aiogram's models stay: looking through them again and again would stop everybody for a while.
    gc.collect()
    gc.freeze()


def _place(address: Address) -> Place:
    place = addresses.place(address)
    if place is None:
        raise Rejected("this is no address of Telegram")
    return place
