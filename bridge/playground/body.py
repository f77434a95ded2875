"""The body of a call: JSON, a form's fields, or fields and files in parts.

Owns reading what a client has sent, whole and bounded. It must never judge a field.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

MOST_BYTES = 64 * 1_048_576
"""More than any platform takes in one call; a platform has its own bound below."""


class Unreadable(ValueError):
    """The body is not what its type says."""


class TooLarge(ValueError):
    """The body is larger than the platform takes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came within a call."""

    name: str
    type: str
    data: bytes


@dataclass(slots=True)
class Fields:
    """What a call carries: values of JSON, or of a form's text; files by the name of their part."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


async def fields(request: Request, most: int = MOST_BYTES) -> Fields:
    """All fields of a call: those of its address, then those of its body."""
    found = Fields(dict(request.query_params))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge
    kind = _header(request.headers.get("content-type", ""))
    match kind.get_content_type():
        case "application/json" if body.strip():
            found.values |= _json(body)
        case "application/x-www-form-urlencoded":
            found.values |= dict(_pairs(body))
        case "multipart/form-data":
            _parts(found, bytes(body), str(kind.get_param("boundary", "")))
    return found


def _header(value: str) -> Message:
    message = Message()
    message["Content-Type"] = value or "application/octet-stream"
    return message


def _json(body: bytes | bytearray) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is no JSON") from error
    if not isinstance(value, dict):
        raise Unreadable("the body is no JSON object")
    return value


def _pairs(body: bytes | bytearray) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise Unreadable("the body is no form") from error


def _parts(found: Fields, body: bytes, boundary: str) -> None:
    """Takes a multipart body apart (RFC 7578)."""
    if not boundary:
        raise Unreadable("the body has no boundary")
    mark = b"\r\n--" + boundary.encode()
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Unreadable("the last part has no end")
    for piece in pieces[1:-1]:
        head, gap, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap:
            raise Unreadable("a part has no end of its head")
        headers = HeaderParser().parsestr(head.decode("utf-8", "replace"))
        name = headers.get_param("name", None, "content-disposition")
        if not isinstance(name, str):
            raise Unreadable("a part has no name")
        file_name = headers.get_filename()
        if file_name is None:
            found.values[name] = data.decode("utf-8", "replace")
        else:
            kind = headers.get_content_type() if "content-type" in headers else "application/octet-stream"
            found.files[name] = Upload(file_name, kind, data)
