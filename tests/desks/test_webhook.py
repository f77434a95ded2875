"""The webhook desk at the wire: what another system gets, and what its answers mean to us."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError
from structlog.testing import capture_logs

from bridge import errors
from bridge.connector import Surroundings
from bridge.desks.webhook import WebhookDesk, WebhookSettings, sign, signing_key
from bridge.messages import (
    Attachment,
    Author,
    Card,
    DeskName,
    DialogId,
    FileId,
    Mark,
    Message,
    ThreadId,
)
from tests.services import port

pytestmark = pytest.mark.anyio

PLAIN = "a secret in plain words"
CODED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CARD = Card(
    subject="dialog:7",
    title="Where is my parcel?",
    channel="shop",
    contact="Carl",
    language="en",
    line="first",
    status="open",
    due_at=datetime(2026, 3, 1, 12, 2, tzinfo=UTC),
)
MESSAGE = Message(
    dialog=DialogId(7),
    seq=3,
    author=Author("contact", 5, "Carl"),
    text="Where is it? Где? 🎁",
    key="0123456789abcdef0123456789abcdef",
    attachments=(Attachment(FileId(9), "photo.png", "image/png", 1234),),
)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Other:
    """The other system: it keeps what it gets and answers as it is told."""

    url: str
    answer: Answer
    calls: list[Call] = field(default_factory=list)

    def says(self, status: int, body: str | bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_request: web.Request) -> web.StreamResponse:
            raw = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, body=raw, headers=named)

        self.answer = answer


@pytest.fixture
async def other() -> AsyncIterator[Other]:
    """A system that answers with an empty 200 until it is told otherwise."""

    async def hear(request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        found.calls.append(Call(request.method, request.path_qs, headers, raw))
        return await found.answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = Other(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", cast("Answer", None))
    found.says(200)
    yield found
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def desk(url: str, http: aiohttp.ClientSession, secret: str = PLAIN, timeout: float = 5) -> WebhookDesk:
    settings = WebhookSettings.model_validate({"url": url, "secret": secret, "timeout": timeout})
    unused = cast("Any", None)
    around = Surroundings(router=unused, live=unused, leases=unused, files=unused, http=http, secret=b"")
    return WebhookDesk(DeskName("crm"), settings, around)


def verified(secret: bytes, call: Call) -> bool:
    """Standard Webhooks as a receiver implements it, written from its text: id, timestamp, one good signature of many."""
    signed = call.headers["webhook-id"] + "." + call.headers["webhook-timestamp"] + "." + call.raw.decode()
    wanted = base64.b64encode(hmac.digest(secret, signed.encode(), "sha256")).decode()
    fresh = abs(time.time() - int(call.headers["webhook-timestamp"])) < 300
    versions = [one.split(",", 1) for one in call.headers["webhook-signature"].split(" ")]
    return fresh and ["v1", wanted] in versions


# -- what goes out


async def test_a_dialog_is_opened_with_its_card_and_lives_where_the_other_side_says(
    other: Other, http: aiohttp.ClientSession
) -> None:
    other.says(200, '{"id": "case-42"}')
    assert await desk(other.url, http).open(CARD, "key-1") == "case-42"
    (call,) = other.calls
    assert (call.method, call.path, call.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert call.headers["webhook-id"] == "key-1"
    assert call.body == {
        "type": "open",
        "thread": None,
        "dialog": "7",
        "card": {
            "subject": "dialog:7",
            "title": "Where is my parcel?",
            "channel": "shop",
            "contact": "Carl",
            "language": "en",
            "line": "first",
            "status": "open",
            "assignee": "",
            "priority": "normal",
            "due_at": "2026-03-01T12:02:00+00:00",
        },
    }


async def test_a_message_is_posted_into_its_thread_with_author_text_and_files(
    other: Other, http: aiohttp.ClientSession
) -> None:
    other.says(200, '{"id": 99}')
    assert await desk(other.url, http).post(ThreadId("case-42"), MESSAGE) == "99"
    (call,) = other.calls
    assert call.headers["webhook-id"] == MESSAGE.key
    assert call.body == {
        "type": "post",
        "thread": "case-42",
        "dialog": "7",
        "message": {
            "seq": 3,
            "author": {"kind": "contact", "id": 5, "name": "Carl"},
            "text": "Where is it? Где? 🎁",
            "private": False,
            "event": None,
            "data": {},
            "mark": None,
            "attachments": [{"id": "9", "name": "photo.png", "type": "image/png", "size": 1234}],
            "doubled": False,
        },
    }


async def test_a_changed_card_and_a_mark_say_what_they_are_about(
    other: Other, http: aiohttp.ClientSession
) -> None:
    crm = desk(other.url, http)
    await crm.show(ThreadId("case-42"), replace(CARD, assignee="Ann", due_at=None), "key-2")
    await crm.mark(
        ThreadId("case-42"), replace(MESSAGE, mark=Mark.failed, data={"reason": "the contact is gone"})
    )
    shown, marked = other.calls
    assert (shown.body["type"], shown.body["thread"], shown.headers["webhook-id"]) == (
        "show",
        "case-42",
        "key-2",
    )
    assert (shown.body["card"]["assignee"], shown.body["card"]["due_at"]) == ("Ann", None)
    assert marked.body == {
        "type": "mark",
        "thread": "case-42",
        "dialog": "7",
        "message": {"seq": 3, "mark": "failed", "reason": "the contact is gone"},
    }


async def test_what_has_changed_about_a_message_and_what_was_taken_back_is_told(
    other: Other, http: aiohttp.ClientSession
) -> None:
    crm = desk(other.url, http)
    changed = replace(MESSAGE, text="Where?", data={"changed": "words", "earlier": []}, key="key-7")
    await crm.edit(ThreadId("case-42"), changed)
    await crm.delete(ThreadId("case-42"), replace(MESSAGE, key="key-8"))
    edited, deleted = other.calls
    assert (edited.body["type"], edited.headers["webhook-id"]) == ("edit", "key-7")
    assert (edited.body["message"]["seq"], edited.body["message"]["text"]) == (3, "Where?")
    assert edited.body["message"]["data"] == {"changed": "words", "earlier": []}
    assert deleted.body == {"type": "delete", "thread": "case-42", "dialog": "7", "message": {"seq": 3}}


@pytest.mark.parametrize(
    ("secret", "key"),
    [(PLAIN, PLAIN.encode()), (CODED, base64.b64decode(CODED.removeprefix("whsec_")))],
    ids=["plain", "whsec"],
)
async def test_a_receiver_that_follows_standard_webhooks_believes_every_call_and_no_forged_one(
    other: Other, http: aiohttp.ClientSession, secret: str, key: bytes
) -> None:
    crm = desk(other.url, http, secret)
    await crm.open(CARD, "key-1")
    await crm.post(ThreadId("t"), MESSAGE)
    await crm.show(ThreadId("t"), CARD, "key-2")
    await crm.mark(ThreadId("t"), MESSAGE)
    assert len(other.calls) == 4
    assert all(verified(key, call) for call in other.calls)
    first = other.calls[0]
    assert not verified(key, replace(first, raw=first.raw.replace(b"parcel", b"pancel")))
    assert not verified(key, replace(first, headers=first.headers | {"webhook-id": "key-3"}))
    assert not verified(hashlib.sha256(key).digest(), first)


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    signature = sign(
        signing_key(CODED), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_repeat_bears_the_same_id_and_content_so_that_it_can_be_dropped(
    other: Other, http: aiohttp.ClientSession
) -> None:
    crm = desk(other.url, http)
    other.says(500)
    with pytest.raises(errors.Ambiguous):
        await crm.post(ThreadId("t"), MESSAGE)
    other.says(200, '{"id": "m-1"}')
    assert await crm.post(ThreadId("t"), MESSAGE) == "m-1"
    first, again = other.calls
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == MESSAGE.key
    assert first.raw == again.raw


# -- what answers mean


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed_but_told_to_the_operator(
    other: Other, http: aiohttp.ClientSession, status: int
) -> None:
    other.says(status, Location=other.url.replace("/hook", "/elsewhere"))
    with pytest.raises(errors.BadConfig, match=str(status)):
        await desk(other.url, http).post(ThreadId("t"), MESSAGE)
    assert [call.path for call in other.calls] == ["/hook"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Rejected),
        (401, errors.BadConfig),
        (403, errors.BadConfig),
        (404, errors.BadConfig),
        (405, errors.Rejected),
        (408, errors.Unreachable),
        (410, errors.BadConfig),
        (413, errors.Rejected),
        (422, errors.Rejected),
        (425, errors.Unreachable),
        (500, errors.Ambiguous),
        (502, errors.Ambiguous),
        (503, errors.Ambiguous),
        (504, errors.Ambiguous),
    ],
)
async def test_a_status_becomes_the_word_for_what_happened(
    other: Other, http: aiohttp.ClientSession, status: int, kind: type[errors.SendError]
) -> None:
    other.says(status, "what the other side adds is no reason of ours")
    with pytest.raises(errors.SendError) as caught:
        await desk(other.url, http).post(ThreadId("t"), MESSAGE)
    assert type(caught.value) is kind
    assert caught.value.reason == f"{other.url.removesuffix('/hook')} answered {status}"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({}, 5), ({"Retry_After": "17"}, 17), ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 5)],
    ids=["none", "seconds", "date"],
)
async def test_a_system_that_is_too_busy_says_when_to_come_back(
    other: Other, http: aiohttp.ClientSession, header: dict[str, str], seconds: float
) -> None:
    other.says(429, **header)
    with pytest.raises(errors.Throttled) as caught:
        await desk(other.url, http).post(ThreadId("t"), MESSAGE)
    assert caught.value.retry_after == seconds


async def test_nobody_listening_means_that_nothing_was_sent(http: aiohttp.ClientSession) -> None:
    with pytest.raises(errors.Unreachable):
        await desk(f"http://127.0.0.1:{port()}/hook", http).post(ThreadId("t"), MESSAGE)


async def test_an_answer_that_does_not_come_in_time_leaves_it_open_whether_the_call_arrived(
    other: Other, http: aiohttp.ClientSession
) -> None:
    async def sleep(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    other.answer = sleep
    started = time.monotonic()
    with pytest.raises(errors.Ambiguous):
        await desk(other.url, http, timeout=0.2).post(ThreadId("t"), MESSAGE)
    assert time.monotonic() - started < 5


async def test_a_connection_cut_after_the_call_leaves_it_open_whether_it_arrived(
    other: Other, http: aiohttp.ClientSession
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    other.answer = cut
    with pytest.raises(errors.Ambiguous):
        await desk(other.url, http).post(ThreadId("t"), MESSAGE)
    assert len(other.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"<html>thanks</html>",
        b"[1, 2]",
        b'"id"',
        b"null",
        b"\xff\xfe",
        b'{"id": null}',
        b'{"id": "a\\u0000b"}',
        b'{"id": "%s"}' % (b"x" * 1000),
        b"[" * 60_000,
        b'{"id": "case-42", "filling": "%s"}' % (b"x" * 100_000),
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_an_answer_without_an_id_to_keep_is_as_good_as_an_empty_one(
    other: Other, http: aiohttp.ClientSession, body: bytes
) -> None:
    other.says(200, body)
    crm = desk(other.url, http)
    assert await crm.open(CARD, "key-1") == "dialog:7"
    assert await crm.post(ThreadId("t"), MESSAGE) == "3"


async def test_an_answer_that_never_ends_is_not_waited_for(other: Other, http: aiohttp.ClientSession) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 65_536)

    other.answer = flood
    async with asyncio.timeout(5):
        assert await desk(other.url, http).open(CARD, "key-1") == "dialog:7"


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end(
    other: Other, http: aiohttp.ClientSession
) -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"id": ', b'"case', b'-42"}'):
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response

    other.answer = slowly
    assert await desk(other.url, http).open(CARD, "key-1") == "case-42"


# -- secrets


@pytest.mark.parametrize("status", [200, 302, 404, 429, 500, 0], ids=str)
async def test_no_error_and_no_log_tells_the_secret_or_what_the_address_hides(
    other: Other, http: aiohttp.ClientSession, status: int
) -> None:
    address = other.url.replace("//", "//user:canary-pass@") + "/canary-path?token=canary-query"
    if status == 0:
        address = address.replace(address.split(":")[-1].split("/")[0], str(port()))
    other.says(status or 200)
    told = []
    with capture_logs() as logs:
        crm = desk(address, http, "canary-secret-in-words")
        try:
            await crm.post(ThreadId("t"), MESSAGE)
        except errors.SendError as error:
            told.append(f"{error} {error!r} {error.reason}")
    assert bool(told) == (status != 200)
    assert "canary" not in f"{told} {logs} {crm.settings.secret}"


@pytest.mark.parametrize("secret", ["short", "whsec_this is no base64!"])
def test_a_secret_that_cannot_sign_is_refused_without_being_repeated_in_words(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"url": "http://127.0.0.1/", "secret": secret})
    (found,) = caught.value.errors()
    assert found["loc"] == ("secret",)
    assert secret not in found["msg"]
