"""The words of a rich message, which has blocks and no text.

Owns the way from its blocks (https://core.telegram.org/bots/api#rich-messages) to plain text. It must never recurse: how deeply a message is nested is its sender's will.
"""

from __future__ import annotations

from bridge import text

LONGEST = 32_768
"""Characters; what is behind them is cut off."""
_STEPS = 50_000
_BEHIND = {
    "label": " ",
    "summary": "\n",
    "text": "",
    "expression": "",
    "alternative_text": "",
    "button": "",
    "buttons": "",
    "cells": "",
    "items": "",
    "blocks": "",
    "caption": "\n",
    "credit": "\n",
}
"""Where words may stand in a block, in the order of reading, and what separates them from the next."""
_BEHIND_EACH = {"blocks": "\n", "items": "\n", "buttons": " "}
"""What separates the members of a list; within a text nothing does."""


def plain(rich_message: object) -> str:
    """What it says, a line for each block; pictures are left out."""
    parts: list[str] = []
    size = steps = 0
    waiting: list[object] = [rich_message]  # what is still to be read, the next one last
    while waiting and size < LONGEST and steps < _STEPS:
        steps += 1
        match waiting.pop():
            case str(words):
                parts.append(words)
                size += len(words)
            case list(items):
                waiting += reversed(items)
            case dict(block):
                for name in reversed(_BEHIND):
                    if name in block:
                        waiting += (_BEHIND[name], *_held(name, block[name]))
    lines = (line.strip() for line in text.clean("".join(parts)).splitlines())
    return "\n".join(filter(None, lines))[:LONGEST]


def _held(name: str, held: object) -> list[object]:
    """What stands in a field, with what separates it, the last first."""
    if not isinstance(held, list):
        return [held]
    found: list[object] = []
    if name == "cells":
        for row in reversed(held):
            found.append("\n")
            for cell in reversed(row if isinstance(row, list) else []):
                found += (" ", cell)
        return found
    for item in reversed(held):
        found += (_BEHIND_EACH.get(name, ""), item)
    return found
