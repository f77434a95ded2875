"""Files: where they are kept, and links that are good for a while.

Owns the fsspec store and its signed links. It must never pass a platform's link on, nor trust a name or a type.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import fsspec

from bridge.errors import Refused

CHUNK = 64 * 1024


class TooLarge(Refused):
    """The file is larger than allowed; nothing of it was kept."""


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"files may have {limit // 1_048_576} MB at most")


class Files:
    """Stored files under one fsspec url."""

    def __init__(self, url: str, secret: bytes) -> None:
        self._fs, self._root = cast("tuple[Any, str]", fsspec.core.url_to_fs(url))
        self._secret = hashlib.sha256(b"files" + secret).digest()
        if self._fs.protocol in ("file", ("file", "local")):
            Path(self._root).mkdir(parents=True, exist_ok=True, mode=0o700)

    async def save(self, stream: AsyncIterator[bytes], limit: int) -> tuple[str, int]:
        """Keeps a stream of at most `limit` bytes; returns its place and size, or raises `TooLarge`."""
        place = f"{self._root}/{secrets.token_hex(16)}"
        size = 0
        handle = await asyncio.to_thread(self._fs.open, place, "wb")
        try:
            async for chunk in stream:
                size += len(chunk)
                _check(size, limit)
                await asyncio.to_thread(handle.write, chunk)
            await asyncio.to_thread(handle.close)
        except BaseException:
            await asyncio.to_thread(self._drop, place, handle)
            raise
        return place, size

    def _drop(self, place: str, handle: Any) -> None:
        # On a full disk closing fails too: what was kept so far goes all the same.
        with contextlib.suppress(OSError):
            handle.close()
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(place)

    async def open(self, place: str) -> AsyncIterator[bytes]:
        """The bytes of a stored file."""
        handle = await asyncio.to_thread(self._fs.open, place, "rb")
        try:
            while chunk := await asyncio.to_thread(handle.read, CHUNK):
                yield chunk
        finally:
            await asyncio.to_thread(handle.close)

    def sign(self, file: str, reader: str, until: datetime) -> str:
        """A signature that lets `reader` (a session) fetch a file until a moment."""
        text = f"{file}|{reader}|{int(until.timestamp())}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]

    def may_read(self, file: str, reader: str, until: int, signature: str, now: datetime) -> bool:
        if until < now.timestamp():
            return False
        text = f"{file}|{reader}|{until}".encode()
        expected = hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]
        return hmac.compare_digest(expected.encode(), signature.encode())
