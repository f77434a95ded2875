"""Whatever stands at api_url: a server that answers as it is told and keeps what it was asked.

Owns single answers, word for word. Must never know a rule of Telegram's; the playground does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Call:
    """One call: its method, its fields (those that are JSON read), and its files by their field."""

    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass
class Server:
    """A server without a mind of its own."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """what stands below /file/bot<token>/"""
    answer: Callable[[Call], tuple[int, Any, dict[str, str]]] = lambda _: (200, done({"message_id": 5}), {})

    def says(self, status: int, body: Any, **headers: str) -> None:
        """The answer from now on: JSON, or a text as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda _: (status, body, named)

    def replies(self, *answers: tuple[int, Any]) -> None:
        """The next answers, one after the other."""
        waiting = list(answers)
        self.answer = lambda _: (*waiting.pop(0), {})

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/file/"):
            content = self.files.get(request.path.split("/", 2)[2])
            return web.Response(status=404) if content is None else web.Response(body=content)
        call = Call(request.path.rpartition("/")[2], {})
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                call.files[name] = (value.filename, value.file.read())
            else:
                call.fields[name] = _read(str(value))
        self.calls.append(call)
        status, body, headers = self.answer(call)
        if body == done([]):
            await asyncio.sleep(0.01)  # as long as Telegram keeps such a question open, in small
        raw = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=raw, headers=headers)


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def done(result: Any) -> dict[str, Any]:
    """What the Bot API answers to a call that was done."""
    return {"ok": True, "result": result}


def no(code: int, description: str, **parameters: Any) -> dict[str, Any]:
    """A refusal as the Bot API writes it."""
    more = {"parameters": parameters} if parameters else {}
    return {"ok": False, "error_code": code, "description": description, **more}


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Starts one, and ends it."""
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
