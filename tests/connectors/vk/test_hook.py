"""The callback at the wire: who is believed, what is stored before "ok", and what stands in nobody's way."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.vk.house import GROUP, SECRET, TOKEN, Shop, opened
from tests.connectors.vk.payloads import names, payload
from tests.connectors.vk.server import Error, Server
from tests.connectors.vk.test_events import event, message, new
from tests.connectors.vk.test_mutations import mutated
from tests.conversations.shell import until

pytestmark = pytest.mark.anyio
OK = (200, "ok")


def numbered(number: int, text: str, **fields: Any) -> dict[str, Any]:
    """The event of a message with a number of its own."""
    return new(f"e{number}", id=number, conversation_message_id=number, text=text, **fields)


async def test_a_message_is_answered_ok_once_it_is_stored(shop: Shop) -> None:
    assert await shop.post(numbered(1, "Where is my parcel?")) == OK
    (said,) = await shop.messages("42")
    assert (said.text, said.author.kind) == ("Where is my parcel?", "contact")


async def test_the_same_event_a_hundred_times_is_one_message(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.post(numbered(1, "once")) for _ in range(100)))
    assert set(answers) == {OK}
    assert await shop.heard("42") == ["once"]


async def test_a_repeat_is_known_by_what_it_is_and_the_counter_alone_drops_nothing(shop: Shop) -> None:
    assert await shop.post(numbered(1, "told for the third time"), **{"X-Retry-Counter": "3"}) == OK
    assert await shop.post(numbered(1, "told for the third time"), **{"X-Retry-Counter": "4"}) == OK
    assert await shop.post(numbered(2, "another"), **{"X-Retry-Counter": "1"}) == OK
    assert await shop.heard("42") == ["told for the third time", "another"]
    left = event("message_deny", "e9", user_id=42)
    assert await shop.post(left) == await shop.post(left, **{"X-Retry-Counter": "1"}) == OK
    assert len(shop.rows(t.seen)) == 3


async def test_numbers_need_not_rise(shop: Shop) -> None:
    for number in (900, 5, 901, 1):
        assert await shop.post(numbered(number, str(number))) == OK
    assert await shop.heard("42") == ["900", "5", "901", "1"]


BODY = json.dumps({**new(text="let me in"), "secret": SECRET}).encode()
RIGHT = SECRET.encode()
FORGED: dict[str, bytes] = {
    "no secret": json.dumps(new(text="let me in")).encode(),
    "an empty secret": BODY.replace(RIGHT, b""),
    "another secret": BODY.replace(RIGHT, b"x" * len(RIGHT)),
    "one bit flipped": BODY.replace(RIGHT, bytes([RIGHT[0] ^ 1]) + RIGHT[1:]),
    "the last letter missing": BODY.replace(RIGHT, RIGHT[:-1]),
    "a letter more": BODY.replace(RIGHT, RIGHT + b"x"),
    "upper case": BODY.replace(RIGHT, RIGHT.upper()),
    "not ASCII": BODY.replace(RIGHT, RIGHT[:-1] + "é".encode()),
    "half a character": BODY.replace(RIGHT, RIGHT + b"\\ud800"),
    "not even UTF-8": BODY.replace(RIGHT, b"\xff\xfe" + RIGHT),
    "a number": BODY.replace(b'"' + RIGHT + b'"', b"7"),
    "a list": BODY.replace(b'"' + RIGHT + b'"', b'["' + RIGHT + b'"]'),
    "null": BODY.replace(b'"' + RIGHT + b'"', b"null"),
    "within the object": json.dumps({**new(), "object": {"secret": SECRET}}).encode(),
    "the token": BODY.replace(RIGHT, TOKEN.encode()),
    "of another community": BODY.replace(b'"group_id": 7', b'"group_id": 8'),
    "of no community": BODY.replace(b'"group_id": 7', b'"group": 7'),
    "of a community that is a flag": BODY.replace(b'"group_id": 7', b'"group_id": true'),
    "of a community in a list": BODY.replace(b'"group_id": 7', b'"group_id": [7]'),
    "cut off": BODY[:-2],
    "no JSON": b"secret=" + RIGHT,
    "a list of it": b"[" + BODY + b"]",
    "nothing": b"",
    "without end": b"[" * 100_000,
}


async def test_who_does_not_know_the_secret_is_refused_and_leaves_no_row(shop: Shop) -> None:
    assert len(FORGED) >= 12
    for forgery, body in FORGED.items():
        status, answer = await shop.raw(body)
        assert (status, answer) == (403, "no event of this community"), forgery
        assert shop.counts() == (0, 0, 0), forgery
    assert await shop.raw(BODY) == OK
    assert shop.counts()[:2] == (1, 1)


async def test_a_secret_in_the_address_or_a_header_is_of_no_use(shop: Shop) -> None:
    url = f"{shop.url}/hooks/shop?secret={SECRET}"
    async with shop.client.post(url, json=new(text="x"), headers={"secret": SECRET}) as response:
        assert response.status == 403
    async with shop.client.get(f"{shop.url}/hooks/shop") as response:
        assert response.status == 405
    assert shop.counts() == (0, 0, 0)


async def test_nothing_that_came_in_is_ever_answered(shop: Shop) -> None:
    for words in ("remove", "ok, remove", "<script>"):
        for body in (
            {"type": words, "object": {"text": words}},
            {"type": "confirmation", "group_id": words},
            new(words, text=words),
        ):
            _, answer = await shop.post(body, group=words if body.get("group_id") == words else GROUP)  # type: ignore[arg-type]
            assert words not in answer


async def test_what_is_genuine_and_cannot_be_read_is_kept_without_the_secret(shop: Shop) -> None:
    assert await shop.post({"type": "message_new", "object": {"message": {"text": "whose?"}}}) == OK
    (kept,) = shop.rows(t.quarantine)
    assert kept.reason == "a message_new that names no conversation"
    assert SECRET not in kept.raw.decode()
    assert json.loads(kept.raw)["object"] == {"message": {"text": "whose?"}}


async def test_a_body_beyond_all_measure_is_refused(shop: Shop) -> None:
    long = io.BytesIO(b'{"a":"' + b"x" * 1_048_570 + b'"}')
    async with shop.client.post(f"{shop.url}/hooks/shop", data=long) as response:
        status = response.status
    assert status == 413


async def test_public_life_is_taken_and_shown_nowhere(shop: Shop) -> None:
    for kind in ("wall_reply_new", "group_join", "photo_comment_new", "donut_subscription_create"):
        assert await shop.post(event(kind, kind, user_id=42, from_id=42, text="hello")) == OK
    assert shop.counts() == (0, 0, 0)


@pytest.mark.parametrize("name", names("callback"))
async def test_every_real_callback_is_answered_ok(shop: Shop, name: str) -> None:
    raw = payload("callback", name)
    assert (
        await shop.post({**raw, "secret": SECRET}, group=GROUP) == (200, "ok")
        if "group_id" not in raw
        else True
    )
    assert await shop.post({**raw, "secret": SECRET, "group_id": GROUP}) == OK
    assert shop.rows(t.quarantine) == []
    if name == "message_new.json":
        assert await shop.heard("123456") == ["Hello World"]


@pytest.mark.parametrize("name", [name for name in names("longpoll") if not name.startswith("Failed")])
async def test_every_real_event_of_long_poll_is_answered_ok(shop: Shop, name: str) -> None:
    assert await shop.post({**payload("longpoll", name), "group_id": GROUP}) == OK
    assert shop.rows(t.quarantine) == []


# -- confirmation


@pytest.fixture
async def called(database: Database, redis_url: str, tmp_path: Path, server: Server) -> AsyncIterator[Shop]:
    """The channel, with a server of its own to call."""
    async with opened(database, redis_url, tmp_path, api_url=server.url) as shop:
        yield shop


async def test_vk_is_told_its_confirmation_of_now_without_a_secret(called: Shop, server: Server) -> None:
    asked = json.dumps({"type": "confirmation", "group_id": GROUP}).encode()
    assert await called.raw(asked) == (200, "c0ffee")
    assert (await called.raw(json.dumps({"type": "confirmation", "group_id": 8}).encode()))[0] == 403
    assert (await called.raw(b'{"type":"confirmation"}'))[0] == 403
    many = await asyncio.gather(*(called.raw(asked) for _ in range(20)))
    assert set(many) == {(200, "c0ffee")}
    assert len(server.named("groups.getCallbackConfirmationCode")) == 1
    assert called.counts() == (0, 0, 0)


async def test_a_confirmation_that_nobody_knows_is_asked_for_later(called: Shop, server: Server) -> None:
    server.answers["groups.getCallbackConfirmationCode"] = Error(10)
    asked = json.dumps({"type": "confirmation", "group_id": GROUP, "secret": "wrong"}).encode()
    assert (await called.raw(asked))[0] == 503
    del server.answers["groups.getCallbackConfirmationCode"]
    assert await called.raw(asked) == (200, "c0ffee")


async def test_a_configured_confirmation_is_told(database: Database, redis_url: str, tmp_path: Path) -> None:
    async with opened(database, redis_url, tmp_path, confirmation="8af3c1d0") as shop:
        asked = json.dumps({"type": "confirmation", "group_id": GROUP}).encode()
        assert await shop.raw(asked) == (200, "8af3c1d0")


# -- beside the message


async def test_while_nothing_can_be_stored_vk_is_asked_to_come_again(shop: Shop) -> None:
    await asyncio.to_thread(shop.house.mind.committer.stop)
    url = f"{shop.url}/hooks/shop"
    async with shop.client.post(url, json={**numbered(1, "x"), "secret": SECRET}) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "2")


async def test_a_name_comes_after_its_first_message_and_stays(called: Shop, server: Server) -> None:
    server.answers["users.get"] = [{"id": 42, "first_name": "Anna", "last_name": "Petrova"}]
    assert await called.post(numbered(1, "hi")) == OK

    async def named() -> bool:
        return (await called.dialog("42")).contact.name == "Anna Petrova"

    async with asyncio.timeout(5):
        while not await named():  # noqa: ASYNC110 -- a name has no event of its own
            await asyncio.sleep(0.02)
    assert await called.post(numbered(2, "again")) == OK
    await asyncio.sleep(0.2)
    assert len(server.named("users.get")) == 1
    assert await called.heard("42") == ["hi", "again"]


async def test_a_press_is_answered_once_stored(called: Shop, server: Server) -> None:
    pressed = event(
        "message_event", "e1", user_id=42, peer_id=42, payload={"command": "person", "label": "A person"}
    )
    pressed["object"]["event_id"] = "p1"
    assert await called.post(pressed) == OK
    assert await called.heard("42") == ["A person"]
    await until(lambda: server.named("messages.sendMessageEventAnswer"))
    (call,) = server.named("messages.sendMessageEventAnswer")
    assert {name: call.fields[name] for name in ("event_id", "user_id", "peer_id")} == {
        "event_id": "p1",
        "user_id": "42",
        "peer_id": "42",
    }


async def test_a_shortened_message_is_fetched_whole_before_it_is_acknowledged(
    called: Shop, server: Server
) -> None:
    whole = message(conversation_message_id=1, text="all of it, to the end")
    server.answers["messages.getByConversationMessageId"] = {"count": 1, "items": [whole]}
    assert await called.post(numbered(1, "all of it", is_cropped=True)) == OK
    assert await called.heard("42") == ["all of it, to the end"]


async def test_a_shortened_message_stands_even_if_the_rest_cannot_be_had(
    called: Shop, server: Server
) -> None:
    server.answers["messages.getByConversationMessageId"] = Error(5)
    assert await called.post(numbered(1, "all of it", is_cropped=True)) == OK
    assert await called.heard("42") == ["all of it"]


async def test_a_persons_answer_on_vks_page_keeps_the_promise_and_ours_comes_back_as_itself(
    called: Shop, server: Server
) -> None:
    await called.post(numbered(1, "Where is it?"))
    later = int(time.time()) + 1
    answer = message(
        conversation_message_id=2, from_id=-GROUP, out=1, text="On its way", date=later, admin_author_id=9
    )
    assert await called.post(event("message_reply", "e2", **answer)) == OK
    said = (await called.messages("42"))[-1]
    assert (said.text, said.author.kind, said.author.name) == ("On its way", "agent", "id9")
    dialog = await called.dialog("42")
    assert (dialog.status, dialog.promise) == ("waiting", None)
    await called.reply("42", "And here is the bill")
    await until(lambda: server.named("messages.send"))
    (sent,) = server.named("messages.send")
    ours = message(
        conversation_message_id=5,
        from_id=-GROUP,
        out=1,
        text="And here is the bill",
        random_id=int(sent.fields["random_id"]),
    )
    for number in ("e3", "e4"):
        assert await called.post(event("message_reply", number, **ours)) == OK
    assert [one.text for one in await called.messages("42") if one.author.kind == "agent"] == [
        "On its way",
        "And here is the bill",
    ]


async def test_an_echo_that_is_faster_than_the_answer_settles_the_send(called: Shop, server: Server) -> None:
    await called.post(numbered(1, "Where is it?"))
    server.answers["messages.send"] = Error(36)
    await called.reply("42", "Here")
    await until(lambda: server.named("messages.send"))
    ours = message(
        conversation_message_id=8,
        from_id=-GROUP,
        out=1,
        text="Here",
        random_id=int(server.named("messages.send")[0].fields["random_id"]),
    )
    assert await called.post(event("message_reply", "e3", **ours)) == OK

    def settled() -> bool:
        return [(row.state, row.native) for row in called.rows(t.outbox) if row.kind == "send"] == [
            ("accepted", "42:8")
        ]

    await until(settled)
    said = [one.text for one in await called.messages("42") if not one.private]
    assert said == ["Where is it?", "Here"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
async def test_whatever_comes_is_answered_ok(shop: Shop, raw: Any) -> None:
    body = {**raw, "secret": SECRET, "group_id": GROUP} if isinstance(raw, dict) else raw
    status, answer = await shop.raw(json.dumps(body).encode())
    if isinstance(raw, dict) and raw.get("type") != "confirmation":
        assert (status, answer) in (OK, (403, "no event of this community"))
