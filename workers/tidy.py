"""Takes away uploads that no message has carried for a day."""

from __future__ import annotations

from workers.door import door


def run() -> None:
    """One round over what is in nobody's hands."""
    door().tidy()
