"""Errors as JSON: every refusal of the API is `{"error": {"code", "reason", "path"?, "by"?}}`.

Owns the way from what went wrong to a status and words. It must never let a traceback or a stranger's bytes out.
"""

from __future__ import annotations

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bridge import text
from bridge.errors import BridgeError, Missing, NotAllowed, Refused, Taken, TooOften, Unavailable
from bridge.media import TooLarge

log = structlog.get_logger()

_LONGEST = 500
_BROKEN = "this should not have happened; it is in the log"
_STATUS: dict[type[BridgeError], int] = {
    Missing: 404,
    NotAllowed: 403,
    TooLarge: 413,
    TooOften: 429,
    Refused: 409,  # the root of those above
    Unavailable: 503,
}


class Error(BaseModel):
    """What went wrong: `path` names the part of the request, `by` who was first."""

    code: str
    reason: str
    path: str | None = None
    by: str | None = None


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    error: Error


CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "missing",
    405: "wrong_method",
    408: "too_slow",
    409: "refused",
    413: "too_large",
    415: "wrong_type",
    422: "invalid",
    429: "too_many",
    500: "broken",
    503: "unavailable",
}


def problem(
    status: int,
    reason: str,
    *,
    code: str | None = None,
    path: str | None = None,
    by: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An answer that says what went wrong."""
    error = {"code": code or CODES.get(status, "error"), "reason": _shown(reason)}
    if path is not None:
        error["path"] = _shown(path)
    if by is not None:
        error["by"] = _shown(by)
    return JSONResponse({"error": error}, status, headers)


def answer(error: BridgeError, *, reading: bool = False) -> JSONResponse:
    """What the bridge raised on purpose; what is refused while only `reading` was wrongly asked."""
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:
        log.error("an error that no request should meet", error=type(error).__name__, reason=error.reason)
        return problem(500, _BROKEN)
    if status == 409 and reading:
        status = 422
    return problem(
        status,
        error.reason,
        code="taken" if isinstance(error, Taken) else None,
        by=error.by if isinstance(error, Taken) else None,
        headers={"Retry-After": "1"} if status == 503 else None,
    )


def install(app: FastAPI) -> None:
    """Makes the app answer every error in our words."""

    async def on_bridge_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, BridgeError)
        return answer(error, reading=request.method in {"GET", "HEAD"})

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(error)

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        reason = "there is nothing here" if error.status_code == 404 else error.detail
        return problem(error.status_code, reason, headers=dict(error.headers or {}))

    async def on_leaving(_request: Request, _error: Exception) -> Response:
        return problem(400, "the request ended before it was complete")

    async def on_anything(_request: Request, _error: Exception) -> Response:
        # Starlette raises it again behind this answer, so that it reaches the log.
        return problem(500, _BROKEN)

    app.add_exception_handler(BridgeError, on_bridge_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(ClientDisconnect, on_leaving)
    app.add_exception_handler(Exception, on_anything)


def _invalid(error: RequestValidationError) -> Response:
    """The first thing that is wrong; an id that can be nobody's is one that does not exist."""
    first = error.errors()[0]
    place = [str(step) for step in first["loc"]]
    if place[0] == "path":
        return problem(404, "there is no such thing")
    if first["type"] == "json_invalid":
        return problem(400, "the body is no JSON")
    # The verb by which the kind of a body was chosen is no part of the way to a field.
    if isinstance(error.body, dict) and place[1:2] == [error.body.get("action")]:
        del place[1]
    return problem(422, first["msg"].removeprefix("Value error, "), path=".".join(place))


def _shown(words: str) -> str:
    return text.excerpt(text.clean(words), _LONGEST)
