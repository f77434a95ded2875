"""Tells those who wait for a shipped wish; whoever has been told already is left alone."""

from __future__ import annotations

from workers.door import door


def run() -> None:
    """One round over all shipped wishes."""
    door().announce()
