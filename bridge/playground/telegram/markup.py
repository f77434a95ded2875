"""HTML in what a bot says: the text without its tags, and the entities that they were.

Owns the tags that Telegram knows and its words for those that it does not. It must never look for links by itself.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from bridge.text import count_utf16

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_PIECE = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^<>]*)>|(&(?:lt|gt|amp|quot|#\d+|#x[0-9A-Fa-f]+);)|(<)")
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.IGNORECASE)


class Unparsable(ValueError):
    """The markup is none; the words are Telegram's."""


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    href: str


def parsed(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Text without its HTML, and its entities."""
    bare: list[str] = []
    size = done = 0
    opened: list[_Open] = []
    found: list[dict[str, Any]] = []
    for match in _PIECE.finditer(text):
        closing, tag, rest, entity, stray = match.groups()
        at = len(text[: match.start()].encode())
        between = text[done : match.start()] + (html.unescape(entity) if entity else "")
        bare.append(between)
        size += count_utf16(between)
        done = match.end()
        if stray:
            raise Unparsable(f"Unsupported start tag at byte offset {at}")
        if tag and closing:
            found += _closed(opened, tag.lower(), size, at)
        elif tag:
            opened.append(_opened(tag.lower(), rest, size, at))
    if opened:
        raise Unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    return "".join(bare) + text[done:], sorted(found, key=lambda one: (one["offset"], -one["length"]))


def _opened(tag: str, rest: str, offset: int, at: int) -> _Open:
    spoiler = tag != "span" or "tg-spoiler" in rest
    if tag not in _TAGS or not spoiler:
        raise Unparsable(f'Unsupported start tag "{tag}" at byte offset {at}')
    href = _HREF.search(rest)
    return _Open(tag, offset, html.unescape(next(filter(None, href.groups()), "")) if href else "")


def _closed(opened: list[_Open], tag: str, end: int, at: int) -> list[dict[str, Any]]:
    if not opened:
        raise Unparsable(f"Unexpected end tag at byte offset {at}")
    last = opened.pop()
    if last.tag != tag:
        raise Unparsable(f'Unmatched end tag at byte offset {at}, expected "</{last.tag}>", found "</{tag}>"')
    if end == last.offset or (tag == "a" and not last.href):
        return []
    link = {"url": last.href} if tag == "a" else {}
    return [{"type": _TAGS[tag], "offset": last.offset, "length": end - last.offset, **link}]
