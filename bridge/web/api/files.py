"""Files over REST: an agent's upload, and the bytes of a stored file for whoever has logged in.

Owns the two operations. How bytes come in and leave is the same for all edges: bridge/media/serving.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from bridge import views as v
from bridge.media import Files, serving
from bridge.media.names import UNKNOWN
from bridge.messages import FileId
from bridge.ports import Router
from bridge.web.api.parameters import Id, Worker

RAW = "/v1/files"
FILE_BYTES = 25 * 1_048_576
_BYTES = {UNKNOWN: {"schema": {"type": "string", "format": "binary"}}}


def routes(router: Router, files: Files, *, limit: int = FILE_BYTES) -> APIRouter:
    """The operations on files; one has `limit` bytes at most."""
    api = APIRouter(tags=["files"])

    @api.post("/files", openapi_extra={"requestBody": {"required": True, "content": _BYTES}})
    async def upload(
        request: Request, me: Worker, x_file_name: Annotated[str, Header(max_length=2000)] = ""
    ) -> v.FileView:
        """Stores the raw body as a file that a reply of yours may carry; its name is percent-encoded UTF-8."""
        file = await serving.take(request, files, router, f"agent/{me.id}", limit, name=x_file_name)
        return replace(file, url=f"/api/v1/files/{file.id}")

    @api.get("/files/{id}", response_class=Response, responses={200: {"content": _BYTES}})
    async def download(id: Id, request: Request) -> Response:
        """The bytes of a file: pictures, sounds and films under their own type, all else to be saved."""
        file, place, _ = await router.read.file(FileId(id))
        return await serving.give(request, file, files, place)

    return api
