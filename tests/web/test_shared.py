"""Answers that many ask for: made once for all who wait, and never begun before they were asked for."""

from __future__ import annotations

import asyncio

import pytest

from bridge.web.api.shared import Shared

pytestmark = pytest.mark.anyio


class Counter:
    """Answers with how often it was asked, after a while."""

    def __init__(self) -> None:
        self.begun = 0
        self.first = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        self.first.set()
        mine = self.begun
        await asyncio.sleep(0.01)
        return mine


async def test_a_lone_question_is_answered_at_once() -> None:
    shared, counter = Shared[int](apart=10), Counter()
    async with asyncio.timeout(5):
        assert await shared.ask("queue", counter) == 1
        assert await shared.ask("mine", counter) == 2


async def test_all_who_ask_before_an_answer_begins_share_it() -> None:
    shared, counter = Shared[int](apart=0.05), Counter()
    await shared.ask("queue", counter)
    answers = await asyncio.gather(*(shared.ask("queue", counter) for _ in range(50)))
    assert set(answers) == {2}


async def test_who_asks_after_an_answer_has_begun_gets_the_next() -> None:
    shared, counter = Shared[int](apart=0.0), Counter()
    first = asyncio.create_task(shared.ask("queue", counter))
    await counter.first.wait()
    assert await shared.ask("queue", counter) == 2
    assert await first == 1


async def test_one_who_hangs_up_takes_the_answer_from_nobody() -> None:
    shared, counter = Shared[int](apart=0.05), Counter()
    await shared.ask("queue", counter)
    leaving = asyncio.create_task(shared.ask("queue", counter))
    staying = asyncio.create_task(shared.ask("queue", counter))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 2


async def test_an_error_reaches_everybody_who_asked_and_nobody_after() -> None:
    async def out() -> int:
        raise ConnectionError("the database is out of reach")

    shared = Shared[int](apart=0.02)
    await shared.ask("queue", Counter())
    asked = await asyncio.gather(*(shared.ask("queue", out) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in asked] == [ConnectionError] * 3
    assert await shared.ask("queue", Counter()) == 1
