"""Agents' screens as the benchmark opens them: woken by the event stream, they read again what they show.

Owns how often a screen reads (as bridge/web/static/live.js does) and when it had a text. Judges nothing.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bench import wire
from bench.marker import find

APART = 0.4  # seconds between two readings of the same thing by one screen
QUEUE = "/api/v1/dialogs?line=first&status=open&unclaimed=1&order=due&limit=100"
MINE = "/api/v1/dialogs?assignee=1&status=open&status=waiting&status=snoozed&order=due&limit=100"


class Screen:
    """One agent's open page: the lists at the left, one dialog in the middle."""

    def __init__(self, port: int, token: str, dialog: str) -> None:
        self.heard: list[tuple[str, int, int, str, int]] = []
        """(author, visitor, number, id, nanoseconds) of each text when it stood on the screen"""
        self.pushes: Counter[int] = Counter()
        """second → how often it was woken"""
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        self._dialog = dialog
        self._rev = 0
        self._wanted = {key: asyncio.Event() for key in ("desk", "agent:1", f"dialog:{dialog}")}
        self._tasks: list[asyncio.Task[None]] = []
        self._stream: wire.EventStream | None = None

    async def open(self) -> None:
        """Opens the stream, and reads everything once."""
        self._connection = await wire.connect("127.0.0.1", self._port)
        self._turn = asyncio.Lock()
        keys = "&".join(f"keys={key}" for key in self._wanted)
        request = wire.get(f"/api/v1/events?{keys}", self._headers | {"Accept": "text/event-stream"})
        self._stream = await wire.listen("127.0.0.1", self._port, request, self._hear)
        await self._read_dialog()
        reads = (self._read_queue, self._read_mine, self._read_dialog)
        for event, read in zip(self._wanted.values(), reads, strict=True):
            self._tasks.append(asyncio.create_task(_spaced(event, read)))

    async def close(self) -> None:
        """Closes the page."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._stream is not None:
            self._stream.close()
        self._connection.close()

    def _hear(self, data: bytes, at: int) -> None:
        self.pushes[at // 1_000_000_000] += 1
        for key in json.loads(data).get("keys", ()):
            if key in self._wanted:
                self._wanted[key].set()

    async def _read_queue(self) -> None:
        await self._get(QUEUE)

    async def _read_mine(self) -> None:
        await self._get(MINE)

    async def _read_dialog(self) -> None:
        body = json.loads(await self._get(f"/api/v1/dialogs/{self._dialog}/messages?after={self._rev}"))
        at = time.monotonic_ns()
        for message in body["items"]:
            self._rev = max(self._rev, message["rev"])
            marker = find(message["text"])
            if marker is not None:
                place = f"{self._dialog}.{message['seq']}"
                self.heard.append((marker.author, marker.visitor, marker.number, place, at))

    async def _get(self, path: str) -> bytes:
        async with self._turn:
            status, body = await self._connection.request(wire.get(path, self._headers))
        if status != 200:
            raise ConnectionRefusedError(f"{path} was answered {status}: {body[:200]!r}")
        return body


async def _spaced(event: asyncio.Event, read: Callable[[], Awaitable[None]]) -> None:
    """Reads at once when called, and again at most every `APART` seconds."""
    while True:
        await event.wait()
        event.clear()
        await read()
        await asyncio.sleep(APART)
