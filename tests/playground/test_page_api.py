"""What the page asks of the playground: customers, acts, what stands on a phone, and who may ask at all."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.playground.wire import Played

pytestmark = pytest.mark.anyio
OWN = {"X-Bridge": "1"}


async def post(ground: Played, path: str, body: object) -> tuple[int, Any]:
    async with ground.http.post(f"{ground.url}/api/{path}", json=body, headers=OWN) as answer:
        return answer.status, await answer.json()


async def get(ground: Played, path: str) -> Any:
    async with ground.http.get(f"{ground.url}/api/{path}") as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_customer_arrives_writes_and_sees_the_answer_and_that_he_was_heard(ground: Played) -> None:
    status, anna = await post(ground, "telegram/customers", {"name": "Anna", "language": "ru"})
    assert status == 201
    chat = f"telegram/42/{anna['id']}"
    assert (await get(ground, chat))["started"] is False
    status, said = await post(ground, f"{chat}/write", {"text": "Hello"})
    assert status == 200
    (mine,) = (await get(ground, chat))["messages"]
    assert (mine["id"], mine["mine"], mine["taken"]) == (said["message"], True, False)
    (update,) = await ground.api.updates()
    assert update["message"]["from"]["language_code"] == "ru"
    await ground.api.call("sendChatAction", chat_id=int(anna["id"]), action="typing")
    seen = await get(ground, chat)
    assert seen["messages"][0]["taken"] is True
    assert seen["typing"]["does"] == "typing"
    await ground.api.call(
        "sendMessage",
        chat_id=int(anna["id"]),
        text="Hi Anna",
        reply_parameters={"message_id": int(said["message"])},
        reply_markup={"inline_keyboard": [[{"text": "Thanks", "callback_data": "ok"}]]},
    )
    seen = await get(ground, chat)
    assert seen["typing"] is None
    theirs = seen["messages"][1]
    assert (theirs["text"], theirs["reply_to"]["text"]) == ("Hi Anna", "Hello")
    assert theirs["buttons"] == [[{"text": "Thanks", "data": "ok", "url": None}]]
    state = await get(ground, "state")
    (customer,) = state["platforms"]["telegram"]["customers"]
    assert customer["chats"] == {"42": int(theirs["id"])}


async def test_each_act_of_the_phone_reaches_the_bot(ground: Played) -> None:
    _, anna = await post(ground, "telegram/customers", {"name": "Anna"})
    chat = f"telegram/42/{anna['id']}"
    await post(ground, f"{chat}/start", {"payload": "sale"})
    _, said = await post(ground, f"{chat}/write", {"text": "Helo"})
    await post(ground, f"{chat}/edit", {"message": said["message"], "text": "Hello"})
    await post(ground, f"{chat}/locate", {"latitude": 1.5, "longitude": 2.5})
    await post(ground, f"{chat}/contact", {"phone": "+123456789", "name": "Boris"})
    await post(ground, f"{chat}/block", {})
    await post(ground, f"{chat}/unblock", {})
    for kind, parts in (("photo", 2), ("voice", 1)):
        form = aiohttp.FormData({"kind": kind, "text": "look", "duration": "2"})
        for number in range(parts):
            form.add_field(f"file{number}", b"bytes", filename="a.png", content_type="image/png")
        async with ground.http.post(f"{ground.url}/api/{chat}/send", data=form, headers=OWN) as answer:
            assert answer.status == 200
    sent = await ground.api.call("sendMessage", chat_id=int(anna["id"]), text="Sure?", reply_markup=YES)
    _, press = await post(ground, f"{chat}/press", {"message": sent["message_id"], "data": "yes"})
    updates = await ground.api.updates()
    waiting = asyncio.create_task(get(ground, f"telegram/outcome/{press['outcome']}"))
    await ground.api.call(
        "answerCallbackQuery", callback_query_id=press["outcome"], text="Good", show_alert=True
    )
    assert await waiting == {"text": "Good", "alert": True, "url": ""}
    kinds = [next(iter(update.keys() - {"update_id"})) for update in updates]
    assert kinds == [
        *["message"] * 2,
        "edited_message",
        *["message"] * 2,
        *["my_chat_member"] * 2,
        *["message"] * 3,
        "callback_query",
    ]
    photo = (await get(ground, chat))["messages"][-4]["files"][0]
    async with ground.http.get(f"{ground.url}/api/telegram/file/{anna['id']}/{photo['id']}") as answer:
        assert (await answer.read(), answer.content_type) == (b"bytes", "image/png")
        assert answer.headers["Content-Security-Policy"] == "sandbox"
    await post(ground, f"{chat}/delete", {"message": said["message"]})
    assert said["message"] not in {one["id"] for one in (await get(ground, chat))["messages"]}


YES = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("telegram/42/{anna}/write", {"text": "  "}, 409, "there is nothing to send"),
        ("telegram/42/{anna}/fly", {}, 409, "nobody can fly here"),
        ("telegram/42/{anna}/edit", {"message": 999, "text": "x"}, 409, "there is no such message any more"),
        ("telegram/42/{anna}/start", {"payload": "a b"}, 409, "what a link carries"),
        ("telegram/99/{anna}/write", {"text": "x"}, 409, "there is no such bot"),
        ("telegram/42/1/write", {"text": "x"}, 409, "there is no such customer"),
        ("pigeon/customers", {"name": "x"}, 409, "there is no platform pigeon"),
        ("telegram/customers", {"name": ""}, 422, "name:"),
        ("faults", {"kind": "plague"}, 422, "kind:"),
        ("switches", {"rates": "often"}, 422, "rates:"),
    ],
)
async def test_what_cannot_be_done_is_told_in_words(
    ground: Played, path: str, body: object, status: int, words: str
) -> None:
    anna = ground.person(started=False)
    found, answer = await post(ground, path.format(anna=anna.id), body)
    assert found == status
    assert answer["problem"].startswith(words)


async def test_no_other_site_can_play_here(ground: Played) -> None:
    url = f"{ground.url}/api/telegram/customers"
    for headers in ({}, {**OWN, "Sec-Fetch-Site": "cross-site"}):
        async with ground.http.post(url, json={"name": "Eve"}, headers=headers) as answer:
            assert answer.status == 403
    url = f"{ground.api.url}/telegram/bot{ground.api.token}/getMe"
    async with ground.http.get(url, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    assert ground.telegram.people == {}


async def test_the_page_is_woken_by_what_happens_and_let_go_at_the_end(ground: Played) -> None:
    anna = ground.person()
    async with ground.http.get(f"{ground.url}/api/events") as answer:
        lines = (line async for line in answer.content if line.startswith(b"data: "))
        assert json.loads((await anext(lines))[6:]) == []
        anna.write(ground.bot, "Hello")
        async with asyncio.timeout(2):
            assert json.loads((await anext(lines))[6:]) == [f"telegram/42/{anna.id}"]
        await ground.playground.close()
        async with asyncio.timeout(2):
            assert await anext(lines, b"") == b""


async def test_what_was_called_can_be_read_with_its_verdict(ground: Played) -> None:
    anna = ground.person()
    await ground.api.call("sendMessage", chat_id=anna.id, text="Hello", txet="oh")
    calls = await get(ground, "calls")
    assert [(call["method"], call["verdict"]) for call in calls["items"]] == [("sendMessage", "invalid")]
    assert calls["invalid"] == 1
    assert (await get(ground, f"calls?after={calls['items'][-1]['number']}"))["items"] == []
    record = await get(ground, f"record/{anna.id}")
    assert [one["texts"] for one in record] == [["/start"], ["Hello"]]


async def test_the_clock_goes_forward_and_limits_are_switched(ground: Played) -> None:
    before = ground.playground.clock.now()
    status, answer = await post(ground, "switches", {"rates": True, "skip": 3600})
    assert (status, answer["rates"]) == (200, True)
    assert answer["now"] - before >= 3600
    assert ground.playground.rates is True
