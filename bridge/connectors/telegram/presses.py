"""Bot commands, and the buttons that carry the same: how they are written for Telegram and read again.

Owns both directions. It must never let a customer's sentence pass for a command: "/help my site is down" is a sentence.
"""

from __future__ import annotations

import re

from bridge.fields import Fields

PERSON = "person"
"""The command that asks for a person; the bot's menu has it on every offer."""
LONGEST = 64
"""Bytes that a button of Telegram carries. https://core.telegram.org/bots/api#inlinekeyboardbutton"""
_BY_LABEL = "~"
"""What a button carries whose command is too long: its label is then read as if it had been typed."""

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]+)?\s*", re.ASCII)
_START = re.compile(r"/start(?:@[A-Za-z0-9_]+)?(?:\s+([A-Za-z0-9_=-]{1,512}))?\s*", re.ASCII | re.IGNORECASE)


def command(words: str) -> tuple[str | None, str]:
    """The command that a message consists of, and the payload of a deep link; None when it is a sentence."""
    if not words.startswith("/"):
        return None, ""
    if (start := _START.fullmatch(words)) is not None:
        return "start", start[1] or ""
    found = _COMMAND.fullmatch(words)
    return (found[1].lower(), "") if found else (None, "")


def carried(name: str, number: int) -> str:
    """What the button of this command carries; `number` tells it from the others of the same message."""
    fits = 0 < len(name.encode()) <= LONGEST and not name.startswith(_BY_LABEL)
    return name if fits else f"{_BY_LABEL}{number}"


def pressed(callback: Fields) -> tuple[str | None, str]:
    """The command of a press, and the words on the button."""
    data = callback.words("data")
    label = _label(callback.one("message"), data)
    if data.startswith(_BY_LABEL):
        return None, label
    return data or None, label or data


def _label(message: Fields, data: str) -> str:
    """The words on the button that carries this; an old message may no longer tell."""
    for row in message.one("reply_markup").items("inline_keyboard"):
        for button in row if isinstance(row, list) else []:
            if Fields(button).words("callback_data") == data:
                return Fields(button).words("text")
    return ""
