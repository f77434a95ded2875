"""Telegram's side of a webhook: how the server delivers, repeats and gives up.

Owns the queues, their pauses and what getWebhookInfo says of them. The rules are those of the server's WebhookActor:
strictly one in flight of each queue; the first repeat at once, the next after 2, 4, 8… s, up to a random minute or two;
Retry-After is honoured up to an hour; an update is dropped a day after its message; 410 for 23 hours ends the webhook.
It must never deliver two of one queue at a time.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bridge.playground.telegram.updates import Update

if TYPE_CHECKING:
    from bridge.playground.frame import Playground
    from bridge.playground.telegram.bots import Bot

log = structlog.get_logger()

ANSWER_SECONDS = 60.0
"""Real seconds for the other side to answer."""
MOST_PAUSE = 60
MOST_RETRY_AFTER = 3600
GONE_SECONDS = 23 * 60 * 60
UNHEARD = frozenset({"deletewebhook", "setwebhook", "close", "logout"})


class Webhook:
    """One bot's webhook; `url` is empty while there is none."""

    def __init__(self, frame: Playground, bot: Bot) -> None:
        self._frame = frame
        self._bot = bot
        self._queues: dict[str, deque[Update]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(1)
        self._gone_since: float | None = None
        self.url = ""
        self.secret = ""
        self.most = 40
        self.address = ""
        self.certificate = False
        self.error_at: float | None = None
        self.error = ""

    def open(self, url: str, secret: str, most: int, address: str, *, certificate: bool) -> None:
        """Delivers to this address from now on, what is pending first."""
        self.close()
        self.url, self.secret, self.most = url, secret, most
        self.address, self.certificate = address, certificate
        self.error_at, self.error = None, ""
        self._free = asyncio.Semaphore(most)
        for update in self._bot.inbox.pending.values():
            self.news(update)

    def close(self) -> None:
        """Delivers no more; what is pending stays so."""
        self.url = self.secret = ""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._queues.clear()

    def info(self) -> dict[str, Any]:
        """What getWebhookInfo answers."""
        found: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": self.certificate,
            "pending_update_count": len(self._bot.inbox.pending),
        }
        if self.url:
            found["max_connections"] = self.most
            host = urlsplit(self.url).hostname or ""
            if self.address or host.replace(".", "").isdecimal():
                found["ip_address"] = self.address or host
        if self.error_at is not None:
            found |= {"last_error_date": int(self.error_at), "last_error_message": self.error}
        if self._bot.inbox.allowed:
            found["allowed_updates"] = self._bot.inbox.allowed
        return found

    def news(self, update: Update) -> None:
        """An update is to be delivered, behind those of its queue."""
        if not self.url:
            return
        queue = self._queues.setdefault(update.queue, deque())
        queue.append(update)
        if update.queue not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._drain(update.queue, queue))
            self._tasks[update.queue] = task

    async def _drain(self, name: str, queue: deque[Update]) -> None:
        while queue:
            await self._deliver(queue[0])
            queue.popleft()
        del self._tasks[name]
        del self._queues[name]

    async def _deliver(self, update: Update) -> None:
        """Repeats one update until it is taken or too old."""
        failures, delay = 0, 1
        while True:
            async with self._free:
                wait = await self._post(update)
            if wait is None:
                if not self._bot.inbox.again(update):
                    self._bot.inbox.drop(update)
                    return
                continue
            pause = min(max(wait, 0), MOST_RETRY_AFTER)
            if pause == 0 and failures > 0:
                delay = min(random.randint(MOST_PAUSE, 2 * MOST_PAUSE), delay * 2)  # noqa: S311
                pause = delay
            failures += 1
            if self._frame.clock.now() + pause > update.expires:
                log.info("an update was dropped", update=update.id, reason=self.error)
                self._bot.inbox.drop(update)
                return
            await self._frame.clock.sleep(pause)

    async def _post(self, update: Update) -> int | None:
        """One try; None when it was taken, else the seconds that the other side asks us to wait (0: none)."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        user = urlsplit(self.url)
        auth = aiohttp.BasicAuth(user.username, user.password or "") if user.username else None
        bare = user._replace(netloc=user.netloc.rpartition("@")[2], fragment="").geturl()
        try:
            async with self._frame.http.post(
                bare,
                data=json.dumps(update.wire(), ensure_ascii=True).encode(),
                headers={"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate", **headers},
                auth=auth,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as answer:
                body = await answer.content.read(1_000_000)
                return await self._heard(answer, body)
        except TimeoutError:
            return self._failed("Read timeout expired")
        except aiohttp.ClientConnectorError:
            return self._failed("Connection refused")
        except (aiohttp.ClientError, OSError):
            return self._failed("Webhook connection closed")

    async def _heard(self, answer: aiohttp.ClientResponse, body: bytes) -> int | None:
        if 200 <= answer.status <= 299:
            self._gone_since = None
            await self._obey(body)
            return None
        self._note_gone(answer.status)
        word = answer.headers.get("Retry-After", "0")
        return self._failed(
            f"Wrong response from the webhook: {answer.status} {answer.reason}",
            int(word) if word.isdecimal() else 0,
        )

    def _note_gone(self, status: int) -> None:
        now = self._frame.clock.now()
        if status != 410:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now
        elif now > self._gone_since + GONE_SECONDS:
            asyncio.get_running_loop().call_soon(self.close)

    def _failed(self, words: str, retry_after: int = 0) -> int:
        self.error_at, self.error = self._frame.clock.now(), words
        self._frame.changes.touch("telegram")
        return retry_after

    async def _obey(self, body: bytes) -> None:
        """The answer to an update may hold one call, whose result nobody learns."""
        try:
            call = json.loads(body) if body.strip() else None
        except (ValueError, RecursionError):
            return
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return
        method = call.pop("method")
        if method.lower() not in UNHEARD and not method.lower().startswith("get"):
            await self._bot.telegram.asked(self._bot, method, call)
