"""The callback: raw body, community and secret, parse, commit, and only then the two letters that VK waits for.

Owns what VK is answered: "ok", the confirmation string, a refusal, or "later". It must never answer with anything that
came in: the body "remove" would make VK forget us.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bridge import fields, webhook
from bridge.connectors.vk.intake import Intake
from bridge.errors import SendError, Unavailable
from bridge.fields import Fields

log = structlog.get_logger()


class Hook:
    """Where VK sends the events of one community; `confirm` knows the string that proves that we are its server."""

    def __init__(
        self, path: str, secret: str, intake: Intake, limit: int, confirm: Callable[[], Awaitable[str]]
    ) -> None:
        self._path = path
        self._secret = secret.encode()
        self._group = str(intake.community.id).encode()
        self._intake = intake
        self._limit = limit
        self._confirm = confirm

    def route(self) -> Route:
        return Route(self._path, self._take, methods=["POST"])

    async def _take(self, request: Request) -> Response:
        try:
            body = await webhook.body(request, self._limit)
        except webhook.Malformed as malformed:
            log.warning("an event was refused", path=self._path, reason=malformed.reason)
            return PlainTextResponse(malformed.reason, malformed.status)
        raw = _parsed(body)
        event = Fields(raw)
        confirms = event.value("type") == "confirmation"
        if not self._is_ours(event) or not (confirms or self._is_proven(event)):
            return PlainTextResponse("no event of this community", 403)
        if confirms:
            return await self._confirmed()
        try:
            await self._intake.take([_kept(raw)])
        except Unavailable:
            return webhook.again()
        return PlainTextResponse("ok")

    def _is_ours(self, event: Fields) -> bool:
        group = event.value("group_id")
        if isinstance(group, bool) or not isinstance(group, int | str):
            return False
        return _same(str(group), self._group)

    def _is_proven(self, event: Fields) -> bool:
        secret = event.value("secret")
        return isinstance(secret, str) and _same(secret, self._secret)

    async def _confirmed(self) -> Response:
        try:
            return PlainTextResponse(await self._confirm())
        except SendError as error:
            log.warning("VK could not be told that we are its server", path=self._path, reason=error.reason)
            return webhook.again()


def _parsed(body: bytes) -> object:
    """The JSON of a body; None for what is none: the proof is within, so what cannot be read proves nothing."""
    try:
        return fields.parsed(body, fields.UNBEARABLE)
    except ValueError:
        return None


def _kept(raw: object) -> object:
    """The event without the secret, which is nobody's to read later."""
    return {name: value for name, value in raw.items() if name != "secret"} if isinstance(raw, dict) else raw


def _same(given: str, expected: bytes) -> bool:
    """Bytes are compared, for text that is not ASCII cannot be."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected)
