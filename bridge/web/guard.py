"""The door of the API: who asks, from where, and how much he may bring, before anything of it is parsed.

Owns authentication, the check against foreign pages and the limits of a body, as plain ASGI: streams pass through
untouched. It must never decide what an agent may do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.actions import Agent
from bridge.errors import BridgeError
from bridge.ports import Access
from bridge.web.problems import answer, problem

BODY_BYTES = 1_048_576
BODY_DEPTH = 64
BODY_SECONDS = 30.0
READING = frozenset({"GET", "HEAD", "OPTIONS"})

Again = Callable[[], Awaitable[Agent | None]]


def session_cookie(*, secure: bool) -> str:
    """The name of the session's cookie: over https one that no other host can set."""
    return "__Host-bridge_session" if secure else "bridge_session"


def from_our_page(headers: Headers) -> bool:
    """Whether a request that changes something, and bears a cookie, was made by a page of ours."""
    return headers.get("x-bridge") == "1" and headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


class Guard:
    """Lets authenticated requests below `/v1/` in, with `agent` and `again` (is he still?) in their state."""

    def __init__(
        self, app: ASGIApp, access: Access, *, secure: bool = False, raw: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._access = access
        self._cookie = session_cookie(secure=secure)
        self._raw = raw
        """paths whose bodies are streamed and limited by themselves"""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _private(send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        app = self._app
        try:
            if path.startswith("/v1/"):
                refusal = await self._admit(scope)
                if refusal is None and scope["method"] not in READING and path not in self._raw:
                    body = await _body(Headers(scope=scope), receive)
                    if isinstance(body, bytes):
                        receive = _replay(body, receive)
                    else:
                        refusal = body
                app = refusal or app
        except BridgeError as error:
            app = answer(error)
        except ClientDisconnect:
            return  # nobody waits for an answer
        await app(scope, receive, send)

    async def _admit(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        again = self._credentials(headers)
        agent = None if again is None else await again()
        if agent is None:
            return problem(
                401, "log in, or send a valid token", headers={"WWW-Authenticate": 'Bearer realm="bridge"'}
            )
        by_cookie = "authorization" not in headers
        if by_cookie and scope["method"] not in READING and not from_our_page(headers):
            return problem(403, "this request does not come from a page of the bridge", code="foreign_origin")
        scope.setdefault("state", {}).update(agent=agent, again=again)
        return None

    def _credentials(self, headers: Headers) -> Again | None:
        """A header that names credentials counts alone; only without it the cookie does."""
        if "authorization" in headers:
            scheme, _, token = headers["authorization"].partition(" ")
            token = token.strip()
            if scheme.lower() == "bearer" and token:
                return lambda: self._access.by_token(token)
            return None
        session = cookie_parser(headers.get("cookie", "")).get(self._cookie)
        return (lambda: self._access.by_session(session)) if session else None


def _private(send: Send) -> Send:
    """Nothing of what the API says is kept or guessed at on the way."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("cache-control", "no-store")
            headers.setdefault("x-content-type-options", "nosniff")
        await send(message)

    return sent


async def _body(headers: Headers, receive: Receive) -> bytes | ASGIApp:
    """A complete body of well-formed JSON (or none at all), else the answer that says what is wrong with it."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES:
        return _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read(receive)
    except TimeoutError:
        return problem(
            408, f"the body did not come within {BODY_SECONDS:.0f} s", headers={"Connection": "close"}
        )
    if body is None:
        return _too_large()
    return _wrong(headers, body) or body


def _wrong(headers: Headers, body: bytes) -> ASGIApp | None:
    if not body:
        return None
    kind, _, charset = headers.get("content-type", "").lower().partition(";")
    if kind.strip() != "application/json" or charset.strip() not in {"", "charset=utf-8", 'charset="utf-8"'}:
        return problem(415, "send application/json in UTF-8")
    malformed = _malformed(body)
    return None if malformed is None else problem(400, malformed)


def _too_large() -> ASGIApp:
    return problem(413, f"a body may have {BODY_BYTES // 1024} kB at most")


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than allowed."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _malformed(body: bytes) -> str | None:
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
    except RecursionError:
        return _too_deep()
    except ValueError as error:
        return f"the body is no JSON: {error}"
    return _too_deep() if _depth(value) > BODY_DEPTH else None


def _too_deep() -> str:
    return f"the body is nested deeper than {BODY_DEPTH} levels"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > BODY_DEPTH:
            break
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
    return depth


def _replay(body: bytes, receive: Receive) -> Receive:
    """What was read is given once more; behind it comes only the client's leaving."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
