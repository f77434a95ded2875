"""What a page hears of its customers: every act, signatures, batches, repeats, and when it hears nothing any more."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from bridge.playground.facebook.pages import INBOX
from bridge.playground.faults import Fault
from bridge.playground.platform import Impossible
from tests.playground.messenger import PAGE, Messenger
from tests.playground.test_files import png
from tests.playground.test_page_api import get, post

pytestmark = pytest.mark.anyio
VOICE = b"OggS" + bytes(40)


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 -- another server's list
            await asyncio.sleep(0.005)


async def test_words_come_signed_with_letters_and_slashes_escaped(messenger: Messenger) -> None:
    anna = messenger.facebook.customer("Anna")
    said = anna.write(messenger.page, "Привет, 👋 https://example.org/a")
    (event,) = await messenger.server.until("message")
    assert event["sender"] == {"id": anna.id}
    assert event["recipient"] == {"id": PAGE}
    assert event["message"] == {"mid": said.mid, "text": "Привет, 👋 https://example.org/a"}
    (body,) = messenger.server.bodies
    assert b"\\u041f\\u0440" in body
    assert b"\\ud83d\\udc4b" in body
    assert b"https:\\/\\/example.org\\/a" in body
    envelope = json.loads(body)
    assert envelope["object"] == "page"
    assert envelope["entry"][0]["id"] == PAGE
    assert abs(envelope["entry"][0]["time"] / 1000 - time.time()) < 5


async def test_everything_a_person_does_is_told_in_messengers_words(messenger: Messenger) -> None:
    anna = await messenger.person()
    page, server = messenger.page, messenger.server
    answer = (await messenger.graph.send(anna, {"text": "Which plan?"}))["message_id"]
    said = anna.write(page, "The sloop", reply_to=answer)
    anna.edit(page, said.mid, "The dinghy")
    anna.react(page, answer, "❤")
    anna.react(page, answer)
    anna.unsend(page, said.mid)
    anna.stick(page, png())
    sent = anna.send(
        page, ("image", png(), "a.png", "image/png"), ("file", b"%PDF", "Bill №1.pdf", "application/pdf")
    )
    anna.send(page, ("audio", VOICE, "voice.ogg", "audio/ogg"))
    events = [one for one in await server.until("message", 6) if not one["message"].get("is_echo")]
    first, unsent, sticker, files, voice = (one["message"] for one in events)
    assert first["reply_to"] == {"mid": answer}
    assert unsent == {"mid": said.mid, "is_deleted": True}
    assert sticker["attachments"][0]["type"] == "sticker"
    assert sticker["attachments"][0]["payload"]["sticker_id"] == 369239263222822
    assert files["mid"] == sent.mid
    assert [one["type"] for one in files["attachments"]] == ["image", "file"]
    assert voice["attachments"][0]["type"] == "audio"
    (edit,) = server.of("message_edit")
    assert edit["message_edit"] == {"mid": said.mid, "text": "The dinghy", "num_edit": 1}
    put, taken = (one["reaction"] for one in server.of("reaction"))
    assert put == {"mid": answer, "action": "react", "reaction": "love", "emoji": "❤"}
    assert taken == {"mid": answer, "action": "unreact"}
    (read,) = server.of("read")
    (delivery,) = server.of("delivery")
    assert read["read"]["watermark"] == delivery["delivery"]["watermark"]
    link = files["attachments"][1]["payload"]["url"]
    assert link.endswith("Bill%20%E2%84%961.pdf")
    async with messenger.ground.http.get(link) as file:
        assert await file.read() == b"%PDF"


async def test_quick_replies_and_buttons_are_pressed_while_they_are_there(messenger: Messenger) -> None:
    anna = await messenger.person()
    reply = {"content_type": "text", "title": "Plans", "payload": "menu:plans"}
    mid = (await messenger.graph.send(anna, {"text": "Hi", "quick_replies": [reply]}))["message_id"]
    anna.press(messenger.page, mid, "menu:plans")
    events = await messenger.server.until("message", 2)
    assert events[1]["message"]["text"] == "Plans"
    assert events[1]["message"]["quick_reply"] == {"payload": "menu:plans"}
    with pytest.raises(Impossible, match="no such button"):
        anna.press(messenger.page, mid, "menu:plans")
    buttons = [{"type": "postback", "title": "Yes", "payload": "yes"}]
    payload = {"template_type": "button", "text": "Was it good?", "buttons": buttons}
    template = {"attachment": {"type": "template", "payload": payload}}
    mid = (await messenger.graph.send(anna, template))["message_id"]
    assert anna.texts()[-1] == "Was it good?"
    anna.press(messenger.page, mid, "yes")
    (event,) = await messenger.server.until("postback")
    assert (event["postback"]["title"], event["postback"]["payload"]) == ("Yes", "yes")


async def test_a_link_leads_to_the_button_at_first_and_is_told_alone_later(messenger: Messenger) -> None:
    messenger.page.get_started = "GET_STARTED"
    anna = messenger.facebook.customer("Anna")
    anna.start(messenger.page, "spring")
    (event,) = await messenger.server.until("postback")
    assert event["postback"]["payload"] == "GET_STARTED"
    assert event["postback"]["referral"] == {"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"}
    anna.start(messenger.page, "autumn")
    (event,) = await messenger.server.until("referral")
    assert event["referral"]["ref"] == "autumn"
    await messenger.graph.send(anna, {"text": "The window is open"})


async def test_an_answer_from_the_pages_inbox_is_an_echo_of_another_app(messenger: Messenger) -> None:
    anna = await messenger.person()
    messenger.page.answer(anna, "I look into it")
    (event,) = await messenger.server.until("message")
    assert event["message"]["is_echo"] is True
    assert event["message"]["app_id"] == int(INBOX)
    assert "metadata" not in event["message"]
    assert anna.texts() == ["I look into it"]


async def test_what_happens_together_comes_together_in_order(messenger: Messenger) -> None:
    anna = messenger.facebook.customer("Anna")
    for number in range(1200):
        anna.write(messenger.page, str(number))
    events = await messenger.server.until("message", 1200)
    assert [one["message"]["text"] for one in events] == [str(number) for number in range(1200)]
    sizes = [len(json.loads(body)["entry"][0]["messaging"]) for body in messenger.server.bodies]
    assert max(sizes) == 1000
    messenger.server.bodies.clear()
    messenger.page.webhook.batch = 1
    for number in range(3):
        anna.write(messenger.page, str(number))
    await messenger.server.until("message", 3)
    assert len(messenger.server.bodies) == 3


async def test_what_is_not_taken_comes_again_and_the_next_does_not_wait_for_it(messenger: Messenger) -> None:
    anna = messenger.facebook.customer("Anna")
    messenger.server.failures = 2
    first = anna.write(messenger.page, "one")
    await until(lambda: messenger.server.tries == 2)
    assert messenger.page.webhook.holds(first.mid)
    anna.write(messenger.page, "two")
    await messenger.server.until("message")
    messenger.ground.playground.clock.skip(2)
    events = await messenger.server.until("message", 2)
    assert [one["message"]["text"] for one in events] == ["two", "one"]
    await until(lambda: not messenger.page.webhook.pending)


@pytest.mark.parametrize("status", [201, 302, 403, 500])
async def test_nothing_but_200_is_taken(messenger: Messenger, status: int) -> None:
    messenger.server.status = status
    messenger.facebook.customer("Anna").write(messenger.page, "Hello")
    await until(lambda: messenger.server.tries == 2)
    messenger.server.status = 200
    messenger.ground.playground.clock.skip(2)
    await messenger.server.until("message")


async def test_after_an_hour_of_failures_the_page_is_unsubscribed_and_hears_nothing(
    messenger: Messenger,
) -> None:
    messenger.server.status = 500
    anna = messenger.facebook.customer("Anna")
    anna.write(messenger.page, "Is anybody there?")
    clock = messenger.ground.playground.clock
    began = clock.now()
    async with asyncio.timeout(10):
        while messenger.page.subscribed:
            await asyncio.sleep(0.02)
            clock.skip(60)
    assert 3600 <= clock.now() - began < 2 * 3600
    assert await messenger.graph.call("GET", f"{PAGE}/subscribed_apps") == {"data": []}
    messenger.server.status = 200
    tries = messenger.server.tries
    anna.write(messenger.page, "Hello?")
    await asyncio.sleep(0.1)
    assert messenger.server.tries == tries
    await messenger.graph.call("POST", f"{PAGE}/subscribed_apps", {"subscribed_fields": "messages"})
    anna.write(messenger.page, "Now?")
    (event,) = await messenger.server.until("message")
    assert event["message"]["text"] == "Now?"


async def test_only_what_is_subscribed_to_is_told(messenger: Messenger) -> None:
    await messenger.graph.call("POST", f"{PAGE}/subscribed_apps", {"subscribed_fields": ["messages"]})
    anna = await messenger.person()
    mid = (await messenger.graph.send(anna, {"text": "Hi"}))["message_id"]
    anna.react(messenger.page, mid, "👍")
    anna.write(messenger.page, "Thanks")
    await messenger.server.until("message")
    assert len(messenger.server.events) == 1


async def test_mishaps_befall_events_too(messenger: Messenger) -> None:
    anna = messenger.facebook.customer("Anna")
    faults = messenger.ground.playground.faults
    faults.script(Fault("duplicate", method="message", platform="facebook"))
    anna.write(messenger.page, "one")
    first, second = await messenger.server.until("message", 2)
    assert first == second
    assert len(messenger.server.bodies) == 2
    messenger.server.bodies.clear()
    faults.script(Fault("reorder", method="message"))
    anna.write(messenger.page, "two")
    anna.write(messenger.page, "three")
    events = await messenger.server.until("message", 2)
    assert [one["message"]["text"] for one in events] == ["three", "two"]


async def test_words_can_be_changed_for_a_quarter_of_an_hour_and_five_times(messenger: Messenger) -> None:
    anna = messenger.facebook.customer("Anna")
    said = anna.write(messenger.page, "one")
    for number in range(5):
        anna.edit(messenger.page, said.mid, f"again {number}")
    with pytest.raises(Impossible, match="five times"):
        anna.edit(messenger.page, said.mid, "once more")
    late = anna.write(messenger.page, "two")
    messenger.ground.playground.clock.skip(901)
    with pytest.raises(Impossible, match="15 minutes"):
        anna.edit(messenger.page, late.mid, "late")
    assert anna.seen()[0].texts == ["one", *(f"again {number}" for number in range(5))]


async def test_the_page_of_the_playground_plays_a_whole_conversation(messenger: Messenger) -> None:
    ground = messenger.ground
    messenger.page.get_started = "GET_STARTED"
    state = (await get(ground, "state"))["platforms"]["facebook"]
    assert (state["about"]["title"], state["about"]["speaker"]) == ("Messenger", "page")
    assert state["accounts"] == [{"id": PAGE, "name": "Tests", "handle": "tests.page"}]
    _, anna = await post(ground, "facebook/customers", {"name": "Anna", "language": "ru"})
    chat = f"facebook/{PAGE}/{anna['id']}"
    assert (await get(ground, chat))["started"] is False
    assert (await post(ground, f"{chat}/start", {}))[0] == 200
    _, said = await post(ground, f"{chat}/write", {"text": "Hello"})
    person = messenger.facebook.people[anna["id"]]
    await messenger.server.until("message")
    reply = {"content_type": "text", "title": "Plans", "payload": "menu:plans"}
    await messenger.graph.send(person, {"text": "Hi", "quick_replies": [reply]})
    found = await get(ground, chat)
    assert [(one["text"], one["mine"], one["taken"]) for one in found["messages"]] == [
        ("Get Started", True, True),
        ("Hello", True, True),
        ("Hi", False, False),
    ]
    assert found["unread"] is True
    assert found["messages"][-1]["buttons"] == [[{"text": "Plans", "data": "menu:plans", "url": None}]]
    assert (await post(ground, f"{chat}/read", {}))[0] == 200
    assert (await get(ground, chat))["unread"] is False
    press = {"message": found["messages"][-1]["id"], "data": "menu:plans"}
    assert await post(ground, f"{chat}/press", press) == (200, {})
    assert (await post(ground, f"{chat}/edit", {"message": said["message"], "text": "Hello!"}))[0] == 200
    assert (await post(ground, f"{chat}/react", {"message": said["message"], "emoji": "👍"}))[0] == 200
    assert (await post(ground, f"{chat}/answer", {"text": "From the inbox"}))[0] == 200
    form = aiohttp.FormData({"kind": "photo"})
    form.add_field("file0", png(), filename="a.png", content_type="image/png")
    async with ground.http.post(
        f"{ground.url}/api/{chat}/send", data=form, headers={"X-Bridge": "1"}
    ) as answer:
        assert answer.status == 200
    found = await get(ground, chat)
    (file,) = found["messages"][-1]["files"]
    assert file["kind"] == "photo"
    async with ground.http.get(f"{ground.url}/api/facebook/file/{anna['id']}/{file['id']}") as answer:
        assert await answer.read() == png()
    assert (await post(ground, f"{chat}/delete", {"message": said["message"]}))[0] == 200
    assert (await post(ground, f"{chat}/block", {}))[0] == 200
    status, problem = await post(ground, f"{chat}/write", {"text": "Hello"})
    assert (status, problem["problem"]) == (409, "you have blocked the page")
    seen = await get(ground, f"record/{anna['id']}")
    assert [one["texts"][-1] for one in seen] == [
        "Get Started",
        "Hello!",
        "Hi",
        "Plans",
        "From the inbox",
        "",
    ]
    assert [one["deleted"] for one in seen] == [False, True, False, False, False, False]
