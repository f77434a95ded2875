"""Where a contact of Telegram is reached, and what his messages are called.

Owns the two spellings: an address is "<chat>", "<chat>/<thread>" (a topic) or "<chat>/d<topic>" (a channel's direct
messages), with "@<connection>" behind it when it is reached through somebody's business account; a message is
"<chat>:<id>", an ephemeral one "<chat>:e<id>", an album of ours "<chat>:<id>,<id>". It must never ask anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.messages import Address, NativeId

_ADDRESS = re.compile(r"(-?\d+)(?:/(d?)(\d+))?(?:@(.+))?", re.DOTALL)
_NATIVE = re.compile(r"(-?\d+)(?:@(.+))?:(e?)(\d+(?:,\d+)*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, or a part of it: a topic (`thread`), a channel's direct messages with one person (`direct`)."""

    chat: int
    thread: int | None = None
    direct: int | None = None
    connection: str = ""
    """the business account through which it is reached"""

    @property
    def address(self) -> Address:
        part = ""
        if self.thread is not None:
            part = f"/{self.thread}"
        elif self.direct is not None:
            part = f"/d{self.direct}"
        return Address(f"{self.chat}{part}{self._through}")

    def native(self, *messages: int, ephemeral: bool = False) -> NativeId:
        """What a message of this chat is called; business accounts count their messages by themselves."""
        numbers = ",".join(map(str, messages))
        return NativeId(f"{self.chat}{self._through}:{'e' if ephemeral else ''}{numbers}")

    def holds(self, other: Place) -> bool:
        """True for a part of the same chat, where one message may refer to the other."""
        return (self.chat, self.connection) == (other.chat, other.connection)

    @property
    def _through(self) -> str:
        return f"@{self.connection}" if self.connection else ""


def place(address: Address) -> Place | None:
    """What an address stands for; None when it is none of Telegram's."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    chat, direct, part, connection = found.groups()
    number = int(part) if part else None
    return Place(int(chat), None if direct else number, number if direct else None, connection or "")


def messages(native: NativeId | None) -> tuple[Place, tuple[int, ...]] | None:
    """The chat of a message and Telegram's numbers of it; None for one that cannot be referred to."""
    found = _NATIVE.fullmatch(native or "")
    if found is None or found[3]:
        return None
    return Place(int(found[1]), connection=found[2] or ""), tuple(map(int, found[4].split(",")))
