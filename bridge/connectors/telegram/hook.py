"""The webhook: raw body, secret, parse, commit, and only then 200.

Owns what Telegram is answered. It must never say 200 to what is not stored, nor anything else to what never can be:
a refused update would hold up all that follow it in its chat for a day.
"""

from __future__ import annotations

import hmac

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bridge.connectors.telegram import fields
from bridge.connectors.telegram.intake import Intake
from bridge.errors import Unavailable

SECRET = b"x-telegram-bot-api-secret-token"
AGAIN = "2"
"""Seconds after which Telegram shall repeat what could not be stored; it keeps to Retry-After."""


class TooLong(Exception):
    """The body is longer than anybody may send."""


class Hook:
    """Where Telegram sends the updates of one bot."""

    def __init__(self, path: str, secret: str, intake: Intake, limit: int) -> None:
        self._path = path
        self._secret = secret.encode()
        self._intake = intake
        self._limit = limit

    def route(self) -> Route:
        return Route(self._path, self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        # A header sent twice is nobody's we know, and bytes may be compared whatever they are.
        given = [value for name, value in request.scope["headers"] if name.lower() == SECRET]
        if len(given) != 1 or not hmac.compare_digest(given[0], self._secret):
            return PlainTextResponse("wrong secret token", 403)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            return PlainTextResponse("incomplete", 400)
        except TooLong:
            return PlainTextResponse("too long", 413)
        try:
            await self._stored(body)
        except Unavailable:
            return PlainTextResponse("not stored, please repeat", 503, {"Retry-After": AGAIN})
        return Response()

    async def _stored(self, body: bytes) -> None:
        try:
            raw = fields.parsed(body)
        except ValueError as error:
            await self._intake.keep(body, str(error))
        else:
            await self._intake.take([raw])

    async def _body(self, request: Request) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > self._limit:
                raise TooLong
            parts.append(part)
        return b"".join(parts)
