"""Answers that many screens ask for at the same moment: each is made once, and never before it was asked for.

Owns the waiting for each other. It must never hand out an answer that was begun before its question came: what a screen
was woken for would be missing in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

APART = 0.1
"""Seconds between the beginnings of two answers to the same question, once somebody has asked twice so soon."""
MOST = 1000
"""Questions whose last answer is remembered."""


class Shared(Generic[T]):
    """Joins those who ask the same while the next answer has not begun."""

    def __init__(self, apart: float = APART) -> None:
        self._apart = apart
        self._next: dict[Hashable, asyncio.Task[T]] = {}
        self._began: dict[Hashable, float] = {}

    async def ask(self, question: Hashable, answer: Callable[[], Awaitable[T]]) -> T:
        """The answer that begins next; raises what it raises."""
        task = self._next.get(question)
        if task is None:
            task = self._next[question] = asyncio.create_task(self._answer(question, answer))
        # Who hangs up must not take it from the others.
        return await asyncio.shield(task)

    async def _answer(self, question: Hashable, answer: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        wait = self._began.get(question, -self._apart) + self._apart - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        del self._next[question]
        if len(self._began) >= MOST:
            self._began.clear()
        self._began[question] = loop.time()
        return await answer()
