"""Tables for a spreadsheet are data, whatever strangers write into them."""

from __future__ import annotations

import csv
import io

import pytest

from bridge.sheet import csv_text


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_words_that_begin_like_a_formula_are_words_in_the_sheet(begin: str) -> None:
    nasty = f'{begin}HYPERLINK("http://x", "a")'
    [head, row] = csv.reader(io.StringIO(csv_text(["name", "number"], [[nasty, -3]]), newline=""))
    assert (head, row) == (["name", "number"], [f"'{nasty}", "-3"])


def test_a_sheet_is_what_rfc_4180_says() -> None:
    assert csv_text(["a", "b"], [['say "hi"', None], ["one,two", "line\nbreak"]]) == (
        'a,b\r\n"say ""hi""",\r\n"one,two","line\nbreak"\r\n'
    )
