"""Files of a site chat: taken from visitors, and given to them by links that are good for a while.

Owns uploads, downloads and the links. It must never trust a name or a type, nor serve a file as a page of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bridge import text
from bridge.connector import Surroundings
from bridge.connectors.site.requests import Problem
from bridge.messages import Address, ChannelName, FileId
from bridge.views import FileView

LINK = timedelta(minutes=15)


class SiteFiles:
    """The files of one channel."""

    def __init__(self, channel: ChannelName, around: Surroundings) -> None:
        self._channel = channel
        self._around = around

    async def upload(self, request: Request, address: Address) -> Response:
        """Keeps what the visitor sends; his next message may carry it."""
        limit = self._around.bounds.file_mb * 1_048_576
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            raise Problem(413, "too_large", f"a file may have {self._around.bounds.file_mb} MB at most")
        name = text.filename(unquote(request.headers.get("x-file-name", "file")))
        kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0][:100]
        url, size = await self._around.files.save(request.stream(), limit)
        owner = f"{self._channel}/{address}"
        id = await self._around.router.store_file(owner, url, name, text.clean(kind), size)
        return JSONResponse({"id": str(id), "name": name, "type": kind, "size": size})

    async def download(self, request: Request, reader: Address) -> Response:
        """Gives a file to whom its link was made for."""
        id = request.path_params["file"]
        until, signature = request.query_params.get("until", ""), request.query_params.get("sig", "")
        now = datetime.now(UTC)
        if (
            not until.isdecimal()
            or len(until) > 12
            or not self._around.files.may_read(id, reader, int(until), signature, now)
        ):
            raise Problem(403, "link_expired", "this link is no longer good: reload the chat")
        view, url, _ = await self._around.router.read.file(file_id(id))
        chunks = self._around.files.open(url)
        try:
            first = await anext(chunks, b"")
        except FileNotFoundError:
            raise Problem(404, "missing", "the file is no longer there") from None

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for chunk in chunks:
                yield chunk

        return StreamingResponse(whole(), headers=headers(view))

    def link(self, file: FileView, reader: Address) -> dict[str, Any]:
        """A file as the browser gets it, with an address to fetch it from, or `state` where it has none (yet)."""
        shown: dict[str, Any] = {"id": file.id, "name": file.name, "type": file.type, "size": file.size}
        if file.state != "stored":
            return shown | {"state": file.state}
        until = datetime.now(UTC) + LINK
        signature = self._around.files.sign(file.id, reader, until)
        query = f"for={reader}&until={int(until.timestamp())}&sig={signature}"
        url = f"/site/{self._channel}/files/{file.id}?{query}"
        return shown | {"url": url}


def headers(file: FileView) -> dict[str, str]:
    """A file is always a download, never a page of ours."""
    return {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(file.size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


def file_id(id: str) -> FileId:
    """The id in a path or a body; raises `Problem` when it can be none."""
    if not id.isdecimal() or len(id) > 18:
        raise Problem(404, "missing", "there is no such file")
    return FileId(int(id))
