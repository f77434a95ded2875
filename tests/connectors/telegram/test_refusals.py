"""What each answer of Telegram means, at the wire: refused, thrown away, doubtful, or done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram.methods import DeleteMessage, EditMessageText, GetMe, SendMessage

from bridge.connectors.telegram import client as clients
from bridge.connectors.telegram.client import Client
from bridge.connectors.telegram.refusals import (
    Absent,
    Conflict,
    Moved,
    NoPicture,
    NoText,
    ThreadGone,
    Unchanged,
)
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
from tests.connectors.telegram.server import Server, no

pytestmark = pytest.mark.anyio
TOKEN = "7:AAsecret-of-the-bot-that-nobody-may-read"
SEND = SendMessage(chat_id=42, text="hi")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def refused(url: str, http: aiohttp.ClientSession, method: Any = SEND) -> SendError:
    """What the call has come to; the token is in none of it."""
    with pytest.raises(SendError) as caught:
        await Client(TOKEN, url, http).call(method)
    assert "secret-of-the-bot" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


ROWS: list[tuple[int, str, type[SendError]]] = [
    (403, "Forbidden: bot was blocked by the user", ContactGone),
    (403, "Forbidden: user is deactivated", ContactGone),
    (403, "Forbidden: bot was kicked from the supergroup chat", ContactGone),
    (403, "Forbidden: bot was kicked from the group chat", ContactGone),
    (403, "Forbidden: bot is not a member of the supergroup chat", ContactGone),
    (403, "Forbidden: bot is not a member of the channel chat", ContactGone),
    (403, "Forbidden: bot can't initiate conversation with a user", ContactGone),
    (403, "Forbidden: bot can't send messages to bots", ContactGone),
    (403, "Forbidden: something new", ContactGone),
    (400, "Bad Request: chat not found", ContactGone),
    (400, "Bad Request: user not found", ContactGone),
    (400, "Bad Request: PEER_ID_INVALID", ContactGone),
    (400, "Bad Request: INPUT_USER_DEACTIVATED", ContactGone),
    (400, "Bad Request: have no rights to send a message", ContactGone),
    (400, "Bad Request: not enough rights to send text messages to the chat", ContactGone),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN", ContactGone),
    (400, "Bad Request: BUSINESS_CONNECTION_INVALID", ContactGone),
    (400, "Bad Request: BUSINESS_PEER_INVALID", ContactGone),
    (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", WindowClosed),
    (403, "Forbidden: BUSINESS_PEER_USAGE_MISSING", WindowClosed),
    (400, "Bad Request: message thread not found", ThreadGone),
    (400, "Bad Request: TOPIC_DELETED", ThreadGone),
    (400, "Bad Request: TOPIC_CLOSED", ThreadGone),
    (400, "Bad Request: message is too long", Rejected),
    (400, "Bad Request: message caption is too long", Rejected),
    (400, "Bad Request: message text is empty", Rejected),
    (400, "Bad Request: can't parse entities: unclosed tag", Rejected),
    (400, "Bad Request: message to be replied not found", Rejected),
    (400, "Bad Request: BUTTON_DATA_INVALID", Rejected),
    (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", NoPicture),
    (400, "Bad Request: IMAGE_PROCESS_FAILED", NoPicture),
    (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", NoPicture),
    (400, "Bad Request: message is not modified: specified new message content", Unchanged),
    (400, "Bad Request: there is no text in the message to edit", NoText),
    (400, "Bad Request: message to edit not found", Absent),
    (400, "Bad Request: message to delete not found", Absent),
    (400, "Bad Request: message can't be deleted for everyone", Rejected),
    (400, "Bad Request: file is too big", Rejected),
    (400, "Bad Request: wrong file_id or the file is temporarily unavailable", Rejected),
    (400, "Bad Request: something new", Rejected),
    (400, "Bad Request", Rejected),
    (413, "Request Entity Too Large", Rejected),
    (401, "Unauthorized", BadConfig),
    (404, "Not Found", BadConfig),
    (421, "Misdirected Request", BadConfig),
    (400, "Logged out", BadConfig),
    (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        Conflict,
    ),
    (500, "Internal Server Error", Unreachable),
    (503, "Service Unavailable", Unreachable),
    (502, "Bad Gateway", Ambiguous),
    (504, "Gateway Timeout", Ambiguous),
]


@pytest.mark.parametrize(("code", "description", "happened"), ROWS)
async def test_each_refusal_is_what_it_says(
    server: Server, http: aiohttp.ClientSession, code: int, description: str, happened: type[SendError]
) -> None:
    server.says(code, no(code, description))
    error = await refused(server.url, http)
    assert type(error) is happened
    assert error.reason
    assert not error.reason.startswith(("Bad Request:", "Forbidden:"))
    assert [call.method for call in server.calls] == [
        "sendMessage"
    ]  # and nobody has tried again behind our back


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        (no(429, "Too Many Requests: retry after 7", retry_after=7), {}, 7),
        (no(429, "Too Many Requests: retry after 7"), {"Retry_After": "9"}, 9),
        (no(429, "Too Many Requests"), {}, 5),
        ("slow down", {"Retry_After": "3"}, 3),
        ("slow down", {"Retry_After": "soon"}, 5),
    ],
)
async def test_who_is_asked_to_wait_is_told_how_long(
    server: Server, http: aiohttp.ClientSession, body: Any, headers: dict[str, str], seconds: float
) -> None:
    server.says(429, body, **headers)
    error = await refused(server.url, http)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds
    assert len(server.calls) == 1


async def test_a_group_that_has_moved_says_where_to(server: Server, http: aiohttp.ClientSession) -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    server.says(400, no(400, words, migrate_to_chat_id=-1001234567890))
    error = await refused(server.url, http)
    assert isinstance(error, Moved)
    assert error.chat == -1001234567890


@pytest.mark.parametrize(
    ("status", "happened"),
    [
        (200, Ambiguous),
        (302, BadConfig),
        (400, Rejected),
        (404, BadConfig),
        (413, Rejected),
        (500, Unreachable),
        (502, Ambiguous),
        (503, Unreachable),
        (504, Ambiguous),
        (520, Ambiguous),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>nginx</html>", "[]", '"ok"'])
async def test_what_is_no_answer_of_the_api_counts_by_its_status(
    server: Server, http: aiohttp.ClientSession, status: int, happened: type[SendError], body: str
) -> None:
    server.says(status, body, **({"Location": f"{server.url}/elsewhere"} if status == 302 else {}))
    error = await refused(server.url, http)
    assert type(error) is happened
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "result", [True, {}, {"message_id": 5}, {"message_id": 5, "unheard": {"of": 1}}, None]
)
async def test_what_was_done_is_done_however_it_is_told(
    server: Server, http: aiohttp.ClientSession, result: Any
) -> None:
    server.says(200, {"ok": True, "result": result})
    assert await Client(TOKEN, server.url, http).call(SEND) == result


async def test_where_nobody_listens_nothing_was_sent(server: Server, http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(20):
        for url in (
            "http://127.0.0.1:9",
            "http://no-such-host.invalid",
            server.url.replace("http:", "https:"),
        ):
            assert isinstance(await refused(url, http), Unreachable), url


async def test_who_hangs_up_may_have_heard(http: aiohttp.ClientSession) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    for handler in (cut, closed):
        listener = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        assert isinstance(await refused(f"http://127.0.0.1:{port}", http), Ambiguous)
        listener.close()


async def test_who_says_nothing_may_have_heard(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(clients, "ANSWER", 1)
    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    error = await refused(f"http://127.0.0.1:{port}", http)
    assert isinstance(error, Ambiguous)
    assert "in time" in error.reason
    listener.close()


@pytest.mark.parametrize(
    "method",
    [GetMe(), EditMessageText(text="hi", chat_id=1, message_id=2), DeleteMessage(chat_id=1, message_id=2)],
)
async def test_every_call_is_made_once(server: Server, http: aiohttp.ClientSession, method: Any) -> None:
    server.says(502, "")
    await refused(server.url, http, method)
    assert len(server.calls) == 1
