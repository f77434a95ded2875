"""Where a contact of VK is reached, what his messages are called, and how our own are known again.

Owns the spellings: an address is VK's number of the conversation ("peer"): a person's own, a community's negative, from
2000000001 on that of a group chat. A message is "<peer>:<number within the conversation>", for only those two together
are the same for everybody and for ever. It must never ask anybody.
"""

from __future__ import annotations

import re

from bridge.messages import Address, NativeId

GROUP_CHATS = 2_000_000_000
"""Conversations of several people have numbers above this one."""
_ADDRESS = re.compile(r"-?[1-9]\d{0,17}", re.ASCII)
_NATIVE = re.compile(r"(-?[1-9]\d{0,17}):([1-9]\d{0,17})", re.ASCII)
_DIGITS = 8
"""Hexadecimal digits that VK's random_id, of 32 bits, can hold."""


def address(peer: int) -> Address:
    """Where a conversation is reached."""
    return Address(str(peer))


def peer(address: Address) -> int | None:
    """The conversation that an address stands for; None when it is none of VK's."""
    return int(address) if _ADDRESS.fullmatch(address) else None


def is_group_chat(peer: int) -> bool:
    """True for a conversation of several people."""
    return peer > GROUP_CHATS


def native(peer: int, number: int) -> NativeId:
    """What a message is called, by its number within the conversation."""
    return NativeId(f"{peer}:{number}")


def message(native: NativeId | None) -> tuple[int, int] | None:
    """The conversation of a message and its number there; None for one that cannot be referred to."""
    found = _NATIVE.fullmatch(native or "")
    return (int(found[1]), int(found[2])) if found else None


def random_id(key: str) -> int:
    """The beginning of a post's key as VK takes it: an int32 that is never 0, for 0 would let a repeat pass.

    One key in four thousand million begins with eight zeros, and shares its number with another.
    """
    return int.from_bytes(bytes.fromhex(key[:_DIGITS]), signed=True) or 1


def key(random_id: int | None) -> str | None:
    """The beginning of the key that a message of ours was sent with; None for one that was sent without."""
    if not random_id or not -(2**31) <= random_id < 2**31:
        return None
    return random_id.to_bytes(4, signed=True).hex()
