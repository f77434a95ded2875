"""The gate of a site channel: on which sites its chat may run, and how a refusal is said.

Owns origins, the headers browsers ask for, and errors as answers. It must never know what a request is about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.connectors.site.requests import Problem
from bridge.errors import Missing, Refused, Unavailable

Handler = Callable[[Request], Awaitable[Any]]


class Gate:
    """Lets in our own pages, programs without an origin, and the sites the owner named."""

    def __init__(self, origins: Collection[str], public_url: str) -> None:
        self._origins = frozenset(origins)
        self._public_url = public_url

    def route(self, path: str, handler: Handler, method: str) -> Route:
        """A route that browsers of these sites may call."""

        @wraps(handler)
        async def guarded(request: Request) -> Any:
            if request.method == "OPTIONS":
                # Anybody may ask whether he may ask: so that a site that may not can read why.
                return Response(status_code=204, headers=_decoded(self.headers(request, preflight=True)))
            try:
                self._check(request)
                response = await handler(request)
            except Problem as problem:
                response = JSONResponse(problem.body, problem.status)
            except Missing as error:
                response = _said(404, "missing", error.reason)
            except Refused as error:
                response = _said(409, "refused", error.reason)
            except Unavailable as error:
                response = _said(503, "unavailable", error.reason, {"Retry-After": "1"})
            if isinstance(response, Response):
                response.headers.update(_decoded(self.headers(request)))
            return response

        return Route(path, guarded, methods=[method, "OPTIONS"])

    def headers(self, request: Request, *, preflight: bool = False) -> list[tuple[bytes, bytes]]:
        """What tells the browser that the site it shows may read this answer."""
        origin = request.headers.get("origin")
        if origin is None:
            return []
        headers = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]
        if preflight:
            headers += [
                (b"access-control-allow-methods", b"GET, POST"),
                (b"access-control-allow-headers", b"authorization, content-type, x-file-name, last-event-id"),
                (b"access-control-max-age", b"600"),
            ]
        return headers

    def _check(self, request: Request) -> None:
        origin = request.headers.get("origin")
        own = {f"{request.url.scheme}://{request.url.netloc}", self._public_url}
        if origin is not None and "*" not in self._origins and origin not in self._origins | own:
            raise Problem(403, "foreign_origin", f"the chat does not run on {origin}")


def _said(status: int, code: str, reason: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "reason": reason}}, status, headers)


def _decoded(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode("latin-1") for name, value in headers}
