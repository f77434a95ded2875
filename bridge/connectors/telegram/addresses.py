"""Where a contact of Telegram is reached, and what his messages are called.

Owns the two spellings: an address is "<chat>", "<chat>/<thread>" (a topic) or "<chat>/d<topic>" (a channel's direct
messages), with "@<connection>" behind it when it is reached through somebody's business account; a message is
"<chat>:<id>", an ephemeral one "<chat>:e<id>". It must never ask anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.messages import Address, NativeId

_ADDRESS = re.compile(r"(-?\d+)(?:/(d?)(\d+))?(?:@(.+))?", re.DOTALL)
_NATIVE = re.compile(r"(-?\d+(?:@.+)?):(e?)(\d+)", re.DOTALL)


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

    def native(self, message: int, *, ephemeral: bool = False) -> NativeId:
        """What a message of this chat is called; business accounts count their messages by themselves."""
        return NativeId(f"{self.chat}{self._through}:{'e' if ephemeral else ''}{message}")

    def message_id(self, native: NativeId | None) -> int | None:
        """Telegram's number of a message of this chat; None for any other, and for what cannot be referred to."""
        found = _NATIVE.fullmatch(native or "")
        if found is None or found[2] or found[1] != f"{self.chat}{self._through}":
            return None
        return int(found[3])

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
