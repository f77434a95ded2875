"""The webhook: raw body, signature, parse, commit, and only then the words that Facebook waits for.

Owns what Facebook is answered: its own challenge to whoever knows the verify token, "EVENT_RECEIVED", a refusal, or
"later". It must never read a body whose signature is not ours: it is taken of the raw bytes, for Facebook writes JSON in a
way of its own.
"""

from __future__ import annotations

import hashlib
import hmac

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bridge import fields, webhook
from bridge.connectors.facebook.intake import Intake
from bridge.errors import Unavailable

log = structlog.get_logger()

HEADER = "X-Hub-Signature-256"
BODY = 16 * 1_048_576
"""Bytes. Facebook puts up to 1000 updates into one call; each may hold 2000 characters, written as six bytes or as twelve
(\\u0439), and what stands around them. What is refused for its size comes again, with the same size, until the page is
unsubscribed."""
_CHALLENGE = 4096


class Hook:
    """Where Facebook sends the events of one page."""

    def __init__(self, path: str, app_secret: str, verify_token: str, intake: Intake) -> None:
        self._path = path
        self._secret = app_secret.encode()
        self._verify_token = verify_token.encode()
        self._intake = intake

    def route(self) -> Route:
        return Route(self._path, self._asked, methods=["GET", "POST"])

    async def _asked(self, request: Request) -> Response:
        return await self._take(request) if request.method == "POST" else self._verified(request)

    def _verified(self, request: Request) -> Response:
        """Facebook asks once whether we are its server."""
        asked = request.query_params
        token = asked.get("hub.verify_token", "").encode(errors="surrogatepass")
        if asked.get("hub.mode") != "subscribe" or not hmac.compare_digest(token, self._verify_token):
            return PlainTextResponse("wrong verify token", 403)
        challenge = asked.get("hub.challenge", "")
        if not challenge or len(challenge) > _CHALLENGE:
            return PlainTextResponse("no challenge", 400)
        headers = {"X-Content-Type-Options": "nosniff"}
        return PlainTextResponse(challenge.encode(errors="replace"), headers=headers)

    async def _take(self, request: Request) -> Response:
        try:
            body = await webhook.body(request, BODY)
        except webhook.Malformed as malformed:
            log.warning("an event was refused", path=self._path, reason=malformed.reason)
            return PlainTextResponse(malformed.reason, malformed.status)
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if not webhook.proves(request, HEADER, f"sha256={signature}"):
            return PlainTextResponse("wrong signature", 403)
        try:
            await self._stored(body)
        except Unavailable:
            return webhook.again()
        return PlainTextResponse("EVENT_RECEIVED")

    async def _stored(self, body: bytes) -> None:
        try:
            raw = fields.parsed(body, fields.UNBEARABLE)
        except ValueError as error:
            await self._intake.keep(body, str(error))
        else:
            await self._intake.take(raw)
