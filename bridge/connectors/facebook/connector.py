"""A Facebook page: one channel.

Owns how its parts stand together. It must never hold back from the router what it hears, nor decide what a failure means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel
from starlette.routing import BaseRoute

from bridge.connector import Connector, Surroundings
from bridge.connectors.facebook import health
from bridge.connectors.facebook.client import Client
from bridge.connectors.facebook.hook import Hook
from bridge.connectors.facebook.intake import Intake
from bridge.connectors.facebook.names import Names
from bridge.connectors.facebook.posts import Posts
from bridge.connectors.facebook.presses import BUTTONS
from bridge.connectors.facebook.settings import FacebookSettings
from bridge.connectors.facebook.speech import Page
from bridge.connectors.facebook.subscription import Subscription
from bridge.connectors.facebook.windows import DAY, Windows
from bridge.errors import SendError
from bridge.media import Location
from bridge.messages import Address, ChannelName, Health, Limits, Message, NativeId

PER_SECOND = 40
"""Messages; above that the page's own inbox cannot follow. https://developers.facebook.com/docs/messenger-platform/overview/rate-limiting"""


class FacebookConnector(Connector):
    """A page that contacts write to."""

    Settings: ClassVar[type[BaseModel]] = FacebookSettings
    limits: ClassVar[Limits] = Limits(
        text=2000,
        unit="utf16",
        file_mb=25,
        typing=True,
        window=DAY,
        keyed=False,
        per_second=PER_SECOND,
        buttons=BUTTONS,
    )
    settings: FacebookSettings

    def __init__(self, name: ChannelName, settings: FacebookSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        router = around.router
        app_secret = settings.app_secret.get_secret_value()
        verify_token = settings.verify_token.get_secret_value()
        self._client = Client(
            settings.token.get_secret_value(), app_secret, settings.api_url, settings.version, around.http
        )
        self._names = Names(name, router, self._client, around.languages)
        page = Page(settings.page_id, name, self._names.named, self._names.language)
        self._intake = Intake(page, router, self._names.fetch)
        windows = Windows(name, router.read, human_agent=settings.human_agent)
        self._posts = Posts(self._client, windows, around)
        path = f"/hooks/{name}"
        self._hook = Hook(path, app_secret, verify_token, self._intake)
        url = f"{around.public_url}{path}" if around.public_url else ""
        self._subscription = Subscription(self._client, page.id, settings.app_id, url, verify_token)

    def routes(self) -> Sequence[BaseRoute]:
        return [self._hook.route()]

    async def listen(self) -> None:
        try:
            await self._subscription.run()
        finally:
            await self._names.close()

    async def send(self, to: Address, message: Message) -> NativeId:
        return await self._posts.send(to, message)

    async def typing(self, to: Address) -> None:
        await self._posts.typing(to)

    async def locate(self, ref: str) -> Location:
        """Facebook's files lie open to whoever knows their address; the API's own host may stand in our network."""
        return Location(ref, trusted=ref.startswith(f"{self.settings.api_url}/"))

    async def replay(self, raw: bytes) -> None:
        await self._intake.replay(raw)

    async def check(self) -> Health:
        subscription = self._subscription
        try:
            me, missing = await asyncio.gather(
                self._client.get("me", fields="id,name"), subscription.missing()
            )
        except SendError as error:
            return health.refused(error, self.name, self.settings.api_url)
        ill = health.held(me, self.settings.page_id, self.name) or health.subscribed(
            missing, subscription.trouble, subscription.callback, subscription.url, self.name
        )
        return ill or health.well(me, self._intake.last_at, missing)
