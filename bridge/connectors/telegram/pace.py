"""How fast Telegram lets a bot speak in one chat: once a second to a person, twenty times a minute in a group.

Owns this process's count of it. It must never hold a message for long: who would have to wait is told until when.
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import asyncio

from bridge.errors import Throttled

PERSON = (1.0, 4.0)
GROUP = (20 / 60, 5.0)
"""Messages a second, and how many may come at once."""
PATIENCE = 3.0
"""Seconds that are waited in place; a longer pause is the lane's."""
_KNOWN = 50_000


class Pace:
    """The chats of one bot."""

    def __init__(self) -> None:
        self._full_at: dict[int, float] = {}
        """chat → when it may again take as many at once as ever"""

    async def keep(self, chat: int) -> None:
        """Waits for this chat's turn, a little; raises `Throttled` where it is longer."""
        rate, burst = PERSON if chat > 0 else GROUP
        now = asyncio.get_running_loop().time()
        full_at = max(self._full_at.get(chat, now), now)
        wait = full_at - now - (burst - 1) / rate
        if wait > PATIENCE:
            raise Throttled(wait, "Telegram takes no more messages a minute in one chat")
        if len(self._full_at) >= _KNOWN:
            self._full_at = {known: at for known, at in self._full_at.items() if at > now}
        self._full_at[chat] = full_at + 1 / rate
        await asyncio.sleep(max(wait, 0))
