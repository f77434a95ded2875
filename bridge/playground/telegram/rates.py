"""Telegram's limits on how often a bot may write, when they are switched on.

Owns the counting. The figures are those of the Bot API's FAQ: about one message a second in a chat (short bursts pass),
20 a minute in a group, about 30 a second in all.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.playground.clock import Clock
    from bridge.playground.telegram.bots import Bot

CHAT = (5, 5.0)
"""A burst of five, then one a second."""
GROUP = (20, 60.0)
ALL = (30, 1.0)
COUNTED = ("send", "forward", "copy", "edit")


class Rates:
    """When each bot wrote where."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: dict[tuple[int, str], deque[float]] = {}

    def wait(self, bot: Bot, method: str, arguments: dict[str, Any]) -> int:
        """Seconds that the bot must wait before this call; 0 lets it through and counts it."""
        if not method.startswith(COUNTED) or method == "sendChatAction":
            return 0
        chat = str(arguments.get("chat_id", ""))
        cost = len(arguments.get("media", ())) or 1 if method == "sendMediaGroup" else 1
        bounds = [((bot.id, ""), ALL), ((bot.id, chat), GROUP if chat.startswith("-") else CHAT)]
        now = self._clock.now()
        waits = [self._until(key, most, span, cost, now) for key, (most, span) in bounds]
        if max(waits) > 0:
            return math.ceil(max(waits))
        for key, _ in bounds:
            self._times[key].extend([now] * cost)
        return 0

    def _until(self, key: tuple[int, str], most: int, span: float, cost: int, now: float) -> float:
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - span:
            times.popleft()
        over = len(times) + cost - most
        return times[min(over, len(times)) - 1] + span - now if over > 0 and times else 0.0
