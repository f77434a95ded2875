"""What browsers send to the site chat, checked at the border.

Owns the shapes, the limits and the words of refusal. It must never let a request through half understood.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from bridge import text

M = TypeVar("M", bound=BaseModel)


class Problem(Exception):
    """A refusal in words, with its HTTP status."""

    def __init__(self, status: int, code: str, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        error: dict[str, str] = {"code": code, "reason": reason}
        if path is not None:
            error["path"] = path
        self.body = {"error": error}


class Body(BaseModel):
    """A JSON body without unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewSession(Body):
    """Opens the chat; `token` is the one a returning visitor kept."""

    token: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=35)
    name: str | None = Field(default=None, max_length=100)


class NewMessage(Body):
    """A visitor's words; `client_id` is his own name for this message, repeated when he sends it again."""

    text: str = ""
    client_id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:-]+$")
    attachments: list[str] = Field(default_factory=list, max_length=20)
    page: str | None = Field(default=None, max_length=2000)
    language: str | None = Field(default=None, max_length=35)
    name: str | None = Field(default=None, max_length=100)


class Receipts(Body):
    """How far the visitor's browser has received and he has read."""

    delivered: int | None = Field(default=None, ge=0, le=2**53)
    read: int | None = Field(default=None, ge=0, le=2**53)


async def body(request: Request, model: type[M], limit: int) -> M:
    """The request's JSON as `model`, every string made safe; raises `Problem`."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "not_json", "send application/json")
    raw = await read(request, limit)
    try:
        found = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "malformed", f"the body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise Problem(400, "malformed", "the body must be a JSON object")
    try:
        return model.model_validate({key: _clean(value) for key, value in found.items()})
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise Problem(422, "invalid", f"{path}: {first['msg']}", path) from None


async def read(request: Request, limit: int) -> bytes:
    """The raw body, at most `limit` bytes of it; raises `Problem` as soon as there is more."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"a request may have {limit // 1024} kB at most")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return text.clean(value)
    if isinstance(value, list):
        return [text.clean(item) if isinstance(item, str) else item for item in value]
    return value


class Pace:
    """So many per minute for each key, in this process; the least recently used keys are forgotten."""

    def __init__(self, per_minute: int, keys: int = 20_000) -> None:
        self._per_second = per_minute / 60
        self._burst = float(per_minute)
        self._keys = keys
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, key: str, what: str) -> None:
        """Counts one; raises `Problem` 429 when there were too many."""
        if not self.allows(key):
            raise Problem(429, "too_many", f"too many {what}: wait a moment")

    def allows(self, key: str) -> bool:
        """Counts one; False when there were too many."""
        now = time.monotonic()
        level, at = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._per_second)
        self._levels[key] = (level - 1 if level >= 1 else level, now)
        if len(self._levels) > self._keys:
            self._levels.popitem(last=False)
        return level >= 1
