"""Files of a site chat: taken from visitors, and given to them by links that are good for a while.

Owns who may upload how much, and the links. How bytes come in and leave is the same for all edges:
bridge/media/serving.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bridge.connector import Surroundings
from bridge.connectors.site.requests import Problem
from bridge.errors import Missing, TooMuch
from bridge.media import TooLarge, serving
from bridge.messages import Address, ChannelName, FileId
from bridge.views import FileView

LINK = timedelta(minutes=15)
_MB = 1_048_576


class SiteFiles:
    """The files of one channel."""

    def __init__(self, channel: ChannelName, around: Surroundings) -> None:
        self._channel = channel
        self._around = around

    async def upload(self, request: Request, address: Address) -> Response:
        """Keeps what the visitor sends; his next message may carry it."""
        around, bounds = self._around, self._around.bounds
        owner = f"{self._channel}/{address}"
        limit, per_day = bounds.file_mb * _MB, bounds.file_mb_per_day * _MB
        name = request.headers.get("x-file-name", "")
        try:
            file = await serving.take(
                request, around.files, around.router, owner, limit, name=name, per_day=per_day
            )
        except TooLarge as large:
            raise Problem(413, "too_large", large.reason) from None
        except TooMuch as much:
            raise Problem(429, "too_many", much.reason) from None
        return JSONResponse({"id": file.id, "name": file.name, "type": file.type, "size": file.size})

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
        try:
            return await serving.give(request, view, self._around.files, url)
        except Missing as missing:
            raise Problem(404, "missing", missing.reason) from None

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


def file_id(id: str) -> FileId:
    """The id in a path or a body; raises `Problem` when it can be none."""
    if not id.isdecimal() or len(id) > 18:
        raise Problem(404, "missing", "there is no such file")
    return FileId(int(id))
