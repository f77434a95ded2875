"""The floor: the least a hook of this kind can do on the same web server, `python -m bench.floor`.

Reads a JSON body, makes one Redis round trip and one aiohttp POST to the desk, then answers. Stores nothing,
checks nothing, repeats nothing: the bridge is compared with it, and must never import it.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass(slots=True)
class Hook:
    """The empty hook with its two clients."""

    redis: Redis
    http: aiohttp.ClientSession
    desk: str

    async def receive(self, request: Request) -> Response:
        """One message in, one Redis round trip, one post to the desk."""
        message = await request.json()
        number = await self.redis.incr("floor")
        body = {"type": "post", "dialog": message["client_id"], "message": {"text": message["text"]}}
        headers = {"webhook-id": f"floor-{number}", "content-type": "application/json"}
        async with self.http.post(self.desk, data=json.dumps(body), headers=headers) as answer:
            native = await answer.json()
        return JSONResponse({"id": native["id"], "seq": number})


async def ready(_request: Request) -> Response:
    """Says that the server answers."""
    return JSONResponse({})


def app(redis_url: str, desk: str) -> Starlette:
    """The floor as an ASGI application."""

    @asynccontextmanager
    async def lifespan(server: Starlette) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as http, Redis.from_url(redis_url) as redis:
            server.router.routes.append(Route("/hook", Hook(redis, http, desk).receive, methods=["POST"]))
            yield

    return Starlette(routes=[Route("/readyz", ready)], lifespan=lifespan)


def main() -> None:
    """Serves until SIGTERM."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--redis", required=True)
    options.add_argument("--desk", required=True)
    chosen = options.parse_args()
    uvicorn.run(
        app(chosen.redis, chosen.desk),
        host="127.0.0.1",
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
