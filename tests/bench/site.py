"""A bridge in a few lines, `python -m tests.bench.site run --config FILE`, that can be told to go wrong.

Takes the benchmark's configuration; speaks the site chat, the reply of the REST API and the webhook desk; keeps bare
texts in SQL. So the benchmark can be shown to notice what must not happen. SITE_WRONG names what goes wrong.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy
import uvicorn
import yaml
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench import platforms
from bench.sink import secret_bytes

WRONGS = ("nothing", "lose", "double", "overtake", "forge", "forget", "lose replies", "hide")
EVERY = 10  # one message in ten goes wrong


class Site:
    """Sessions, dialogs and open pages."""

    def __init__(self, desk: str, wrong: str, http: aiohttp.ClientSession, engine: Engine) -> None:
        self._desk, self._wrong, self._http, self._engine = desk, wrong, http, engine
        self._numbers = itertools.count(1)
        self._pages: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._said: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._desks: list[asyncio.Event] = []

    async def session(self, _request: Request) -> Response:
        token = f"token-{next(self._numbers)}"
        self._pages[token] = asyncio.Queue()
        return JSONResponse({"token": token, "dialog": None})

    async def message(self, request: Request) -> Response:
        token = self._token(request)
        if token not in self._pages:
            return JSONResponse({"error": "who are you?"}, 401)
        seq, text = next(self._numbers), (await request.json())["text"]
        wrong = self._wrong if seq % EVERY == 0 else "nothing"
        if wrong != "forget":
            self._store(text)
        if wrong == "overtake":
            asyncio.get_running_loop().call_later(
                0.2, asyncio.ensure_future, self._post(token, seq, text, wrong)
            )
        elif wrong != "lose":
            await self._post(token, seq, text, wrong)
        if wrong == "double":
            await self._post(token, -seq, text, wrong)
        self._pages[token].put_nowait({"id": str(seq), "seq": seq, "author": "contact", "text": text})
        if wrong != "hide":
            self._said[token].append({"seq": seq, "rev": seq, "text": text})
        for desk in self._desks:
            desk.set()
        return JSONResponse({"id": str(seq), "seq": seq})

    async def telegram(self, request: Request) -> Response:
        if request.headers.get("x-telegram-bot-api-secret-token") != platforms.SECRET:
            return JSONResponse({"error": "who are you?"}, 403)
        message = (await request.json())["message"]
        return await self._posted(message["chat"]["id"], message["text"])

    async def facebook(self, request: Request) -> Response:
        proof = hmac.new(platforms.SECRET.encode(), await request.body(), hashlib.sha256).hexdigest()
        if request.headers.get("x-hub-signature-256") != f"sha256={proof}":
            return JSONResponse({"error": "who are you?"}, 403)
        messaging = (await request.json())["entry"][0]["messaging"][0]
        return await self._posted(messaging["sender"]["id"], messaging["message"]["text"])

    async def vk(self, request: Request) -> Response:
        event = await request.json()
        if event["secret"] != platforms.SECRET:
            return JSONResponse({"error": "who are you?"}, 403)
        message = event["object"]["message"]
        return await self._posted(message["peer_id"], message["text"])

    async def _posted(self, person: object, text: str) -> Response:
        self._store(text)
        await self._post(str(person), next(self._numbers), text, "nothing")
        return Response()

    async def events(self, request: Request) -> Response:
        page, after = self._pages[self._token(request)], int(request.query_params["after"])

        async def told() -> AsyncIterator[str]:
            yield f": after {after}\r\n\r\n"
            while True:
                event = await page.get()
                if event["seq"] <= after:
                    continue
                yield f"event: message\r\nid: {event['seq']}\r\ndata: {json.dumps(event)}\r\n\r\n"

        return StreamingResponse(told(), media_type="text/event-stream")

    async def reply(self, request: Request) -> Response:
        seq, body = next(self._numbers), await request.json()
        self._store(body["text"])
        if self._wrong != "lose replies" or seq % EVERY:
            event = {"id": str(seq), "seq": seq, "author": "agent", "text": body["text"]}
            self._pages[request.path_params["dialog"]].put_nowait(event)
        return JSONResponse({"id": str(seq)})

    async def wakes(self, request: Request) -> Response:
        keys, touched = request.query_params.getlist("keys"), asyncio.Event()
        self._desks.append(touched)

        async def woken() -> AsyncIterator[str]:
            yield ": still here\n\n"
            while True:
                await touched.wait()
                touched.clear()
                yield f"event: wake\ndata: {json.dumps({'keys': keys})}\n\n"
                await asyncio.sleep(0.25)

        return StreamingResponse(woken(), media_type="text/event-stream")

    async def messages(self, request: Request) -> Response:
        after = int(request.query_params["after"])
        said = self._said[request.path_params["dialog"]]
        return JSONResponse({"items": [message for message in said if message["rev"] > after]})

    async def _post(self, dialog: str, key: int, text: str, wrong: str) -> None:
        body = json.dumps({"type": "post", "dialog": dialog, "message": {"seq": key, "text": text}}).encode()
        at = str(int(time.time()))
        signed = b".".join([str(key).encode(), at.encode(), body])
        secret = b"wrong" if wrong == "forge" else secret_bytes(os.environ["SINK_SECRET"])
        signature = "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        headers = {"webhook-id": str(key), "webhook-timestamp": at, "webhook-signature": signature}
        async with self._http.post(self._desk, data=body, headers=headers) as answer:
            await answer.read()

    def _store(self, text: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(sqlalchemy.text("INSERT INTO message VALUES (:text)"), {"text": text})

    def _token(self, request: Request) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")


def hasty(connection: Any, _record: object) -> None:
    """A commit does not wait for the disk: nothing here outlives a test."""
    postgresql = type(connection).__module__.startswith("psycopg")
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = off" if postgresql else "PRAGMA synchronous = OFF")
    cursor.close()
    connection.commit()


def app(desk: str, wrong: str, database: str) -> Starlette:
    engine = sqlalchemy.create_engine(database)
    sqlalchemy.event.listen(engine, "connect", hasty)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE message (text TEXT)"))

    @asynccontextmanager
    async def lifespan(server: Starlette) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as http:
            site = Site(desk, wrong, http, engine)
            server.router.routes += [
                Route("/site/shop/session", site.session, methods=["POST"]),
                Route("/site/shop/messages", site.message, methods=["POST"]),
                Route("/hooks/bot", site.telegram, methods=["POST"]),
                Route("/hooks/page", site.facebook, methods=["POST"]),
                Route("/hooks/community", site.vk, methods=["POST"]),
                Route("/site/shop/events", site.events),
                Route("/api/v1/dialogs/{dialog}/reply", site.reply, methods=["POST"]),
                Route("/api/v1/events", site.wakes),
                Route("/api/v1/dialogs", lambda _: JSONResponse({"items": []})),
                Route("/api/v1/dialogs/{dialog}/messages", site.messages),
                Route("/readyz", lambda _: JSONResponse({})),
            ]
            yield

    return Starlette(lifespan=lifespan)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run")
    options.add_argument("--config", type=Path, required=True)
    config = yaml.safe_load(options.parse_args().config.read_text())
    wrong = os.environ.get("SITE_WRONG", "nothing")
    assert wrong in WRONGS
    uvicorn.run(
        app(config["desks"]["sink"]["url"], wrong, config["database"]["url"]),
        port=config["http"]["port"],
        log_level="warning",
        timeout_graceful_shutdown=1,  # open pages never end by themselves
    )
