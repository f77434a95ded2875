"""Looks for what must never be true of the conversations, and keeps what it finds."""

from __future__ import annotations

from workers.door import door


def run() -> None:
    """One audit of everything."""
    door().audit()
