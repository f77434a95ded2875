"""A message that is there already, as transitions look at it, and the way it is quoted. Pure.

Owns that shape and what of a message others show when they answer it. It must never change a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge import text as texts
from bridge.conversations.changes import Spoken
from bridge.messages import Author, DialogId, Incoming, Json, Mark, NativeId

QUOTED = 300
"""How many characters of a message stand above its answer."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message with what may change about it."""

    dialog: DialogId
    seq: int
    author: Author
    text: str
    said_at: datetime
    private: bool = False
    event: str | None = None
    data: Json | None = None
    native: NativeId | None = None
    mark: Mark | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def theirs(self) -> bool:
        """True for the contact's own words."""
        return self.author.kind == "contact"


def said(spoken: Spoken) -> Said:
    """A message that has been spoken this moment."""
    return Said(
        dialog=spoken.dialog,
        seq=spoken.seq,
        author=spoken.author,
        text=spoken.text,
        said_at=spoken.said_at,
        private=spoken.private,
        event=spoken.event,
        data=spoken.data,
        native=spoken.native,
        mark=spoken.mark,
    )


def quote(answered: Said | None, words: str = "") -> Json:
    """What stands above an answer: whose words, where they are found, and `words` of them if only those are meant.

    A message that is not here (it was said before us, or elsewhere) is quoted by its words alone.
    """
    shown = texts.excerpt(words, QUOTED) if words else ""
    if answered is None:
        return {"text": shown}
    return {
        "dialog": str(answered.dialog),
        "seq": answered.seq,
        "author": {"kind": answered.author.kind, "name": answered.author.name},
        "text": shown or texts.excerpt(answered.text, QUOTED),
    }


def extras(incoming: Incoming, answered: Said | None) -> Json | None:
    """What a message bears besides its words."""
    extras: Json = {}
    if incoming.about:
        extras["about"] = incoming.about
    if incoming.reply_to is not None or incoming.quote:
        extras["quote"] = quote(answered, incoming.quote)
    if incoming.album is not None:
        extras["album"] = incoming.album
    if incoming.start:
        extras["start"] = incoming.start
    return extras or None
