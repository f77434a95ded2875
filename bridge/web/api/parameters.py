"""What requests are made of: ids, cursors, words of people, moments, and who asks.

Owns the types by which the operations of the API declare what they take. It must never look into a store.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from starlette.requests import Request

from bridge import text
from bridge.actions import Agent
from bridge.errors import NotAllowed

LARGEST = 2**63 - 1
TEXT = 100_000
"""Characters of one text, so many that nobody writes them."""
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _clean(value: Any) -> Any:
    return text.clean(value) if isinstance(value, str) else value


def _number(value: str) -> int:
    number = int(value)
    if number > LARGEST:
        raise ValueError("there is no such id")
    return number


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write the moment as text, like 2026-03-02T12:00:00Z")  # noqa: TRY004 -- pydantic's way
    return value


def _in_our_time(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("the moment must lie between the years 2000 and 2200")
    return value.astimezone(UTC)


_ID = StringConstraints(strict=True, pattern=r"^[1-9][0-9]{0,18}$")
IdText = Annotated[str, _ID, AfterValidator(_number)]
"""An id in a body: text outside, a number inside."""
Id = Annotated[int, Path(ge=1, le=LARGEST)]
Words = Annotated[str, BeforeValidator(_clean), Field(strict=True, max_length=TEXT)]
Name = Annotated[str, BeforeValidator(_clean), Field(strict=True, min_length=1, max_length=300)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_our_time)]

Filter = Annotated[str | None, BeforeValidator(_clean), Query(max_length=200)]
Cursor = Annotated[str | None, BeforeValidator(_clean), Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]
IdFilter = Annotated[int | None, Query(ge=1, le=LARGEST)]


async def asking(request: Request) -> Agent:
    """Who asks, as the guard has found out."""
    agent: Agent = request.state.agent
    return agent


async def working(request: Request) -> Agent:
    """Who asks, when he is one of those who work with contacts."""
    agent = await asking(request)
    if agent.role == "developer":
        raise NotAllowed("developers do not work on dialogs")
    return agent


Me = Annotated[Agent, Depends(asking)]
Worker = Annotated[Agent, Depends(working)]
