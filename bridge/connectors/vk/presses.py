"""Buttons, and the commands that they carry: how they are written for VK and read again.

Owns both directions. It must never let a customer's sentence pass for a command.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from bridge import text
from bridge.fields import DEEPEST, Fields, parsed
from bridge.messages import Json

PERSON = "person"
"""The command that asks for a person; the bot's menu has it on every offer."""
LABEL, PAYLOAD = 40, 255
"""Characters that a button shows, and that it carries. https://dev.vk.com/ru/api/bots/development/keyboard"""
ROWS = 6
"""Rows of a keyboard that belongs to its message."""
BUTTONS = 10

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})\s*", re.ASCII)
_STARTS = ("начать", "start", "/start")
"""What VK's own button for beginning a conversation says."""


@dataclass(frozen=True, slots=True)
class Press:
    """A press that waits for an answer."""

    event: str
    user: int
    peer: int


def keyboard(buttons: tuple[tuple[str, str], ...]) -> str:
    """The buttons below a message, each of which tells us of its press without a word in the conversation."""
    wide = -(-len(buttons) // ROWS)
    made = [
        {
            "action": {
                "type": "callback",
                "label": text.excerpt(label, LABEL),
                "payload": _carried(command, label),
            }
        }
        for command, label in buttons
    ]
    rows = [made[at : at + wide] for at in range(0, len(made), wide)]
    return json.dumps({"inline": True, "buttons": rows}, ensure_ascii=False)


def _carried(command: str, label: str) -> str:
    """What a button carries; where that is too long, its words are read as if they had been typed."""
    whole: Json = {"command": command, "label": label}
    for kept in (whole, {"command": command}, {"label": text.excerpt(label, LABEL)}):
        found = json.dumps(kept, ensure_ascii=False)
        if len(found) <= PAYLOAD:
            return found
    return "{}"


def command(payload: object, words: str) -> str | None:
    """The command of a message: of the button that said it, or one that stands alone; None when it is a sentence."""
    if found := _read(payload).words("command")[:PAYLOAD]:
        return found
    if words.strip().lower() in _STARTS:
        return "start"
    alone = _COMMAND.fullmatch(words)
    return alone[1].lower() if alone else None


def pressed(payload: object) -> tuple[str | None, str]:
    """The command of a press, and the words on the button; of another program's button what it carries."""
    found = _read(payload)
    command = found.words("command")[:PAYLOAD] or None
    label = found.words("label") or found.words("text") or (command or "")
    if not label and payload not in (None, "", {}, []):
        label = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return command, text.clean(label)[:PAYLOAD]


def _read(payload: Any) -> Fields:
    """What a button carries: JSON in a text, or the object itself."""
    if isinstance(payload, str):
        try:
            return Fields(parsed(payload.encode(errors="replace"), DEEPEST))
        except ValueError:
            return Fields(None)
    return Fields(payload)
