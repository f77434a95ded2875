"""How channels are: asked together and seldom, told in the reader's language, and nobody waits for one that hangs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from starlette.types import ASGIApp, Message

from bridge.conversations.access import Person
from bridge.messages import Health
from bridge.web import channels as asking
from bridge.web.channels import Channels
from bridge.web.site import application
from tests.conversations.samples import FIRST
from tests.web.api_server import running

pytestmark = pytest.mark.anyio
ILL = Health(
    ok=False,
    reason="the token is wrong",
    repair="set a new one",
    said={"en": ("the token is wrong", "set a new one"), "ru": ("токен неверен", "впишите новый")},
)


class Asked:
    """A check that counts how often it was asked."""

    def __init__(self, health: Health) -> None:
        self.health = health
        self.times = 0

    async def __call__(self) -> Health:
        self.times += 1
        return self.health


async def test_many_who_want_to_know_ask_once() -> None:
    check = Asked(ILL)
    channels = Channels({"channel:shop": check})
    found = await asyncio.gather(*(channels.health() for _ in range(50)))
    assert found == [{"channel:shop": ILL}] * 50
    assert check.times == 1


async def test_who_cannot_wait_is_told_what_was_said_last() -> None:
    channels = Channels({"channel:shop": Asked(ILL)})
    assert channels.told() == {}
    await asyncio.sleep(0.01)
    assert channels.told() == {"channel:shop": ILL}


async def test_one_that_hangs_or_stumbles_is_the_one_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs() -> Health:
        await asyncio.sleep(60)
        return Health(ok=True)

    async def stumbles() -> Health:
        raise KeyError("token")

    monkeypatch.setattr(asking, "PATIENCE", 0.05)
    channels = Channels({"channel:a": hangs, "channel:b": stumbles, "channel:c": Asked(Health(ok=True))})
    found = await channels.health()
    assert [found[name].ok for name in ("channel:a", "channel:b", "channel:c")] == [False, False, True]
    assert "KeyError" in found["channel:b"].reason
    told = generate_latest().decode()
    assert 'bridge_channel_up{destination="channel:b"} 0.0' in told
    assert 'bridge_channel_up{destination="channel:c"} 1.0' in told


async def test_readiness_tells_of_a_channel_that_is_down_and_is_ready_all_the_same() -> None:
    async def nothing(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("nobody asks the API here")

    async def sql() -> tuple[bool, str]:
        return True, ""

    channels = Channels({"channel:shop": Asked(ILL)})
    await channels.health()
    app = application([], nothing, {"sql": sql}, channels=channels)
    status, body = await asked(app, "/readyz")
    assert status == 200
    assert b'"channel:shop":{"ok":false,"reason":"the token is wrong","repair":"set a new one"}' in body


async def asked(app: ASGIApp, path: str) -> tuple[int, bytes]:
    """One request, straight to the application."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


async def test_the_strip_speaks_the_readers_language(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with running(database_url, redis_url, tmp_path) as server:
        server.health["channel:shop"] = ILL
        server.access.ensure_agents([Person("rita", "Rita", "agent", (FIRST,), "ru")])
        server.tokens["rita"] = server.access.issue_token("rita", "test")
        for who, reason, repair in (
            ("ann", "the token is wrong", "set a new one"),
            ("rita", "токен неверен", "впишите новый"),
        ):
            [item] = (await server.get("/health", who)).body["items"]
            assert (item["reason"], item["repair"]) == (reason, repair)
