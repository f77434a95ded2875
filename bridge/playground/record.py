"""What each customer saw, written down apart from what the stand-in itself believes.

Owns the list of sights, bounded, and their folding into messages. It must never be read by a stand-in: tests compare with
it, and what is compared with must not come from where it is compared to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as the customer could save it; `sha256` in hexadecimal, `size` in bytes."""

    kind: str
    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that happened before a customer's eyes; `where` is the chat, `message` the platform's id in it."""

    at: float
    customer: str
    where: str
    kind: Literal["shown", "edited", "deleted"]
    message: str
    author: str
    mine: bool = False
    text: str = ""
    files: tuple[SeenFile, ...] = ()
    buttons: tuple[str, ...] = ()
    reply_to: str | None = None


@dataclass(slots=True)
class Seen:
    """A message as it stands before the customer now; `texts` are all its versions, the latest last."""

    message: str
    author: str
    mine: bool
    texts: list[str]
    files: tuple[SeenFile, ...]
    buttons: tuple[str, ...]
    reply_to: str | None
    at: float
    deleted: bool = False

    @property
    def text(self) -> str:
        """What he reads."""
        return self.texts[-1]


@dataclass(slots=True)
class Record:
    """All sights, the oldest forgotten beyond `most`."""

    most: int
    sights: deque[Sight] = field(init=False)

    def __post_init__(self) -> None:
        self.sights = deque(maxlen=self.most)

    def saw(self, sight: Sight) -> None:
        """A customer saw this."""
        self.sights.append(sight)

    def seen(self, customer: str, where: str | None = None) -> list[Seen]:
        """What a customer has before him, in the order in which it came, deleted messages included."""
        found: dict[tuple[str, str], Seen] = {}
        for sight in self.sights:
            if sight.customer != customer or where not in (None, sight.where):
                continue
            key = (sight.where, sight.message)
            if sight.kind == "shown":
                found[key] = Seen(
                    sight.message,
                    sight.author,
                    sight.mine,
                    [sight.text],
                    sight.files,
                    sight.buttons,
                    sight.reply_to,
                    sight.at,
                )
            elif key in found and sight.kind == "edited":
                found[key].texts.append(sight.text)
                found[key].files, found[key].buttons = sight.files, sight.buttons
            elif key in found:
                found[key].deleted = True
        return list(found.values())

    def texts(self, customer: str, where: str | None = None, *, authors: Collection[str] = ()) -> list[str]:
        """The words that others have left before a customer; of some authors only, when they are named."""
        return [
            one.text
            for one in self.seen(customer, where)
            if not one.mine and not one.deleted and (not authors or one.author in authors)
        ]

    def forget(self) -> None:
        """As if nobody had seen anything yet."""
        self.sights.clear()
