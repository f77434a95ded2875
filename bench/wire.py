"""The cheapest HTTP/1.1 client that still speaks HTTP: it shares the machine with what it measures.

Owns connections and bytes; knows nothing of customers, dialogs or figures.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import cast

import httptools


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body: list[bytes] = []

    @property
    def open(self) -> bool:
        """Whether a request may be written."""
        return self._transport is not None and not self._transport.is_closing()

    async def request(self, request: bytes) -> tuple[int, bytes]:
        """Writes the request and returns status and body of its answer.

        Raises ConnectionError when the connection ends before the answer is whole.
        """
        if self._transport is None or not self.open:
            raise ConnectionResetError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport (called by the loop)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser (called by the loop)."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails the request under way (called by the loop)."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(f"the server closed the connection ({exc})"))

    def on_body(self, body: bytes) -> None:
        """Keeps a piece of the body (called by the parser)."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Hands the answer to the waiting request (called by the parser)."""
        body, self._body = b"".join(self._body), []
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))


async def connect(host: str, port: int) -> Connection:
    """Opens a connection for requests."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return connection


class EventStream(asyncio.Protocol):
    """One open `text/event-stream`; every event's data goes to `heard` with the moment of its arrival."""

    def __init__(self, request: bytes, heard: Callable[[bytes, int], None]) -> None:
        self.answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._request = request
        self._heard = heard
        self._parser = httptools.HttpResponseParser(self)
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def close(self) -> None:
        """Ends the stream as a browser does that closes its page."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the request (called by the loop)."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser (called by the loop)."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails whoever still waits for the answer's head (called by the loop)."""
        self._transport = None
        if not self.answered.done():
            self.answered.set_exception(ConnectionResetError(f"the stream was refused ({exc})"))

    def on_headers_complete(self) -> None:
        """The stream is open (called by the parser)."""
        self.answered.set_result(self._parser.get_status_code())

    def on_body(self, body: bytes) -> None:
        """Cuts events out of the stream (called by the parser)."""
        now = time.monotonic_ns()
        *events, self._rest = (self._rest + body.replace(b"\r\n", b"\n")).split(b"\n\n")
        for event in events:
            data = b"\n".join(
                line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
            )
            if data:
                self._heard(data, now)


async def listen(host: str, port: int, request: bytes, heard: Callable[[bytes, int], None]) -> EventStream:
    """Opens an event stream and waits until the server has accepted it."""
    _, stream = await asyncio.get_running_loop().create_connection(
        lambda: EventStream(request, heard), host, port
    )
    status = await stream.answered
    if status != 200:
        stream.close()
        raise ConnectionRefusedError(f"the event stream was answered {status}")
    return stream


def post(path: str, body: object, headers: dict[str, str]) -> bytes:
    """The bytes of a POST of `body` as JSON."""
    return posted(path, json.dumps(body).encode(), headers)


def posted(path: str, content: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a POST of this content, which is JSON."""
    return head("POST", path, headers | {"Content-Length": str(len(content))}) + content


def get(path: str, headers: dict[str, str]) -> bytes:
    """The bytes of a GET."""
    return head("GET", path, headers)


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    """The bytes of a request's head."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
