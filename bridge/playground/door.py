"""The way of a call through the playground: written down, befallen by its mishap, answered.

Owns what a mishap looks like on the wire. It must never know a platform's words: the platform's `Tongue` has them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic_core import to_json
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.playground.calls import Call
from bridge.playground.faults import Fault, Faults

JSON_TYPE = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answers: status, JSON and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _start(self, send)
        await send({"type": "http.response.body", "body": to_json(self.body)})


class Tongue(Protocol):
    """A platform's own words for what befalls a call."""

    def failure(self, status: int) -> Answer:
        """It is ill."""

    def flood(self, seconds: float) -> Answer:
        """It is asked too often, and wants to be left alone for a while."""


async def through(
    faults: Faults, tongue: Tongue, call: Call, carry_out: Callable[[], Awaitable[Answer]]
) -> ASGIApp:
    """Carries a call out, unless a mishap says otherwise; `carry_out` notes errors and results in the call."""
    began = time.monotonic()
    fault = faults.take_for_call(call.platform, call.account, call.method, call.place)
    try:
        if fault is None:
            return await carry_out()
        call.fault = fault.kind
        answer = await carry_out() if fault.taken or fault.kind == "slow" else None
        return _struck(fault, tongue, answer)
    finally:
        call.took = time.monotonic() - began


def _struck(fault: Fault, tongue: Tongue, answer: Answer | None) -> ASGIApp:
    match fault.kind:
        case "flood":
            return tongue.flood(fault.seconds)
        case "drop":
            return hang_up
        case "cut":
            return _Cut(answer or tongue.failure(500))
        case "hang":
            return _Hang(fault.seconds)
        case "slow" if answer is not None:
            return _Slow(answer, fault.seconds)
        case _:
            return tongue.failure(fault.status)


async def hang_up(scope: Scope, receive: Receive, send: Send) -> None:
    """Closes the connection without a byte."""
    # Only the server's own object knows the connection; behind another server the answer begins and breaks off.
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        await _Cut(Answer(500, {}))(scope, receive, send)
        return
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True, slots=True)
class _Cut:
    """The head of an answer and half of its body, then nothing more."""

    answer: Answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = to_json(self.answer.body)
        await _start(self.answer, send, (b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is not None:
            transport.close()  # what was written goes out first
        while transport is not None and (await receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class _Slow:
    """The answer, after a while of real time."""

    answer: Answer
    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self.seconds)
        await self.answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Hang:
    """Nothing, on an open connection, until the caller leaves or the time is over."""

    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            await hang_up(scope, receive, send)


async def _start(answer: Answer, send: Send, *more: tuple[bytes, bytes]) -> None:
    own = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [JSON_TYPE, *own, *more],
        }
    )
