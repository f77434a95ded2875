"""The page's subscription, and how the channel is: asked for at every start, looked after, told in words."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.connectors.facebook import subscription
from bridge.connectors.facebook.subscription import FIELDS
from tests.connectors.facebook.house import PAGE, SECRET, TOKEN, VERIFY
from tests.connectors.facebook.server import Error, Server
from tests.connectors.facebook.test_events import message
from tests.connectors.facebook.test_posts import Opened, house
from tests.conversations.shell import until

__all__ = ["house"]
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)]
URL = "https://bridge.example/hooks/shop"
LOOKED, SUBSCRIBED = f"GET {PAGE}/subscribed_apps", f"POST {PAGE}/subscribed_apps"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "LOOK", 0.05)
    monkeypatch.setattr(subscription, "RETRY", 0.05)
    monkeypatch.setattr(subscription, "LONGEST", 0.1)


def told(*fields: str, **app: Any) -> Any:
    """What Facebook says that a page's app is told of."""
    return {"data": [{"link": "x", "name": "Bridge", "id": "99", "subscribed_fields": list(fields), **app}]}


async def test_the_page_is_subscribed_at_the_start_and_again_when_it_no_longer_is(
    house: Opened, server: Server
) -> None:
    server.answers[LOOKED] = told(*FIELDS)
    async with house(listen=True):
        await until(lambda: len(server.named(LOOKED)) > 2)
        assert len(server.named(SUBSCRIBED)) == 1
        server.answers[LOOKED] = {"data": []}
        await until(lambda: len(server.named(SUBSCRIBED)) > 1)
    assert server.named(SUBSCRIBED)[0].said == {"subscribed_fields": ",".join(FIELDS)}
    assert {"messages", "message_echoes", "standby", "message_edits"} <= set(FIELDS)
    assert [call.name for call in server.calls if "subscriptions" in call.name] == []


async def test_subscribing_never_gives_up(house: Opened, server: Server) -> None:
    server.answers[SUBSCRIBED] = [Error(2), Error(190), Error(4), Error(200), {"success": True}]
    server.answers[LOOKED] = told(*FIELDS)
    async with house(listen=True) as shop:
        await until(lambda: len(server.named(SUBSCRIBED)) == 5)
        await until(lambda: len(server.named(LOOKED)) > 1)
        assert (await shop.connector.check()).ok


async def test_with_its_number_the_apps_address_is_set_too(house: Opened, server: Server) -> None:
    async with house(listen=True, app_id=99, public_url="https://bridge.example"):
        await until(lambda: server.named("POST 99/subscriptions"))
    call = server.named("POST 99/subscriptions")[0]
    assert call.asked == {"access_token": f"99|{SECRET}"}
    assert call.said == {
        "object": "page",
        "callback_url": URL,
        "verify_token": VERIFY,
        "fields": ",".join(FIELDS),
    }


async def test_an_address_that_stands_is_left(house: Opened, server: Server) -> None:
    fields = [{"name": name, "version": "v23.0"} for name in FIELDS]
    stands = {"object": "page", "callback_url": URL, "active": True, "fields": fields}
    server.answers["GET 99/subscriptions"] = {"data": [{**stands, "object": "user"}, stands]}
    async with house(listen=True, app_id="99", public_url="https://bridge.example"):
        await until(lambda: len(server.named("GET 99/subscriptions")) > 1)
        assert server.named("POST 99/subscriptions") == []
        server.answers["GET 99/subscriptions"] = {"data": [{**stands, "active": False}]}
        await until(lambda: server.named("POST 99/subscriptions"))


async def test_an_address_that_facebook_does_not_take_hinders_no_subscription(
    house: Opened, server: Server
) -> None:
    server.answers["POST 99/subscriptions"] = Error(2200)
    async with house(listen=True, app_id=99, public_url="https://bridge.example") as shop:
        await until(lambda: server.named(SUBSCRIBED))
        server.answers[LOOKED] = told(*FIELDS)
        health = await shop.connector.check()
        assert not health.ok
        assert URL in health.repair
        assert VERIFY not in str(health)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (
            {"GET me": Error(190)},
            "Facebook does not accept the page's token: Facebook does not accept the token",
        ),
        ({"GET me": {"id": "8", "name": "Other"}}, "the token is of another page, 8"),
        ({"GET me": Error(2500)}, "what answers is not the Graph API: "),
        ({"GET me": Error(2)}, "Facebook cannot be reached: "),
        ({LOOKED: Error(200)}, "a right is missing: the token lacks a right (200)"),
        ({LOOKED: {"data": []}}, "Facebook does not tell the bridge of: messages, messaging_postbacks, "),
        ({LOOKED: told("messages")}, "Facebook does not tell the bridge of: messaging_postbacks, "),
    ],
)
async def test_what_is_wrong_is_said_in_both_languages_with_what_to_do(
    house: Opened, server: Server, answers: dict[str, Any], reason: str
) -> None:
    server.answers |= {LOOKED: told(*FIELDS), **answers}
    async with house() as shop:
        health = await shop.connector.check()
    assert not health.ok
    assert health.reason.startswith(reason)
    assert set(health.said) == {"en", "ru"}
    assert all("{" not in words and words for pair in health.said.values() for words in pair)
    assert TOKEN not in str(health)
    assert SECRET not in str(health)


async def test_all_is_well_says_who_and_when_and_what_is_not_told(house: Opened, server: Server) -> None:
    server.answers[LOOKED] = told("messages", "messaging_postbacks", *FIELDS[3:])
    async with house() as shop:
        await shop.post(message(text="hi"))
        health = await shop.connector.check()
    assert health.ok
    assert health.reason.startswith("Shop, called by Facebook, the latest event at ")
    assert health.reason.endswith("Facebook does not tell of messaging_optins")


async def test_another_app_of_the_page_is_not_ours(house: Opened, server: Server) -> None:
    server.answers[LOOKED] = told(*FIELDS, id="98")
    async with house(app_id=99) as shop:
        assert not (await shop.connector.check()).ok
