"""Entities of a text: those that Telegram finds by itself, and moving them when a text is trimmed.

Owns offsets, in UTF-16 units. It must never parse markup.
"""

from __future__ import annotations

import re
from typing import Any

from bridge.text import count_utf16

MOST = 100
"""At most so many of a message are honoured."""
_FOUND = (
    ("url", re.compile(r"\b(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w\b", re.ASCII)),
    (
        "bot_command",
        re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])", re.ASCII),
    ),
    ("mention", re.compile(r"(?<![\w@.])@[A-Za-z][A-Za-z0-9_]{3,31}\b", re.ASCII)),
    ("hashtag", re.compile(r"(?<!\w)#[^\W\d]\w*|(?<!\w)#\d+[^\W\d]\w*")),
    ("phone_number", re.compile(r"(?<![\w+])\+\d[\d -]{8,17}\d\b")),
)
_ALONE = frozenset({"pre", "code", "text_link", "text_mention"})


def detected(text: str, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The given entities and those that a text has by itself, in the order of their offsets."""
    taken = [(one["offset"], one["offset"] + one["length"]) for one in given if one["type"] in _ALONE]
    found: list[dict[str, Any]] = []
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            offset = count_utf16(text[: match.start()])
            end = offset + count_utf16(match.group())
            if all(end <= left or right <= offset for left, right in taken):
                taken.append((offset, end))
                found.append({"type": kind, "offset": offset, "length": end - offset})
    return sorted([*given, *found], key=lambda one: (one["offset"], -one["length"]))[:MOST]


def trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The text without space at its ends, and the entities where they are then."""
    left = len(text) - len(text.lstrip())
    shift = count_utf16(text[:left])
    bare = text.strip()
    size = count_utf16(bare)
    moved = []
    for one in entities:
        begin = max(one["offset"] - shift, 0)
        end = min(one["offset"] + one["length"] - shift, size)
        if end > begin:
            moved.append({**one, "offset": begin, "length": end - begin})
    return bare, moved


def fitting(text: str, entities: list[dict[str, Any]]) -> bool:
    """Whether every entity lies within the text and begins and ends between whole characters."""
    edges = {0}
    at = 0
    for character in text:
        at += count_utf16(character)
        edges.add(at)
    return all(
        one.get("length", 0) > 0 and one.get("offset") in edges and one["offset"] + one["length"] in edges
        for one in entities
    )
