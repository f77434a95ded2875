"""What goes out, field by field, in calls that VK's schema allows; and what each refusal means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bridge.connectors.vk import addresses, refusals
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import (
    Ambiguous,
    BadConfig,
    ContactGone,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
)
from bridge.fields import Fields
from bridge.messages import Address, Attachment, DialogId, FileId, Message, NativeId
from tests.connectors.vk.house import NOWHERE, TOKEN, Shop, opened
from tests.connectors.vk.payloads import names, payload
from tests.connectors.vk.server import Error, Server
from tests.connectors.vk.test_events import CHAT, FILES
from tests.conversations.samples import ann

# What is asked of VK is the same whatever Redis there is.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)]
ANNA = Address("42")
KEY = "89abcdef" * 4
PICTURE = b"\x89PNG" + b"x" * 200_000


@pytest.fixture
async def shop(server: Server, redis_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """The channel, with a server of its own to call."""
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    async with opened(database, redis_url, tmp_path, api_url=server.url) as shop:
        yield shop
    database.close()


def words(text: str = "Hello!", **fields: Any) -> Message:
    """A message of Ann's."""
    return Message(**{"dialog": DialogId(1), "seq": 2, "author": ann, "text": text, "key": KEY} | fields)


async def stored(shop: Shop, name: str, type: str, content: bytes = PICTURE) -> Attachment:
    """A file in the store."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    place, size, _ = await shop.around.files.keep(chunks(), 10**8)
    id = await shop.around.router.store_file("agent/1", place, name, type, size)
    return Attachment(FileId(id), name, type, size)


async def test_a_text_goes_out_as_it_is_with_the_beginning_of_its_key(shop: Shop, server: Server) -> None:
    said = "<b>**Hi**</b> & _you_: https://x.example/?a=1&b=2 😀\nline"
    assert await shop.connector.send(ANNA, words(said)) == "42:5"
    (call,) = server.calls
    assert call.fields == {
        "peer_ids": "42",
        "random_id": str(addresses.random_id(KEY)),
        "message": said,
        "access_token": TOKEN,
        "v": "5.199",
    }
    assert await shop.connector.send(Address(str(CHAT)), words()) == f"{CHAT}:5"
    with pytest.raises(Rejected):
        await shop.connector.send(Address("anna@example.org"), words())


@pytest.mark.parametrize(
    ("answer", "native"),
    [
        ([{"peer_id": 42, "message_id": 9, "conversation_message_id": 6}], "42:6"),
        ([{"peer_id": 42, "message_id": 9, "cmid": 6}], "42:6"),
        ([{"peer_id": 42, "message_id": 9}], "42:77"),
        (9, "42:77"),
        ({"peer_id": 42, "message_id": 9, "conversation_message_id": 6}, "42:6"),
        (0, ""),
        ([{"peer_id": CHAT, "message_id": 0, "conversation_message_id": 6}], f"{CHAT}:6"),
    ],
)
async def test_what_was_sent_is_called_whatever_shape_the_answer_has(
    shop: Shop, server: Server, answer: Any, native: str
) -> None:
    server.answers["messages.send"] = answer
    server.answers["messages.getById"] = {"count": 1, "items": [{"id": 9, "conversation_message_id": 77}]}
    assert await shop.connector.send(ANNA, words()) == native


async def test_an_addressee_can_be_refused_within_an_answer(shop: Shop, server: Server) -> None:
    server.answers["messages.send"] = [
        {"peer_id": 42, "message_id": 0, "error": {"code": 901, "description": "no"}}
    ]
    with pytest.raises(ContactGone):
        await shop.connector.send(ANNA, words())


async def test_what_is_answered_stands_above_if_it_is_of_this_conversation(
    shop: Shop, server: Server
) -> None:
    await shop.connector.send(ANNA, words(reply_to=NativeId("42:3")))
    asked = {"peer_id": 42, "conversation_message_ids": [3], "is_reply": True}
    assert server.calls.pop().json("forward") == asked
    for native in ("43:3", "nonsense", "42:id9", ""):
        await shop.connector.send(ANNA, words(reply_to=NativeId(native)))
        assert "forward" not in server.calls.pop().fields
    server.answers["messages.send"] = (Error(921), 9)
    await shop.connector.send(ANNA, words(reply_to=NativeId("42:3")))
    first, second, *_ = server.calls
    assert ("forward" in first.fields, "forward" in second.fields) == (True, False)
    assert first.fields["random_id"] == second.fields["random_id"]


async def test_buttons_carry_their_commands(shop: Shop, server: Server) -> None:
    await shop.connector.send(ANNA, words(buttons=(("menu:plans", "Тарифы"), ("person", "Person"))))
    keyboard = server.calls[0].json("keyboard")
    assert keyboard["inline"]
    assert [
        (
            button["action"]["type"],
            button["action"]["label"],
            json.loads(button["action"]["payload"])["command"],
        )
        for row in keyboard["buttons"]
        for button in row
    ] == [("callback", "Тарифы", "menu:plans"), ("callback", "Person", "person")]


@pytest.mark.parametrize(
    ("name", "type", "text", "server_of", "kind", "named"),
    [
        ("a.png", "image/png", "see", "photos.getMessagesUploadServer", None, "photo-7_11_pk"),
        ("a.jpg", "image/jpeg; q=1", "see", "photos.getMessagesUploadServer", None, "photo-7_11_pk"),
        ("a.gif", "image/gif", "see", "docs.getMessagesUploadServer", "doc", "doc-7_12_dk"),
        ("a.ogg", "audio/ogg", "", "docs.getMessagesUploadServer", "audio_message", "doc-7_12_dk"),
        ("a.ogg", "audio/ogg", "see", "docs.getMessagesUploadServer", "doc", "doc-7_12_dk"),
        ("счёт.pdf", "application/pdf", "", "docs.getMessagesUploadServer", "doc", "doc-7_12_dk"),
    ],
)
async def test_a_file_is_uploaded_as_what_it_is(
    shop: Shop, server: Server, name: str, type: str, text: str, server_of: str, kind: str | None, named: str
) -> None:
    file = await stored(shop, name, type)
    assert await shop.connector.send(ANNA, words(text, attachments=(file,))) == "42:5"
    asked, upload, save, send = server.calls
    assert (asked.method, asked.fields.get("type"), asked.fields["peer_id"]) == (server_of, kind, "42")
    assert list(upload.files.values()) == [(name, PICTURE)]
    assert save.method in ("photos.saveMessagesPhoto", "docs.save")
    assert (send.fields["attachment"], send.fields.get("message", "")) == (named, text)
    assert TOKEN not in str(upload.fields)


async def test_several_files_go_with_one_message(shop: Shop, server: Server) -> None:
    files = (await stored(shop, "a.png", "image/png"), await stored(shop, "b.pdf", "application/pdf"))
    await shop.connector.send(ANNA, words("see", attachments=files))
    (send,) = server.named("messages.send")
    assert send.fields["attachment"] == "photo-7_11_pk,doc-7_12_dk"


@pytest.mark.parametrize("uploaded", [{"server": 5, "photo": "[]", "hash": "h", "file": "f"}, {"file": "f"}])
async def test_a_picture_that_is_none_goes_as_a_document(shop: Shop, server: Server, uploaded: Any) -> None:
    server.uploaded = uploaded
    await shop.connector.send(ANNA, words("see", attachments=(await stored(shop, "a.png", "image/png"),)))
    (send,) = server.named("messages.send")
    assert send.fields["attachment"] == "doc-7_12_dk"


async def test_a_file_that_vk_does_not_take_is_refused_in_words(shop: Shop, server: Server) -> None:
    server.uploaded = {"error": "no_file"}
    file = await stored(shop, "a.exe", "application/x-msdownload")
    with pytest.raises(Rejected, match="VK does not take this file"):
        await shop.connector.send(ANNA, words(attachments=(file,)))
    _, place, _ = await shop.around.router.read.file(file.id)
    await asyncio.to_thread(Path(place).unlink)
    with pytest.raises(Rejected, match="store"):
        await shop.connector.send(ANNA, words(attachments=(file,)))
    assert server.named("messages.send") == []


async def test_an_edit_keeps_what_hangs_on_the_message(shop: Shop, server: Server) -> None:
    await shop.connector.edit(ANNA, words("new", native=NativeId("42:5")))
    call = server.calls.pop()
    assert call.method == "messages.edit"
    asked = {name: call.fields[name] for name in ("peer_id", "cmid", "message")}
    assert asked == {"peer_id": "42", "cmid": "5", "message": "new"}
    hanging = [
        {"type": "photo", "photo": {"id": 1, "owner_id": -7, "access_key": "k"}},
        {"type": "link", "link": {"url": "https://x.example"}},
        {"type": "doc", "doc": {"id": 2, "owner_id": -7}},
    ]
    server.answers["messages.getByConversationMessageId"] = {"items": [{"attachments": hanging}]}
    file = await stored(shop, "a.png", "image/png")
    await shop.connector.edit(ANNA, words("new", native=NativeId("42:5"), attachments=(file,)))
    assert server.calls.pop().fields["attachment"] == "photo-7_1_k,doc-7_2"
    with pytest.raises(Rejected):
        await shop.connector.edit(ANNA, words("new", native=NativeId("")))


async def test_what_is_taken_back_is_gone_for_everybody(shop: Shop, server: Server) -> None:
    server.answers["messages.delete"] = {"5": 1}
    await shop.connector.delete(ANNA, NativeId("42:5"))
    call = server.calls.pop()
    assert {name: call.fields[name] for name in ("peer_id", "cmids", "delete_for_all")} == {
        "peer_id": "42",
        "cmids": "5",
        "delete_for_all": "1",
    }
    server.answers["messages.delete"] = [
        {"peer_id": 42, "conversation_message_id": 5, "error": {"code": 924}}
    ]
    with pytest.raises(Rejected, match="take it back"):
        await shop.connector.delete(ANNA, NativeId("42:5"))
    server.answers["messages.delete"] = Error(104)
    await shop.connector.delete(ANNA, NativeId("42:5"))


async def test_typing_is_shown(shop: Shop, server: Server) -> None:
    await shop.connector.typing(ANNA)
    assert (server.calls[0].method, server.calls[0].fields["type"]) == ("messages.setActivity", "typing")


async def test_a_file_of_the_api_s_own_host_is_trusted_and_no_other(shop: Shop, server: Server) -> None:
    assert (await shop.connector.locate(f"{server.url}/file/a")).trusted
    assert not (await shop.connector.locate(FILES["photo"][1].ref)).trusted
    assert not (await shop.connector.locate("http://127.0.0.1:1/file/a")).trusted


# -- refusals

MEANT: dict[int, type[SendError]] = {
    1: Unreachable,
    5: BadConfig,
    6: Throttled,
    7: BadConfig,
    9: Throttled,
    10: Unreachable,
    14: Throttled,
    15: BadConfig,
    18: ContactGone,
    27: BadConfig,
    29: Throttled,
    100: Rejected,
    103: Throttled,
    113: ContactGone,
    900: ContactGone,
    901: ContactGone,
    902: ContactGone,
    909: Rejected,
    911: Rejected,
    912: BadConfig,
    914: Rejected,
    917: ContactGone,
    921: Rejected,
    922: ContactGone,
    924: Rejected,
    925: ContactGone,
    936: ContactGone,
    940: Rejected,
    945: ContactGone,
    946: ContactGone,
    950: WindowClosed,
    969: Rejected,
    985: BadConfig,
    987: WindowClosed,
    988: WindowClosed,
    1117: BadConfig,
    77777: Rejected,
}


@pytest.mark.parametrize("code", MEANT)
async def test_a_code_says_what_happened_and_nothing_that_vk_hands_back(
    shop: Shop, server: Server, code: int
) -> None:
    server.answers["messages.send"] = Error(code, "words of VK")
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert isinstance(caught.value, MEANT[code])
    assert "secret" not in caught.value.reason
    assert len(server.named("messages.send")) == 1


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("One of the parameters specified was missing or invalid: peer_ids is invalid, peer_id", ContactGone),
        ("photo is undefined", refusals.NoPicture),
        ("message is empty or invalid", Rejected),
        ("group_id not integer", BadConfig),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(said: str, meant: type[SendError]) -> None:
    assert type(refusals.refusal(Fields({"error_code": 100, "error_msg": said}))) is meant


@pytest.mark.parametrize("name", names("api-errors"))
def test_every_real_refusal_means_something(name: str) -> None:
    error = payload("api-errors", name)["error"]
    found = refusals.refusal(Fields(error))
    assert not isinstance(found, Ambiguous)
    assert (
        error["request_params"][-1]["value"] not in found.reason or not error["request_params"][-1]["value"]
    )


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (500, "oops", Unreachable),
        (502, "<html>", Ambiguous),
        (503, "", Unreachable),
        (504, "", Ambiguous),
        (429, "", Throttled),
        (404, "no such page", BadConfig),
        (302, "", BadConfig),
        (401, "", BadConfig),
        (413, "", Rejected),
        (200, "", Ambiguous),
        (200, "[]", Ambiguous),
        (200, "{}", Ambiguous),
        (200, '{"error":{}}', Ambiguous),
        (200, '{"error":"no"}', Ambiguous),
    ],
)
async def test_an_answer_that_is_none_of_vks_says_as_much(
    shop: Shop, server: Server, status: int, body: str, meant: type[SendError]
) -> None:
    server.answers["messages.send"] = lambda _: web.Response(status=status, text=body)
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert type(caught.value).__mro__.index(meant) >= 0
    assert TOKEN not in str(caught.value)


async def test_nobody_at_the_address_is_unreachable(redis_url: str, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    async with opened(database, redis_url, tmp_path, api_url=NOWHERE) as shop:
        with pytest.raises(Unreachable):
            await shop.connector.send(ANNA, words())
        health = await shop.connector.check()
        assert not health.ok
        assert "cannot be reached" in health.reason
        assert TOKEN not in str(health)
    database.close()
