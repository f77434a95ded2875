"""Where files are kept, and links that are good for a while.

Owns the fsspec store and its signed links. A file has its place only once it is whole. It must never trust a name or a
type: what a file is, its first bytes say (names.py).
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
from typing import Any, NamedTuple, cast

import fsspec

from bridge.errors import Refused
from bridge.media import names

CHUNK = 64 * 1024
PART = ".part"
"""Ends the name of a file of the folder that is still being written."""


class TooLarge(Refused):
    """The file is larger than allowed; nothing of it was kept."""


class Kept(NamedTuple):
    """A stored file: its place, how many bytes it has, and what it is as far as those tell."""

    place: str
    size: int
    type: str


def check_size(size: int, limit: int) -> None:
    """Raises `TooLarge` for more bytes than `limit`."""
    if size > limit:
        raise TooLarge(f"files may have {limit // 1_048_576} MB at most")


class Files:
    """Stored files under one fsspec url."""

    def __init__(self, url: str, secret: bytes) -> None:
        self._fs, self._root = cast("tuple[Any, str]", fsspec.core.url_to_fs(url))
        self._secret = hashlib.sha256(b"files" + secret).digest()
        self._folder = self._fs.protocol in ("file", ("file", "local"))
        if self._folder:
            Path(self._root).mkdir(parents=True, exist_ok=True, mode=0o700)

    async def keep(
        self, stream: AsyncIterator[bytes], limit: int, *, declared: str = "", key: str = ""
    ) -> Kept:
        """Keeps a stream of at most `limit` bytes that is said to be of a type; raises `TooLarge`.

        What is kept under a `key` takes the place of what was kept under it before.
        """
        place = f"{self._root}/{key or secrets.token_hex(16)}"
        # A store of objects shows a file when it is closed; a folder would show, and keep after a kill, half of one.
        part = f"{place}-{secrets.token_hex(4)}{PART}" if self._folder else place
        size, head = 0, b""
        handle = await asyncio.to_thread(self._fs.open, part, "wb")
        try:
            async for chunk in stream:
                size += len(chunk)
                check_size(size, limit)
                if len(head) < names.HEAD:
                    head += chunk[: names.HEAD]
                await asyncio.to_thread(handle.write, chunk)
            await asyncio.to_thread(self._close, handle, part, place)
        except BaseException:
            await asyncio.to_thread(self._drop, part, handle)
            raise
        return Kept(place, size, names.honest(declared, head))

    def _close(self, handle: Any, part: str, place: str) -> None:
        handle.close()
        if part != place:
            Path(part).replace(place)

    def _drop(self, place: str, handle: Any) -> None:
        # On a full disk closing fails too: what was kept so far goes all the same.
        with contextlib.suppress(OSError):
            handle.close()
        self.remove(place)

    def remove(self, place: str) -> None:
        """Takes a stored file away, if it is there; blocks."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(place)

    def sweep(self, before: datetime) -> int:
        """Takes away what killed processes had begun to write before a moment; returns how many. Blocks."""
        if not self._folder:
            return 0
        left = [
            path for path in Path(self._root).glob(f"*{PART}") if path.stat().st_mtime < before.timestamp()
        ]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    async def open(self, place: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a stored file, or those of them from `start` up to `stop`."""
        handle = await asyncio.to_thread(self._fs.open, place, "rb")
        try:
            if start:
                await asyncio.to_thread(handle.seek, start)
            left = None if stop is None else stop - start
            while chunk := await asyncio.to_thread(handle.read, CHUNK if left is None else min(CHUNK, left)):
                left = None if left is None else left - len(chunk)
                yield chunk
        finally:
            await asyncio.to_thread(handle.close)

    def sign(self, file: str, reader: str, until: datetime) -> str:
        """A signature that lets `reader` (a session) fetch a file until a moment."""
        return self._signature(file, reader, int(until.timestamp()))

    def may_read(self, file: str, reader: str, until: int, signature: str, now: datetime) -> bool:
        if until < now.timestamp():
            return False
        expected = self._signature(file, reader, until)
        return hmac.compare_digest(expected.encode(), signature.encode())

    def _signature(self, file: str, reader: str, until: int) -> str:
        text = f"{file}|{reader}|{until}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:32]
