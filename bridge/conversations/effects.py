"""What a commit means for Redis: which lanes to ring, which timers to set, what the queue shows, who to wake.

Owns the key names of the router's live half. Every effect is a hint: losing it, or doing it twice, is harmless,
because heal finds in SQL what is due and everything is rechecked there. It must never carry a message's text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EPOCH = "bridge:epoch"
"""Set while Redis holds what SQL says; missing after a wipe."""
TIMERS = "bridge:timers"
BELLS = "bridge:bells:"
"""+ destination: sorted set of lanes by the moment (ms) before which they need not be looked at."""
QUEUE = "bridge:queue:"
"""+ line: sorted set of unclaimed open dialogs by due time (ms)."""
LIVE = "bridge:live"
"""Publish channel: what pages should look at again, and which destinations have work."""

EVERYTHING = "*"
"""Wakes every page: somebody may have ended before he could say what he had changed."""

NO_DUE = 4_102_444_800_000
"""The score (ms, year 2100) of a dialog to which nothing is promised."""


def milliseconds(moment: datetime) -> int:
    """The score of a moment in a sorted set, rounded up: nothing rings before its time."""
    return -(-round(moment.timestamp() * 1_000_000) // 1000)


def timer_member(subject: str, name: str, gen: int) -> str:
    """What stands for an armed timer in the sorted set."""
    return f"{subject}/{name}:{gen}"


def parse_timer(member: str) -> tuple[str, str, int]:
    """The (subject, name, gen) of a member of the timers' sorted set."""
    rest, gen = member.rsplit(":", 1)
    subject, name = rest.rsplit("/", 1)
    return subject, name, int(gen)


@dataclass(slots=True)
class Effects:
    """Hints gathered during one or several commits."""

    lanes: dict[str, tuple[str, int]] = field(default_factory=dict)
    """lane → (destination, not before in ms)"""
    timers: dict[str, int | None] = field(default_factory=dict)
    """member → due in ms, or None to take it off"""
    queue: dict[tuple[str, int], int | None] = field(default_factory=dict)
    """(line, dialog) → due in ms, or None when it is not waiting there"""
    wakes: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.lanes or self.timers or self.queue or self.wakes)

    def ring(self, lane: str, destination: str, not_before: datetime) -> None:
        at = milliseconds(not_before)
        known = self.lanes.get(lane)
        if known is None or at < known[1]:
            self.lanes[lane] = (destination, at)

    def merge(self, other: Effects) -> None:
        for lane, (destination, at) in other.lanes.items():
            known = self.lanes.get(lane)
            if known is None or at < known[1]:
                self.lanes[lane] = (destination, at)
        self.timers.update(other.timers)
        self.queue.update(other.queue)
        self.wakes |= other.wakes

    def push(self, pipe: Any) -> None:
        """Queues the commands on a pipeline of either redis client; one round trip carries them all."""
        bells: dict[str, dict[str, int]] = {}
        for lane, (destination, at) in self.lanes.items():
            bells.setdefault(destination, {})[lane] = at
        for destination, members in bells.items():
            pipe.zadd(BELLS + destination, members, lt=True)
        armed = {member: due for member, due in self.timers.items() if due is not None}
        if armed:
            pipe.zadd(TIMERS, armed)
        gone = [member for member, due in self.timers.items() if due is None]
        if gone:
            pipe.zrem(TIMERS, *gone)
        for (line, dialog), due in self.queue.items():
            if due is None:
                pipe.zrem(QUEUE + line, dialog)
            else:
                pipe.zadd(QUEUE + line, {str(dialog): due})
        if bells or self.wakes:
            pipe.publish(LIVE, notice(self.wakes, bells))


def notice(wakes: Iterable[str], destinations: Iterable[str]) -> str:
    """What is published for pages to look again and hands to look for work."""
    return json.dumps({"wake": list(wakes), "ring": list(destinations)}, separators=(",", ":"))
