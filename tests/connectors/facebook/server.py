"""Whatever stands at api_url: a server that answers as it is told, and keeps what it was asked.

Owns single answers, word for word. Must never know a rule of Facebook's but what every call must bear.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.connectors.facebook.house import PAGE, SECRET, TOKEN

PROOF = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()


@dataclass
class Call:
    """One call: its method and path, what it was asked in the address, what it said, and its file."""

    name: str
    asked: dict[str, str]
    said: dict[str, Any] = field(default_factory=dict)
    file: tuple[str, str, bytes] | None = None


@dataclass(frozen=True)
class Error:
    """A refusal of Facebook's."""

    code: int
    subcode: int | None = None
    words: str = "no"
    status: int = 400
    headers: tuple[tuple[str, str], ...] = ()
    transient: bool | None = None


@dataclass
class Server:
    """A server without a mind of its own."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """method and path → what it answers, a function of the call, or a list of such, the last of which stays"""
    files: dict[str, bytes] = field(default_factory=dict)
    """what stands below /file/"""

    def named(self, name: str) -> list[Call]:
        """The calls of one name, as "POST me/messages"."""
        return [call for call in self.calls if call.name == name]

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/file/"):
            content = self.files.get(request.path.removeprefix("/file/"))
            return web.Response(status=404) if content is None else web.Response(body=content)
        version, _, path = request.path.removeprefix("/").partition("/")
        call = Call(f"{request.method} {path}", dict(request.query))
        if request.content_type == "application/json":
            call.said = await request.json()
        elif request.content_type == "multipart/form-data":
            await self._form(request, call)
        self.calls.append(call)
        self.wrong += [] if version == "v23.0" else [f"{call.name}: version {version}"]
        if call.asked.get("access_token") == TOKEN:
            self.wrong += [] if call.asked.get("appsecret_proof") == PROOF else [f"{call.name}: no proof"]
        elif call.asked.get("access_token") != f"99|{SECRET}":
            self.wrong.append(f"{call.name}: no token")
        return self._answered(call)

    async def _form(self, request: web.Request, call: Call) -> None:
        if request.content_length is None:
            self.wrong.append(f"{call.name}: a form without its length")
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                call.file = (value.filename, value.content_type, value.file.read())
            else:
                text = str(value)
                call.said[name] = json.loads(text) if text.startswith(("{", "[")) else text

    def _answered(self, call: Call) -> web.Response:
        found = self.answers.get(call.name, DEFAULTS.get(call.name))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(call)
        if isinstance(found, web.Response):
            return found
        if isinstance(found, Error):
            return _refused(found)
        if found is None:
            return _refused(Error(100, 33, f"Unsupported {call.name}"))
        return web.json_response(found)


def _refused(error: Error) -> web.Response:
    told: dict[str, Any] = {
        "message": error.words,
        "type": "OAuthException",
        "code": error.code,
        "fbtrace_id": "x",
    }
    if error.subcode is not None:
        told["error_subcode"] = error.subcode
    if error.transient is not None:
        told["is_transient"] = error.transient
    return web.json_response({"error": told}, status=error.status, headers=dict(error.headers))


def sent(call: Call) -> Any:
    """What Facebook answers to what it has taken."""
    to = call.said["recipient"]["id"]
    return {"recipient_id": to} if "sender_action" in call.said else {"recipient_id": to, "message_id": "m_5"}


DEFAULTS: dict[str, Any] = {
    "POST me/messages": sent,
    "GET me": {"id": PAGE, "name": "Shop"},
    f"GET {PAGE}/subscribed_apps": {"data": []},
    f"POST {PAGE}/subscribed_apps": {"success": True},
    "GET 99/subscriptions": {"data": []},
    "POST 99/subscriptions": {"success": True},
}


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Starts one, and ends it; a call without what every call must bear fails the test."""
    found = Server()
    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", found.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()
    assert found.wrong == []
