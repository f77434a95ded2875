"""Tables for a spreadsheet: CSV by RFC 4180 that no spreadsheet takes for formulas.

Owns the escaping. It must never know what the cells mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table as CSV with CRLF at the end of each line; None is an empty cell."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)  # its own habits are those of RFC 4180
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return sheet.getvalue()


def _cell(value: object) -> object:
    """Words that begin like a formula get an apostrophe in front; numbers are numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
