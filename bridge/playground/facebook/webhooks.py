"""Facebook's side of a webhook: how events are put together, signed, repeated and given up.

Owns the queue of a page. The rules are those of Meta's pages: at most 1000 events in a call, anything but 200 within five
seconds is a failure, a failed call comes again at once and then ever more rarely for 36 hours, while others overtake it,
and after an hour of nothing but failures the page is unsubscribed. The signature is of the raw bytes, whose letters beyond
ASCII and slashes are escaped. It must never wait for a failed call before it makes the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

if TYPE_CHECKING:
    from bridge.playground.facebook.pages import Page
    from bridge.playground.frame import Playground

log = structlog.get_logger()

ANSWER_SECONDS = 5.0
"""Real seconds for the other side to answer."""
MOST_EVENTS = 1000
KEPT_SECONDS = 36 * 60 * 60
FAILING_SECONDS = 60 * 60
PAUSES = (0.0, 2.0, 10.0, 30.0, 120.0, 300.0, 600.0)
"""Seconds before each repeat; the last one holds for all that follow [the numbers are not documented]."""


@dataclass(frozen=True, slots=True)
class Update:
    """One event; `mid` is the message that it brings, `alone` keeps it out of the call of those before it."""

    kind: str
    event: dict[str, Any]
    mid: str = ""
    alone: bool = False


class Webhook:
    """One page's way out; `batch` is how many events go into one call at most."""

    def __init__(self, frame: Playground, page: Page) -> None:
        self._frame = frame
        self._page = page
        self._queue: deque[Update] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._repeats: set[asyncio.Task[None]] = set()
        self._waiting: list[Update] = []
        self.failing_since: float | None = None
        self.error = ""
        self.batch = MOST_EVENTS

    def news(self, update: Update) -> None:
        """An event is to be told, behind those that wait."""
        self._queue.append(update)
        self._waiting.append(update)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send())

    def holds(self, mid: str) -> bool:
        """Whether a message has not been taken yet."""
        return any(update.mid == mid for update in self._waiting)

    @property
    def pending(self) -> int:
        """How many events have not been taken."""
        return len(self._waiting)

    def close(self) -> None:
        """Tells nothing more; what waits is forgotten."""
        current = asyncio.current_task() if self._repeats or self._sending else None
        for task in (*self._repeats, *filter(None, [self._sending])):
            if task is not current:
                task.cancel()
        self._repeats.clear()
        self._queue.clear()
        self._waiting.clear()
        self.failing_since = None

    async def _send(self) -> None:
        """Makes the first call of each event, in their order."""
        while self._queue:
            some = [self._queue.popleft()]
            while self._queue and len(some) < self.batch and not self._queue[0].alone:
                some.append(self._queue.popleft())
            if await self._post(some):
                self._taken(some)
            elif self._page.subscribed:
                task = asyncio.get_running_loop().create_task(self._repeat(some))
                self._repeats.add(task)
                task.add_done_callback(self._repeats.discard)

    async def _repeat(self, some: list[Update]) -> None:
        began = self._frame.clock.now()
        for number in range(1_000_000):
            await self._frame.clock.sleep(PAUSES[min(number, len(PAUSES) - 1)])
            if await self._post(some):
                break
            if not self._page.subscribed:
                return
            if self._frame.clock.now() - began > KEPT_SECONDS:
                log.info("events were dropped", page=self._page.id, count=len(some), reason=self.error)
                break
        self._taken(some)

    def _taken(self, some: list[Update]) -> None:
        gone = {id(update) for update in some}
        self._waiting = [update for update in self._waiting if id(update) not in gone]
        for person in {str(update.event["sender"]["id"]) for update in some}:
            self._frame.changes.touch(f"facebook/{self._page.id}/{person}")

    async def _post(self, some: list[Update]) -> bool:
        """One try; whether it was taken."""
        now = int(self._frame.clock.now() * 1000)
        entry = {"id": self._page.id, "time": now, "messaging": [update.event for update in some]}
        body = written({"object": "page", "entry": [entry]})
        app = self._page.app
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature": f"sha1={_signed(app.secret, body, 'sha1')}",
            "X-Hub-Signature-256": f"sha256={_signed(app.secret, body, 'sha256')}",
        }
        try:
            async with self._frame.http.post(
                app.callback,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as answer:
                await answer.content.read(1_000_000)
                error = "" if answer.status == 200 else f"HTTP {answer.status}"
        except TimeoutError:
            error = "no answer in 5 seconds"
        except (aiohttp.ClientError, OSError) as problem:
            error = type(problem).__name__
        self._noted(error)
        return not error

    def _noted(self, error: str) -> None:
        self.error = error
        now = self._frame.clock.now()
        if not error:
            self.failing_since = None
        elif self.failing_since is None:
            self.failing_since = now
        elif now - self.failing_since >= FAILING_SECONDS:
            log.info("a page was unsubscribed after an hour of failures", page=self._page.id, reason=error)
            self._page.unsubscribe()


def written(value: Any) -> bytes:
    """JSON as Facebook writes it."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def _signed(secret: str, body: bytes, digest: str) -> str:
    return hmac.new(secret.encode(), body, getattr(hashlib, digest)).hexdigest()
