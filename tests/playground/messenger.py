"""An app of Meta's as its owner would write it: calls by HTTP, and a server that Facebook calls.

Owns both ends of the wire to the stand-in. Must never answer for the stand-in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bridge.playground.facebook import Facebook, Page, Person
from tests.playground.wire import Played

APP, SECRET = "1234567890", "the-app-secret-of-the-tests"
PAGE, TOKEN = "111899832631525", "EAAGtests0000000000000000"
VERIFY = "are-you-mine"
FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_deliveries",
    "message_reads",
)


@dataclass
class GraphError(Exception):
    """An error of the Graph API."""

    status: int
    code: int
    subcode: int | None
    message: str
    body: dict[str, Any]


@dataclass
class Graph:
    """A program with a page's token."""

    url: str
    http: aiohttp.ClientSession
    token: str = TOKEN

    async def call(self, verb: str, path: str, said: Any = None, **asked: str) -> Any:
        """A call with JSON, or with a form when `said` is one; an error is raised."""
        body = {"data": said} if isinstance(said, aiohttp.FormData | bytes) else {"json": said}
        params = {"access_token": self.token, **asked}
        address = f"{self.url}/facebook/v23.0/{path}"
        async with self.http.request(verb, address, params=params, **body) as answer:
            found = json.loads(await answer.read())
            if "error" in found:
                error = found["error"]
                assert error["type"]
                assert error["fbtrace_id"]
                raise GraphError(
                    answer.status, error["code"], error.get("error_subcode"), error["message"], error
                )
            assert answer.status == 200
            return found

    async def send(self, person: Person, message: Any = None, **more: Any) -> Any:
        """POST /me/messages, as an answer unless told otherwise."""
        said = {"recipient": {"id": person.id}, "messaging_type": "RESPONSE"} | more
        if message is not None:
            said["message"] = message
        return await self.call("POST", "me/messages", {k: v for k, v in said.items() if v is not None})

    async def upload(self, person: Person, kind: str, data: bytes, name: str, type: str) -> Any:
        """The same with a file in parts."""
        attachment = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        form = aiohttp.FormData({"messaging_type": "RESPONSE", "recipient": json.dumps({"id": person.id})})
        form.add_field("message", json.dumps(attachment))
        form.add_field("filedata", io.BytesIO(data), filename=name, content_type=type)
        return await self.call("POST", "me/messages", form)


@dataclass
class Server:
    """The app's own server: verifies every signature, and answers as told."""

    url: str = ""
    status: int = 200
    failures: int = 0
    verify: str = VERIFY
    bodies: list[bytes] = field(default_factory=list)
    forged: int = 0
    tries: int = 0

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            right = request.query.get("hub.verify_token") == self.verify
            return web.Response(text=request.query["hub.challenge"], status=200 if right else 403)
        body = await request.read()
        self.tries += 1
        proof = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.forged += request.headers.get("X-Hub-Signature-256") != proof
        if self.failures or self.status != 200:
            self.failures -= bool(self.failures)
            return web.Response(status=503 if self.status == 200 else self.status)
        self.bodies.append(body)
        return web.Response(text="EVENT_RECEIVED")

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events in the order in which they came."""
        return [
            event
            for body in self.bodies
            for entry in json.loads(body)["entry"]
            for event in entry["messaging"]
        ]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events that hold something, as `message` or `read`."""
        return [event for event in self.events if kind in event]

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits for so many."""
        async with asyncio.timeout(5):
            while len(self.of(kind)) < count:  # noqa: ASYNC110 -- another server's list
                await asyncio.sleep(0.005)
        assert len(self.of(kind)) == count
        return self.of(kind)


@dataclass
class Messenger:
    """A page at the stand-in with its app's server behind it."""

    ground: Played
    graph: Graph
    server: Server

    @property
    def facebook(self) -> Facebook:
        return self.ground.playground.of(Facebook)

    @property
    def page(self) -> Page:
        return self.facebook.pages[PAGE]

    async def person(self, name: str = "Anna", said: str = "Hello") -> Person:
        """Somebody who has written, which the page has heard."""
        person = self.facebook.customer(name, last_name="Petrova", language="ru")
        if said:
            person.write(self.page, said)
            await self.server.until("message", len(self.server.of("message")) + 1)
            self.server.bodies.clear()
        return person


@asynccontextmanager
async def subscribed(ground: Played) -> AsyncIterator[Messenger]:
    """The page, its server, and the subscription made as an app makes it."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/hook", server.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    facebook = ground.playground.of(Facebook)
    facebook.page(PAGE, TOKEN, facebook.app(APP, SECRET), "Tests", "tests.page")
    graph = Graph(ground.url, ground.http)
    try:
        asked = {"object": "page", "callback_url": server.url, "verify_token": VERIFY, "fields": "messages"}
        await graph.call("POST", f"{APP}/subscriptions", asked, access_token=f"{APP}|{SECRET}")
        await graph.call("POST", f"{PAGE}/subscribed_apps", {"subscribed_fields": ",".join(FIELDS)})
        yield Messenger(ground, graph, server)
        assert server.forged == 0
    finally:
        await runner.cleanup()
