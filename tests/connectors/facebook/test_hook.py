"""The webhook at the wire: who is believed, what is stored before the answer, and what stands in nobody's way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.connectors.facebook import hook
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import Refused
from tests.connectors.facebook.house import PAGE, SECRET, TOKEN, VERIFY, Shop, delivery, opened, signed_by
from tests.connectors.facebook.payloads import names, payload
from tests.connectors.facebook.server import Error, Server
from tests.connectors.facebook.test_events import attached, echo, message, update
from tests.connectors.facebook.test_mutations import mutated
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio
OK = (200, "EVENT_RECEIVED")
REAL = [(folder, name) for folder in ("webhooks", "instagram") for name in names(folder)]


def now(seconds: float = 0) -> int:
    """A moment, in milliseconds, as Facebook writes it."""
    return int((time.time() + seconds) * 1000)


def said(number: int, text: str, **fields: Any) -> dict[str, Any]:
    """A message with a number of its own."""
    return message(f"m_{number}", text=text, **fields) | {"timestamp": now()}


async def test_a_message_is_acknowledged_once_it_is_stored(shop: Shop) -> None:
    assert await shop.post(said(1, "Where is my parcel?")) == OK
    (found,) = await shop.messages("42")
    assert (found.text, found.author.kind) == ("Where is my parcel?", "contact")


async def test_the_same_event_a_hundred_times_is_one_message(shop: Shop) -> None:
    once = said(1, "once")
    answers = await asyncio.gather(*(shop.post(once, time=number) for number in range(100)))
    assert set(answers) == {OK}
    assert await shop.heard("42") == ["once"]


async def test_a_thousand_updates_are_one_delivery_in_one_order(shop: Shop) -> None:
    many = [
        message(f"m_{number}", text="ж" * 1500 + str(number)) | {"timestamp": now(number / 1000)}
        for number in range(1000)
    ]
    raw = delivery(*many[1::2])
    raw["entry"].append({"id": PAGE, "time": now(), "messaging": many[0::2]})
    assert len(json.dumps(raw)) > 9_000_000
    assert await shop.deliver(raw) == OK
    with shop.database.read() as connection:
        rows = connection.execute(t.message.select().order_by(t.message.c.seq)).all()
    texts = [row.text for row in rows if row.author == "contact"]
    assert texts == [one["message"]["text"] for one in many]


async def test_one_item_that_cannot_be_read_stands_in_nobodys_way(shop: Shop) -> None:
    raw = delivery(said(1, "one"), update(foo={"a": 1}), 7, said(2, "two"))
    raw["entry"] += [{"id": "777", "messaging": [said(3, "elsewhere")]}, "nonsense"]
    assert await shop.deliver(raw) == OK
    assert await shop.heard("42") == ["one", "two"]
    kept = {row.reason: json.loads(row.raw) for row in shop.rows(t.quarantine)}
    assert set(kept) == {
        "an event of a kind that is not known here: foo",
        "it holds no event",
        f"it is of another page, 777; this channel is page {PAGE}",
    }
    assert kept["an event of a kind that is not known here: foo"]["entry"][0]["messaging"] == [
        update(foo={"a": 1})
    ]
    assert await shop.deliver(raw) == OK
    assert len(shop.rows(t.quarantine)) == 4


async def test_what_was_kept_can_be_read_again(shop: Shop) -> None:
    await shop.connector.replay(json.dumps(delivery(said(1, "late"))).encode())
    assert await shop.heard("42") == ["late"]
    for raw in (
        b"{",
        json.dumps(delivery(update(foo=1))).encode(),
        json.dumps(delivery(said(2, "x"), id="777")).encode(),
    ):
        with pytest.raises(Refused):
            await shop.connector.replay(raw)


BODY = json.dumps(delivery(message(text="пустите меня"))).encode()
RIGHT = signed_by(BODY)
FORGED: dict[str, str | None] = {
    "no signature": None,
    "an empty one": "",
    "no digest": "sha256=",
    "one bit flipped": RIGHT[:-1] + ("0" if RIGHT[-1] != "0" else "1"),
    "the last digit missing": RIGHT[:-1],
    "a digit more": RIGHT + "0",
    "upper case": RIGHT.upper(),
    "without its method": RIGHT.removeprefix("sha256="),
    "another method": RIGHT.replace("sha256", "sha1"),
    "the older method": "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest(),
    "another secret": signed_by(BODY, SECRET + "x"),
    "of nothing": signed_by(b""),
    "of another body": signed_by(BODY + b" "),
    "of the body written anew": signed_by(json.dumps(json.loads(BODY), ensure_ascii=False).encode()),
    "no HMAC": "sha256=" + hashlib.sha256(SECRET.encode() + BODY).hexdigest(),
    "the secret": SECRET,
    "the verify token": f"sha256={VERIFY}",
    "not ASCII": RIGHT[:-1] + "é",
    "with a space": f" {RIGHT[:7]} {RIGHT[7:]}",
    "two in one": f"{RIGHT},{RIGHT}",
}


async def test_whose_signature_is_not_ours_is_refused_and_leaves_no_row(shop: Shop) -> None:
    assert len(FORGED) >= 12
    for forgery, signature in FORGED.items():
        headers = {} if signature is None else {"X-Hub-Signature-256": signature}
        async with shop.client.post(f"{shop.url}/hooks/shop", data=BODY, headers=headers) as response:
            assert (response.status, await response.text()) == (403, "wrong signature"), forgery
        assert shop.counts() == (0, 0, 0), forgery
    twice = [("X-Hub-Signature-256", RIGHT), ("X-Hub-Signature-256", RIGHT)]
    async with shop.client.post(f"{shop.url}/hooks/shop", data=BODY, headers=twice) as response:
        assert response.status == 403
    elsewhere = {"X-Hub-Signature": RIGHT}
    async with shop.client.post(f"{shop.url}/hooks/shop", data=BODY, headers=elsewhere) as response:
        assert response.status == 403
    assert shop.counts() == (0, 0, 0)
    assert await shop.raw(BODY) == OK
    assert shop.counts()[:2] == (1, 1)


async def test_the_raw_bytes_are_signed_however_they_are_written(shop: Shop) -> None:
    for body in (BODY, json.dumps(json.loads(BODY), ensure_ascii=False, indent=3).encode() + b"\n"):
        assert await shop.raw(body) == OK
    assert await shop.heard("42") == ["пустите меня"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 450 + b"1" + b"}" * 450])
async def test_what_is_signed_and_cannot_be_read_is_kept(shop: Shop, body: bytes) -> None:
    assert await shop.raw(body) == await shop.raw(body) == OK
    (kept,) = shop.rows(t.quarantine)
    assert kept.raw == body


async def test_a_body_beyond_all_measure_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "BODY", 10_000)
    status, _ = await shop.raw(b'{"a":"' + b"x" * 10_000 + b'"}')
    assert status == 413


async def test_facebook_is_told_its_challenge_by_whom_it_asks_with_the_token(shop: Shop) -> None:
    url = f"{shop.url}/hooks/shop"
    right = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    async with shop.client.get(url, params=right) as response:
        assert (response.status, await response.text()) == (200, "1158201444")
        assert response.headers["Content-Type"].startswith("text/plain")
    for wrong in (
        {**right, "hub.verify_token": VERIFY[:-1]},
        {**right, "hub.verify_token": "é"},
        {**right, "hub.mode": "unsubscribe"},
        {"hub.challenge": "1"},
        {},
    ):
        async with shop.client.get(url, params=wrong) as response:
            assert response.status == 403
            assert "1158201444" not in await response.text()
    async with shop.client.get(url, params={**right, "hub.challenge": ""}) as response:
        assert response.status == 400


@pytest.mark.parametrize(("folder", "name"), REAL)
async def test_every_real_delivery_is_acknowledged(shop: Shop, folder: str, name: str) -> None:
    raw = payload(folder, name)
    raw["entry"][0]["id"] = PAGE
    assert await shop.deliver(raw) == await shop.deliver(raw) == OK
    kept = shop.rows(t.quarantine)
    assert len(shop.rows(t.seen)) + len(kept) >= 1
    assert bool(kept) == (name in UNREAD)


UNREAD = {
    "courier_no_messaging_entries.json",
    "courier_unknown_messaging_entry.json",
    "foo.json",
    "odd-2.json",
    "message-text-13.json",
    "optin-5.json",
}


async def test_while_nothing_can_be_stored_facebook_is_asked_to_come_again(shop: Shop) -> None:
    await asyncio.to_thread(shop.house.mind.committer.stop)
    for raw in (delivery(said(1, "x")), delivery(update(foo=1)), {}):
        assert (await shop.deliver(raw))[0] == 503


# -- what follows of it


async def test_a_message_is_edited_reacted_to_and_taken_back(shop: Shop) -> None:
    await shop.post(said(1, "helo"), said(2, "second"))
    await shop.post(update(message_edit={"mid": "m_1", "text": "hello", "num_edit": 1}))
    await shop.post(update(reaction={"mid": "m_2", "action": "react", "emoji": "❤"}))
    first, second, *_ = [one for one in await shop.messages("42") if one.author.kind == "contact"]
    assert (first.text, first.edited_at is not None) == ("hello", True)
    assert (second.data or {})["reactions"] == ["❤"]
    await shop.post(
        update(at=now(1), reaction={"mid": "m_2", "action": "unreact"}), message("m_1", is_deleted=True)
    )
    first, second, *_ = [one for one in await shop.messages("42") if one.author.kind == "contact"]
    assert first.deleted_at is not None
    assert not (second.data or {}).get("reactions")


@pytest.fixture
async def called(database: Database, redis_url: str, tmp_path: Path, server: Server) -> AsyncIterator[Shop]:
    """The channel, with a server of its own to call."""
    async with opened(database, redis_url, tmp_path, api_url=server.url) as shop:
        yield shop


async def test_a_name_comes_after_its_first_message_and_stays(called: Shop, server: Server) -> None:
    server.answers["GET 42"] = {"first_name": "Anna", "last_name": "Petrova", "locale": "ru_RU", "id": "42"}
    assert await called.post(said(1, "hi")) == OK

    async def named() -> bool:
        return (await called.dialog("42")).contact.name == "Anna Petrova"

    async with asyncio.timeout(5):
        while not await named():  # noqa: ASYNC110 -- a name has no event of its own
            await asyncio.sleep(0.02)
    assert await called.post(said(2, "again")) == OK
    await asyncio.sleep(0.2)
    assert [call.asked["fields"] for call in server.named("GET 42")] == ["first_name,last_name,locale"]
    assert await called.heard("42") == ["hi", "again"]


async def test_who_does_not_tell_his_name_is_asked_once(called: Shop, server: Server) -> None:
    for number in range(3):
        assert await called.post(said(number, "hi")) == OK
        await asyncio.sleep(0.15)
    assert len(server.named("GET 42")) == 1


async def test_a_picture_is_fetched(called: Shop, server: Server) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    server.files["a.png"] = picture
    await called.post(message(attachments=[attached("image", f"{server.url}/file/a.png?oh=1")]))
    await until(lambda: [row.state for row in called.rows(t.attachment)] == ["stored"])
    (row,) = called.rows(t.attachment)
    assert (row.name, row.size) == ("a.png", len(picture))


async def test_a_persons_answer_in_the_inbox_keeps_the_promise_and_ours_comes_back_as_itself(
    called: Shop, server: Server
) -> None:
    await called.post(said(1, "Where is it?"))
    assert (
        await called.post(echo("m_2", text="On its way", app_id=263902037430900) | {"timestamp": now(1)})
        == OK
    )
    found = (await called.messages("42"))[-1]
    assert (found.text, found.author.kind) == ("On its way", "agent")
    dialog = await called.dialog("42")
    assert (dialog.status, dialog.promise) == ("waiting", None)
    await called.reply("42", "And here is the bill")
    await until(lambda: server.named("POST me/messages"))
    key = server.named("POST me/messages")[0].said["message"]["metadata"]
    for _ in range(2):
        assert await called.post(echo("m_5", text="And here is the bill", app_id=99, metadata=key)) == OK
    assert [one.text for one in await called.messages("42") if one.author.kind == "agent"] == [
        "On its way",
        "And here is the bill",
    ]


async def test_an_echo_settles_a_send_of_which_nobody_knew(called: Shop, server: Server) -> None:
    await called.post(said(1, "Where is it?"))
    server.answers["POST me/messages"] = Error(1, 1357046, status=500)
    await called.reply("42", "Here")
    await until(lambda: [row.state for row in called.rows(t.outbox) if row.kind == "send"] == ["unknown"])
    key = server.named("POST me/messages")[0].said["message"]["metadata"]
    assert await called.post(echo("m_8", text="Here", metadata=key)) == OK
    await until(
        lambda: (
            [(row.state, row.native) for row in called.rows(t.outbox) if row.kind == "send"]
            == [("accepted", "m_8")]
        )
    )
    assert [one.text for one in await called.messages("42") if not one.private] == ["Where is it?", "Here"]
    assert len(server.named("POST me/messages")) == 1


async def test_delivered_and_read_are_shown(called: Shop, server: Server) -> None:
    await called.post(said(1, "Where is it?"))
    await called.reply("42", "Here")

    async def mark() -> str | None:
        return (await called.messages("42"))[-1].mark

    async with asyncio.timeout(5):
        while await mark() != "accepted":  # noqa: ASYNC110 -- a mark has no event of its own
            await asyncio.sleep(0.02)
    await called.post(update(delivery={"mids": ["m_5"], "watermark": now(5)}))
    assert await mark() == "delivered"
    await called.post(update(read={"watermark": now(5)}))
    assert await mark() == "read"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
async def test_whatever_comes_is_acknowledged(shop: Shop, raw: Any) -> None:
    assert await shop.deliver(raw) == OK
    assert TOKEN not in str(shop.rows(t.quarantine))
