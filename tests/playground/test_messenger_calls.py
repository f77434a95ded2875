"""What a page asks of the Graph API: what is sent, what is refused in which words, and how long it may write."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from bridge.playground.facebook.chats import DAY
from bridge.playground.facebook.files import UPLOAD_BYTES
from bridge.playground.facebook.shapes import ACTIONS, TYPES
from bridge.playground.facebook.subscriptions import FIELDS
from bridge.playground.faults import Fault
from tests.playground.messenger import APP, PAGE, SECRET, GraphError, Messenger
from tests.playground.test_files import png
from tests.playground.wire import SPECS, played

pytestmark = pytest.mark.anyio
HOUR = 3600


async def refused(call: Any) -> tuple[int, int | None, str]:
    with pytest.raises(GraphError) as caught:
        await call
    return caught.value.code, caught.value.subcode, caught.value.message


async def test_what_a_page_sends_stands_before_the_person_and_comes_back_as_an_echo(
    messenger: Messenger,
) -> None:
    anna = await messenger.person()
    answer = await messenger.graph.send(anna, {"text": "Hi. Привет 👋", "metadata": "row-1"})
    assert answer["recipient_id"] == anna.id
    assert answer["message_id"].startswith("m_")
    assert anna.texts(messenger.page) == ["Hi. Привет 👋"]
    (echo,) = await messenger.server.until("message")
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (PAGE, anna.id)
    assert echo["message"] == {
        "mid": answer["message_id"],
        "text": "Hi. Привет 👋",
        "is_echo": True,
        "app_id": int(APP),
        "metadata": "row-1",
    }
    (delivery,) = await messenger.server.until("delivery")
    assert delivery["delivery"] == {"mids": [answer["message_id"]], "watermark": echo["timestamp"]}
    messenger.ground.valid()


async def test_a_file_goes_in_parts_and_is_had_at_its_link_and_again_by_its_id(messenger: Messenger) -> None:
    anna = await messenger.person()
    picture = png()
    answer = await messenger.graph.upload(anna, "image", picture, "panel.png", "image/png")
    (shown,) = [one for one in anna.seen(messenger.page) if not one.mine]
    assert (shown.files[0].kind, shown.files[0].sha256) == ("image", hashlib.sha256(picture).hexdigest())
    (echo,) = await messenger.server.until("message")
    (attachment,) = echo["message"]["attachments"]
    assert attachment["payload"]["url"].startswith(f"{messenger.ground.url}/facebook/cdn/")
    async with messenger.ground.http.get(attachment["payload"]["url"]) as file:
        assert (file.status, await file.read()) == (200, picture)
        assert file.content_type == "image/png"
    again = {"attachment": {"type": "image", "payload": {"attachment_id": answer["attachment_id"]}}}
    await messenger.graph.send(anna, again)
    assert len([one for one in anna.seen() if one.files]) == 2
    messenger.ground.valid()


TOO_LONG = "Length of param message[{}] must be less than or equal to {}"
WRONG: list[tuple[Any, str]] = [
    ({"text": "x" * 2001}, TOO_LONG.format("text", 2000)),
    ({"text": "👋" * 1001}, TOO_LONG.format("text", 2000)),
    ({"text": "x", "metadata": "x" * 1001}, TOO_LONG.format("metadata", 1000)),
    ({}, "Message cannot be empty, must provide valid attachment or text"),
    ({"text": " "}, "Message cannot be empty, must provide valid attachment or text"),
    ({"text": "x", "parse_mode": "HTML"}, 'Invalid keys "parse_mode" were found in param "message".'),
    ({"text": "x", "attachment": {"type": "image"}}, "Cannot have text and attachment"),
    ({"attachment": {"type": "photo", "payload": {}}}, "Param message[attachment][type] must be one of"),
    ({"attachment": {"type": "file", "payload": {}}}, "must have exactly one of a url"),
    (
        {"attachment": {"type": "file", "payload": {"url": "https://x", "caption": "y"}}},
        'Invalid keys "caption"',
    ),
]


@pytest.mark.parametrize(("message", "words"), WRONG, ids=[str(n) for n in range(len(WRONG))])
async def test_a_message_that_breaks_a_rule_is_refused_shown_to_nobody_and_counted_as_invalid(
    messenger: Messenger, message: Any, words: str
) -> None:
    anna = await messenger.person()
    code, _, said = await refused(messenger.graph.send(anna, message))
    assert code == 100
    assert words in said
    assert anna.texts() == []
    assert len(messenger.ground.playground.calls.invalid()) == 1


def quick(count: int = 1, title: str = "Plans", payload: str = "p", **more: Any) -> dict[str, Any]:
    one = {"content_type": "text", "title": title, "payload": payload, **more}
    return {"text": "Which?", "quick_replies": [one] * count}


async def test_quick_replies_are_held_to_their_number_and_lengths(messenger: Messenger) -> None:
    anna = await messenger.person()
    await messenger.graph.send(anna, quick(13, "x" * 20, "x" * 1000))
    messenger.ground.valid()
    wrong = {
        "has too many elements": quick(14),
        "[0][title] must be less than or equal to 20": quick(title="x" * 21),
        "[0][payload] must be less than or equal to 1000": quick(payload="x" * 1001),
        "[0][title] must be non-empty": quick(title=""),
        'Invalid keys "color"': quick(color="red"),
        "[content_type] must be one of": quick(content_type="location"),
    }
    for words, message in wrong.items():
        assert words in (await refused(messenger.graph.send(anna, message)))[2]


async def test_what_graph_overlooks_is_done_and_counted_as_invalid_all_the_same(messenger: Messenger) -> None:
    anna = await messenger.person()
    await messenger.graph.send(anna, {"text": "one"}, messaging_type=None)
    await messenger.graph.send(anna, {"text": "two"}, silent=True)
    assert anna.texts() == ["one", "two"]
    problems = [
        [one for one in call.problems if not one.startswith("specification: ")]
        for call in messenger.ground.playground.calls.invalid()
    ]
    assert problems == [["messaging_type: required"], ["silent: unknown parameter"]]


async def test_a_page_may_write_for_a_day_and_a_person_of_it_for_seven(messenger: Messenger) -> None:
    anna = await messenger.person()
    clock = messenger.ground.playground.clock
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    clock.skip(DAY - 60)
    await messenger.graph.send(anna, {"text": "in time"})
    clock.skip(120)
    code, subcode, words = await refused(messenger.graph.send(anna, {"text": "late"}))
    assert (code, subcode) == (10, 2018278)
    assert words.startswith("(#10) This message is sent outside of allowed window.")
    await messenger.graph.send(anna, {"text": "by a person"}, **tagged)
    messenger.page.human_agent = False
    assert (await refused(messenger.graph.send(anna, {"text": "x"}, **tagged)))[:2] == (10, 2018276)
    messenger.page.human_agent = True
    clock.skip(6 * DAY)
    assert (await refused(messenger.graph.send(anna, {"text": "x"}, **tagged)))[1] == 2018278
    assert [call.verdict for call in messenger.ground.playground.calls.of("messages")].count("invalid") == 0
    assert anna.texts() == ["in time", "by a person"]
    # Her next word opens it again; an echo of the page's own does not.
    messenger.page.answer(anna, "from the inbox")
    assert (await refused(messenger.graph.send(anna, {"text": "x"})))[1] == 2018278
    anna.write(messenger.page, "Still there?")
    await messenger.graph.send(anna, {"text": "Yes"})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"messaging_type": "MESSAGE_TAG"}, "Param tag must be one of"),
        ({"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, "Param tag must be one of"),
        ({"tag": "HUMAN_AGENT"}, "with the messaging_type MESSAGE_TAG only"),
        ({"messaging_type": "ANSWER"}, "Param messaging_type must be one of"),
        ({"reply_to": {"mid": "m_nothing"}}, "Invalid reply_to mid"),
        ({"recipient": None}, "Param recipient must be non-empty."),
        ({"recipient": "Anna"}, "Param recipient must be a valid JSON object"),
        ({"recipient": {"id": "1", "user_ref": "2"}}, "exactly one of its ids"),
    ],
    ids=str,
)
async def test_what_stands_around_a_message_is_checked_too(
    messenger: Messenger, more: dict[str, Any], words: str
) -> None:
    anna = await messenger.person()
    code, _, said = await refused(messenger.graph.send(anna, {"text": "Hello"}, **more))
    assert (code, words in said) == (100, True), said
    assert anna.texts() == []


async def test_who_is_unknown_or_has_blocked_the_page_cannot_be_written_to(messenger: Messenger) -> None:
    anna = await messenger.person()
    stranger = messenger.facebook.customer("Boris")
    for call in (
        messenger.graph.send(stranger, {"text": "Hi"}),
        messenger.graph.send(stranger, sender_action="typing_on"),
    ):
        assert await refused(call) == (100, 2018001, "(#100) No matching user found")
    anna.block(messenger.page)
    assert await refused(messenger.graph.send(anna, {"text": "Hi"})) == (
        551,
        1545041,
        "(#551) This person isn't available right now.",
    )
    assert anna.texts() == []
    anna.unblock(messenger.page)
    await messenger.graph.send(anna, {"text": "Hi"})
    verdicts = [call.verdict for call in messenger.ground.playground.calls.of("messages")]
    assert verdicts == ["refused", "refused", "valid"]


async def test_typing_shows_until_something_is_said_and_goes_alone(messenger: Messenger) -> None:
    anna = await messenger.person()
    await messenger.graph.send(anna, sender_action="typing_on", messaging_type=None)
    assert anna.typing(messenger.page)
    await messenger.graph.send(anna, {"text": "Hi"})
    assert not anna.typing(messenger.page)
    await messenger.graph.send(anna, sender_action="typing_on", messaging_type=None)
    messenger.ground.playground.clock.skip(21)
    assert not anna.typing(messenger.page)
    messenger.ground.valid()
    words = (await refused(messenger.graph.send(anna, {"text": "x"}, sender_action="typing_on")))[2]
    assert "cannot be sent with a sender_action" in words
    assert "must be one of" in (await refused(messenger.graph.send(anna, sender_action="dance")))[2]


async def test_a_reaction_of_the_page_is_put_and_taken_away(messenger: Messenger) -> None:
    anna = await messenger.person("Anna", "")
    said = anna.write(messenger.page, "Thank you")
    recipient = {"recipient": {"id": anna.id}}
    react = {**recipient, "sender_action": "react", "payload": {"message_id": said.mid, "reaction": "❤"}}
    await messenger.graph.call("POST", f"{PAGE}/messages", react)
    assert said.reactions == {"": "❤"}
    await messenger.graph.call("POST", f"{PAGE}/messages", react | {"sender_action": "unreact"})
    assert said.reactions == {}


async def test_a_page_learns_who_has_written_and_of_nobody_else(messenger: Messenger) -> None:
    anna = await messenger.person()
    assert await messenger.graph.call("GET", "me", fields="id,name") == {"id": PAGE, "name": "Tests"}
    found = await messenger.graph.call("GET", anna.id, fields="first_name,last_name,locale")
    assert found == {"first_name": "Anna", "last_name": "Petrova", "locale": "ru_RU", "id": anna.id}
    stranger = messenger.facebook.customer("Boris")
    assert (await refused(messenger.graph.call("GET", stranger.id)))[:2] == (100, 33)
    words = (await refused(messenger.graph.call("GET", anna.id, fields="email")))[2]
    assert words == "(#100) Tried accessing nonexisting field (email) on node type (User)"


async def test_a_token_must_be_known_and_its_proof_right(messenger: Messenger) -> None:
    graph = messenger.graph
    proof = hmac.new(SECRET.encode(), graph.token.encode(), hashlib.sha256).hexdigest()
    await graph.call("GET", "me", appsecret_proof=proof)
    assert (await refused(graph.call("GET", "me", appsecret_proof="0" * 64)))[0] == 100
    graph.token = "EAAGanother00000000000000"
    assert (await refused(graph.call("GET", "me")))[0] == 190
    assert (await refused(graph.call("GET", "me", access_token="")))[0] == 104
    recorded = json.dumps([call.arguments for call in messenger.ground.playground.calls])
    assert graph.token not in recorded
    assert proof not in recorded


async def test_with_open_doors_a_new_page_comes_with_its_first_call_and_belongs_to_the_app_it_proves(
    messenger: Messenger,
) -> None:
    graph = messenger.graph
    graph.token = "EAAGnewcomer0000000000000"
    proof = hmac.new(SECRET.encode(), graph.token.encode(), hashlib.sha256).hexdigest()
    fields = {"subscribed_fields": "messages"}
    await graph.call("POST", "777/subscribed_apps", fields, appsecret_proof=proof)
    boris = messenger.facebook.customer("Boris")
    boris.write(messenger.facebook.pages["777"], "Hello")
    (event,) = await messenger.server.until("message")
    assert event["recipient"]["id"] == "777"


async def test_real_limits_are_kept_when_they_are_switched_on(messenger: Messenger) -> None:
    anna = await messenger.person()
    messenger.ground.playground.rates = True
    outcomes = await asyncio.gather(
        *(messenger.graph.send(anna, {"text": str(n)}) for n in range(40)), return_exceptions=True
    )
    errors = [one for one in outcomes if isinstance(one, GraphError)]
    assert {one.code for one in errors} == {613}
    assert len(errors) == 10
    assert len(anna.texts()) == 30
    messenger.ground.playground.clock.skip(60)
    await messenger.graph.send(anna, {"text": "later"})


async def test_mishaps_befall_calls_in_graphs_words(messenger: Messenger) -> None:
    anna = await messenger.person()
    faults = messenger.ground.playground.faults
    faults.script(Fault("error", method="messages", status=500))
    assert (await refused(messenger.graph.send(anna, {"text": "a"})))[0] == 2
    faults.script(Fault("flood", method="messages", seconds=120))
    assert (await refused(messenger.graph.send(anna, {"text": "b"})))[0] == 613
    faults.script(Fault("drop", method="messages", place=anna.id, taken=True))
    with pytest.raises(aiohttp.ClientError):
        await messenger.graph.send(anna, {"text": "c"})
    assert anna.texts() == ["c"]
    (echo,) = await messenger.server.until("message")
    assert echo["message"]["text"] == "c"


async def test_a_file_that_is_too_large_or_not_what_it_says_is_refused(messenger: Messenger) -> None:
    anna = await messenger.person()
    large = messenger.graph.upload(anna, "file", bytes(UPLOAD_BYTES + 1), "a.bin", "application/octet-stream")
    assert (await refused(large))[1] == 2018109
    text = messenger.graph.upload(anna, "image", b"no picture", "a.txt", "text/plain")
    assert (await refused(text))[1] == 2018047
    link = {"attachment": {"type": "image", "payload": {"url": "https://example.org/a.png"}}}
    assert (await refused(messenger.graph.send(anna, link)))[1] == 2018008
    assert [one for one in anna.seen() if not one.mine] == []


async def test_a_callback_that_does_not_repeat_the_challenge_is_not_taken(messenger: Messenger) -> None:
    asked = {"object": "page", "callback_url": messenger.server.url, "fields": "messages"}
    app = {"access_token": f"{APP}|{SECRET}"}
    wrong = messenger.graph.call("POST", f"{APP}/subscriptions", asked | {"verify_token": "no"}, **app)
    code, _, words = await refused(wrong)
    assert code == 2200
    assert "HTTP Status Code = 403" in words
    found = await messenger.graph.call("GET", f"{APP}/subscriptions", **app)
    assert found["data"][0]["callback_url"] == messenger.server.url
    stranger = messenger.graph.call("GET", f"{APP}/subscriptions", access_token=f"{APP}|wrong")
    assert (await refused(stranger))[0] == 190


async def test_the_subscription_is_read_changed_and_ended(messenger: Messenger) -> None:
    graph = messenger.graph
    (app,) = (await graph.call("GET", f"{PAGE}/subscribed_apps"))["data"]
    assert app["id"] == APP
    assert "message_echoes" in app["subscribed_fields"]
    unknown = graph.call("POST", "me/subscribed_apps", {"subscribed_fields": ["messages", "gossip"]})
    assert "Param subscribed_fields[1] must be one of" in (await refused(unknown))[2]
    await graph.call("DELETE", f"{PAGE}/subscribed_apps")
    assert await graph.call("GET", f"{PAGE}/subscribed_apps") == {"data": []}
    messenger.facebook.customer("Anna").write(messenger.page, "Does anybody hear?")
    await asyncio.sleep(0.1)
    assert messenger.server.events == []


async def test_unknown_paths_and_unreadable_bodies_are_told_apart(messenger: Messenger) -> None:
    assert (await refused(messenger.graph.call("GET", "me/dances")))[0] == 2500
    assert (await refused(messenger.graph.call("POST", "999999/messages", {})))[:2] == (100, 33)
    headers = {"Content-Type": "application/json"}
    address = f"{messenger.ground.url}/facebook/v23.0/me/messages"
    async with messenger.ground.http.post(address, data=b"{", headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)


@pytest.mark.skipif(SPECS is None, reason="the specifications are not at hand")
async def test_our_own_words_are_those_of_the_specification(messenger: Messenger) -> None:
    assert SPECS is not None
    enums = {
        one["name"]: {word.lower() for word in one.get("values") or []}
        for one in json.loads(
            (SPECS / "messenger/facebook-business-sdk-codegen/enum_types.json").read_bytes()
        )
    }
    assert enums["pagesubscribed_apps_subscribed_fields_enum_param"] >= FIELDS
    assert {one.lower() for one in TYPES} == enums["pagemessages_messaging_type_enum_param"]
    assert set(ACTIONS) == enums["pagemessages_sender_action_enum_param"]
    anna = await messenger.person()
    await messenger.graph.send(anna, {"text": "x"}, notification_type="LOUD", silent=True)
    (call,) = messenger.ground.playground.calls.invalid()
    assert [one for one in call.problems if one.startswith("specification: ")] == [
        "specification: messages.silent is unknown",
        "specification: messages.notification_type is no pagemessages_notification_type_enum_param: LOUD",
    ]


async def test_the_two_platforms_share_nothing_but_the_frame() -> None:
    async with played() as ground:
        assert set(ground.playground.platforms) >= {"facebook", "telegram"}
