"""The files of one channel's contacts, as the hands work with them: found by the connector, fetched, stored.

Owns the one fetch that a post of the lane of files stands for, and how much of that goes on at once. It must never
repeat a try: the hands do.
"""

from __future__ import annotations

from typing import ClassVar

from bridge.connector import Connector
from bridge.errors import Rejected, Unreachable
from bridge.media import Fetcher, Files, Kept, TooLarge
from bridge.media.store import check_size
from bridge.messages import Json, Limits


class Downloads:
    """What comes from one channel, beside all that is sent there: a slow file holds up no reply."""

    limits: ClassVar[Limits] = Limits(keyed=True, concurrent=8)

    def __init__(self, connector: Connector, fetcher: Fetcher, files: Files, limit: int) -> None:
        self._connector = connector
        self._fetcher = fetcher
        self._files = files
        self._limit = limit
        """bytes that one file may have"""

    async def fetch(self, payload: Json, key: str) -> Kept:
        """Fetches and stores the file that a post names; raises a `SendError`.

        It is kept by the key of the post, so that a repeat takes the place of what a killed process had left.
        """
        try:
            check_size(payload.get("size") or 0, self._limit)
            location = await self._connector.locate(payload["ref"])
            async with self._fetcher.open(location, self._limit) as answer:
                declared = payload.get("type") or answer.type
                return await self._files.keep(answer.chunks, self._limit, declared=declared, key=key)
        except TooLarge as large:
            raise Rejected(f"it is too large: {large.reason}") from None
        except OSError as error:
            raise Unreachable(f"the store of files is out: {type(error).__name__}") from error
