"""A bot's calls: what is taken, what is refused in which words, and what is written down of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playground.wire import Played, Refused

pytestmark = pytest.mark.anyio


async def test_a_bot_is_known_by_its_token_and_nobody_else_is(ground: Played) -> None:
    me = await ground.api.call("getMe")
    assert (me["id"], me["is_bot"], me["username"]) == (42, True, "tests_bot")
    ground.api.token = "nonsense"
    with pytest.raises(Refused) as refused:
        await ground.api.call("getMe")
    assert refused.value.status == 404
    ground.playground.open_doors = False
    ground.api.token = "43:somebody-whom-nobody-knows"
    with pytest.raises(Refused) as refused:
        await ground.api.call("getMe")
    assert (refused.value.status, refused.value.description) == (401, "Unauthorized")
    assert "token" not in str(list(ground.playground.calls))
    assert "an-own-bot" not in str(list(ground.playground.calls))


async def test_words_reach_the_customer_and_are_in_the_record(ground: Played) -> None:
    anna = ground.person()
    sent = await ground.api.call("sendMessage", chat_id=anna.id, text="Hello <b>you</b>", parse_mode="HTML")
    assert (sent["text"], sent["entities"]) == (
        "Hello you",
        [{"type": "bold", "offset": 6, "length": 3}],
    )
    assert anna.texts() == ["Hello you"]
    ground.valid()


REFUSALS = [
    ("sendMessage", {"chat_id": 1, "text": "x"}, 400, "Bad Request: chat not found"),
    ("sendMessage", {"text": "x"}, 400, "Bad Request: chat_id is empty"),
    ("sendMessage", {"chat_id": "anna", "text": ""}, 400, "Bad Request: message text is empty"),
    ("sendMessage", {"chat_id": "anna", "text": "x" * 4097}, 400, "Bad Request: message is too long"),
    ("sendMessage", {"chat_id": "anna", "text": "😀" * 2049}, 400, "Bad Request: message is too long"),
    (
        "sendMessage",
        {"chat_id": "anna", "text": "<b>x", "parse_mode": "HTML"},
        400,
        "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        "sendMessage",
        {"chat_id": "anna", "text": "x", "reply_parameters": {"message_id": 99_999}},
        400,
        "Bad Request: message to be replied not found",
    ),
    (
        "sendMessage",
        {
            "chat_id": "anna",
            "text": "x",
            "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "я" * 33}]]},
        },
        400,
        "Bad Request: BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": "anna", "text": "x", "message_thread_id": 5},
        400,
        "Bad Request: message thread not found",
    ),
    (
        "editMessageText",
        {"chat_id": "anna", "message_id": 9_999, "text": "x"},
        400,
        "Bad Request: message to edit not found",
    ),
    (
        "deleteMessage",
        {"chat_id": "anna", "message_id": 9_999},
        400,
        "Bad Request: message to delete not found",
    ),
    (
        "sendChatAction",
        {"chat_id": "anna", "action": "sleeping"},
        400,
        "Bad Request: wrong parameter action in request",
    ),
    (
        "sendPhoto",
        {"chat_id": "anna", "photo": "nowhere"},
        400,
        "Bad Request: wrong file identifier/HTTP URL specified",
    ),
    ("getFile", {"file_id": "x"}, 400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
    ("sendCarrierPigeon", {"chat_id": "anna"}, 404, "Not Found: method not found"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "1"},
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    ),
]


@pytest.mark.parametrize(("method", "given", "status", "words"), REFUSALS)
async def test_what_is_wrong_is_refused_in_telegrams_words(
    ground: Played, method: str, given: dict[str, Any], status: int, words: str
) -> None:
    anna = ground.person()
    given = {name: anna.id if value == "anna" else value for name, value in given.items()}
    with pytest.raises(Refused) as refused:
        await ground.api.call(method, **given)
    assert (refused.value.status, refused.value.description) == (status, words)
    assert anna.texts() == []


async def test_an_unknown_argument_is_taken_as_telegram_does_but_written_down(ground: Played) -> None:
    anna = ground.person()
    await ground.api.call("sendMessage", chat_id=anna.id, text="Hello", txet="oh")
    (call,) = ground.playground.calls.invalid()
    assert call.problems[0] == "txet: unknown argument"
    assert anna.texts() == ["Hello"]


async def test_a_bot_writes_to_nobody_who_has_not_begun_and_to_nobody_who_has_blocked_it(
    ground: Played,
) -> None:
    anna = ground.person(started=False)
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMessage", chat_id=anna.id, text="Buy!")
    assert refused.value.description == "Bad Request: chat not found"
    anna.start(ground.bot)
    await ground.api.call("sendMessage", chat_id=anna.id, text="Hello")
    anna.block(ground.bot)
    tries: list[tuple[str, dict[str, Any]]] = [
        ("sendMessage", {"text": "Still there?"}),
        ("sendChatAction", {"action": "typing"}),
    ]
    for method, given in tries:
        with pytest.raises(Refused) as refused:
            await ground.api.call(method, chat_id=anna.id, **given)
        assert (refused.value.status, refused.value.description) == (
            403,
            "Forbidden: bot was blocked by the user",
        )
    anna.unblock(ground.bot)
    await ground.api.call("sendMessage", chat_id=anna.id, text="Welcome back")
    assert anna.texts() == ["Hello", "Welcome back"]
    kinds = [next(iter(update.keys() - {"update_id"})) for update in await ground.api.updates()]
    assert kinds == ["message", "my_chat_member", "my_chat_member"]
    ground.valid()


async def test_real_limits_let_a_burst_pass_and_then_ask_to_wait(ground: Played) -> None:
    anna = ground.person()
    ground.playground.rates = True
    for number in range(5):
        await ground.api.call("sendMessage", chat_id=anna.id, text=f"{number}")
    with pytest.raises(Refused) as refused:
        await ground.api.call("sendMessage", chat_id=anna.id, text="too much")
    wait = refused.value.parameters["retry_after"]
    assert (refused.value.status, refused.value.description) == (
        429,
        f"Too Many Requests: retry after {wait}",
    )
    assert len(anna.texts()) == 5
    ground.playground.clock.skip(wait)
    await ground.api.call("sendMessage", chat_id=anna.id, text="now")
    ground.valid()


async def test_a_message_is_edited_deleted_and_reacted_to_before_the_customers_eyes(ground: Played) -> None:
    anna = ground.person()
    sent = await ground.api.call("sendMessage", chat_id=anna.id, text="Helo")
    where = {"chat_id": anna.id, "message_id": sent["message_id"]}
    edited = await ground.api.call("editMessageText", **where, text="Hello")
    assert edited["edit_date"] >= sent["date"]
    with pytest.raises(Refused) as refused:
        await ground.api.call("editMessageText", **where, text="Hello")
    assert refused.value.description.startswith("Bad Request: message is not modified: specified new")
    assert await ground.api.call("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "👍"}])
    (seen,) = [one for one in anna.seen() if not one.mine]
    assert seen.texts == ["Helo", "Hello"]
    await ground.api.call("deleteMessage", **where)
    assert anna.texts() == []
    hers = anna.write(ground.bot, "mine")
    with pytest.raises(Refused) as refused:
        await ground.api.call("editMessageText", chat_id=anna.id, message_id=hers.id, text="forged")
    assert refused.value.description == "Bad Request: message can't be edited"
    ground.playground.clock.skip(49 * 3600)
    with pytest.raises(Refused) as refused:
        await ground.api.call("deleteMessage", chat_id=anna.id, message_id=hers.id)
    assert refused.value.description == "Bad Request: message can't be deleted for everyone"


async def test_a_pressed_button_waits_for_the_bots_answer(ground: Played) -> None:
    anna = ground.person()
    buttons = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    sent = await ground.api.call("sendMessage", chat_id=anna.id, text="Sure?", reply_markup=buttons)
    press = anna.press(ground.bot, sent["message_id"], "yes")
    (update,) = await ground.api.updates()
    query = update["callback_query"]
    assert (query["data"], query["from"]["id"], query["message"]["text"]) == ("yes", anna.id, "Sure?")
    await ground.api.call("answerCallbackQuery", callback_query_id=query["id"], text="Noted")
    assert (press.heard.is_set(), press.text) == (True, "Noted")
    with pytest.raises(Refused):
        await ground.api.call("answerCallbackQuery", callback_query_id=query["id"])
    ground.valid()


async def test_commands_are_kept(ground: Played) -> None:
    wanted = [{"command": "person", "description": "Talk to a person"}]
    await ground.api.call("setMyCommands", commands=wanted)
    assert await ground.api.call("getMyCommands") == wanted
    with pytest.raises(Refused) as refused:
        await ground.api.call("setMyCommands", commands=[{"command": "Not this", "description": "x"}])
    assert refused.value.description == "Bad Request: BOT_COMMAND_INVALID"
