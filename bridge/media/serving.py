"""Files over HTTP, the same for every edge: how an upload is taken in, and under which headers strangers' bytes leave.

Owns the one upload and the one download. It must never hold a whole file in memory, nor let a browser take a file for a
page of ours: it shows pictures, sounds and films that are what they say, and saves all else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bridge.errors import BridgeError, Missing
from bridge.media import names
from bridge.media.store import Files, check_size
from bridge.ports import Router
from bridge.views import FileView

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


async def take(
    request: Request,
    files: Files,
    router: Router,
    owner: str,
    limit: int,
    *,
    name: str = "",
    per_day: int | None = None,
) -> FileView:
    """Keeps the raw body of a request as a file of `owner`; raises `TooLarge`, or what the router refuses.

    `name` is percent-encoded. `limit` is bytes of one file, `per_day` of all that this owner uploads
    within a day.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal():
        check_size(int(declared[:18]), limit)
    kept = await files.keep(request.stream(), limit, declared=request.headers.get("content-type", ""))
    name = names.called(unquote(name), kept.type)
    try:
        id = await router.store_file(owner, kept.place, name, kept.type, kept.size, per_day=per_day)
    except BridgeError:
        await asyncio.to_thread(files.remove, kept.place)
        raise
    return FileView(str(id), name, kept.type, kept.size)


async def give(request: Request, file: FileView, files: Files, place: str) -> Response:
    """The answer that holds a file, or the part of it that is asked for: players jump, and some ask only so.

    Raises `Missing` before it begins where the file is lost.
    """
    part = _part(request.headers.get("range", ""), file.size)
    start, stop = part or (0, file.size)
    said = headers(file)
    if start >= stop and file.size:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{file.size}"})
    if part is not None:
        said |= {
            "Content-Range": f"bytes {start}-{stop - 1}/{file.size}",
            "Content-Length": str(stop - start),
        }
    chunks = files.open(place, start, None if part is None else stop)
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        raise Missing("the file is no longer there") from None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return StreamingResponse(whole(), 200 if part is None else 206, headers=said)


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """From where up to where a Range asks, both within the file; None for the whole, and for what is not understood.

    https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
    """
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not size or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def headers(file: FileView) -> dict[str, str]:
    """What goes before the bytes of a file."""
    shown = file.type in names.INLINE
    how = "inline" if shown else "attachment"
    return {
        "Content-Type": file.type if shown else names.UNKNOWN,
        "Accept-Ranges": "bytes",
        "Content-Length": str(file.size),
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
