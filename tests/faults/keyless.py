"""A connector of a platform that knows no idempotency key, as the fault tests configure it beside the shipped ones.

Owns the wire of `tests.faults.standins.Platform`: texts come in by a hook, texts go out by one call each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

import aiohttp
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge import errors, text
from bridge.connector import Connector
from bridge.messages import Address, EventKey, Incoming, Limits, Message, NativeId

TIMEOUT = aiohttp.ClientTimeout(total=None, connect=2, sock_read=2)


class KeylessSettings(BaseModel):
    """Where the platform is."""

    model_config = ConfigDict(extra="forbid")

    api_url: str


class KeylessConnector(Connector):
    """A platform that takes whatever it is sent, as often as it is sent."""

    Settings: ClassVar[type[BaseModel]] = KeylessSettings
    limits: ClassVar[Limits] = Limits(text=4096, keyed=False, concurrent=32)
    settings: KeylessSettings

    def routes(self) -> Sequence[BaseRoute]:
        return [Route(f"/hooks/{self.name}", self._hook, methods=["POST"])]

    async def send(self, to: Address, message: Message) -> NativeId:
        body = {"to": to, "text": message.text}
        try:
            async with self.around.http.post(
                f"{self.settings.api_url}/send", json=body, timeout=TIMEOUT
            ) as response:
                if response.status == 429:
                    raise errors.Throttled(float(response.headers.get("Retry-After", "1")))
                if response.status >= 500:
                    raise errors.Ambiguous(f"the platform answered {response.status}")
                if response.status >= 400:
                    raise errors.Rejected(f"the platform answered {response.status}")
                return NativeId(str((await response.json())["id"]))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise errors.Unreachable("no connection to the platform") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise errors.Ambiguous(f"no answer from the platform: {type(error).__name__}") from error

    async def _hook(self, request: Request) -> Response:
        update = json.loads(await request.body())
        incoming = Incoming(
            channel=self.name,
            address=Address(update["from"]),
            event_key=EventKey(f"{self.name}:{update['id']}"),
            text=text.clean(update["text"]),
            name=f"Caller {update['from']}",
            native=NativeId(update["id"]),
        )
        try:
            receipt = await self.around.router.receive(incoming)
        except errors.Unavailable as error:
            return JSONResponse({"error": {"code": "unavailable", "reason": error.reason}}, 503)
        return JSONResponse({"id": f"{receipt.dialog}.{receipt.seq}", "seq": receipt.seq})
