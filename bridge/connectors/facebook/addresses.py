"""Where a contact of a Facebook page is reached, what events are called, and how moments are written.

Owns the spellings: an address is the contact's number as this page knows him (PSID), a message is what Facebook calls it
("mid"). It must never ask anybody.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

from bridge import text
from bridge.fields import Fields, whole
from bridge.messages import Address, EventKey, NativeId

LONGEST = 512
"""Characters that an id may have; what is longer is called by its digest."""
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MILLISECONDS = 10**11
"""Larger numbers are milliseconds; in seconds this is the year 5138."""


def identity(value: object) -> str:
    """An id as Facebook writes it, in quotes or without; "" where there is none."""
    if isinstance(value, str):
        found = text.clean(value).strip()
        return found if len(found) <= LONGEST else _digest(found)
    number = whole(value)
    return str(number) if number is not None and number > 0 else ""


def address(party: Fields) -> Address:
    """Where the sender or the recipient of an event is reached; "" for one that is not named."""
    return Address(identity(party.value("id")))


def native(value: object) -> NativeId | None:
    """What a message is called; None for one that bears no id."""
    return NativeId(identity(value)) or None


def key(page: str, kind: str, *parts: object) -> EventKey:
    """What an event is called for ever."""
    name = text.clean(":".join([kind, *(str(part) for part in parts if part not in (None, ""))]))
    return EventKey(f"facebook:{page}:{name if len(name) <= LONGEST else kind + ':' + _digest(name)}")


def digest(raw: object) -> str:
    """What something is called that bears no id of its own: by what it says."""
    return "x" + _digest(json.dumps(raw, sort_keys=True))[:32]


def row_key(metadata: str) -> str | None:
    """The key of the post that an echo is of; None for what did not come from us."""
    return metadata if _KEY.fullmatch(metadata) else None


def moment(value: object) -> datetime | None:
    """A moment, of milliseconds as everywhere or of seconds as in some events; None where there is none."""
    number = whole(value)
    if number is None or number <= 0:
        return None
    try:
        return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode(errors="surrogatepass")).hexdigest()
