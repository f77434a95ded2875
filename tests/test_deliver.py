"""The hands: what every failure becomes, and real calls to a platform that misbehaves on command."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from bridge import actions as a
from bridge import errors, lease
from bridge.connector import Connector, NoSettings
from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Outcome
from bridge.conversations.verbs import ActOnDialog
from bridge.deliver import GIVE_UP, LONGEST_PAUSE, Hands, card, decide, message
from bridge.desk import Desk
from bridge.messages import (
    Address,
    AgentId,
    Card,
    ChannelName,
    DeskName,
    DialogId,
    Limits,
    Message,
    NativeId,
    ThreadId,
)
from tests.conversations.samples import MINUTE, NOON, SECOND, ann
from tests.conversations.shell import House, Moved, emptied, housed, said, until
from tests.services import DATABASE_KINDS, PostgresServer, RedisServer, chosen

LEASE = timedelta(seconds=4)
me = a.Agent(AgentId(1), "ann", "Ann", "agent")


# --- the decision


def a_row(**fields: Any) -> OutRow:
    known: dict[str, Any] = {
        "id": 1,
        "lane": "7>channel:shop",
        "seq": 3,
        "part": 0,
        "kind": "send",
        "destination": "channel:shop",
        "dialog": DialogId(7),
        "message_seq": 3,
        "human": True,
        "payload": {},
        "key": "ab" * 16,
        "state": "sending",
        "not_before": NOON,
        "owner": "A",
        "sending_until": NOON + LEASE,
        "attempts": 1,
        "doubled": False,
        "reason": None,
        "created_at": NOON,
    }
    return OutRow(**known | fields)


OLD = NOON - GIVE_UP - SECOND
DELAYED, FAILED, UNKNOWN = "delayed", "failed", "unknown"
KEYED, KEYLESS = Limits(keyed=True), Limits(keyed=False)
NOT_SENT: list[tuple[Exception, str, float]] = [
    (errors.Throttled(17), DELAYED, 17),
    (errors.Unreachable("no route"), DELAYED, 1),
    (errors.BadConfig("wrong token"), DELAYED, 60),
    (errors.Rejected("too long"), FAILED, 0),
    (errors.ContactGone("blocked"), FAILED, 0),
    (errors.WindowClosed("24 hours"), FAILED, 0),
    (errors.SendError("something"), FAILED, 0),
]


@pytest.mark.parametrize("limits", [KEYED, KEYLESS], ids=["keyed", "keyless"])
@pytest.mark.parametrize("human", [True, False], ids=["human", "automatic"])
@pytest.mark.parametrize("doubled", [True, False], ids=["doubled", "once"])
@pytest.mark.parametrize(("error", "state", "seconds"), NOT_SENT, ids=lambda value: type(value).__name__)
def test_what_was_surely_not_sent_waits_or_fails_whoever_said_it(
    error: Exception, state: str, seconds: float, doubled: bool, human: bool, limits: Limits
) -> None:
    outcome = decide(error, a_row(human=human, doubled=doubled), limits, NOON)
    assert (outcome.state, outcome.doubled) == (state, False)
    assert outcome.not_before == (NOON + seconds * SECOND if state == DELAYED else None)
    assert outcome.reason == str(error)


@pytest.mark.parametrize(("error", "state", "seconds"), NOT_SENT, ids=lambda value: type(value).__name__)
def test_after_a_day_a_reply_has_failed_and_a_desk_is_still_tried(
    error: Exception, state: str, seconds: float
) -> None:
    for limits in (KEYED, KEYLESS):
        reply = decide(error, a_row(created_at=OLD), limits, NOON)
        assert reply.state == (DELAYED if isinstance(error, errors.Throttled) else FAILED)
        for kind in ("post", "show", "mark"):
            assert decide(error, a_row(created_at=OLD, kind=kind, human=False), limits, NOON).state == state


@pytest.mark.parametrize("error", [error for error, *_ in NOT_SENT] + [errors.Ambiguous("reset")], ids=type)
def test_a_dialog_is_opened_at_its_desk_however_often_that_fails(error: Exception) -> None:
    for limits in (KEYED, KEYLESS):
        for age in (NOON, OLD):
            row = a_row(kind="open", human=False, created_at=age)
            assert decide(error, row, limits, NOON).state in (DELAYED, UNKNOWN)


@pytest.mark.parametrize(("asked", "waited"), [(-5, 0), (0, 0), (7, 7), (10**9, LONGEST_PAUSE)])
def test_a_platform_is_left_alone_for_as_long_as_it_asks_but_an_hour(asked: float, waited: float) -> None:
    assert decide(errors.Throttled(asked), a_row(), KEYED, NOON).not_before == NOON + waited * SECOND


DOUBTFUL = [
    errors.Ambiguous("reset after writing"),
    KeyError("an edge's own mistake"),
    OSError("a broken pipe"),
]


@pytest.mark.parametrize("error", DOUBTFUL, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("limits", "fields", "state", "seconds", "doubled"),
    [
        (KEYED, {}, UNKNOWN, 1, False),
        (KEYED, {"human": False}, UNKNOWN, 1, False),
        (KEYED, {"doubled": True}, UNKNOWN, 1, False),
        (KEYED, {"created_at": OLD}, UNKNOWN, 10, True),
        (KEYED, {"created_at": OLD, "human": False}, FAILED, None, False),
        (KEYED, {"created_at": OLD, "human": False, "kind": "post"}, UNKNOWN, 1, False),
        (KEYLESS, {}, UNKNOWN, 10, True),
        (KEYLESS, {"doubled": True}, FAILED, None, False),
        (KEYLESS, {"human": False}, FAILED, None, False),
        (KEYLESS, {"created_at": OLD}, UNKNOWN, 10, True),
    ],
)
def test_what_may_have_arrived_is_repeated_only_where_that_cannot_surprise(
    limits: Limits, fields: dict[str, Any], state: str, seconds: float | None, doubled: bool, error: Exception
) -> None:
    outcome = decide(error, a_row(**fields), limits, NOON)
    assert (outcome.state, outcome.doubled) == (state, doubled)
    assert outcome.not_before == (None if seconds is None else NOON + seconds * SECOND)
    assert outcome.reason
    assert outcome.reason.startswith("it may not have arrived") == (state == FAILED)


def test_the_pause_between_tries_doubles_up_to_a_minute() -> None:
    pauses = []
    for attempts in range(1, 10):
        outcome = decide(errors.Unreachable(), a_row(attempts=attempts), KEYED, NOON)
        assert outcome.not_before is not None
        pauses.append((outcome.not_before - NOON).total_seconds())
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_reason_is_always_given_in_words_that_can_be_stored() -> None:
    assert decide(errors.Unreachable(), a_row(), KEYED, NOON).reason == "Unreachable"
    strange = decide(errors.Rejected("bad\x00 \ud83d words"), a_row(), KEYED, NOON).reason
    assert strange is not None
    assert "\x00" not in strange
    assert strange.encode("utf-8").startswith(b"bad")


def test_a_payload_becomes_the_message_and_the_card_that_an_edge_is_given() -> None:
    payload = {
        "seq": 3,
        "author": {"kind": "agent", "id": "5", "name": "Ann"},
        "text": "Here it is.",
        "file": {"id": "8", "name": "a.pdf", "type": "application/pdf", "size": 3},
        "mark": "failed",
        "reason": "blocked",
        "reply_to": "n5",
    }
    given = message(a_row(payload=payload, doubled=True), NativeId("n7"))
    assert (given.author.id, given.text, given.native, given.mark) == (5, "Here it is.", "n7", "failed")
    assert given.reply_to == "n5"
    assert [file.name for file in given.attachments] == ["a.pdf"]
    assert (given.data, given.doubled) == ({"reason": "blocked"}, True)
    plain = message(a_row(dialog=None))
    assert (plain.dialog, plain.author.kind, plain.text) == (0, "system", "")
    due = card({"subject": "dialog:7", "title": "?", "due_at": NOON.isoformat()})
    assert due.due_at == NOON
    assert card({"subject": "dialog:7", "title": "?"}).due_at is None


# --- a platform that misbehaves on command


class Platform:
    """An HTTP server that takes calls as its script says, one word a call; then it takes everything."""

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self.arrived: list[dict[str, Any]] = []
        """what the platform has really taken, repeats included"""
        self.asked: list[float] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append(time.monotonic())
        content = await request.json()
        word = self.script.popleft() if self.script else "ok"
        if word in ("ok", "drop", "slow"):
            self.arrived.append(content)
        match word:
            case "429":
                return web.Response(status=429, headers={"Retry-After": "7"})
            case "drop":
                assert request.transport is not None
                request.transport.close()
            case "slow":
                await asyncio.sleep(20)
            case "ok":
                return web.json_response({"id": f"n{len(self.arrived)}"})
        return web.Response(status=int(word) if word.isdecimal() else 200)


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    made = Platform()
    app = web.Application()
    app.router.add_post("/", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http://127.0.0.1:{port}/"
    try:
        yield made
    finally:
        await runner.cleanup()


async def call(url: str, **content: Any) -> str:
    """One call, and what went wrong in the words of what happened."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http,
            http.post(url, json=content) as response,
        ):
            if response.status == 429:
                raise errors.Throttled(float(response.headers["Retry-After"]))
            if response.status >= 500:
                raise errors.Unreachable(f"the platform answered {response.status}")
            if response.status == 403:
                raise errors.ContactGone("the contact has blocked us")
            if response.status >= 400:
                raise errors.Rejected(f"the platform answered {response.status}\x00")
            return str((await response.json())["id"])
    except aiohttp.ClientConnectorError as error:
        raise errors.Unreachable("no connection") from error
    except aiohttp.ClientError as error:
        raise errors.Ambiguous(type(error).__name__) from error


class Phone(Connector):
    """A tiny connector to the platform."""

    def __init__(self, url: str, limits: Limits) -> None:
        super().__init__(ChannelName("shop"), NoSettings(), None)  # type: ignore[arg-type]
        self.url = url
        self.limits = limits  # type: ignore[misc]

    async def send(self, to: Address, message: Message) -> NativeId:
        if self.url == "broken":
            raise KeyError("an edge's own mistake")
        return NativeId(
            await call(self.url, to=to, text=message.text, key=message.key, doubled=message.doubled)
        )


class Wall(Desk):
    """A tiny desk on the same platform."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, url: str) -> None:
        super().__init__(DeskName("web"), NoSettings(), None)  # type: ignore[arg-type]
        self.url = url

    async def open(self, card: Card, key: str) -> ThreadId:
        return ThreadId(await call(self.url, open=card.subject, key=key))

    async def post(self, thread: ThreadId, message: Message) -> NativeId:
        return NativeId(await call(self.url, post=message.text, thread=thread, key=message.key))

    async def show(self, thread: ThreadId, card: Card, key: str) -> None:
        await call(self.url, show=card.status, thread=thread, key=key)

    async def mark(self, thread: ThreadId, message: Message) -> None:
        await call(self.url, mark=message.mark, thread=thread, key=message.key)


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with emptied(request, tmp_path) as database:
        yield database


@pytest.fixture
def wall() -> Moved:
    return Moved()


def hands_of(house: House, *edges: Connector | Desk, owner: str = "A") -> Hands:
    named = {f"{'desk' if isinstance(edge, Desk) else 'channel'}:{edge.name}": edge for edge in edges}
    return Hands(house.router, house.bells, house.heal, named, owner, house.clock, LEASE)


@asynccontextmanager
async def working(*hands: Hands) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.run()) for each in hands]
    try:
        yield
        assert not any(task.done() for task in tasks), "the hands have died"
    finally:
        for task in tasks:
            task.cancel()
        _, alive = await asyncio.wait(tasks, timeout=2 * LEASE.total_seconds())
        assert not alive, "they do not end"


async def replied(house: House, text: str = "It left today.", number: int = 1) -> tuple[DialogId, int]:
    """An agent's reply in a dialog of its own; what the bot said before has gone out."""
    run = house.mind.committer.run
    dialog = (await run(Receive(said(number)))).dialog
    await run(ActOnDialog(dialog, me, a.Claim()))
    lane = f"{dialog}>channel:shop"
    while rows := await house.router.take([lane], "before", house.clock() + LEASE):
        for row in rows:
            await house.router.settle(row, Outcome("accepted", house.clock()))
    return dialog, (await run(Reply(dialog, ann, text, f"reply:{dialog}"))).seq


def row_of(house: House, dialog: int, seq: int) -> Any:
    [row] = house.mind.rows(
        t.outbox, t.outbox.c.dialog == dialog, t.outbox.c.message_seq == seq, t.outbox.c.kind == "send"
    )
    return row


def mark_of(house: House, dialog: int, seq: int) -> tuple[str, str | None]:
    [row] = house.mind.rows(t.message, t.message.c.dialog == dialog, t.message.c.seq == seq)
    return row.mark, row.reason


CASES = [
    # word, keyed → state at first, seconds to wait, state at the end, arrivals
    ("ok", True, "accepted", 0, "accepted", 1),
    ("429", True, "delayed", 7, "accepted", 1),
    ("500", False, "delayed", 1, "accepted", 1),
    ("refuse", False, "delayed", 1, "accepted", 1),
    ("drop", True, "unknown", 1, "accepted", 2),
    ("drop", False, "unknown", 10, "accepted", 2),
    ("slow", True, "unknown", 1, "accepted", 2),
    ("403", False, "failed", 0, "failed", 0),
    ("400", True, "failed", 0, "failed", 0),
    ("broken", True, "unknown", 1, "accepted", 1),
]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("word", "keyed", "first", "seconds", "last", "arrivals"),
    CASES,
    ids=[f"{case[0]}-{'keyed' if case[1] else 'keyless'}" for case in CASES],
)
async def test_each_misbehaviour_ends_in_the_right_state_and_mark(
    word: str, keyed: bool, first: str, seconds: int, last: str, arrivals: int,
    database: Database, redis_url: str, wall: Moved,
) -> None:  # fmt: skip
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        phone = Phone(there.url, Limits(keyed=keyed))
        if word in ("refuse", "broken"):
            phone.url = "http://127.0.0.1:9/" if word == "refuse" else "broken"
        else:
            there.script.append(word)
        hands = hands_of(house, phone)
        async with working(hands):
            await until(lambda: row_of(house, dialog, seq).state == first)
            mark, reason = mark_of(house, dialog, seq)
            assert mark == first
            assert bool(reason) == (first != "accepted")
            assert row_of(house, dialog, seq).not_before == wall.at + seconds * SECOND
            phone.url = there.url
            if seconds:
                wall.by(seconds * SECOND)
                hands.ring("channel:shop")
            await until(lambda: row_of(house, dialog, seq).state == last)
        assert mark_of(house, dialog, seq)[0] == last
        assert len(there.arrived) == arrivals
        assert len({content["key"] for content in there.arrived}) == min(arrivals, 1)
        doubled = [content["doubled"] for content in there.arrived]
        assert doubled == ([False, not keyed] if arrivals == 2 else [False] * arrivals)
        native = row_of(house, dialog, seq).native
        assert native == (f"n{arrivals}" if last == "accepted" else None)


@pytest.mark.anyio
async def test_a_desk_gets_the_dialog_opened_first_and_everything_in_order(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        there.script.extend(["500", "ok", "drop"])
        hands = hands_of(house, Wall(there.url), Phone(there.url, KEYED))
        dialog, seq = await replied(house)
        async with working(hands):
            for _ in range(4):
                await asyncio.sleep(0.3)
                wall.by(2 * SECOND)
                hands.ring("desk:web")
                hands.ring("channel:shop")
            await until(lambda: not house.mind.count(t.outbox, t.outbox.c.state != "accepted"))
        kinds = [next(iter(content)) for content in there.arrived if "thread" in content or "open" in content]
        assert kinds[0] == "open"
        assert {"post", "show", "mark"} <= set(kinds)
        assert mark_of(house, dialog, seq)[0] == "accepted"
        [thread] = house.mind.rows(t.thread)
        assert {content["thread"] for content in there.arrived if "thread" in content} == {thread.native}
        fresh = hands_of(house, Wall(there.url))
        assert await fresh._thread(Wall(there.url), a_row(dialog=dialog)) == thread.native
        with pytest.raises(errors.Rejected):
            await fresh._thread(Wall(there.url), a_row(dialog=None))


@pytest.mark.anyio
async def test_a_rate_is_kept_across_two_hands(database: Database, redis_url: str) -> None:
    def now() -> datetime:
        return datetime.now(NOON.tzinfo)

    async with housed(database, redis_url, clock=now) as house, platform() as there:
        for number in range(14):
            await replied(house, number=number)
        phones = [Phone(there.url, Limits(per_second=5)) for _ in range(2)]
        async with working(hands_of(house, phones[0]), hands_of(house, phones[1], owner="B")):
            await until(lambda: len(there.arrived) >= 14)
        asked = sorted(there.asked)
        assert len(asked) == 14
        for first, began in enumerate(asked):
            for last in range(first, len(asked)):
                assert last - first + 1 <= 5 + 5 * (asked[last] - began) + 1.5, (first, last)
        assert asked[-1] - asked[0] >= 1.5
        assert Counter(content["key"] for content in there.arrived).most_common(1)[0][1] == 1


@pytest.mark.anyio
async def test_the_posts_of_a_dead_process_are_decided_on_when_their_time_is_over(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        elsewhere, its = await replied(house, number=2)
        lanes = [f"{each}>channel:shop" for each in (dialog, elsewhere)]
        assert len(await house.router.take(lanes, "dead", wall.at + LEASE)) == 2
        hands = hands_of(house, Phone(there.url, KEYLESS))
        async with working(hands):
            await asyncio.sleep(0.3)
            assert there.arrived == []
            wall.by(LEASE + SECOND)
            await until(lambda: row_of(house, dialog, seq).state == "unknown")
            await until(lambda: row_of(house, elsewhere, its).state == "unknown")
            wall.by(10 * SECOND)
            hands.ring("channel:shop")
            await until(lambda: row_of(house, dialog, seq).state == "accepted")
            await until(lambda: row_of(house, elsewhere, its).state == "accepted")
        assert [content["doubled"] for content in there.arrived] == [True, True]


@pytest.mark.anyio
async def test_the_posts_of_a_process_that_is_seen_to_be_dead_do_not_wait_for_their_time(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        place, _, started = lease.myself().rsplit("/", 2)
        await house.router.take([f"{dialog}>channel:shop"], f"{place}/{2**22 + 1}/{started}", wall.at + LEASE)
        hands = hands_of(house, Phone(there.url, KEYED))
        async with working(hands):
            await until(lambda: row_of(house, dialog, seq).state == "unknown")
            wall.by(SECOND)
            hands.ring("channel:shop")
            await until(lambda: row_of(house, dialog, seq).state == "accepted")


@pytest.mark.anyio
async def test_a_sender_that_was_stopped_for_too_long_does_not_write(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        dialog, _ = await replied(house)
        [row] = await house.router.take([f"{dialog}>channel:shop"], "A", wall.at + LEASE)
        wall.by(LEASE - SECOND / 2)
        outcome = await hands_of(house, Phone(there.url, KEYED))._try(row)
        assert outcome.state == "delayed"
        assert there.asked == []


@pytest.mark.anyio
async def test_hands_that_are_told_to_stop_finish_what_they_hold(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        there.script.append("slow")
        working_on = asyncio.create_task(hands_of(house, Phone(there.url, KEYED)).run())
        await until(lambda: there.asked)
        working_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working_on
        assert row_of(house, dialog, seq).state == "unknown"


# --- stores that are out


@pytest.mark.anyio
@pytest.mark.faults
async def test_with_redis_stopped_hands_go_on_by_sql(
    database: Database, redis_server: RedisServer, wall: Moved
) -> None:
    async with housed(database, redis_server.url, clock=wall) as house, platform() as there:
        hands = hands_of(house, Phone(there.url, KEYED))
        async with working(hands):
            redis_server.kill()
            began = time.monotonic()
            dialog, seq = await replied(house)
            await until(lambda: row_of(house, dialog, seq).state == "accepted")
            assert time.monotonic() - began < 4
            redis_server.start()
            dialog, seq = await replied(house, number=2)
            await house.heal.sweep(wall.by(2 * SECOND))
            await until(lambda: row_of(house, dialog, seq).state == "accepted")
        # The hands may be quicker than this test with what the bot says first.
        assert [said["text"] for said in there.arrived].count("It left today.") == 2


@pytest.mark.anyio
@pytest.mark.faults
async def test_with_all_stores_out_hands_wait_and_then_go_on(
    database: Database, redis_server: RedisServer, wall: Moved, request: pytest.FixtureRequest
) -> None:
    if database.sqlite:
        pytest.skip("SQLite has no server that could stop")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    async with housed(database, redis_server.url, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        await house.settled()
        there.script.append("slow")
        hands = hands_of(house, Phone(there.url, KEYED))
        server.kill()
        redis_server.kill()
        async with working(hands):
            await asyncio.sleep(2)
            server.start()
            await until(lambda: there.asked)
            server.kill()  # what became of the slow one cannot be stored
            await asyncio.sleep(LEASE.total_seconds())
            server.start()
            redis_server.start()
            wall.by(LEASE + SECOND)
            await until(lambda: row_of(house, dialog, seq).state == "unknown")
            await house.heal.sweep(wall.by(MINUTE))
            hands.ring("channel:shop")
            await until(lambda: row_of(house, dialog, seq).state == "accepted")
