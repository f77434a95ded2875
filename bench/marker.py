"""What the generator writes into a text so that it can be known again wherever the text arrives."""

import re
from dataclasses import dataclass

FILLER = "is my order still on its way? I was told it would come on Tuesday and nobody rang."
_MARKER = re.compile(r"\[(customer|agent) (\d+)\.(\d+)\]")


@dataclass(frozen=True, slots=True)
class Marker:
    """One text of the benchmark: who wrote it, in whose dialog, and its number there."""

    author: str
    visitor: int
    number: int

    def __str__(self) -> str:
        return f"[{self.author} {self.visitor}.{self.number}]"

    def text(self) -> str:
        """A text of the length people write, with the marker at its head."""
        return f"{self} {FILLER}"


def find(text: str) -> Marker | None:
    """The marker in a text, or None when the text is not the generator's."""
    found = _MARKER.search(text)
    if found is None:
        return None
    return Marker(found[1], int(found[2]), int(found[3]))
