"""The methods of the Bot API: name → what it does with an `Ask`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.methods import (
    account,
    changing,
    groups,
    receiving,
    sending,
    topics,
)

METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    **receiving.METHODS,
    **account.METHODS,
    **sending.METHODS,
    **changing.METHODS,
    **groups.METHODS,
    **topics.METHODS,
}
