"""How far a channel has heard what VK has to tell: where its queue goes on, and until when nothing can be missing.

Owns the spelling of that one word, which is kept in SQL. It must never move on before what lies behind it is committed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.fields import Fields, parsed
from bridge.messages import ChannelName
from bridge.ports import Router

MARGIN = timedelta(minutes=2)
"""Clocks differ: what is read again begins so much earlier."""
LONGEST = timedelta(days=7)
"""What is older is not read again."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`ts` is VK's own place in its queue ("" where it calls us), `at` when all before it had been heard."""

    ts: str = ""
    at: datetime | None = None

    def since(self, now: datetime) -> datetime | None:
        """From when on something may be missing; None when nothing was ever heard here."""
        return None if self.at is None else max(self.at - MARGIN, now - LONGEST)


async def read(router: Router, channel: ChannelName) -> Bookmark:
    """How far the channel has come."""
    try:
        found = Fields(parsed((await router.read.bookmark(channel)).encode() or b"{}"))
    except ValueError:
        return Bookmark()
    return Bookmark(found.words("ts"), found.moment("at"))


async def keep(router: Router, channel: ChannelName, bookmark: Bookmark) -> None:
    """Keeps it; raises `Unavailable`."""
    at = int((bookmark.at or datetime.now(UTC)).timestamp())
    await router.bookmark(channel, json.dumps({"ts": bookmark.ts, "at": at}))
