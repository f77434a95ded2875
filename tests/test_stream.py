"""Server-sent events: their framing, and that a stream ends with whoever listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from bridge.stream import BEAT, HEADERS, EventStream, event
from tests.services import port

pytestmark = pytest.mark.anyio


class Browser:
    """The other end of one ASGI response."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


class Source:
    """Events that begin and never end, and whether anybody still waits for them."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.ended = asyncio.Event()

    async def events(self) -> AsyncIterator[bytes]:
        try:
            yield event("message", {"number": 0})
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.ended.set()


@asynccontextmanager
async def served(stream: EventStream) -> AsyncIterator[int]:
    """The stream behind a real server."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await stream(scope, receive, send)

    number = port()
    config = uvicorn.Config(app, port=number, lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield number
    server.should_exit = True
    await serving


# -- framing


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": "one\ntwo\r\nthree\rfour"},
        {"text": "data: not a field\n\nevent: neither"},
        {"text": "\u2028\u2029\x00\x1f"},
        {"text": "Где посылка? 🎁"},
        ["list", 1, None, True],
    ],
    ids=str,
)
async def test_an_event_is_one_line_of_data_whatever_it_says(data: Any) -> None:
    head, name, line, *end = event("message", data, 7).decode().split("\n")
    assert (head, name, end) == ("id: 7", "event: message", ["", ""])
    assert json.loads(line.removeprefix("data: ")) == data
    assert "\r" not in line, "a browser takes it for the end of a line"


async def test_an_event_without_a_number_keeps_the_browsers_last_one() -> None:
    assert event("wake", {"keys": []}) == b'event: wake\ndata: {"keys":[]}\n\n'
    assert event("wake", {}, 0).startswith(b"id: 0\n")


async def test_a_beat_is_a_comment_that_no_page_sees() -> None:
    assert BEAT.startswith(b":")
    assert BEAT.endswith(b"\n\n")


async def test_a_stream_is_never_stored_nor_held_back_on_its_way() -> None:
    browser = Browser()

    async def none() -> AsyncIterator[bytes]:
        for chunk in (b"one", b"two"):
            yield chunk

    await EventStream(none(), [(b"x-more", b"1")])({}, browser.receive, browser.send)
    start, *bodies, end = browser.sent
    assert (start["status"], start["headers"]) == (200, [*HEADERS, (b"x-more", b"1")])
    names = dict(start["headers"])
    assert names[b"content-type"].startswith(b"text/event-stream")
    assert (names[b"cache-control"], names[b"x-accel-buffering"]) == (b"no-store", b"no")
    assert [body["body"] for body in bodies] == [b"one", b"two"]
    assert end == {"type": "http.response.body", "body": b""}


# -- the end


async def test_a_browser_that_leaves_ends_the_events_at_once() -> None:
    browser, source = Browser(), Source()
    running = asyncio.ensure_future(EventStream(source.events())({}, browser.receive, browser.send))
    await source.waiting.wait()
    assert not source.ended.is_set()
    browser.left.set()
    async with asyncio.timeout(1):
        await running
    assert source.ended.is_set()
    assert not browser.sent[-1].get("body", b"").endswith(b"0\r\n"), (
        "nothing is sent to somebody who has left"
    )


async def test_a_browser_that_hangs_up_the_line_ends_the_events_at_once() -> None:
    source = Source()
    async with served(EventStream(source.events())) as number:
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(2):
            assert b'"number":0' in await reader.readuntil(b"\n\n")
        writer.close()
        async with asyncio.timeout(1):
            await source.ended.wait()


async def test_a_process_that_ends_ends_its_streams_too() -> None:
    browser, source = Browser(), Source()
    running = asyncio.ensure_future(EventStream(source.events())({}, browser.receive, browser.send))
    await source.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert source.ended.is_set()


async def test_events_that_fail_cut_the_answer_off_and_are_told_to_the_log() -> None:
    browser = Browser()

    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("the store is out\nfor long")

    with capture_logs() as logs:
        await EventStream(failing())({}, browser.receive, browser.send)
    assert browser.body == b"one"
    assert browser.sent[-1]["more_body"], "the browser must see that there was more to come"
    assert [entry["reason"] for entry in logs] == ["RuntimeError: the store is out"]


async def test_thousands_who_wait_leave_no_task_behind() -> None:
    browsers = [Browser() for _ in range(2000)]
    sources = [Source() for _ in browsers]
    before = len(asyncio.all_tasks())
    running = [
        asyncio.ensure_future(EventStream(source.events())({}, browser.receive, browser.send))
        for browser, source in zip(browsers, sources, strict=True)
    ]
    await asyncio.gather(*(source.waiting.wait() for source in sources))
    for browser in browsers:
        browser.left.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*running)
    assert all(source.ended.is_set() for source in sources)
    assert len(asyncio.all_tasks()) == before
