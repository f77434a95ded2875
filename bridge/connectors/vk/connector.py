"""A community of VK: one channel.

Owns how its parts stand together. It must never hold back from the router what it hears, nor decide what a failure means.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel
from starlette.routing import BaseRoute

from bridge.connector import Connector, Surroundings
from bridge.connectors.vk import addresses, health
from bridge.connectors.vk.client import PER_SECOND, Client
from bridge.connectors.vk.confirmation import Confirmation
from bridge.connectors.vk.history import History
from bridge.connectors.vk.hook import Hook
from bridge.connectors.vk.intake import Intake
from bridge.connectors.vk.names import Names
from bridge.connectors.vk.polling import Polling
from bridge.connectors.vk.posts import Posts
from bridge.connectors.vk.presses import BUTTONS, Press
from bridge.connectors.vk.registration import Registration
from bridge.connectors.vk.settings import VkSettings
from bridge.connectors.vk.speech import Community
from bridge.connectors.vk.uploads import Uploads
from bridge.connectors.vk.whole import Whole
from bridge.errors import Rejected, SendError
from bridge.fields import Fields
from bridge.media import Location
from bridge.messages import Address, ChannelName, Health, Limits, Message, NativeId

log = structlog.get_logger()


class VkConnector(Connector):
    """A community that contacts write to."""

    Settings: ClassVar[type[BaseModel]] = VkSettings
    limits: ClassVar[Limits] = Limits(
        text=4096,
        unit="utf16",
        file_mb=200,
        edits=True,
        deletes=True,
        typing=True,
        album=10,
        caption=4096,
        keyed=True,
        per_second=PER_SECOND,
        buttons=BUTTONS,
    )
    settings: VkSettings

    def __init__(self, name: ChannelName, settings: VkSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        router = around.router
        self._client = Client(settings.token.get_secret_value(), settings.api_url, around.http)
        self._names = Names(name, router, self._client)
        community = Community(settings.group_id, name, around.languages, settings.groups, self._names.named)
        self._posts = Posts(self._client, Uploads(self._client, around))
        self._whole = Whole(community, router, self._posts)
        self._intake = Intake(community, router, self._answer, self._names.fetch, self._whole.fetch)
        self._history = History(self._client, self._intake, self._names)
        self._running: set[asyncio.Task[None]] = set()
        path = f"/hooks/{name}"
        secret = self._secret()
        confirmation = Confirmation(self._client, settings.group_id, settings.confirmation)
        self._hook = Hook(path, secret, self._intake, around.bounds.body_kb * 1024, confirmation.asked)
        self._registration = (
            Registration(f"{around.public_url}{path}", secret, self._intake, router, around.leases)
            if around.public_url
            else None
        )
        self._polling = Polling(self._intake, router, around.leases)

    def routes(self) -> Sequence[BaseRoute]:
        return [self._hook.route()]

    async def listen(self) -> None:
        try:
            if self._registration is not None:
                await self._registration.run(self._client, self._history)
            else:
                await self._polling.run(self._client, self._history)
        finally:
            await self._names.close()
            await self._whole.close()

    async def send(self, to: Address, message: Message) -> NativeId:
        return await self._posts.send(_peer(to), message)

    async def edit(self, to: Address, message: Message) -> None:
        await self._posts.edit(message.native or NativeId(""), message)

    async def delete(self, to: Address, native: NativeId) -> None:
        await self._posts.delete(native)

    async def typing(self, to: Address) -> None:
        await self._posts.typing(_peer(to))

    async def locate(self, ref: str) -> Location:
        """VK's files lie open to whoever knows their address; the API's own host may stand in our network."""
        there, api = urlsplit(ref), urlsplit(self.settings.api_url)
        return Location(ref, trusted=(there.scheme, there.netloc) == (api.scheme, api.netloc))

    async def replay(self, raw: bytes) -> None:
        await self._intake.replay(raw)

    async def check(self) -> Health:
        group, url = self.settings.group_id, self.settings.api_url
        try:
            found, permissions = await asyncio.gather(
                self._client.call("groups.getById"), self._client.call("groups.getTokenPermissions")
            )
            me, rights = _community(found), Fields(permissions)
            if (ill := health.held(me, rights, group, self.name)) is not None:
                return ill
            if self._registration is not None:
                server = await self._registration.server(self._client)
                ill = health.hooked(server, self._registration.url, self._registration.trouble)
                how = "called by VK"
            else:
                settings = Fields(await self._client.call("groups.getLongPollSettings", group_id=group))
                ill = health.asked(settings, self._polling.trouble, self._polling.lost, url)
                how = "asks for its events"
        except SendError as error:
            return health.refused(error, self.name, url)
        lacking = health.lacking(rights, ("photos", "docs", "manage"))
        return ill or health.well(me, how, self._intake.last_at, lacking)

    def _answer(self, press: Press) -> None:
        """A press that is stored is answered while the contact looks; if that fails, only his button spins longer."""
        task = asyncio.create_task(self._answered(press))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answered(self, press: Press) -> None:
        try:
            await self._posts.answered(press)
        except SendError as error:
            log.debug("a press was not answered", channel=self.name, reason=error.reason)

    def _secret(self) -> str:
        """What VK proves itself with: the same in all processes, and after every start; VK takes 50 characters."""
        if self.settings.secret is not None:
            return self.settings.secret.get_secret_value()
        name = f"vk:{self.name}:{self.settings.group_id}".encode()
        return hmac.new(self.around.secret, name, hashlib.sha256).hexdigest()[:40]


def _community(found: object) -> Fields:
    """The community that the token belongs to, in both shapes in which VK says so."""
    groups = found if isinstance(found, list) else Fields(found).items("groups")
    return Fields(next(iter(groups), None))


def _peer(address: Address) -> int:
    peer = addresses.peer(address)
    if peer is None:
        raise Rejected("this is no address of VK")
    return peer
