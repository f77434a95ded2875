"""A pressed inline button, until its bot has answered and after.

Owns the dataclass. It must never answer itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bridge.playground.telegram.bots import Bot


@dataclass(slots=True)
class Press:
    """A pressed inline button; `heard` is set once the bot has answered, with `text` if it said any."""

    id: str
    bot: Bot
    at: float
    answered: bool = False
    text: str = ""
    alert: bool = False
    url: str = ""
    heard: asyncio.Event = field(default_factory=asyncio.Event)
