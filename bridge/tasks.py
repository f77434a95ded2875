"""Whether a task is to end. Owns that one question; it must never end a task."""

from __future__ import annotations

import asyncio


def ending() -> bool:
    """True once this task has been cancelled: every loop around Redis asks.

    redis-py writes by `asyncio.wait_for`, which before Python 3.12 swallows a cancellation that comes together with
    its result; a loop that trusted in the exception alone would go on for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
