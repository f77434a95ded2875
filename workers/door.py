"""The one door from a worker's jobs to the bridge, opened once by the composition of the worker's process.

Owns nothing but the way in. A job must never make a door of its own: what it may ask is what `Door` offers.
"""

from __future__ import annotations

from bridge.conversations.door import Door

_opened: list[Door] = []


def open(door: Door) -> None:
    """Makes this the door of all jobs in this process."""
    _opened[:] = [door]


def door() -> Door:
    """The door that the composition has opened."""
    if not _opened:
        raise RuntimeError("no door has been opened in this process: jobs run in `bridge worker`")
    return _opened[0]
