"""Presence over the API: who views a dialog and types in it is asked for, told, and heard of at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.services import RedisServer
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(f"sqlite:///{tmp_path / 'bridge.db'}", redis_server.url, tmp_path) as found:
        yield found


async def test_an_agent_says_that_he_is_here_and_a_colleague_sees_it(server: Server) -> None:
    dialog = (await server.hear()).dialog
    mine = await server.post(f"/dialogs/{dialog}/here", {"typing": True})
    assert mine.status == 200
    theirs = await server.get(f"/dialogs/{dialog}/here", "ben")
    assert theirs.body == mine.body
    assert [(one["kind"], one["name"], one["typing"]) for one in theirs.body["here"]] == [
        ("agent", "Ann", True)
    ]


async def test_developers_and_strangers_are_not_here(server: Server) -> None:
    dialog = (await server.hear()).dialog
    assert (await server.post(f"/dialogs/{dialog}/here", {}, "dev")).status == 403
    assert (await server.post(f"/dialogs/{dialog}/here", {}, None)).status == 401
    assert (await server.post("/dialogs/7/here", {})).status == 404
    assert (await server.post(f"/dialogs/{dialog}/here", {"typing": "yes"})).status == 422
    assert (await server.get(f"/dialogs/{dialog}/here")).body == {"here": []}


async def test_a_page_hears_who_is_here_when_it_opens_and_whenever_that_changes(server: Server) -> None:
    dialog = (await server.hear()).dialog
    headers = {"Authorization": f"Bearer {server.tokens['ann']}"}
    params = {"keys": f"dialog:{dialog}"}
    async with (
        asyncio.timeout(15),
        server.client.get(f"{server.url}/api/v1/events", params=params, headers=headers) as response,
    ):
        assert await _here(response) == {"dialog": str(dialog), "here": []}
        await server.post(f"/dialogs/{dialog}/here", {"typing": True}, "ben")
        first = await _here(response)
        assert [(one["name"], one["typing"]) for one in first["here"]] == [("Ben", True)]
        await server.post(f"/dialogs/{dialog}/here", {"typing": True}, "ben")  # nothing new
        await server.post(f"/dialogs/{dialog}/here", {}, "ben")
        assert [one["typing"] for one in (await _here(response))["here"]] == [False]


async def _here(response: aiohttp.ClientResponse) -> Any:
    """The next event of this kind."""
    while await response.content.readline() != b"event: here\n":
        pass
    return json.loads((await response.content.readline()).removeprefix(b"data: "))
