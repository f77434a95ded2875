"""The world outside of the bridge: a desk that drops repeats by their key, and a platform that cannot.

Owns what they do wrong on purpose and the journal of what took effect. Must never know what the bridge meant.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bench.sink import Post, read, secret_bytes
from tests.faults.journal import Journal, Posted, Sent

SECRET = "whsec_aW4gdGhlIGZhdWx0IHRlc3RzIG9ubHk="
SLOW = 40.0
"""Seconds until a slow answer comes: longer than anybody waits."""
WAY = 0.06
"""Seconds that a call takes at most to arrive, and its answer to come back."""
FAULTS = ("throttle", "break", "drop", "slow", "refuse")


@dataclass(slots=True)
class Temper:
    """What a stand-in does with the calls it gets: well, or one of the faults with a probability."""

    rng: random.Random
    faults: tuple[str, ...] = ()
    share: float = 0.0
    made: int = 0

    def next(self) -> str:
        """What to do with this call."""
        if self.faults and self.rng.random() < self.share:
            self.made += 1
            return self.rng.choice(self.faults)
        return "ok"


@dataclass(slots=True)
class StandIn:
    """One HTTP server with a temper; `take` notes a call that took effect and returns its answer."""

    temper: Temper
    take: Callable[[web.Request, bytes], dict[str, Any]]
    port: int = 0
    calls: int = 0
    _runner: web.AppRunner | None = None
    _slow: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listens, on the same port as before if there was one."""
        app = web.Application(client_max_size=8_000_000)
        app.router.add_post("/{path:.*}", self._call)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuses connections until started again."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _call(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        body = await request.read()
        # A call takes time on its way there and back, so that a kill finds some of them halfway.
        await asyncio.sleep(self.temper.rng.uniform(0, WAY))
        answer = await self._answer(request, body)
        await asyncio.sleep(self.temper.rng.uniform(0, WAY))
        return answer

    async def _answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        match self.temper.next():
            case "throttle":
                return web.json_response({}, status=429, headers={"Retry-After": "1"})
            case "refuse":
                return web.json_response({}, status=503)
            case "break":
                self.take(request, body)
                return web.json_response({}, status=500)
            case "drop":
                self.take(request, body)
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case "slow":
                answer = self.take(request, body)
                await asyncio.sleep(SLOW)
                return web.json_response(answer)
        return web.json_response(self.take(request, body))


class Desk:
    """The webhook desk's other side. A call whose webhook-id has been seen changes nothing."""

    def __init__(self, journal: Journal, rng: random.Random) -> None:
        self.server = StandIn(Temper(rng), self._take)
        self.on_post: Callable[[Posted], None] | None = None
        self._journal = journal
        self._known: dict[str, str] = {}
        self._secret = secret_bytes(SECRET)

    def _take(self, request: web.Request, body: bytes) -> dict[str, Any]:
        headers = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
        record = read(Post(headers, body, time.monotonic_ns()), self._secret)
        if not record.signed:
            self._journal.odd.append(f"the desk got an unsigned {record.kind}")
        if record.key in self._known:
            return {"id": self._known[record.key]}
        content = json.loads(body)
        posted = Posted(
            record.key,
            record.kind,
            int(record.dialog),
            (content.get("message") or {}).get("seq"),
            record.text,
            time.monotonic(),
        )
        self._known[record.key] = f"{record.kind}-{len(self._known)}"
        self._journal.desk.append(posted)
        author = ((content.get("message") or {}).get("author") or {}).get("kind")
        if self.on_post is not None and record.kind == "post" and author == "contact":
            self.on_post(posted)
        return {"id": self._known[record.key]}


class Platform:
    """The keyless connector's other side: every call that gets through is one more text at the customer's."""

    def __init__(self, journal: Journal, rng: random.Random) -> None:
        self.server = StandIn(Temper(rng), self._take)
        self._journal = journal

    def _take(self, _request: web.Request, body: bytes) -> dict[str, Any]:
        content = json.loads(body)
        self._journal.platform.append(Sent(content["to"], content["text"]))
        return {"id": len(self._journal.platform)}
