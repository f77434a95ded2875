"""What goes out, field by field, and what is tried instead where Telegram has surely not done it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.connectors.telegram import pace
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import BadConfig, ContactGone, Rejected, Throttled
from bridge.messages import Address, Attachment, DialogId, FileId, Message, NativeId
from tests.connectors.telegram.house import Bots, opened
from tests.connectors.telegram.server import Call, Server, done, no
from tests.conversations.samples import ann

# What is asked of Telegram is the same whatever Redis there is.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)]
ANNA = Address("42")
PICTURE = b"\x89PNG" + b"x" * 200_000


@pytest.fixture
async def bots(server: Server, redis_url: str, tmp_path: Path) -> AsyncIterator[Bots]:
    """The channel, with a server of its own to call."""
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    async with opened(database, redis_url, tmp_path, api_url=server.url) as bots:
        yield bots
    database.close()


def words(text: str = "Hello!", **fields: Any) -> Message:
    """A message of Ann's."""
    return Message(dialog=DialogId(1), seq=2, author=ann, text=text, key="k", **fields)


async def stored(bots: Bots, name: str, type: str, content: bytes = PICTURE) -> Attachment:
    """A file in the store."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    place, size, _ = await bots.around.files.keep(chunks(), 10**8)
    id = await bots.around.router.store_file("agent/1", place, name, type, size)
    return Attachment(FileId(id), name, type, size)


async def test_a_text_goes_out_as_it_is(bots: Bots, server: Server) -> None:
    said = "<b>**Hi**</b> & _you_: https://x.example/?a=1&b=2 😀\nline"
    assert await bots.connector.send(ANNA, words(said)) == "42:5"
    assert server.calls == [Call("sendMessage", {"chat_id": 42, "text": said})]


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("42", {"chat_id": 42}),
        ("42/70", {"chat_id": 42, "message_thread_id": 70}),
        ("-1001/7", {"chat_id": -1001, "message_thread_id": 7}),
        ("-1001/d77", {"chat_id": -1001, "direct_messages_topic_id": 77}),
        ("42@b-1", {"chat_id": 42, "business_connection_id": "b-1"}),
    ],
)
async def test_an_answer_goes_where_it_was_asked(
    bots: Bots, server: Server, address: str, where: Any
) -> None:
    native = await bots.connector.send(Address(address), words("hi"))
    assert server.calls == [Call("sendMessage", {"text": "hi", **where})]
    assert native == f"{address.partition('/')[0]}:5"
    await bots.connector.typing(Address(address))
    there = {name: value for name, value in where.items() if name != "direct_messages_topic_id"}
    assert server.calls[1] == Call("sendChatAction", {"action": "typing", **there})


async def test_what_is_answered_stands_above_if_it_is_of_this_chat(
    bots: Bots, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PERSON", (1000.0, 100.0))
    for native, expected in (
        ("42:3", {"message_id": 3, "allow_sending_without_reply": True}),
        ("42:3,4", {"message_id": 3, "allow_sending_without_reply": True}),
        ("-1001:3", None),
        ("42@b:3", None),
        ("42:e3", None),
        ("nonsense", None),
    ):
        await bots.connector.send(ANNA, words(reply_to=NativeId(native)))
        assert server.calls.pop().fields.get("reply_parameters") == expected


async def test_buttons_carry_their_commands(bots: Bots, server: Server) -> None:
    long = "menu:" + "ы" * 40
    await bots.connector.send(
        ANNA, words(buttons=(("menu:plans", "Тарифы"), (long, "Long"), ("person", "Person")))
    )
    assert server.calls[0].fields["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Тарифы", "callback_data": "menu:plans"}],
            [{"text": "Long", "callback_data": "~1"}],
            [{"text": "Person", "callback_data": "person"}],
        ]
    }


@pytest.mark.parametrize(
    ("name", "type", "size", "method", "field"),
    [
        ("a.png", "image/png", 1000, "sendPhoto", "photo"),
        ("a.jpg", "image/jpeg; q=1", 1000, "sendPhoto", "photo"),
        ("big.png", "image/png", 10 * 1_048_576 + 1, "sendDocument", "document"),
        ("a.gif", "image/gif", 1000, "sendAnimation", "animation"),
        ("a.svg", "image/svg+xml", 1000, "sendDocument", "document"),
        ("a.mp4", "video/mp4", 1000, "sendVideo", "video"),
        ("a.webm", "video/webm", 1000, "sendDocument", "document"),
        ("a.mp3", "audio/mpeg", 1000, "sendAudio", "audio"),
        ("a.ogg", "audio/ogg", 1000, "sendVoice", "voice"),
        ("long.ogg", "audio/ogg", 1_048_577, "sendDocument", "document"),
        ("счёт.pdf", "application/pdf", 1000, "sendDocument", "document"),
        ("odd", "", 1000, "sendDocument", "document"),
    ],
)
async def test_a_file_is_sent_as_what_it_is(
    bots: Bots, server: Server, name: str, type: str, size: int, method: str, field: str
) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    file = await stored(bots, name, type, content)
    await bots.connector.send(ANNA, words("see", attachments=(file,)))
    (call,) = server.calls
    assert (call.method, call.fields["caption"]) == (method, "see")
    assert list(call.files.values()) == [(name, content)]
    assert call.fields[field] == f"attach://{next(iter(call.files))}"
    assert "text" not in call.fields


async def test_pictures_and_films_go_out_as_an_album(bots: Bots, server: Server) -> None:
    server.says(200, done([{"message_id": 5}, {"message_id": 6}]))
    files = (await stored(bots, "a.png", "image/png"), await stored(bots, "b.mp4", "video/mp4", b"film"))
    native = await bots.connector.send(ANNA, words("see", attachments=files, reply_to=NativeId("42:3")))
    assert native == "42:5,6"
    (call,) = server.calls
    assert call.method == "sendMediaGroup"
    first, second = call.fields["media"]
    assert (first["type"], first["caption"], second["type"]) == ("photo", "see", "video")
    assert "caption" not in second
    assert call.fields["reply_parameters"]["message_id"] == 3
    assert call.files[first["media"].removeprefix("attach://")] == ("a.png", PICTURE)
    assert call.files[second["media"].removeprefix("attach://")] == ("b.mp4", b"film")


async def test_what_no_album_mixes_goes_out_as_files(bots: Bots, server: Server) -> None:
    files = (
        await stored(bots, "a.png", "image/png"),
        await stored(bots, "b.pdf", "application/pdf"),
        await stored(bots, "c.mp3", "audio/mpeg"),
    )
    server.says(200, done([{"message_id": 5}, {"message_id": 6}, {"message_id": 7}]))
    await bots.connector.send(ANNA, words("", attachments=files))
    assert [member["type"] for member in server.calls[0].fields["media"]] == ["document"] * 3


async def test_a_topic_that_is_gone_is_answered_in_the_chat(bots: Bots, server: Server) -> None:
    server.replies((400, no(400, "Bad Request: message thread not found")), (200, done({"message_id": 5})))
    assert await bots.connector.send(Address("42/70"), words()) == "42:5"
    assert [call.fields.get("message_thread_id") for call in server.calls] == [70, None]


async def test_a_group_that_has_moved_is_followed(bots: Bots, server: Server) -> None:
    moved = no(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009)
    server.replies((400, moved), (200, done({"message_id": 5})))
    assert await bots.connector.send(Address("-9"), words()) == "-1009:5"
    assert [call.fields["chat_id"] for call in server.calls] == [-9, -1009]


async def test_a_picture_that_is_none_goes_out_as_a_file(bots: Bots, server: Server) -> None:
    server.replies((400, no(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")), (200, done({"message_id": 5})))
    file = await stored(bots, "a.png", "image/png")
    await bots.connector.send(ANNA, words("see", attachments=(file,)))
    assert [call.method for call in server.calls] == ["sendPhoto", "sendDocument"]
    assert list(server.calls[1].files.values()) == [("a.png", PICTURE)]


async def test_what_stays_refused_is_refused(bots: Bots, server: Server) -> None:
    for words_of_it in ("message thread not found", "PHOTO_INVALID_DIMENSIONS"):
        server.says(400, no(400, f"Bad Request: {words_of_it}"))
        with pytest.raises(Rejected):
            await bots.connector.send(ANNA, words())
    assert len(server.calls) == 3


async def test_a_file_that_is_gone_from_the_store_is_told_before_anything_is_written(
    bots: Bots, server: Server
) -> None:
    file = await stored(bots, "a.png", "image/png")
    _, place, _ = await bots.around.router.read.file(file.id)
    await asyncio.to_thread(Path(place).unlink)
    with pytest.raises(Rejected, match="store"):
        await bots.connector.send(ANNA, words(attachments=(file,)))
    with pytest.raises(Rejected, match="store"):
        await bots.connector.send(ANNA, words(attachments=(Attachment(FileId(1), "a", "", 1),)))
    assert server.calls == []


async def test_an_edit_changes_text_or_caption_and_twice_is_no_mistake(bots: Bots, server: Server) -> None:
    said = words("new", native=NativeId("42:5"))
    await bots.connector.edit(ANNA, said)
    assert server.calls.pop() == Call("editMessageText", {"chat_id": 42, "message_id": 5, "text": "new"})
    server.replies((400, no(400, "Bad Request: there is no text in the message to edit")), (200, done(True)))
    await bots.connector.edit(ANNA, words("new", native=NativeId("42:5,6")))
    assert [call.method for call in server.calls] == ["editMessageText", "editMessageCaption"]
    assert server.calls[1].fields == {"chat_id": 42, "message_id": 5, "caption": "new"}
    server.says(400, no(400, "Bad Request: message is not modified: specified new message content"))
    await bots.connector.edit(ANNA, said)
    with pytest.raises(Rejected):
        await bots.connector.edit(ANNA, words("new", native=NativeId("")))


async def test_what_is_taken_back_is_gone_and_twice_is_no_mistake(bots: Bots, server: Server) -> None:
    for native, expected in (
        ("42:5", Call("deleteMessage", {"chat_id": 42, "message_id": 5})),
        ("42:5,6", Call("deleteMessages", {"chat_id": 42, "message_ids": [5, 6]})),
        ("42@b:5", Call("deleteBusinessMessages", {"business_connection_id": "b", "message_ids": [5]})),
    ):
        await bots.connector.delete(ANNA, NativeId(native))
        assert server.calls.pop() == expected
    server.says(400, no(400, "Bad Request: message to delete not found"))
    await bots.connector.delete(ANNA, NativeId("42:5"))
    server.says(400, no(400, "Bad Request: message can't be deleted for everyone"))
    with pytest.raises(Rejected, match="48 hours"):
        await bots.connector.delete(ANNA, NativeId("42:5"))


async def test_what_is_no_address_of_telegram_is_refused_without_a_call(bots: Bots, server: Server) -> None:
    with pytest.raises(Rejected):
        await bots.connector.send(Address("anna@example.org"), words())
    assert server.calls == []


async def test_a_chat_is_not_flooded(bots: Bots, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    # So slow that a slow machine's sending takes no part in it.
    monkeypatch.setattr(pace, "PERSON", (1 / 1000, 4.0))
    monkeypatch.setattr(pace, "GROUP", (1 / 3000, 5.0))
    for _ in range(4):
        await bots.connector.send(ANNA, words())
    with pytest.raises(Throttled) as caught:
        await bots.connector.send(ANNA, words())
    assert 900 < caught.value.retry_after <= 1000
    await bots.connector.send(Address("43"), words())
    for _ in range(5):
        await bots.connector.send(Address("-1001"), words())
    with pytest.raises(Throttled) as caught:
        await bots.connector.send(Address("-1001"), words())
    assert 2900 < caught.value.retry_after <= 3000
    assert len(server.calls) == 10


@pytest.mark.parametrize(
    ("description", "error"), [("Unauthorized", BadConfig), ("Forbidden: x", ContactGone)]
)
async def test_a_press_is_answered_once_stored_and_a_failure_of_that_is_nobodys(
    bots: Bots, server: Server, description: str, error: type[Exception]
) -> None:
    from tests.connectors.telegram.test_updates import message
    from tests.conversations.shell import until

    server.says(401 if error is BadConfig else 403, no(401 if error is BadConfig else 403, description))
    query = {"id": "q1", "from": message()["from"], "message": message(), "data": "person"}
    assert await bots.post({"update_id": 1, "callback_query": query}) == 200
    await until(lambda: server.calls)
    assert server.calls[0] == Call("answerCallbackQuery", {"callback_query_id": "q1"})
