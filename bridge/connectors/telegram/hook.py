"""The webhook: raw body, secret, parse, commit, and only then 200.

Owns what Telegram is answered. It must never say 200 to what is not stored, nor anything else to what never can be:
a refused update would hold up all that follow it in its chat for a day.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bridge import fields, webhook
from bridge.connectors.telegram.intake import Intake
from bridge.errors import Unavailable

log = structlog.get_logger()

HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Hook:
    """Where Telegram sends the updates of one bot."""

    def __init__(self, path: str, secret: str, intake: Intake, limit: int) -> None:
        self._path = path
        self._secret = secret
        self._intake = intake
        self._limit = limit

    def route(self) -> Route:
        return Route(self._path, self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        if not webhook.proves(request, HEADER, self._secret):
            return PlainTextResponse("wrong secret token", 403)
        try:
            body = await webhook.body(request, self._limit)
        except webhook.Malformed as malformed:
            # Telegram will repeat it, and `bridge check` says so; here stands why.
            log.warning("an update was refused", path=self._path, reason=malformed.reason)
            return PlainTextResponse(malformed.reason, malformed.status)
        try:
            await self._stored(body)
        except Unavailable:
            return webhook.again()
        return Response()

    async def _stored(self, body: bytes) -> None:
        try:
            raw = fields.parsed(body)
        except ValueError as error:
            await self._intake.keep(body, str(error))
        else:
            await self._intake.take([raw])
