"""The counting stand-in of a webhook desk: `python -m bench.sink`, a process of its own.

Keeps every post as it came and reads it only when asked, so that it takes next to nothing from what is measured.
Prints `{"port": …}` when it listens. POST /desk is the desk; GET /count, GET /records and POST /reset are for
the benchmark.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from typing import cast

import httptools
import uvloop


@dataclass(frozen=True, slots=True)
class Post:
    """One post as it came over the wire."""

    headers: dict[bytes, bytes]
    body: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Record:
    """One post, read: what the benchmark judges by."""

    key: str
    kind: str
    dialog: str
    text: str
    signed: bool
    at: int


def read(post: Post, secret: bytes) -> Record:
    """Reads one post and checks its signature."""
    body = json.loads(post.body)
    message = body.get("message") or {}
    return Record(
        key=post.headers.get(b"webhook-id", b"").decode(),
        kind=str(body.get("type", "")),
        dialog=str(body.get("dialog", "")),
        text=str(message.get("text") or ""),
        signed=signature(post, secret) in post.headers.get(b"webhook-signature", b"").split(b" "),
        at=post.at,
    )


def signature(post: Post, secret: bytes) -> bytes:
    """The signature that Standard Webhooks asks for."""
    signed = b".".join(
        [post.headers.get(b"webhook-id", b""), post.headers.get(b"webhook-timestamp", b""), post.body]
    )
    return b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256))


def secret_bytes(secret: str) -> bytes:
    """The key inside a secret of Standard Webhooks (`whsec_` and base64), or the plain text's bytes."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


class Sink:
    """All posts so far."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._posts: list[Post] = []

    def take(self, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """Keeps a post and answers with its number as its native id."""
        self._posts.append(Post(headers, body, time.monotonic_ns()))
        return b'{"id":"%d"}' % len(self._posts)

    def answer(self, method: bytes, path: bytes) -> bytes | None:
        """Answers the benchmark's own questions; None means there is no such page."""
        match method, path:
            case b"GET", b"/count":
                return b'{"count":%d}' % len(self._posts)
            case b"GET", b"/records":
                return json.dumps([asdict(read(post, self._secret)) for post in self._posts]).encode()
            case b"POST", b"/reset":
                self._posts.clear()
                return b"{}"
            case _:
                return None


class SinkProtocol(asyncio.Protocol):
    """One connection to the sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._begin()

    def _begin(self) -> None:
        self._path = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport (called by the loop)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser (called by the loop)."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Keeps the path (called by the parser)."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps a header (called by the parser)."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Keeps a piece of the body (called by the parser)."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answers a whole request (called by the parser)."""
        method = self._parser.get_method()
        if (method, self._path) == (b"POST", b"/desk"):
            answer: bytes | None = self._sink.take(self._headers, b"".join(self._body))
        else:
            answer = self._sink.answer(method, self._path)
        if self._transport is not None:
            status = b"200 OK" if answer is not None else b"404 Not Found"
            body = answer if answer is not None else b'{"error":"no such page"}'
            self._transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (status, len(body), body)
            )
        self._begin()


async def main() -> None:
    """Serves until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    sink = Sink(secret_bytes(os.environ.get("SINK_SECRET", "")))
    server = await loop.create_server(lambda: SinkProtocol(sink), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
