"""The one set of security headers, on whatever answers: pages, files, the API, health, what does not exist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.services import RedisServer
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio
WANTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PATHS = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/style.css",
    "/static/",
    "/static/../bridge/app.py",
    "/api/v1/me",
    "/api/openapi.json",
    "/nowhere",
    "/%00",
)


@pytest.fixture
async def server(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(f"sqlite:///{tmp_path / 'bridge.db'}", redis_server.url, tmp_path) as found:
        yield found


async def test_every_answer_bears_the_headers_once_whatever_it_is(server: Server) -> None:
    for path in PATHS:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            async with server.client.request(method, server.url + path, allow_redirects=False) as answer:
                assert answer.status < 500, (method, path)
                for name, value in WANTED.items():
                    assert answer.headers.getall(name) == [value], (method, path, name)
                policies = answer.headers.getall("Content-Security-Policy")
                assert len(policies) == 1, (method, path)
                assert "unsafe" not in policies[0] or path.startswith("/api"), (method, path)


async def test_the_policy_lets_pages_run_only_what_we_serve(server: Server) -> None:
    async with server.client.get(f"{server.url}/healthz") as answer:
        policy = dict(
            rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";")
        )
    assert policy["default-src"] == policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"


async def test_no_answer_tells_which_server_or_version_it_comes_from(server: Server) -> None:
    async with server.client.get(f"{server.url}/nowhere") as answer:
        assert "python" not in str(answer.headers).lower()
        assert "Traceback" not in await answer.text()


async def test_a_stream_goes_out_event_by_event_under_the_same_headers(server: Server) -> None:
    headers = {"Authorization": f"Bearer {server.tokens['ann']}"}
    timeout = aiohttp.ClientTimeout(total=5)
    async with server.client.get(
        f"{server.url}/api/v1/events?keys=desk", headers=headers, timeout=timeout
    ) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await answer.content.readuntil(b"\n\n")).startswith(b":")
        hearing = asyncio.create_task(answer.content.readuntil(b'data: {"keys":["desk"]}\n\n'))
        await server.hear("hello")
        assert b"event: wake" in await hearing
