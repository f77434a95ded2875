"""Wake-ups of live pages over SSE: which of the things a page shows have changed, never how; and who is there.

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

from bridge.messages import DialogId
from bridge.ports import Live, Presence
from bridge.stream import BEAT, EventStream, event
from bridge.views import HereView
from bridge.web.guard import Again

Key = Annotated[str, Field(pattern=r"^(desk|board|(agent|dialog|ticket|wish):[1-9][0-9]{0,18})$")]


class Wakes(Response):
    """An event stream as FastAPI takes it."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], status_code: int = 200) -> None:
        super().__init__(status_code=status_code)
        self._stream = EventStream(events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the browser leaves."""
        await self._stream(scope, receive, send)


def routes(live: Live, presence: Presence) -> APIRouter:
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
        """`event: wake` with `{"keys": […]}` when one was touched, at most four times a second, and now and then all.

        `event: here` with `{"dialog": …, "here": […]}` at first, and when other people view one of the dialogs or type.
        """
        return Wakes(_news(live, presence, keys, request.state.again))

    return api


async def _news(live: Live, presence: Presence, keys: list[str], again: Again) -> AsyncIterator[bytes]:
    rooms = {f"here:{key.removeprefix('dialog:')}" for key in keys if key.startswith("dialog:")}
    seen: dict[str, list[HereView]] = {}
    opening = True
    async for touched in live.watch(*keys, *rooms):
        if await again() is None:
            return
        yield BEAT
        changed = touched - rooms
        if changed and not opening:
            yield event("wake", {"keys": sorted(changed)})
        for room in sorted(touched & rooms):
            dialog = room.removeprefix("here:")
            there = await presence.here(DialogId(int(dialog)))
            if there != seen.get(room):
                seen[room] = there
                yield event("here", {"dialog": dialog, "here": there})
        opening = False
