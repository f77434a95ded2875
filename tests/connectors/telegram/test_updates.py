"""What each kind of update and of message becomes: shapes that the real payloads do not show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Message as TypedMessage
from aiogram.types import Update as TypedUpdate

from bridge.connectors.telegram import kinds
from bridge.connectors.telegram.addresses import Place, messages, place
from bridge.connectors.telegram.speech import Bot
from bridge.connectors.telegram.updates import Taken, read
from bridge.messages import (
    Address,
    ChannelName,
    Echoed,
    Edited,
    Heard,
    Incoming,
    NativeId,
    Reachable,
    Reacted,
)
from tests.connectors.telegram.payloads import SHARED

BOT = Bot(7, ChannelName("shop"), ("en", "ru", "pt-BR"))
ANNA = {"id": 42, "is_bot": False, "first_name": "Anna", "last_name": "Petrova", "language_code": "ru"}
CHAT = {"id": 42, "type": "private", "first_name": "Anna"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Mill Street"}
DATE = 1_800_000_000


def message(**fields: Any) -> dict[str, Any]:
    """A message of Anna's."""
    return {"message_id": 5, "date": DATE, "chat": CHAT, "from": ANNA, **fields}


def taken(kind: str, held: Any, bot: Bot = BOT) -> Taken:
    """What becomes of one update."""
    return read({"update_id": 9, kind: held}, bot)


def events(kind: str, held: Any) -> tuple[Heard, ...]:
    """The events of one update."""
    found = taken(kind, held)
    assert not found.unread
    return found.events


def said(**fields: Any) -> Incoming:
    """What becomes of a message of Anna's."""
    (heard,) = events("message", message(**fields))
    assert isinstance(heard, Incoming)
    return heard


def photo(id: str, width: int) -> dict[str, Any]:
    return {"file_id": id, "file_unique_id": id, "width": width, "height": width, "file_size": width}


def test_a_text_is_what_was_written_by_whom_where_when_and_in_which_language() -> None:
    assert said(text="  Привет! \n", entities=[]) == Incoming(
        channel=BOT.channel,
        address=Address("42"),
        event_key="telegram:7:9",  # type: ignore[arg-type]
        text="  Привет! \n",
        name="Anna Petrova",
        language="ru",
        native=NativeId("42:5"),
        said_at=datetime.fromtimestamp(DATE, UTC),
    )


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("pt-br", "pt-BR"), ("de-AT", "de"), ("", None)]
)
def test_a_language_is_called_as_it_is_here(code: str, language: str | None) -> None:
    assert said(text="?", **{"from": {**ANNA, "language_code": code}}).language == language


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b", "ab"),
        ("a\r\nb", "a\nb"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d!", "\ufffd!"),
        ("e\u0301 \u200f\u202eabc", "e\u0301 \u200f\u202eabc"),
        ("x" * 4096, "x" * 4096),
    ],
)
def test_words_are_kept_but_for_what_no_database_holds(text: str, kept: str) -> None:
    assert said(text=text).text == kept


@pytest.mark.parametrize(
    ("text", "command", "start"),
    [
        ("/start", "start", ""),
        ("/start ref_42-a", "start", "ref_42-a"),
        ("/START@shop_bot ref", "start", "ref"),
        ("/start my site is down", None, ""),
        ("/help", "help", ""),
        ("/Help@shop_bot ", "help", ""),
        ("/help my site is down", None, ""),
        ("/ help", None, ""),
        ("/помощь", None, ""),
        ("see /help", None, ""),
    ],
)
def test_a_command_is_one_only_by_itself(text: str, command: str | None, start: str) -> None:
    heard = said(text=text)
    assert (heard.text, heard.command, heard.start) == (text, command, start)


def test_who_types_the_command_for_a_person_asks_for_one() -> None:
    assert said(text="/person").asks_person


@pytest.mark.parametrize(
    ("fields", "files"),
    [
        ({"photo": [photo("s", 90), photo("l", 800), photo("m", 320)]}, [("l", "photo", "image/jpeg")]),
        ({"video": {"file_id": "v"}}, [("v", "video", "video/mp4")]),
        ({"voice": {"file_id": "v", "mime_type": "audio/ogg"}}, [("v", "voice", "audio/ogg")]),
        ({"video_note": {"file_id": "v"}}, [("v", "video_note", "video/mp4")]),
        ({"audio": {"file_id": "a"}}, [("a", "audio", "audio/mpeg")]),
        ({"document": {"file_id": "d", "mime_type": "text/csv"}}, [("d", "file", "text/csv")]),
        (
            {"animation": {"file_id": "a"}, "document": {"file_id": "d"}},
            [("a", "animation", "video/mp4")],
        ),
        (
            {"live_photo": {"file_id": "v"}, "photo": [photo("p", 9)]},
            [("v", "video", "video/mp4")],
        ),
        ({"sticker": {"file_id": "s"}}, [("s", "sticker", "image/webp")]),
        ({"sticker": {"file_id": "s", "is_video": True}}, [("s", "sticker", "video/webm")]),
        (
            {
                "paid_media": {
                    "star_count": 5,
                    "paid_media": [
                        {"type": "photo", "photo": [photo("p", 9)]},
                        {"type": "video", "video": {"file_id": "v"}},
                        {"type": "preview", "width": 1},
                    ],
                }
            },
            [("p", "photo", "image/jpeg"), ("v", "video", "video/mp4")],
        ),
    ],
)
def test_a_file_is_told_by_what_it_is_found_by(fields: Any, files: list[tuple[str, str, str]]) -> None:
    heard = said(**fields, caption="look")
    assert [(file.ref, file.kind, file.type) for file in heard.remote] == files
    assert heard.text == "look"
    assert not heard.about.get("unsupported")


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"location": {"latitude": 1.5, "longitude": 2}}, {"location": {"latitude": 1.5, "longitude": 2.0}}),
        (
            {"location": {"latitude": 1.5, "longitude": 2, "live_period": 60}},
            {"location": {"latitude": 1.5, "longitude": 2.0, "live": True}},
        ),
        (
            {
                "venue": {
                    "location": {"latitude": 1.5, "longitude": 2},
                    "title": "Mill",
                    "address": "Mill Street 1",
                },
                "location": {"latitude": 1.5, "longitude": 2},
            },
            {
                "location": {
                    "latitude": 1.5,
                    "longitude": 2.0,
                    "title": "Mill",
                    "address": "Mill Street 1",
                }
            },
        ),
        (
            {"contact": {"phone_number": "+7", "first_name": "Ivan", "user_id": 3}},
            {"contact": {"name": "Ivan", "phone": "+7"}},
        ),
        (
            {"poll": {"id": "1", "question": "Tea?", "options": [{"text": "Yes"}, {"text": "No"}]}},
            {"poll": {"question": "Tea?", "options": ["Yes", "No"]}},
        ),
    ],
)
def test_what_can_be_shown_is_told_by_its_parts(fields: Any, about: Any) -> None:
    assert said(**fields).about == about


@pytest.mark.parametrize(
    ("fields", "kind", "detail"),
    [
        ({"dice": {"emoji": "🎲", "value": 4}}, "dice", "🎲 4"),
        ({"game": {"title": "Chess", "description": ""}}, "game", "Chess"),
        ({"story": {"id": 1, "chat": {"id": 3, "type": "private", "first_name": "Ivan"}}}, "story", "Ivan"),
        (
            {"checklist": {"title": "Buy", "tasks": [{"text": "milk"}, {"text": "eggs"}]}},
            "checklist",
            "Buy milk, eggs",
        ),
        ({"invoice": {"title": "Tea", "total_amount": 500, "currency": "EUR"}}, "invoice", "Tea 500 EUR"),
        ({"successful_payment": {"total_amount": 5, "currency": "XTR"}}, "successful_payment", "5 XTR"),
        ({"gift": {"gift": {"id": "1"}, "text": "For you"}}, "gift", "For you"),
        ({"web_app_data": {"data": "{}", "button_text": "Pay"}}, "web_app_data", "Pay {}"),
        ({"paid_media": {"star_count": 1, "paid_media": [{"type": "preview"}]}}, "paid_media", ""),
        ({"passport_data": {"data": []}}, "passport_data", ""),
        ({"photo": []}, "photo", ""),
        ({"location": {"latitude": "north"}}, "location", ""),
        ({"hologram": {"file_id": "h"}}, "hologram", ""),
        ({}, "message", ""),
    ],
)
def test_what_cannot_be_shown_is_named(fields: Any, kind: str, detail: str) -> None:
    heard = said(**fields)
    assert heard.text == ""
    assert heard.about == {"unsupported": kind, **({"detail": detail} if detail else {})}


@pytest.mark.parametrize("kind", sorted(kinds.SERVICE))
@pytest.mark.parametrize("chat", [CHAT, GROUP])
def test_what_telegram_itself_writes_into_a_chat_is_nothing_for_us(kind: str, chat: Any) -> None:
    assert events("message", message(chat=chat, **{kind: {"something": True}})) == ()


@pytest.mark.parametrize("kind", sorted(kinds.UNHEARD))
def test_what_is_not_for_us_is_nothing_and_no_mistake(kind: str) -> None:
    assert taken(kind, {**message(text="hi"), "user": ANNA}) == Taken()


@pytest.mark.parametrize("kind", sorted(kinds.UNSUPPORTED))
def test_every_content_that_cannot_be_shown_is_named_by_its_kind(kind: str) -> None:
    assert said(**{kind: {"something": 1}}).about["unsupported"] == kind


def test_a_message_in_a_topic_is_answered_there_and_answers_nobody() -> None:
    root = {"message_id": 70, "chat": CHAT, "date": DATE, "forum_topic_created": {"name": "Site"}}
    heard = said(text="hi", message_thread_id=70, is_topic_message=True, reply_to_message=root)
    assert (heard.address, heard.native, heard.reply_to) == ("42/70", "42:5", None)
    heard = said(
        text="hi",
        message_thread_id=70,
        is_topic_message=True,
        reply_to_message={"message_id": 71, "chat": CHAT},
    )
    assert (heard.address, heard.reply_to) == ("42/70", "42:71")


def test_a_thread_of_answers_in_a_group_without_topics_is_no_place_of_its_own() -> None:
    heard = said(chat=GROUP, text="hi", message_thread_id=70)
    assert (heard.address, heard.name, heard.about) == ("-1001", "Mill Street", {"said_by": "Anna Petrova"})


def test_a_group_that_is_not_wanted_is_not_heard() -> None:
    bot = Bot(7, BOT.channel, groups=False)
    assert taken("message", message(chat=GROUP, text="hi"), bot) == Taken()
    assert len(taken("message", message(text="hi"), bot).events) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"chat": {"id": -2, "type": "channel", "title": "News"}, "text": "news"},
        {"chat": GROUP, "text": "news", "is_automatic_forward": True},
        {"chat": GROUP, "text": "beep", "from": {"id": 8, "is_bot": True, "first_name": "Other"}},
    ],
)
def test_channels_and_other_bots_do_not_speak_to_us(fields: Any) -> None:
    assert events("message", message(**fields)) == ()


def test_a_channels_direct_messages_are_a_talk_with_one_person() -> None:
    heard = said(
        chat={"id": -3, "type": "supergroup", "title": "News", "is_direct_messages": True},
        direct_messages_topic={"topic_id": 77, "user": ANNA},
        text="hi",
    )
    assert (heard.address, heard.name) == ("-3/d77", "Anna Petrova")


def test_an_answer_names_its_message_and_the_words_quoted_of_it() -> None:
    heard = said(
        text="this",
        reply_to_message={"message_id": 3, "chat": CHAT, "text": "Which?"},
        quote={"text": "Which", "position": 0},
    )
    assert (heard.reply_to, heard.quote) == ("42:3", "Which")


def test_an_answer_to_another_chat_or_a_story_says_so() -> None:
    origin = {"type": "channel", "chat": {"id": -2, "type": "channel", "title": "News"}, "message_id": 3}
    heard = said(text="?", external_reply={"origin": origin, "message_id": 3}, quote={"text": "Sale"})
    assert (heard.reply_to, heard.quote) == (None, "Sale")
    assert heard.about == {"reply_elsewhere": {"kind": "message", "from": "News"}}
    heard = said(
        text="?", reply_to_story={"id": 2, "chat": {"id": 3, "type": "private", "first_name": "Ivan"}}
    )
    assert heard.about == {"reply_elsewhere": {"kind": "story", "from": "Ivan"}}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"forward_origin": {"type": "user", "sender_user": {"id": 1, "first_name": "Ivan"}}}, "Ivan"),
        ({"forward_origin": {"type": "hidden_user", "sender_user_name": "Ivan"}}, "Ivan"),
        ({"forward_origin": {"type": "chat", "sender_chat": GROUP}}, "Mill Street"),
        ({"forward_origin": {"type": "channel", "chat": {"id": -2, "title": "News"}}}, "News"),
        ({"forward_from": {"id": 1, "first_name": "Ivan"}}, "Ivan"),
        ({"forward_from_chat": {"id": -2, "title": "News"}}, "News"),
        ({"forward_sender_name": "Ivan"}, "Ivan"),
        ({"forward_origin": {"type": "unheard of"}}, ""),
    ],
)
def test_a_forwarded_message_says_whose_it_was(fields: Any, name: str) -> None:
    assert said(text="look", **fields).about == {"forwarded": {"from": name}}


def test_an_ephemeral_message_is_called_by_its_own_number_and_a_scheduled_one_by_none() -> None:
    assert said(chat=GROUP, message_id=0, ephemeral_message_id=7, text="hi").native == "-1001:e7"
    assert said(message_id=0, text="hi").native is None


def test_a_link_behind_words_is_kept_and_nonsense_among_the_marks_is_not() -> None:
    heard = said(
        text="here",
        entities=[
            {"type": "text_link", "offset": 0, "length": 4, "url": "https://x.example/"},
            {"type": "bold", "offset": -1, "length": 4},
            {"type": "bold", "offset": 0},
            "bold",
        ],
    )
    assert heard.about["entities"] == [
        {"type": "text_link", "offset": 0, "length": 4, "url": "https://x.example/"}
    ]


def test_an_edit_is_told_with_all_that_the_message_says_now() -> None:
    held = message(caption="new", photo=[photo("p", 9)], edit_date=DATE + 9)
    (heard,) = events("edited_message", held)
    assert isinstance(heard, Edited)
    assert (heard.native, heard.text, [file.ref for file in heard.remote]) == ("42:5", "new", ["p"])
    assert heard.edited_at == datetime.fromtimestamp(DATE + 9, UTC)
    (heard,) = events("edited_message", message(location={"latitude": 1, "longitude": 2, "live_period": 9}))
    assert isinstance(heard, Edited)
    assert heard.about["location"]["live"]


def test_a_customer_of_a_business_account_is_answered_through_it() -> None:
    held = message(text="hi", business_connection_id="b-1/x")
    (heard,) = events("business_message", held)
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.native) == ("42@b-1/x", "42@b-1/x:5")
    assert place(heard.address) == Place(42, connection="b-1/x")
    (edited,) = events("edited_business_message", held)
    assert isinstance(edited, Edited)
    assert edited.native == heard.native


def test_what_the_owner_of_a_business_account_writes_is_told_as_his() -> None:
    owner = {"id": 1, "is_bot": False, "first_name": "Olga"}
    held = message(text="hello", business_connection_id="b", **{"from": owner})
    (heard,) = events("business_message", held)
    assert heard == Echoed(
        BOT.channel,
        Address("42@b"),
        "telegram:7:9",  # type: ignore[arg-type]
        NativeId("42@b:5"),
        text="hello",
        author_name="Olga",
        said_at=datetime.fromtimestamp(DATE, UTC),
    )
    ours = {**held, "sender_business_bot": {"id": BOT.id, "is_bot": True}}
    assert events("business_message", ours) == ()


def test_a_guest_is_answered_in_private() -> None:
    held = message(chat=GROUP, text="@shop_bot how?", guest_query_id="q")
    (heard,) = events("guest_message", held)
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.name, heard.native) == ("42", "Anna Petrova", "-1001:5")
    assert heard.about["guest"] == "Mill Street"


def test_a_press_is_a_command_with_the_words_on_the_button() -> None:
    keyboard = {"inline_keyboard": [[{"text": "Prices", "callback_data": "menu:plans"}]]}
    ours = message(**{"from": {"id": 7, "is_bot": True}}, reply_markup=keyboard, message_thread_id=70)
    query = {"id": "q1", "from": ANNA, "message": ours, "data": "menu:plans"}
    found = taken("callback_query", query)
    (heard,) = found.events
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.text, heard.command) == ("42/70", "Prices", "menu:plans")
    assert (heard.name, heard.language, heard.native) == ("Anna Petrova", "ru", None)
    assert found.presses == ("q1",)
    (heard,) = events("callback_query", {**query, "data": "person"})
    assert isinstance(heard, Incoming)
    assert heard.asks_person
    (heard,) = events("callback_query", {"id": "q2", "from": ANNA, "game_short_name": "chess"})
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.about) == ("42", {"unsupported": "game"})


def test_reactions_are_the_whole_new_set() -> None:
    held = {"chat": CHAT, "message_id": 5, "user": ANNA, "date": DATE, "old_reaction": [{"type": "emoji"}]}
    (heard,) = events("message_reaction", {**held, "new_reaction": []})
    assert isinstance(heard, Reacted)
    assert (heard.native, heard.emojis) == ("42:5", ())
    new = [{"type": "paid"}, {"type": "emoji", "emoji": "👍"}, {"type": "emoji"}, "👎"]
    (heard,) = events("message_reaction", {**held, "new_reaction": new})
    assert isinstance(heard, Reacted)
    assert heard.emojis == ("⭐", "👍")
    ours = {**held, "user": {"id": 7, "is_bot": True}, "new_reaction": new}
    assert events("message_reaction", ours) == ()


@pytest.mark.parametrize(
    ("chat", "member", "reachable"),
    [
        (CHAT, {"status": "kicked", "until_date": 0}, False),
        (CHAT, {"status": "member"}, True),
        (GROUP, {"status": "left"}, False),
        (GROUP, {"status": "administrator"}, True),
        (GROUP, {"status": "restricted", "can_send_messages": False}, False),
        (GROUP, {"status": "restricted", "can_send_messages": True}, True),
    ],
)
def test_who_blocks_or_removes_the_bot_cannot_be_reached(chat: Any, member: Any, reachable: bool) -> None:
    (heard,) = events("my_chat_member", {"chat": chat, "from": ANNA, "new_chat_member": member})
    assert isinstance(heard, Reachable)
    assert heard.reachable is reachable
    assert bool(heard.reason) is not reachable


@pytest.mark.parametrize(
    "kind", ["shipping_query", "pre_checkout_query", "purchased_paid_media", "subscription", "telepathy"]
)
def test_an_update_that_nobody_knows_to_show_is_named(kind: str) -> None:
    (heard,) = events(kind, {"id": "1", "user": ANNA, "total_amount": 5, "currency": "XTR"})
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.name, heard.text) == ("42", "Anna Petrova", "")
    assert heard.about["unsupported"] == kind


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "update",
        {},
        {"update_id": 1},
        {"message_id": 1, "text": "hi"},
        {"update_id": 1, "message": {}},
        {"update_id": 1, "message": [1]},
        {"update_id": 1, "telepathy": {"strength": 3}},
        {"update_id": 1, "my_chat_member": {}},
        {"update_id": 1, "message_reaction": {"chat": CHAT}},
        {"update_id": 1, "deleted_business_messages": {"chat": CHAT, "message_ids": ["x"]}},
    ],
)
def test_what_nobody_can_place_is_kept_for_people(raw: Any) -> None:
    found = read(raw, BOT)
    assert found.unread
    assert found.events == ()


def test_an_update_that_has_lost_its_number_is_the_same_when_it_comes_again() -> None:
    update = {"message": message(text="hi")}
    first, second = (read(json.loads(json.dumps(update)), BOT).events[0] for _ in range(2))
    assert first == second
    assert first.event_key != read({"message": message(text="hi!")}, BOT).events[0].event_key


def test_what_is_missing_in_old_shapes_is_not_missed() -> None:
    (heard,) = events("message", {"message_id": "5", "from": {"id": 42.0, "username": "anna"}, "text": "hi"})
    assert isinstance(heard, Incoming)
    assert (heard.address, heard.name, heard.native, heard.said_at) == ("42", "anna", "42:5", None)


@pytest.mark.parametrize(
    "known",
    [
        Place(42),
        Place(-1001, 70),
        Place(-3, direct=77),
        Place(42, connection="a/b@c"),
        Place(4, 5, None, "x"),
    ],
)
def test_an_address_leads_back_to_its_place(known: Place) -> None:
    assert place(known.address) == known
    chat = Place(known.chat, connection=known.connection)
    assert messages(known.native(5)) == (chat, (5,))
    assert messages(known.native(5, 6)) == (chat, (5, 6))
    assert messages(known.native(5, ephemeral=True)) is None
    assert chat.holds(known)
    assert not Place(43).holds(known)


@pytest.mark.parametrize("address", ["", "anna", "42/", "42/x", "4 2", "@b"])
def test_what_is_no_address_leads_nowhere(address: str) -> None:
    assert place(Address(address)) is None


def test_every_field_of_the_typed_models_is_in_the_tables() -> None:
    updates = {field.alias or name for name, field in TypedUpdate.model_fields.items()}
    messages = {field.alias or name for name, field in TypedMessage.model_fields.items()}
    _covered(updates, messages)


def test_every_field_of_the_specification_is_in_the_tables() -> None:
    specification = SHARED / "specs" / "telegram" / "paulsonoflars_api_10.1.json"
    if not specification.exists():
        pytest.skip("the specification is not at hand: set BRIDGE_SHARED to its folder")
    types = json.loads(specification.read_bytes())["types"]
    _covered(*({field["name"] for field in types[name]["fields"]} for name in ("Update", "Message")))


def _covered(updates: set[str], messages: set[str]) -> None:
    assert not updates - {"update_id"} - kinds.HEARD.keys() - kinds.UNHEARD.keys()
    tables = {*kinds.FILES, *kinds.STRUCTURED, *kinds.UNSUPPORTED, *kinds.SERVICE, *kinds.ABOUT_A_MESSAGE}
    assert not messages - tables
