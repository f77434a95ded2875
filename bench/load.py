"""The generator: many customers and agents in one cheap process, `python -m bench.load`.

Takes one JSON command a line on stdin (the methods of Load that are public) and prints one JSON answer a line.
Owns when something is sent and when it was acknowledged; judges nothing.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import uvloop

from bench import wire
from bench.desks import Screen
from bench.marker import Marker, find
from bench.platforms import PLATFORMS

JOIN_TIMEOUT = 60.0  # seconds a run may take to get its last answers after its last message
PLANNING = 500_000_000  # nanoseconds to write a run's messages down before its first is due
RECONNECT = 0.1  # seconds before a connection that was refused is tried again


@dataclass(frozen=True, slots=True)
class Target:
    """Where the messages go; a target without a session page is the floor."""

    port: int
    messages: str
    session: str | None = None
    events: str | None = None
    replies: str | None = None
    token: str | None = None
    hooks: bool = False
    """whether the platforms' posts are taken, at the addresses of `bench.platforms`"""


@dataclass(slots=True)
class Visitor:
    """One simulated customer."""

    number: int
    headers: dict[str, str] = field(default_factory=dict)
    written: int = 0
    answered: int = 0
    last_answer: bytes = b'{"seq": 0}'
    stream: wire.EventStream | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One message and the moment (monotonic nanoseconds) at which its author sends it."""

    marker: Marker
    content: bytes
    due: int


class Run:
    """What one run of load has done so far."""

    def __init__(self) -> None:
        self.began_at = time.monotonic_ns()
        self.acked: list[tuple[str, int, int, int, int]] = []
        self.refused: Counter[str] = Counter()

    def note(self, request: Request, status: int, body: bytes) -> None:
        """Notes an answer: only a 200 acknowledges."""
        if status == 200:
            marker = request.marker
            row = (marker.author, marker.visitor, marker.number, request.due, time.monotonic_ns())
            self.acked.append(row)
        else:
            self.refused[f"{status} {body[:200].decode(errors='replace')}"] += 1

    def report(self, ended_at: int) -> dict[str, object]:
        """The run as JSON can carry it."""
        return {
            "began_at": self.began_at,
            "ended_at": ended_at,
            "acked": self.acked,
            "refused": dict(self.refused),
        }


class Load:
    """All visitors and the connections they share; a visitor keeps to one connection, so his messages keep their order."""

    def __init__(self, target: Target, connections: int, seed: int) -> None:
        self._target = target
        self._connections: list[wire.Connection] = []
        self._size = connections
        self._random = random.Random(seed)
        self._visitors: list[Visitor] = []
        self._heard: list[tuple[str, int, int, str, int]] = []
        self._screens: list[Screen] = []
        self._updates = 0

    async def sessions(self, visitors: int) -> dict[str, object]:
        """Lets new visitors come in, each with a session of his own."""
        while len(self._connections) < self._size:
            self._connections.append(await wire.connect("127.0.0.1", self._target.port))
        for _ in range(visitors):
            visitor = Visitor(len(self._visitors))
            self._visitors.append(visitor)
            if self._target.session is not None:
                status, body = await self._connections[0].request(wire.post(self._target.session, {}, {}))
                if status != 200:
                    raise ConnectionRefusedError(f"a session was answered {status}: {body[:300]!r}")
                visitor.headers = {"Authorization": f"Bearer {json.loads(body)['token']}"}
        return {"visitors": len(self._visitors)}

    async def closed(self, seconds: float) -> dict[str, object]:
        """Every connection sends its next message as soon as the last is answered."""
        run = Run()
        until = run.began_at + int(seconds * 1e9)
        async with asyncio.timeout(seconds + JOIN_TIMEOUT), asyncio.TaskGroup() as group:
            for number, visitors in self._by_connection(self._visitors).items():
                group.create_task(self._drive(run, number, self._endless(visitors, until)))
        return run.report(until)

    async def once(self) -> dict[str, object]:
        """Every visitor sends one message."""
        run = Run()
        async with asyncio.timeout(JOIN_TIMEOUT), asyncio.TaskGroup() as group:
            for number, visitors in self._by_connection(self._visitors).items():
                requests = [self._message(visitor, run.began_at) for visitor in visitors]
                group.create_task(self._drive(run, number, iter(requests)))
        return run.report(time.monotonic_ns())

    async def open(self, rate: float, seconds: float) -> dict[str, object]:
        """Customers write at moments that do not wait for answers, `rate` a second in the mean."""
        return await self._spread(rate, seconds, self._visitors, self._message)

    async def updates(self, rate: float, seconds: float, platform: str) -> dict[str, object]:
        """The same customers write on a platform: each message is posted to its hook."""
        return await self._spread(rate, seconds, self._visitors, partial(self._update, platform))

    async def replies(self, rate: float, seconds: float, dialogs: dict[str, str]) -> dict[str, object]:
        """Agents answer by the REST API; `dialogs` tells the dialog of each visitor."""
        visitors = [visitor for visitor in self._visitors if str(visitor.number) in dialogs]

        def reply(visitor: Visitor, due: int) -> Request:
            return self._reply(visitor, dialogs[str(visitor.number)], due)

        return await self._spread(rate, seconds, visitors, reply)

    async def streams(self, count: int) -> dict[str, object]:
        """Opens an event stream for the first `count` visitors, each after his own last message."""
        for visitor in self._visitors[:count]:
            seq = json.loads(visitor.last_answer)["seq"]
            request = wire.get(
                f"{self._target.events}?after={seq}", visitor.headers | {"Accept": "text/event-stream"}
            )
            visitor.stream = await wire.listen("127.0.0.1", self._target.port, request, self._hear)
        return {"streams": count}

    async def heard(self) -> dict[str, object]:
        """The generator's own texts that have come down the visitors' streams so far."""
        return {"arrivals": self._heard}

    async def desks(self, dialogs: dict[str, str]) -> dict[str, object]:
        """Opens an agent's screen for each of these visitors' dialogs."""
        for dialog in dialogs.values():
            screen = Screen(self._target.port, self._target.token or "", dialog)
            await screen.open()
            self._screens.append(screen)
        # Opening so many takes longer than a server keeps the customers' idle connections.
        for connection in self._connections:
            connection.close()
        self._connections = [await wire.connect("127.0.0.1", self._target.port) for _ in self._connections]
        return {"desks": len(self._screens)}

    async def screens(self) -> dict[str, object]:
        """The generator's own texts that have stood on an agent's screen so far."""
        return {"arrivals": [heard for screen in self._screens for heard in screen.heard]}

    async def pushes(self) -> dict[str, object]:
        """The most that any screen was woken in one second."""
        return {"most": max((most for screen in self._screens for most in screen.pushes.values()), default=0)}

    async def close(self) -> dict[str, object]:
        """Ends every stream and connection."""
        for screen in self._screens:
            await screen.close()
        for visitor in self._visitors:
            if visitor.stream is not None:
                visitor.stream.close()
        for connection in self._connections:
            connection.close()
        return {}

    async def _spread(
        self,
        rate: float,
        seconds: float,
        visitors: list[Visitor],
        write: Callable[[Visitor, int], Request],
    ) -> dict[str, object]:
        """Plans all moments beforehand and sends each message at its own, or late when its connection is busy.

        The wait for a busy connection counts: a slow answer must not slow the customers down.
        """
        run = Run()
        run.began_at += PLANNING
        until = run.began_at + int(seconds * 1e9)
        plan: dict[int, deque[Request]] = defaultdict(deque)
        due = float(run.began_at)
        while (due := due + self._random.expovariate(rate) * 1e9) < until:
            visitor = self._random.choice(visitors)
            plan[visitor.number % self._size].append(write(visitor, int(due)))
        async with asyncio.timeout(seconds + JOIN_TIMEOUT), asyncio.TaskGroup() as group:
            for number, requests in plan.items():
                group.create_task(self._drive(run, number, iter(requests)))
        return run.report(until)

    async def _drive(self, run: Run, number: int, requests: Iterator[Request]) -> None:
        """Sends requests one after another over one connection, which is renewed when the server closes it."""
        for request in requests:
            wait = request.due - time.monotonic_ns()
            if wait > 0:
                await asyncio.sleep(wait / 1e9)
            try:
                if not self._connections[number].open:
                    self._connections[number] = await wire.connect("127.0.0.1", self._target.port)
                status, body = await self._connections[number].request(request.content)
            except ConnectionError as error:
                run.refused[str(error)] += 1
                await asyncio.sleep(RECONNECT)
                continue
            run.note(request, status, body)
            if status == 200 and request.marker.author == "customer":
                self._visitors[request.marker.visitor].last_answer = body

    def _by_connection(self, visitors: list[Visitor]) -> dict[int, list[Visitor]]:
        lanes: dict[int, list[Visitor]] = defaultdict(list)
        for visitor in visitors:
            lanes[visitor.number % self._size].append(visitor)
        return lanes

    def _endless(self, visitors: list[Visitor], until: int) -> Iterator[Request]:
        """Messages of these visitors in turn, written when the one before is answered."""
        while True:
            for visitor in visitors:
                now = time.monotonic_ns()
                if now >= until:
                    return
                yield self._message(visitor, now)

    def _message(self, visitor: Visitor, due: int) -> Request:
        marker = Marker("customer", visitor.number, visitor.written)
        visitor.written += 1
        body = {"text": marker.text(), "client_id": f"{visitor.number}-{marker.number}"}
        return Request(marker, wire.post(self._target.messages, body, visitor.headers), due)

    def _update(self, platform: str, visitor: Visitor, due: int) -> Request:
        if not self._target.hooks:
            raise ValueError("this target takes nothing from platforms")
        marker = Marker("customer", visitor.number, visitor.written)
        visitor.written += 1
        self._updates += 1
        post = PLATFORMS[platform](self._updates, visitor.number, marker.text())
        return Request(marker, wire.posted(post.path, post.body, post.headers), due)

    def _reply(self, visitor: Visitor, dialog: str, due: int) -> Request:
        if self._target.replies is None:
            raise ValueError("this target takes no replies")
        marker = Marker("agent", visitor.number, visitor.answered)
        visitor.answered += 1
        headers = {
            "Authorization": f"Bearer {self._target.token}",
            "Idempotency-Key": f"reply-{visitor.number}-{marker.number}",
        }
        path = self._target.replies.format(dialog=dialog)
        return Request(marker, wire.post(path, {"text": marker.text(), "mode": "send"}, headers), due)

    def _hear(self, data: bytes, at: int) -> None:
        event = json.loads(data)
        marker = find(str(event.get("text") or "")) if isinstance(event, dict) else None
        if marker is not None:
            self._heard.append((marker.author, marker.visitor, marker.number, str(event["id"]), at))


async def main() -> None:
    """Reads commands from stdin until it ends."""
    first = json.loads(sys.stdin.readline())
    load = Load(Target(**first["target"]), first["connections"], first["seed"])
    does: dict[str, Callable[..., Awaitable[dict[str, object]]]] = {
        "sessions": load.sessions,
        "closed": load.closed,
        "once": load.once,
        "open": load.open,
        "updates": load.updates,
        "replies": load.replies,
        "streams": load.streams,
        "heard": load.heard,
        "desks": load.desks,
        "screens": load.screens,
        "pushes": load.pushes,
        "close": load.close,
    }
    print("{}", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        answer = await does[command.pop("do")](**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
