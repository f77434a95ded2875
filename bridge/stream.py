"""Server-sent events, as small as they can be: one task and no buffer for a visitor who only waits.

Owns the framing and the end of a stream when the browser leaves. It must never hold an event back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

log = structlog.get_logger()

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
BEAT = b": still here\n\n"


def event(name: str, data: object, id: int | None = None) -> bytes:
    """One framed event; JSON never holds a bare line break."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {name}\ndata: ".encode() + to_json(data) + b"\n\n"


class EventStream:
    """An ASGI response that sends events until they end or the browser leaves."""

    def __init__(
        self, events: AsyncIterator[bytes], headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        self._events = events
        self._headers = HEADERS + (headers or [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        sender = asyncio.ensure_future(self._send(send))
        leaver = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((sender, leaver), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaver.cancel()
            sender.cancel()
            outcome, _ = await asyncio.gather(sender, leaver, return_exceptions=True)
            if isinstance(outcome, Exception):
                # The browser comes again by itself; it sees that the answer was cut off.
                log.warning(
                    "a stream broke off", reason=f"{type(outcome).__name__}: {outcome}".splitlines()[0]
                )

    async def _send(self, send: Send) -> None:
        try:
            async for chunk in self._events:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            if (close := getattr(self._events, "aclose", None)) is not None:
                await close()
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
