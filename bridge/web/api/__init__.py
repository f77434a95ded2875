"""REST API v1: what machines and our own pages ask of the bridge, with its OpenAPI description.

Owns the composition of the operations. It must never know how the router, the store or Redis work: it is handed ports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.responses import HTMLResponse

from bridge.media import Files
from bridge.ports import Access, Live, Router
from bridge.web import problems
from bridge.web.api import dialogs, events, files, health, macros, operations, reports, search, tickets
from bridge.web.channels import Channels
from bridge.web.guard import Guard, session_cookie

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bridge API</title>
<link rel="stylesheet" href="/static/style.css">
<main id="docs" data-schema="openapi.json"><h1>Bridge API</h1></main>
<script type="module" src="/static/docs.js"></script>
</html>
"""
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": problems.Problem, "description": "The request is malformed"},
    401: {"model": problems.Problem, "description": "Nobody has logged in"},
    403: {"model": problems.Problem, "description": "You may not do that"},
    404: {"model": problems.Problem, "description": "There is no such thing"},
    422: {"model": problems.Problem, "description": "Well formed, but wrong"},
    503: {"model": problems.Problem, "description": "Nothing was stored; try again"},
}
_REFUSALS_OF_CHANGES: dict[int | str, dict[str, Any]] = {
    409: {"model": problems.Problem, "description": "The rules forbid it, or somebody was first"},
    413: {"model": problems.Problem, "description": "The body is too large"},
    415: {"model": problems.Problem, "description": "The body is of the wrong type"},
}


def api(
    router: Router,
    access: Access,
    live: Live,
    kept: Files,
    *,
    secure: bool = False,
    file_bytes: int = files.FILE_BYTES,
    answers: Sequence[macros.Macro] = (),
    channels: Channels | None = None,
) -> FastAPI:
    """The API as an app to be mounted at /api; `secure` when the pages are served over https."""
    app = FastAPI(
        title="Bridge API",
        version="1",
        summary="Dialogs, tickets and wishes of the support bridge. Ids are strings; lists go on by `cursor`.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    app.add_middleware(Guard, access=access, secure=secure, raw=frozenset({files.RAW}))
    # Declared for the description alone: the guard has checked before.
    named = [
        Depends(HTTPBearer(auto_error=False)),
        Depends(APIKeyCookie(name=session_cookie(secure=secure), auto_error=False)),
    ]
    parts = [
        dialogs.routes(router),
        search.routes(router),
        tickets.routes(router),
        operations.routes(router),
        health.routes(router, channels or Channels({})),
        macros.routes(answers),
        reports.routes(router),
        files.routes(router, kept, limit=file_bytes),
        events.routes(live, router.presence),
    ]
    for part in parts:
        _describe(part)
        app.include_router(part, prefix="/v1", dependencies=named, responses=_REFUSALS)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    return app


def _describe(part: APIRouter) -> None:
    """Operations that change something may also be refused."""
    for route in part.routes:
        if "POST" in (getattr(route, "methods", None) or ()):
            route.responses = _REFUSALS_OF_CHANGES | route.responses  # type: ignore[attr-defined]
