"""Simulated customers and agents: they insist until they are acknowledged, and write down what they saw.

Owns who says what and when, all drawn from one seed. Must never give up a message for an error, and never judge.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bench.marker import Marker, find
from tests.faults.house import House
from tests.faults.journal import Journal, Posted, Replied, Said, Shown

PATIENCE = aiohttp.ClientTimeout(total=None, connect=5, sock_read=30)
RESEND = (0.1, 0.8)
SILENT = 4
"""Every so many customers are not answered by anybody: their promises break."""


class People:
    """Everybody outside of one house."""

    def __init__(self, house: House, journal: Journal, seed: int) -> None:
        self.house = house
        self.journal = journal
        self.rng = random.Random(seed)
        self.pause = (0.1, 0.8)
        """between two messages of a customer"""
        self.writing = asyncio.Event()
        self._http = aiohttp.ClientSession(timeout=PATIENCE, connector=aiohttp.TCPConnector(limit=0))
        self._writers: list[asyncio.Task[None]] = []
        self._others: list[asyncio.Task[None]] = []
        self._unanswered = 0
        self._agents: dict[int, asyncio.Queue[Marker]] = {}
        self._numbers: dict[int, int] = defaultdict(int)

    async def come(self, visitors: int, callers: int) -> None:
        """Visitors of the site chat open their chats, callers of the keyless platform and visitors begin to write."""
        self.writing.set()
        for number in range(visitors):
            customer = f"visitor-{number}"
            seed = self.rng.getrandbits(32)
            self._writers.append(asyncio.create_task(self._visitor(customer, number, random.Random(seed))))
        for number in range(visitors, visitors + callers):
            seed = self.rng.getrandbits(32)
            self._writers.append(asyncio.create_task(self._caller(number, random.Random(seed))))

    async def finish(self) -> None:
        """Everybody stops writing once what he has begun is acknowledged; streams stay open."""
        self.writing.clear()
        await asyncio.gather(*self._writers)

    def idle(self) -> bool:
        """Whether no agent has anything left to say."""
        return self._unanswered == 0

    async def leave(self) -> None:
        """All go home."""
        for task in (*self._writers, *self._others):
            task.cancel()
        await asyncio.gather(*self._writers, *self._others, return_exceptions=True)
        await self._http.close()

    def answer(self, posted: Posted) -> None:
        """An agent sees a customer's message at the desk, and may answer it."""
        marker = find(posted.text)
        if marker is None or marker.visitor % SILENT == 0 or self.rng.random() < 0.3:
            return
        if posted.dialog not in self._agents:
            self._agents[posted.dialog] = asyncio.Queue()
            seed = self.rng.getrandbits(32)
            self._others.append(asyncio.create_task(self._agent(posted.dialog, random.Random(seed))))
        self._agents[posted.dialog].put_nowait(marker)
        self._unanswered += 1

    # -- customers

    async def _visitor(self, customer: str, number: int, rng: random.Random) -> None:
        opened = await self._insist(rng, "POST", "/site/shop/session", {}, {})
        headers = {"Authorization": f"Bearer {opened['token']}"}
        self._others.append(asyncio.create_task(self._follow(customer, headers, rng)))
        count = 0
        while self.writing.is_set():
            marker = Marker("customer", number, count)
            said = {"text": marker.text(), "client_id": f"{number}-{count}"}
            # A new visitor's browser sends its first words over all the ways there are.
            ways = len(self.house.webs) if count == 0 else 1 + (rng.random() < 0.1)

            async def send(said: dict[str, str] = said) -> dict[str, Any]:
                return await self._insist(rng, "POST", "/site/shop/messages", said, headers)

            self._note(customer, marker, await asyncio.gather(*(send() for _ in range(ways))))
            count += 1
            await asyncio.sleep(rng.uniform(*self.pause))

    async def _caller(self, number: int, rng: random.Random) -> None:
        customer, count = f"caller-{number}", 0
        while self.writing.is_set():
            marker = Marker("customer", number, count)
            update = {"from": customer, "id": f"{number}-{count}", "text": marker.text()}
            ways = len(self.house.webs) if count == 0 else 1 + (rng.random() < 0.1)

            async def send(update: dict[str, str] = update) -> dict[str, Any]:
                return await self._insist(rng, "POST", "/hooks/phone", update, {})

            self._note(customer, marker, await asyncio.gather(*(send() for _ in range(ways))))
            count += 1
            await asyncio.sleep(rng.uniform(*self.pause))

    def _note(self, customer: str, marker: Marker, answers: list[dict[str, Any]]) -> None:
        if any(answer != answers[0] for answer in answers):
            self.journal.odd.append(f"one message of {customer} was acknowledged as {answers}")
        dialog, _, seq = answers[0]["id"].partition(".")
        client_id = f"{marker.visitor}-{marker.number}"
        self.journal.said.append(
            Said(customer, marker.number, client_id, marker.text(), int(dialog), int(seq), time.monotonic())
        )

    async def _follow(self, customer: str, headers: dict[str, str], rng: random.Random) -> None:
        """Keeps the visitor's event stream open, and resumes it behind the last event it saw."""
        shown = self.journal.streams.setdefault(customer, [])
        last = 0
        while True:
            try:
                async with self._http.get(
                    f"{rng.choice(self.house.webs)}/site/shop/events",
                    params={"after": str(last)},
                    headers=headers,
                ) as answer:
                    self._check(answer.status, "events")
                    async for line in answer.content:
                        if answer.status == 200 and line.startswith(b"data: "):
                            event = json.loads(line.removeprefix(b"data: "))
                            last = event["rev"]
                            shown.append(
                                Shown(
                                    event["seq"],
                                    event["rev"],
                                    event["author"]["kind"],
                                    event["text"],
                                    event.get("mark"),
                                )
                            )
            except (aiohttp.ClientError, TimeoutError):
                self.journal.refused["no connection"] += 1
            await asyncio.sleep(rng.uniform(*RESEND))

    # -- agents

    async def _agent(self, dialog: int, rng: random.Random) -> None:
        """Answers one dialog, one reply after another."""
        while True:
            question = await self._agents[dialog].get()
            await asyncio.sleep(rng.uniform(0, 0.5))
            number = self._numbers[dialog]
            self._numbers[dialog] += 1
            text = Marker("agent", question.visitor, number).text()
            headers = {"Authorization": f"Bearer {self.house.token}", "Idempotency-Key": f"{dialog}-{number}"}
            said = {"text": text, "mode": "send" if rng.random() < 0.7 else "auto"}
            path = f"/api/v1/dialogs/{dialog}"
            answer = await self._insist(rng, "POST", f"{path}/reply", said, headers)
            self.journal.replied.append(Replied(dialog, number, text, answer["seq"], answer["private"]))
            if rng.random() < 0.15:
                until = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
                await self._insist(
                    rng, "POST", f"{path}/actions", {"action": "snooze", "until": until}, headers, also=(409,)
                )
            self._unanswered -= 1

    # -- the wire

    async def _insist(
        self,
        rng: random.Random,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
        also: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        """Repeats a request until it is answered well; a 503 or no connection is a reason to wait, nothing else is."""
        while True:
            try:
                async with self._http.request(
                    method, rng.choice(self.house.webs) + path, json=body, headers=headers
                ) as answer:
                    content = await answer.read()
                    if answer.status in (200, *also):
                        found: dict[str, Any] = json.loads(content)
                        return found
                    self._check(answer.status, f"{path}: {content[:200]!r}")
            except (aiohttp.ClientError, TimeoutError):
                self.journal.refused["no connection"] += 1
            await asyncio.sleep(rng.uniform(*RESEND))

    def _check(self, status: int, what: str) -> None:
        if status != 200:
            self.journal.refused[str(status)] += 1
            if status != 503:
                self.journal.odd.append(f"{status} {what}")


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Waits for a condition and returns how long it took; seconds when it did not come."""
    started = time.monotonic()
    while (took := time.monotonic() - started) < seconds:
        if await condition():
            return took
        await asyncio.sleep(0.3)
    return seconds
