"""The callback server at VK: registered, kept, confirmed, and what VK did not tell is found; and how a channel is."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.vk import bookmark, registration
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.vk.house import GROUP, SECRET, Shop, opened
from tests.connectors.vk.server import Error, Server
from tests.connectors.vk.test_events import message, new
from tests.connectors.vk.test_polling import conversations
from tests.conversations.samples import SHOP
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio
PUBLIC = "https://bridge.example"
URL = f"{PUBLIC}/hooks/shop"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "LOOK", 0.1)
    monkeypatch.setattr(registration, "RETRY", 0.02)
    monkeypatch.setattr(registration, "LONGEST", 0.05)


@pytest.fixture
def house(database: Database, redis_url: str, tmp_path: Path, server: Server) -> Any:
    """Opens the channel, as often as it is asked."""

    def open(**options: Any) -> AbstractAsyncContextManager[Shop]:
        wanted = {"public_url": PUBLIC, "api_url": server.url, "listen": True} | options
        return opened(database, redis_url, tmp_path, **wanted)

    return open


def registered(server: Server, **fields: Any) -> dict[str, Any]:
    """A server that VK has."""
    one = {
        "id": 3,
        "title": "shop",
        "creator_id": 9,
        "url": URL,
        "secret_key": SECRET,
        "status": "ok",
    } | fields
    server.answers["groups.getCallbackServers"] = {"count": 1, "items": [one]}
    return one


async def test_the_server_is_registered_with_its_secret_and_the_events_that_are_wanted(
    house: Any, server: Server
) -> None:
    async with house():
        await until(lambda: server.named("groups.setCallbackSettings"))
    (added, *_) = server.named("groups.addCallbackServer")
    asked = {name: added.fields[name] for name in ("group_id", "url", "title", "secret_key")}
    assert asked == {"group_id": str(GROUP), "url": URL, "title": "shop", "secret_key": SECRET}
    chosen = server.named("groups.setCallbackSettings")[0].fields
    assert (chosen["server_id"], chosen["api_version"], chosen["message_new"], chosen["message_event"]) == (
        "3",
        "5.199",
        "1",
        "1",
    )
    assert server.polls == []


async def test_a_server_that_stands_is_left_and_one_that_failed_is_confirmed_again(
    house: Any, server: Server
) -> None:
    registered(server)
    async with house():
        await until(lambda: len(server.named("groups.getCallbackServers")) > 2)
        assert server.named("groups.addCallbackServer") == server.named("groups.editCallbackServer") == []
        registered(server, status="failed")
        await until(lambda: server.named("groups.editCallbackServer"))
        registered(server, secret_key="somebody else's")
        before = len(server.named("groups.editCallbackServer"))
        await until(lambda: len(server.named("groups.editCallbackServer")) > before)
    assert server.named("groups.editCallbackServer")[0].fields["secret_key"] == SECRET


async def test_registering_never_gives_up(house: Any, server: Server) -> None:
    server.answers["groups.getCallbackServers"] = (Error(10), Error(15), Error(6), {"count": 0, "items": []})
    async with house():
        await until(lambda: server.named("groups.addCallbackServer"))


async def test_a_secret_is_made_where_none_is_set_and_is_the_same_after_every_start(
    house: Any, server: Server
) -> None:
    for _ in range(2):
        async with house(secret=None):
            before = len(server.named("groups.addCallbackServer"))
            await until(lambda: len(server.named("groups.addCallbackServer")) > before)  # noqa: B023
    secrets = {call.fields["secret_key"] for call in server.named("groups.addCallbackServer")}
    (secret,) = secrets
    assert len(secret) == 40


async def test_what_vk_did_not_tell_is_found_at_the_next_look(house: Any, server: Server) -> None:
    registered(server)
    async with house() as shop:
        await until(lambda: shop.rows(t.bookmark))
        now = int(time.time())
        assert await shop.post(new("e1", conversation_message_id=1, text="told", date=now)) == (200, "ok")
        conversations(
            server,
            message(conversation_message_id=1, text="told", date=now),
            message(conversation_message_id=2, text="never told", date=now),
        )
        await until(lambda: len([row for row in shop.rows(t.message) if row.author == "contact"]) == 2)
        assert await shop.heard("42") == ["told", "never told"]
        again = new("e2", conversation_message_id=2, text="never told", date=now)
        assert await shop.post(again, **{"X-Retry-Counter": "5"}) == (200, "ok")
        await asyncio.sleep(0.3)
        assert await shop.heard("42") == ["told", "never told"]
        assert (await bookmark.read(shop.house.router, SHOP)).ts == ""


async def test_at_the_first_start_nothing_old_is_read(house: Any, server: Server) -> None:
    registered(server)
    conversations(
        server, message(conversation_message_id=1, text="of last year", date=int(time.time()) - 30_000_000)
    )
    async with house() as shop:
        await until(lambda: shop.rows(t.bookmark))
        await until(lambda: len(server.named("groups.getCallbackServers")) > 2)
        assert shop.rows(t.message) == []


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"groups.getById": Error(5)}, "VK does not accept the community's token"),
        ({"groups.getById": [{"id": 8, "name": "Other"}]}, "the token is of another community, 8"),
        (
            {"groups.getTokenPermissions": {"mask": 0, "permissions": [{"name": "photos", "setting": 4}]}},
            "the token lacks rights: messages",
        ),
        (
            {"groups.getCallbackServers": {"count": 0, "items": []}},
            "VK does not call the bridge: its server is not registered",
        ),
        ({"groups.getCallbackServers": Error(10)}, "VK cannot be reached: VK has an error of its own (10)"),
    ],
)
async def test_what_is_wrong_is_said_with_its_repair(
    house: Any, server: Server, answers: dict[str, Any], reason: str
) -> None:
    registered(server)
    async with house(listen=False) as shop:
        assert (await shop.connector.check()).reason == "Shop, called by VK"
        server.answers |= answers
        health = await shop.connector.check()
        assert (health.ok, health.reason) == (False, reason)
        assert health.repair
        assert set(health.said) == {"en", "ru"}


async def test_a_server_that_vk_cannot_confirm_and_a_long_poll_that_is_off_are_said(
    house: Any, server: Server
) -> None:
    registered(server, status="failed")
    async with house(listen=False) as shop:
        health = await shop.connector.check()
        assert health.reason == "VK could not confirm the bridge's server"
        assert URL in health.repair
    async with house(listen=False, public_url="") as shop:
        assert (await shop.connector.check()).reason == "Shop, asks for its events"
        server.answers["groups.getLongPollSettings"] = {"is_enabled": False, "events": {}}
        assert (await shop.connector.check()).reason == "Long Poll is switched off in the community"
        del server.answers["groups.getLongPollSettings"]
        few = {"mask": 1, "permissions": [{"name": "messages", "setting": 4096}]}
        server.answers["groups.getTokenPermissions"] = lambda _call: few
        assert "lacks the rights photos, docs, manage" in (await shop.connector.check()).reason
