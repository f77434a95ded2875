"""What goes out, field by field; when it may go; and what each refusal means."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

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
from bridge.messages import BOT, Address, Attachment, DialogId, FileId, Message, NativeId
from tests.connectors.facebook.house import NOWHERE, PAGE, SECRET, TOKEN, Shop, opened
from tests.connectors.facebook.payloads import names, payload
from tests.connectors.facebook.server import Error, Server
from tests.connectors.facebook.test_events import message
from tests.conversations.samples import ann
from tests.conversations.shell import until

# What is asked of Facebook is the same whatever Redis there is.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("shared_redis", ["embedded"], indirect=True)]
ANNA = Address("42")
KEY = "89abcdef" * 4
PICTURE = b"\x89PNG" + b"x" * 200_000
SEND = "POST me/messages"
Opened = Callable[..., Any]


@pytest.fixture
def house(server: Server, redis_url: str, tmp_path: Path) -> Opened:
    """Opens the channel, with a server of its own to call."""

    @asynccontextmanager
    async def opening(**wanted: Any) -> AsyncIterator[Shop]:
        database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
        t.metadata.create_all(database.writer)
        async with opened(database, redis_url, tmp_path, **{"api_url": server.url, **wanted}) as shop:
            yield shop
        database.close()

    return opening


@pytest.fixture
async def shop(house: Opened) -> AsyncIterator[Shop]:
    async with house() as shop:
        yield shop


def words(text: str = "Hello!", **fields: Any) -> Message:
    """A message of Ann's."""
    known = {"dialog": DialogId(1), "seq": 2, "author": ann, "text": text, "key": KEY}
    return Message(**known | fields)  # type: ignore[arg-type]


async def stored(shop: Shop, name: str, type: str, owner: str = "agent/1") -> Attachment:
    """A file in the store."""

    async def chunks() -> AsyncIterator[bytes]:
        yield PICTURE

    place, size, _ = await shop.around.files.keep(chunks(), 10**8)
    id = await shop.around.router.store_file(owner, place, name, type, size)
    return Attachment(FileId(id), name, type, size)


async def spoke(shop: Shop, hours: float) -> None:
    """Anna said something so many hours ago."""
    at = int((time.time() - hours * 3600) * 1000)
    await shop.post(message(f"m_{hours}", text="hi") | {"timestamp": at})


async def test_a_text_goes_out_as_it_is_with_its_key(shop: Shop, server: Server) -> None:
    said = "<b>**Hi**</b> & _you_: https://x.example/?a=1&b=2 😀\nline"
    assert await shop.connector.send(ANNA, words(said)) == "m_5"
    (call,) = server.calls
    assert call.said == {
        "recipient": {"id": "42"},
        "messaging_type": "RESPONSE",
        "message": {"text": said, "metadata": KEY},
    }
    with pytest.raises(Rejected):
        await shop.connector.send(Address(""), words())


async def test_what_is_answered_stands_above_where_facebook_knows_it(shop: Shop, server: Server) -> None:
    await shop.connector.send(ANNA, words(reply_to=NativeId("m_3")))
    assert server.calls.pop().said["reply_to"] == {"mid": "m_3"}
    server.answers[SEND] = [Error(100, None, "(#100) Invalid reply_to mid"), {"message_id": "m_7"}]
    assert await shop.connector.send(ANNA, words(reply_to=NativeId("m_3"))) == "m_7"
    first, second = server.calls
    assert ("reply_to" in first.said, "reply_to" in second.said) == (True, False)


async def test_buttons_are_quick_replies_that_carry_their_commands(shop: Shop, server: Server) -> None:
    buttons = (("menu:plans", "Тарифы и условия на этот год"), ("person", "Person"), ("x" * 1200, "Long"))
    await shop.connector.send(ANNA, words(buttons=buttons))
    first, second, third = server.calls[0].said["message"]["quick_replies"]
    assert (first["content_type"], first["payload"], len(first["title"])) == ("text", "menu:plans", 20)
    assert second == {"content_type": "text", "title": "Person", "payload": "person"}
    assert len(third["payload"]) == 1000


@pytest.mark.parametrize(
    ("name", "type", "kind"),
    [
        ("a.png", "image/png", "image"),
        ("a.jpg", "image/jpeg; q=1", "image"),
        ("a.webp", "image/webp", "file"),
        ("a.mp4", "video/mp4", "video"),
        ("a.mp3", "audio/mpeg", "audio"),
        ("счёт.pdf", "application/pdf", "file"),
        ("a", "", "file"),
    ],
)
async def test_a_file_goes_within_its_call(
    shop: Shop, server: Server, name: str, type: str, kind: str
) -> None:
    file = await stored(shop, name, type)
    assert await shop.connector.send(ANNA, words("", attachments=(file,), reply_to=NativeId("m_3"))) == "m_5"
    (call,) = server.calls
    assert call.said == {
        "recipient": {"id": "42"},
        "messaging_type": "RESPONSE",
        "message": {"metadata": KEY, "attachment": {"type": kind, "payload": {"is_reusable": False}}},
        "reply_to": {"mid": "m_3"},
    }
    assert call.file is not None
    assert (call.file[0], call.file[2]) == (name, PICTURE)


async def test_a_file_that_is_gone_is_refused_in_words(shop: Shop, server: Server) -> None:
    file = await stored(shop, "a.png", "image/png")
    _, place, _ = await shop.around.router.read.file(file.id)
    await asyncio.to_thread(Path(place).unlink)
    with pytest.raises(Rejected, match="store"):
        await shop.connector.send(ANNA, words("", attachments=(file,)))
    assert server.calls == []


async def test_typing_is_shown_alone(shop: Shop, server: Server) -> None:
    await shop.connector.typing(ANNA)
    assert server.calls[0].said == {"recipient": {"id": "42"}, "sender_action": "typing_on"}


async def test_a_long_text_and_files_are_calls_of_their_own(shop: Shop, server: Server) -> None:
    await spoke(shop, 0)
    server.calls.clear()
    pictures = [await stored(shop, f"{number}.png", "image/png", f"agent/{shop.ann.id}") for number in (1, 2)]
    await shop.reply("42", "ж" * 4500, files=[file.id for file in pictures])
    await until(lambda: len(server.named(SEND)) == 5)
    said = [call.said["message"] for call in server.named(SEND)]
    assert ["".join(one.get("text", "") for one in said), len(said[0]["text"])] == ["ж" * 4500, 2000]
    assert ["attachment" in one for one in said] == [False, False, False, True, True]
    assert len({one["metadata"] for one in said}) == 5


async def test_a_file_of_the_apis_own_host_is_trusted_and_no_other(shop: Shop, server: Server) -> None:
    assert (await shop.connector.locate(f"{server.url}/file/a")).trusted
    for ref in (
        "https://scontent.xx.fbcdn.net/a",
        "http://127.0.0.1:1/file/a",
        f"{server.url}.example/a",
        f"{server.url}1/a",
    ):
        assert not (await shop.connector.locate(ref)).trusted


# -- windows


@pytest.mark.parametrize(
    ("hours", "human_agent", "author", "sent"),
    [
        (0, False, ann, {"messaging_type": "RESPONSE"}),
        (23.9, True, ann, {"messaging_type": "RESPONSE"}),
        (23.9, False, BOT, {"messaging_type": "RESPONSE"}),
        (24.1, True, ann, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (167, True, ann, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (169, True, ann, None),
        (24.1, True, BOT, None),
        (24.1, False, ann, None),
    ],
)
async def test_it_is_sent_as_what_the_window_allows(
    house: Opened, server: Server, hours: float, human_agent: bool, author: Any, sent: Any
) -> None:
    async with house(human_agent=human_agent) as shop:
        await spoke(shop, hours)
        if sent is None:
            with pytest.raises(WindowClosed, match="offer him mail"):
                await shop.connector.send(ANNA, words(author=author))
            assert server.named(SEND) == []
        else:
            await shop.connector.send(ANNA, words(author=author))
            said = server.named(SEND)[0].said
            assert {name: said[name] for name in ("messaging_type", "tag") if name in said} == sent


async def test_an_echo_opens_no_window_and_a_new_word_does(house: Opened, server: Server) -> None:
    async with house() as shop:
        await spoke(shop, 25)
        echo = {"mid": "m_e", "is_echo": True, "text": "still there?"}
        await shop.post(
            {
                "sender": {"id": PAGE},
                "recipient": {"id": "42"},
                "timestamp": int(time.time() * 1000),
                "message": echo,
            }
        )
        with pytest.raises(WindowClosed):
            await shop.connector.send(ANNA, words())
        await spoke(shop, 0)
        assert await shop.connector.send(ANNA, words()) == "m_5"


async def test_what_closes_on_the_way_goes_as_a_persons_answer(house: Opened, server: Server) -> None:
    server.answers[SEND] = [Error(10, 2018278), {"message_id": "m_7"}]
    async with house(human_agent=True) as shop:
        assert await shop.connector.send(ANNA, words()) == "m_7"
        assert [call.said["messaging_type"] for call in server.named(SEND)] == ["RESPONSE", "MESSAGE_TAG"]
        server.answers[SEND] = Error(10, 2018278)
        with pytest.raises(WindowClosed):
            await shop.connector.send(ANNA, words(author=BOT))
        assert len(server.named(SEND)) == 3


async def test_an_agent_is_told_that_it_is_too_late(house: Opened, server: Server) -> None:
    async with house() as shop:
        await spoke(shop, 30)
        await shop.reply("42", "Sorry for the delay")
        await until(lambda: [row.state for row in shop.rows(t.outbox) if row.kind == "send"] == ["failed"])
        (row,) = [row for row in shop.rows(t.outbox) if row.kind == "send"]
        assert "offer him mail" in row.reason
        assert server.named(SEND) == []


# -- refusals

MEANT: list[tuple[int, int | None, type[SendError]]] = [
    (1, None, Unreachable),
    (1, 99, Unreachable),
    (1, 1357046, Ambiguous),
    (2, None, Unreachable),
    (4, None, Throttled),
    (4, 2018022, Throttled),
    (10, None, BadConfig),
    (10, 2018065, WindowClosed),
    (10, 2018108, BadConfig),
    (10, 2018278, WindowClosed),
    (10, 2018300, Rejected),
    (10, 2534022, WindowClosed),
    (17, None, Throttled),
    (32, None, Throttled),
    (100, None, Rejected),
    (100, 33, ContactGone),
    (100, 2018001, ContactGone),
    (100, 2018109, Rejected),
    (190, None, BadConfig),
    (190, 460, BadConfig),
    (200, None, BadConfig),
    (200, 1545041, ContactGone),
    (200, 2018028, BadConfig),
    (230, None, BadConfig),
    (299, None, BadConfig),
    (368, None, Throttled),
    (551, None, ContactGone),
    (551, 1545041, ContactGone),
    (613, None, Throttled),
    (1200, None, Unreachable),
    (2500, None, BadConfig),
    (80006, None, Throttled),
    (131053, None, Rejected),
    (131056, None, Throttled),
    (77777, None, Rejected),
]


@pytest.mark.parametrize(("code", "subcode", "meant"), MEANT)
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_code_says_what_happened_and_nothing_that_facebook_says(
    shop: Shop, server: Server, code: int, subcode: int | None, meant: type[SendError], status: int
) -> None:
    server.answers[SEND] = Error(code, subcode, "words of Facebook", status)
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert isinstance(caught.value, meant)
    assert "words of Facebook" not in caught.value.reason
    assert len(server.named(SEND)) == 1


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (Error(10, None, "(#10) This message is sent outside of allowed window."), WindowClosed),
        (Error(100, None, "(#100) No matching user found"), ContactGone),
        (Error(100, None, "Invalid appsecret_proof provided in the API argument"), BadConfig),
        (Error(100, None, "(#100) The HUMAN_AGENT tag needs approval"), BadConfig),
        (Error(4711, None, "odd", transient=True), Unreachable),
        (Error(4711, None, "odd", transient=False), Rejected),
    ],
)
async def test_words_tell_apart_what_codes_do_not(
    shop: Shop, server: Server, error: Error, meant: type[SendError]
) -> None:
    server.answers[SEND] = error
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert isinstance(caught.value, meant)


USAGE = '{"1112223334445":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":19}]}'


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((("Retry-After", "7"),), 7.0),
        ((("X-Business-Use-Case-Usage", USAGE),), 19 * 60.0),
        ((("X-Business-Use-Case-Usage", "nonsense"),), 60.0),
        ((("Retry-After", "99999999999"),), 60.0),
        ((), 60.0),
    ],
)
async def test_facebook_is_left_alone_as_long_as_it_says(
    shop: Shop, server: Server, headers: Any, seconds: float
) -> None:
    server.answers[SEND] = Error(80006, None, "slow", 400, headers)
    with pytest.raises(Throttled) as caught:
        await shop.connector.send(ANNA, words())
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("name", names("api-errors"))
async def test_every_real_refusal_is_one(shop: Shop, server: Server, name: str) -> None:
    real = payload("api-errors", name)
    server.answers[SEND] = lambda _: web.json_response(real, status=400)
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert not isinstance(caught.value, Ambiguous)


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (500, "oops", Ambiguous),
        (502, "<html>", Ambiguous),
        (503, "", Unreachable),
        (504, "", Ambiguous),
        (429, "", Throttled),
        (404, "no such page", BadConfig),
        (302, "", BadConfig),
        (401, "", BadConfig),
        (413, "", Rejected),
        (400, "", Rejected),
        (200, "", Ambiguous),
        (200, "[]", Ambiguous),
        (200, "{}", Ambiguous),
        (200, '{"error":{}}', Ambiguous),
        (200, '{"error":"no"}', Ambiguous),
    ],
)
async def test_an_answer_that_is_none_of_facebooks_says_as_much(
    shop: Shop, server: Server, status: int, body: str, meant: type[SendError]
) -> None:
    server.answers[SEND] = lambda _: web.Response(status=status, text=body)
    with pytest.raises(SendError) as caught:
        await shop.connector.send(ANNA, words())
    assert isinstance(caught.value, meant)
    assert TOKEN not in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_a_connection_that_breaks_leaves_it_open_what_became_of_it(shop: Shop, server: Server) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    listening = await asyncio.start_server(broken, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    shop.connector._client._root = f"http://127.0.0.1:{port}/"
    with pytest.raises(Ambiguous) as caught:
        await shop.connector.send(ANNA, words())
    assert TOKEN not in str(caught.value)
    listening.close()


async def test_nobody_at_the_address_is_unreachable(house: Opened) -> None:
    async with house(api_url=NOWHERE) as shop:
        with pytest.raises(Unreachable):
            await shop.connector.send(ANNA, words())
        health = await shop.connector.check()
        assert not health.ok
        assert "cannot be reached" in health.reason
        assert TOKEN not in str(health)
