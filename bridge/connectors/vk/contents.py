"""What a message of VK says: its words, its files, what was forwarded with it, and whatever else it holds.

Owns the reading of one message. It must never raise because of what it reads, nor let a message say nothing: what
nobody knows how to show is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge import text
from bridge.connectors.vk import attachments
from bridge.connectors.vk.attachments import Found
from bridge.fields import Fields
from bridge.messages import Json, Remote

_ESCAPED = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7}));", re.ASCII)
_SIGNS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_DEEPEST = 8
"""Forwards within forwards that are read; what is deeper is named."""
Called = Callable[[int], str]
"""How somebody is called, by his number."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one message says."""

    text: str = ""
    remote: tuple[Remote, ...] = ()
    about: Json = field(default_factory=dict)


def read(message: Fields, called: Called) -> Contents:
    """What this message says; what was forwarded stands below its own words, quoted."""
    found = Found()
    attachments.read(message.many("attachments"), found)
    said = words(message)
    quotes = _forwarded(message, called, found, 1)
    about = _about(message, found, said)
    whole = "\n".join(filter(None, (said, "\n".join(quotes))))
    if not (whole or found.remote or about):
        about["unsupported"] = _kind(message)
    return Contents(whole, tuple(dict.fromkeys(found.remote)), about)


def words(message: Fields) -> str:
    """The words of a message as they were typed: VK writes some signs as HTML does, and once wrote lines so, too."""
    said = message.words("text") or message.words("body").replace("<br>", "\n")
    return text.clean(_ESCAPED.sub(_sign, said))


def _sign(found: re.Match[str]) -> str:
    if found[1]:
        return _SIGNS[found[1]]
    number = int(found[2])
    return chr(number) if 0 < number < 0x110000 else found[0]


# -- forwards


def _forwarded(message: Fields, called: Called, found: Found, depth: int) -> list[str]:
    """What was forwarded, line by line, each level behind one more mark; the files go along with the message."""
    lines: list[str] = []
    mark = ">" * depth + " "
    for forward in message.many("fwd_messages"):
        if depth > _DEEPEST:
            lines.append(f"{mark}…")
            break
        attachments.read(forward.many("attachments"), found)
        who = forward.number("from_id") or forward.number("user_id")
        said = words(forward).splitlines() or ["…"]
        first = f"{called(who)}: {said[0]}" if who else said[0]
        lines += [mark + line for line in (first, *said[1:])]
        if place := attachments.place(forward.one("geo")):
            lines.append(f"{mark}📍 {place['latitude']}, {place['longitude']}")
        if answered := words(forward.one("reply_message")):
            lines += [f">{mark}{line}" for line in answered.splitlines()]
        lines += _forwarded(forward, called, found, depth + 1)
    return lines


# -- what is no text


def _about(message: Fields, found: Found, said: str) -> Json:
    about: Json = {}
    if place := attachments.place(message.one("geo")):
        about["location"] = place
    elif "geo" in message:
        found.named.append(("geo", ""))
    if found.polls:
        about["poll"] = found.polls[0]
        found.named += [("poll", text.excerpt(poll["question"], 100)) for poll in found.polls[1:]]
    if found.named:
        (kind, detail), *others = found.named
        more = (f"{other}: {words}" if words else other for other, words in others)
        about["unsupported"] = kind
        if detail := "; ".join(filter(None, (detail, *more))):
            about["detail"] = text.excerpt(detail, 1000)
    links = [link for link in dict.fromkeys(found.links) if link not in said]
    if links:
        about["entities"] = [{"type": "text_link", "offset": 0, "length": 0, "url": link} for link in links]
    return about


def _kind(message: Fields) -> str:
    """The name of what a message without anything else holds."""
    known = ("keyboard", "template", "carousel", "reply_message")
    return next((name for name in known if name in message), "message")
