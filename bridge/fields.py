"""Reading JSON of strangers: whatever a field holds, asking for it answers with the wanted type or with nothing.

Owns the one way from raw JSON to values. It must never raise because of what it reads, nor guess what is not there.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from bridge import text

LARGEST = 2**63 - 1
"""What the database can hold; no platform's ids are longer."""
DEEPEST = 64
"""Objects and lists within each other; real messages reach a dozen."""
UNBEARABLE = 400
"""So deep that it cannot even be kept; in an answer with many updates one that is merely too deep spoils no other."""


class Fields:
    """A JSON object, as far as it is one."""

    __slots__ = ("_raw",)

    def __init__(self, raw: object) -> None:
        self._raw: dict[str, object] = raw if isinstance(raw, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __contains__(self, name: str) -> bool:
        """True when there is something: a field that is null says nothing, nor does a flag that is off."""
        return self._raw.get(name) not in (None, False)

    def names(self) -> list[str]:
        """The fields that say something, in their order."""
        return [name for name in self._raw if name in self]

    def words(self, name: str) -> str:
        """A text, made storable; "" where there is none."""
        value = self._raw.get(name)
        return text.clean(value) if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A whole number the database can hold, also where it was written as text."""
        return whole(self._raw.get(name))

    def decimal(self, name: str) -> float | None:
        """A number with a fraction, as coordinates have."""
        value = self._raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if abs(value) <= LARGEST else None

    def flag(self, name: str) -> bool:
        return self._raw.get(name) is True

    def one(self, name: str) -> Fields:
        """An object; an empty one where there is none."""
        return Fields(self._raw.get(name))

    def many(self, name: str) -> list[Fields]:
        """The objects of a list."""
        return [Fields(item) for item in self.items(name) if isinstance(item, dict)]

    def items(self, name: str) -> list[object]:
        """A list as it is; an empty one where there is none."""
        value = self._raw.get(name)
        return value if isinstance(value, list) else []

    def value(self, name: str) -> object:
        """The field as it is."""
        return self._raw.get(name)

    def moment(self, name: str) -> datetime | None:
        """A Unix time in seconds; 0 is the platforms' word for "not known"."""
        seconds = self.number(name)
        if not seconds:
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return None


def whole(value: object) -> int | None:
    """A whole number the database can hold, also where it was written as text or with a fraction of zero."""
    if isinstance(value, str) and len(value) <= 20 and value.removeprefix("-").isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= LARGEST else None


def parsed(body: bytes, deepest: int = DEEPEST) -> object:
    """The JSON of a body; raises `ValueError` in words when it is none, or none that anybody could mean."""
    try:
        value: object = json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if is_deep(value, deepest):
        raise ValueError("it is nested too deeply")
    return value


def is_deep(value: object, deepest: int = DEEPEST) -> bool:
    """True for what is nested deeper than anybody could mean."""
    level = [value]
    for _ in range(deepest):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return False
    return True
