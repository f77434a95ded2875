"""Buttons, and the commands that they carry: how they are written for Messenger and read again.

Owns both directions. It must never let a customer's sentence pass for a command.
"""

from __future__ import annotations

import re

from bridge import text
from bridge.messages import Json

PERSON = "person"
"""The command that asks for a person; the bot's menu has it on every offer."""
LABEL, PAYLOAD = 20, 1000
"""Characters that a quick reply shows, and that it carries."""
BUTTONS = 13

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})\s*", re.ASCII)
_STARTS = frozenset(("get_started", "getstarted", "get_started_payload", "get started", "start", "/start"))
"""What the button for beginning a conversation carries, as most who set one up have written it."""


def replies(buttons: tuple[tuple[str, str], ...]) -> list[Json]:
    """The buttons below a message; a press of one is said as a message of the contact's."""
    return [
        {"content_type": "text", "title": text.excerpt(label, LABEL), "payload": command[:PAYLOAD]}
        for command, label in buttons
    ]


def command(payload: object, words: str = "") -> str | None:
    """The command of a press, or one that stands alone in a message; None for a sentence."""
    carried = text.clean(payload)[:PAYLOAD].strip() if isinstance(payload, str) else ""
    if carried:
        return "start" if carried.lower() in _STARTS else carried
    alone = _COMMAND.fullmatch(words)
    return alone[1].lower() if alone else None
