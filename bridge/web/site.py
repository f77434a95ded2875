"""The one ASGI application: everything that answers HTTP, under one set of security headers.

Owns what is mounted where, and health. It must never buffer a stream or know what a route does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.metrics import exposition
from bridge.web.channels import Channels

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
Check = Callable[[], Awaitable[tuple[bool, str]]]
Scrape = Callable[[], Awaitable[bytes]]


async def own_metrics() -> bytes:
    """What this process knows by itself."""
    return exposition(None)


def application(
    routes: Sequence[BaseRoute],
    api: ASGIApp,
    checks: Mapping[str, Check],
    scrape: Scrape = own_metrics,
    channels: Channels | None = None,
) -> ASGIApp:
    """Puts connectors' and pages' routes, the API, files and health behind the common headers."""

    async def ready(_request: Request) -> Response:
        found = {name: await check() for name, check in checks.items()}
        status = 200 if all(ok for ok, _ in found.values()) else 503
        report = {name: {"ok": ok, "reason": reason} for name, (ok, reason) in found.items()}
        # A channel that is down makes this process no worse than another: it is told, and serves all the same.
        for name, one in (channels.told() if channels else {}).items():
            report[name] = {"ok": one.ok, "reason": one.reason, "repair": one.repair}
        return JSONResponse(report, status)

    async def alive(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def metrics(_request: Request) -> Response:
        return Response(await scrape(), media_type=CONTENT_TYPE_LATEST)

    return _Headers(
        Starlette(
            routes=[
                *routes,
                Route("/healthz", alive),
                Route("/readyz", ready),
                Route("/metrics", metrics),
                Mount("/static", GZipMiddleware(_Fresh(directory=STATIC))),
                Mount("/api", api),
            ]
        )
    )


class _Fresh(StaticFiles):
    """Files that browsers ask about again each time, so that an upgrade never mixes two versions of our modules."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Access-Control-Allow-Origin"] = "*"  # modules of the widget run on other sites
        return response


class _Headers:
    """Adds the security headers that a response does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in own)]
            await send(message)

        await self._app(scope, receive, guarded)
