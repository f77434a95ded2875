"""Files over REST: an agent's upload, and the bytes of a stored file for whoever has logged in.

Owns the headers under which strangers' bytes leave the house. It must never hold a whole file in memory, nor let a
browser show one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bridge import text
from bridge import views as v
from bridge.errors import Missing
from bridge.media import Files, TooLarge
from bridge.messages import FileId
from bridge.ports import Router
from bridge.web.api.parameters import Id, Worker

RAW = "/v1/files"
FILE_BYTES = 25 * 1_048_576
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_UNKNOWN = "application/octet-stream"


def routes(router: Router, files: Files, *, limit: int = FILE_BYTES) -> APIRouter:
    """The operations on files; one has `limit` bytes at most."""
    api = APIRouter(tags=["files"])

    @api.post(
        "/files",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {_UNKNOWN: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def upload(
        request: Request, me: Worker, x_file_name: Annotated[str, Header(max_length=2000)] = "file"
    ) -> v.FileView:
        """Stores the raw body as a file that a reply of yours may carry; its name is percent-encoded UTF-8."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise TooLarge(f"files may have {limit // 1_048_576} MB at most")
        place, size = await files.save(request.stream(), limit)
        name = text.filename(unquote(x_file_name))
        kind = media_type(request.headers.get("content-type", ""))
        id = await router.store_file(f"agent/{me.id}", place, name, kind, size)
        return v.FileView(str(id), name, kind, size, f"/api/v1/files/{id}")

    @api.get(
        "/files/{id}",
        response_class=Response,
        responses={200: {"content": {_UNKNOWN: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def download(id: Id) -> StreamingResponse:
        """The bytes of a file, to be saved."""
        file, place, _ = await router.read.file(FileId(id))
        return await saved(file, files.open(place))

    return api


async def saved(file: v.FileView, chunks: AsyncIterator[bytes]) -> StreamingResponse:
    """An answer that browsers save and never show; a file that is lost is found out before it begins."""
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        raise Missing("the file is no longer there") from None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return StreamingResponse(
        whole(),
        media_type=media_type(file.type),
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Length": str(file.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def media_type(declared: str) -> str:
    """A media type as it may stand in a header; what looks like none is unknown."""
    kind = declared.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else _UNKNOWN
