"""Who a visitor is: a token that nobody else can make, and the word of the site's owner, which only he can sign."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.site.session import LIFETIMES, SKEW, Sessions
from bridge.messages import ChannelName
from tests.connectors.site.shop import SECRET, Shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOP = ChannelName("shop")


def said(id: str = "c-17", *, expires: int | None = None, channel: str = "shop", **changed: Any) -> Any:
    """An identity as the owner's page signs it; `changed` afterwards."""
    expires = int(time.time()) + 3600 if expires is None else expires
    identity = {"id": id, "name": "Anna К.", "email": "anna@example.org", "expires": expires}
    lines = [channel, id, identity["name"], identity["email"], expires]
    text = "\n".join(map(str, lines))
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"identity": identity | {"signature": signature} | changed}


@given(st.binary(min_size=1, max_size=60), st.integers(0, 70), st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_nobodys(noise: bytes, place: int, flip: int) -> None:
    sessions = Sessions(SHOP, b"secret")
    for token in (sessions.issue(NOON), sessions.issue_for("c-17", "Anna", "a@example.org", NOON)):
        assert sessions.visitor(token, NOON) is not None
        at = place % len(token)
        letter = "A" if token[at] != "A" else "B"
        forged = token[:at] + letter + token[at + 1 :]
        found = sessions.visitor(forged, NOON)
        # The last character of base64 holds bits that mean nothing.
        assert found is None or at == len(token) - 1
    assert sessions.visitor(noise.decode("latin-1"), NOON) is None
    assert Sessions(SHOP, bytes([flip])).visitor(sessions.issue(NOON), NOON) is None
    assert Sessions(ChannelName("other"), b"secret").visitor(sessions.issue(NOON), NOON) is None


@pytest.mark.parametrize("kind", [b"", b"identity"])
def test_a_token_is_good_for_its_time_and_no_longer(kind: bytes) -> None:
    def sessions() -> Sessions:
        return Sessions(SHOP, b"secret")

    token = sessions().issue_for("c", "", "", NOON) if kind else sessions().issue(NOON)
    end = NOON + LIFETIMES[kind]
    assert sessions().visitor(token, end) is not None
    assert sessions().visitor(token, end + timedelta(seconds=1)) is None
    assert sessions().visitor(token, NOON - SKEW - timedelta(seconds=1)) is None


def test_a_named_customer_has_one_address_and_a_visitor_a_new_one_each_time() -> None:
    sessions = Sessions(SHOP, b"secret")
    named = [sessions.visitor(sessions.issue_for("c-17", n, "", NOON), NOON) for n in ("Anna", "Ann")]
    assert {one.address for one in named if one} == {named[0].address if named[0] else ""}
    other = sessions.visitor(sessions.issue_for("c-18", "Anna", "", NOON), NOON)
    unnamed = [sessions.visitor(sessions.issue(NOON), NOON) for _ in range(3)]
    assert len({one.address for one in [*named, other, *unnamed] if one}) == 5


@pytest.mark.anyio
async def test_a_signed_customer_is_known_by_name_and_the_same_in_every_browser(shop: Shop) -> None:
    first = await shop.post("session", said())
    assert first.status == 200
    token = first.body["token"]
    assert (await shop.say(token, "Where is my order?", name="Somebody else")).status == 200
    view = await shop.house.router.read.dialog(await shop.dialog(token))
    assert (view.contact.name, view.contact.email) == ("Anna К.", "anna@example.org")
    again = await shop.post("session", said())
    assert again.body["dialog"] == view.id
    assert again.body["reachable"] is True
    async with shop.listening(again.body["token"]) as ear:
        assert (await ear.next())["text"] == "Where is my order?"
    unknown = await shop.enter()
    assert (await shop.say(unknown)).status == 200
    assert await shop.dialog(unknown) != await shop.dialog(token)


@pytest.mark.anyio
async def test_what_the_owner_says_later_is_known_too(shop: Shop) -> None:
    token = (await shop.post("session", said())).body["token"]
    await shop.say(token)
    expires = int(time.time()) + 60
    text = f"shop\nc-17\nAnna\nanna@new.example\n{expires}"
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    fresh = {"id": "c-17", "name": "Anna", "email": "anna@new.example", "expires": expires}
    assert (await shop.post("session", {"identity": fresh | {"signature": signature}})).status == 200
    view = await shop.house.router.read.dialog(await shop.dialog(token))
    assert (view.contact.name, view.contact.email) == ("Anna", "anna@new.example")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (said(signature="0" * 64), "wrong_signature"),
        (said(signature="ё"), "wrong_signature"),
        (said(id="c-17") | {"identity": said("c-17")["identity"] | {"id": "c-18"}}, "wrong_signature"),
        (said(name="Anna"), "wrong_signature"),
        (said(email=""), "wrong_signature"),
        (said(channel="other"), "wrong_signature"),
        (said(expires=1), "identity_expired"),
        (said(expires=int(time.time()) + 100_000), "expires_too_late"),
    ],
)
async def test_a_wrong_identity_is_refused_and_says_why(shop: Shop, body: Any, code: str) -> None:
    answer = await shop.post("session", body)
    assert (answer.status, answer.code) == (403, code)
    assert answer.body["error"]["reason"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changed",
    [{"id": ""}, {"id": "a\nb"}, {"name": "A\nB"}, {"contact": 7}, {"expires": "soon"}, {"signature": None}],
)
async def test_an_identity_of_the_wrong_shape_is_refused(shop: Shop, changed: Any) -> None:
    assert (await shop.post("session", said(**changed))).status == 422
