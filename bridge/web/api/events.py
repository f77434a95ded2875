"""Wake-ups of live pages over SSE: which of the things a page shows have changed, never how.

Owns which keys an agent may watch. It must never outlive his session by more than one beat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.ports import Live
from bridge.stream import BEAT, EventStream, event
from bridge.web.guard import Again

Key = Annotated[str, Field(pattern=r"^(desk|board|(dialog|ticket|wish):[1-9][0-9]{0,18})$")]


class Wakes(Response):
    """An event stream as FastAPI takes it."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], status_code: int = 200) -> None:
        super().__init__(status_code=status_code)
        self._stream = EventStream(events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the browser leaves."""
        await self._stream(scope, receive, send)


def routes(live: Live) -> APIRouter:
    """The stream of wake-ups."""
    api = APIRouter(tags=["events"])

    @api.get(
        "/events",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def events(
        request: Request, keys: Annotated[list[Key], Query(min_length=1, max_length=200)]
    ) -> Wakes:
        """`event: wake` with `{"keys": […]}` when one was touched, at most four times a second, and now and then all."""
        return Wakes(_wakes(live, keys, request.state.again))

    return api


async def _wakes(live: Live, keys: list[str], again: Again) -> AsyncIterator[bytes]:
    opening = True
    async for touched in live.watch(*keys):
        if await again() is None:
            return
        yield BEAT
        # A beat without news is a time to look all the same: wake-ups may be lost, and while Redis is out all are.
        if not opening:
            yield event("wake", {"keys": sorted(touched or keys)})
        opening = False
