"""Cursors: where the next part of a list begins, as an opaque word that survives rows coming and going.

Owns the keyset way of paging. It must never count rows or trust a cursor that came from outside.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from bridge.errors import Refused
from bridge.views import Page

T = TypeVar("T")

MOST = 200
"""Items of one part of a list, whoever asks for more."""
_LARGEST = 2**63 - 1


def ticks(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A moment's column as the number it is stored as, so that it can be a part of a cursor."""
    return sa.type_coerce(column, sa.BigInteger)


def part_of(
    query: sa.Select[Any],
    keys: Sequence[sa.ColumnElement[int]],
    cursor: str | None,
    limit: int,
    *,
    descending: bool = False,
) -> sa.Select[Any]:
    """The query for the rows behind the cursor in the order of the keys; one more than asked, to see if others follow."""
    columns = [key.label(f"cursor_{index}") for index, key in enumerate(keys)]
    query = query.add_columns(*columns)
    if cursor is not None:
        last = sa.tuple_(*(sa.literal(value, sa.BigInteger) for value in _decoded(cursor, len(keys))))
        row = sa.tuple_(*keys)
        query = query.where(row < last if descending else row > last)
    return query.order_by(*(key.desc() if descending else key.asc() for key in keys)).limit(size(limit) + 1)


def page(rows: Sequence[Any], limit: int, view: Callable[[Any], T]) -> Page[T]:
    """The rows of `part_of` as a page."""
    limit = size(limit)
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        fields = shown[-1]._mapping
        following = _encoded([value for name, value in fields.items() if name.startswith("cursor_")])
    return Page([view(row) for row in shown], following)


def size(limit: int) -> int:
    """How many items a part has, whatever was asked for."""
    return max(1, min(limit, MOST))


def _encoded(values: Sequence[int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(cursor: str, count: int) -> list[int]:
    try:
        values = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(type(value) is int and abs(value) <= _LARGEST for value in values)
    ):
        raise Refused("this cursor belongs to no list of this kind: begin without one")
    return values
