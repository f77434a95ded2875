"""A server of files that behaves as badly as it is told, and remembers who has asked for what.

Owns answers byte for byte. Must never know what is being tested.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

Write = Callable[[bytes], Awaitable[None]]
Answering = Callable[[Write], Awaitable[None]]


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]


@dataclass
class Disk:
    """A server of files on 127.0.0.1, or on another address of this machine."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answering] = field(default_factory=dict)
    busy: set[asyncio.Task[None] | None] = field(default_factory=set)

    def says(self, path: str, head: str, body: bytes = b"") -> None:
        """The whole answer at a path: its head as it is, and its body."""

        async def answer(write: Write) -> None:
            await write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

        self.answers[path] = answer

    def has(self, path: str, body: bytes, type: str = "application/octet-stream") -> None:
        """An honest file."""
        self.says(path, f"HTTP/1.1 200 OK\nContent-Type: {type}\nContent-Length: {len(body)}", body)

    def moved(self, path: str, target: str) -> None:
        """A redirect."""
        self.says(path, f"HTTP/1.1 302 Found\nLocation: {target}\nContent-Length: 0")

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)
            }
            path = first.split(" ")[1]
            self.asked.append(Asked(path, headers))

            async def write(chunk: bytes) -> None:
                writer.write(chunk)
                await writer.drain()

            answer = self.answers.get(path)
            if answer is None:
                await write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                await answer(write)
        writer.close()


@contextmanager
def serving_beside() -> Iterator[Disk]:
    """One in a thread of its own, for tests that have no event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    try:
        yield asyncio.run_coroutine_threadsafe(stack.enter_async_context(serving()), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def serving(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Disk]:
    """Starts one, and ends it."""
    disk = Disk()
    server = await asyncio.start_server(disk.hear, host, port)
    disk.url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
    try:
        yield disk
    finally:
        server.close()
        for task in disk.busy:
            if task is not None:
                task.cancel()
        await asyncio.gather(*filter(None, disk.busy), return_exceptions=True)
