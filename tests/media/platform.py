"""A platform with files of its own, as the kill test configures it: words and files come in by a hook.

Owns its wire. It must never know what becomes of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge.connector import Connector
from bridge.media import Location
from bridge.messages import Address, EventKey, Incoming, Message, NativeId, Remote


class PlatformSettings(BaseModel):
    """Where the platform is."""

    model_config = ConfigDict(extra="forbid")

    api_url: str


class PlatformConnector(Connector):
    """A platform whose files stand at its api_url."""

    Settings: ClassVar[type[BaseModel]] = PlatformSettings
    settings: PlatformSettings

    def routes(self) -> Sequence[BaseRoute]:
        return [Route(f"/hooks/{self.name}", self._hook, methods=["POST"])]

    async def send(self, to: Address, message: Message) -> NativeId:
        return NativeId(message.key)

    async def locate(self, ref: str) -> Location:
        return Location(f"{self.settings.api_url}/{ref}", trusted=True)

    async def _hook(self, request: Request) -> Response:
        update = json.loads(await request.body())
        incoming = Incoming(
            channel=self.name,
            address=Address(update["from"]),
            event_key=EventKey(update["id"]),
            text=update["text"],
            native=NativeId(update["id"]),
            name=update.get("name", ""),
            remote=tuple(Remote(**file) for file in update["files"]),
            album=update.get("album"),
        )
        receipt = await self.around.router.receive(incoming)
        return JSONResponse({"seq": receipt.seq})
