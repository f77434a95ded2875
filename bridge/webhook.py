"""What every webhook of a platform needs: the raw body within a limit, proof of who calls, and "repeat it later".

Owns these three. It must never parse a body, nor compare a secret letter by letter.
"""

from __future__ import annotations

import hmac

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

AGAIN = 2
"""Seconds after which a platform that keeps to Retry-After shall repeat what could not be stored."""


class Malformed(Exception):
    """The request cannot be read; it is answered with `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def proves(request: Request, header: str, expected: str) -> bool:
    """Whether a header has the expected value: a secret, or the signature of the raw body.

    A header that comes twice proves nothing. Bytes are compared, for text that is not ASCII cannot be.
    """
    name = header.lower().encode()
    given = [value for known, value in request.scope["headers"] if known.lower() == name]
    return len(given) == 1 and hmac.compare_digest(given[0], expected.encode())


async def body(request: Request, limit: int) -> bytes:
    """The raw body, of at most `limit` bytes; raises `Malformed`."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise Malformed(413, "too long")
            parts.append(part)
    except ClientDisconnect:
        raise Malformed(400, "incomplete") from None
    return b"".join(parts)


def again() -> Response:
    """Nothing was stored: the platform shall repeat it."""
    return PlainTextResponse("not stored, please repeat", 503, {"Retry-After": str(AGAIN)})
