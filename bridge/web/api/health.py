"""Why does nobody answer: the reasons for which a contact may be waiting, worst first.

Owns what counts as such a reason. It must never change anything, nor let one part that is out hide what the others say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter

from bridge import views as v
from bridge.errors import Unavailable
from bridge.messages import Health, LineName
from bridge.ports import Router
from bridge.web.api import bodies
from bridge.web.api.parameters import Me, Worker
from bridge.web.channels import Channels

RECENT = timedelta(minutes=15)
"""A post that failed longer ago says nothing of how its destination is now."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `subject` is a line or a destination, `count` how many dialogs or posts it concerns."""

    kind: Literal[
        "channel_down",
        "nobody_on_duty",
        "overdue",
        "posts_failed",
        "posts_late",
        "files_late",
        "duty_unknown",
    ]
    subject: str
    title: str
    count: int = 0
    reason: str = ""
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why contacts may be waiting, worst first; `on_duty` is line → names of those who are there."""

    items: list[Reason]
    on_duty: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether I am on duty on my lines."""

    on: bool


def routes(router: Router, channels: Channels) -> APIRouter:
    """The operations on who is there and what keeps answers back."""
    api = APIRouter(tags=["operations"])

    @api.get("/health")
    async def health(me: Worker) -> Reasons:
        """Why contacts may be waiting: nobody on duty, a channel that is down, a backlog, posts that do not arrive."""
        lines = await router.read.lines()
        troubles, told, people = await asyncio.gather(
            router.read.troubles(datetime.now(UTC) - RECENT), channels.health(), router.read.agents()
        )
        down = _down(told, me.language)
        names = {agent.id: agent.name for agent in people}
        try:
            found = await router.on_duty([LineName(line.name) for line in lines])
        except Unavailable as error:
            unknown = [Reason("duty_unknown", "", "", reason=error.reason)]
            return Reasons([*down, *_backlog(lines), *unknown, *_posts(troubles)], {})
        on_duty = {str(line): [names[id] for id in there if id in names] for line, there in found.items()}
        return Reasons([*down, *_absent(lines, on_duty), *_backlog(lines), *_posts(troubles)], on_duty)

    @api.get("/me/duty")
    async def duty(me: Me) -> Duty:
        """Whether I count as on duty."""
        found = await router.on_duty(me.lines)
        return Duty(any(me.id in there for there in found.values()))

    @api.post("/me/duty")
    async def set_duty(body: bodies.Duty, me: Worker) -> Duty:
        """I am there for my lines for the next quarter of an hour, or no longer. A desk repeats it while it is open."""
        await router.duty(me, on=body.on)
        return Duty(body.on and bool(me.lines))

    return api


def _down(health: Mapping[str, Health], language: str) -> list[Reason]:
    """Those that say that they do not work, in the reader's language where they speak it."""
    found: list[Reason] = []
    for name, one in health.items():
        if not one.ok:
            reason, repair = one.said.get(language, (one.reason, one.repair))
            found.append(Reason("channel_down", name, name.partition(":")[2], reason=reason, repair=repair))
    return found


def _absent(lines: list[v.LineView], on_duty: Mapping[str, list[str]]) -> list[Reason]:
    return [
        Reason("nobody_on_duty", line.name, line.title, line.waiting)
        for line in lines
        if line.waiting and not on_duty.get(line.name)
    ]


def _backlog(lines: list[v.LineView]) -> list[Reason]:
    return [Reason("overdue", line.name, line.title, line.overdue) for line in lines if line.overdue]


def _posts(troubles: list[v.TroubleView]) -> list[Reason]:
    found: list[Reason] = []
    for trouble in troubles:
        what, _, name = trouble.destination.partition(":")
        if what == "files":
            # Why one has failed stands at its message; that all are late concerns everybody.
            if trouble.late:
                found.append(Reason("files_late", trouble.destination, name, trouble.late, trouble.reason))
            continue
        name = name or trouble.destination
        if trouble.failed:
            found.append(Reason("posts_failed", trouble.destination, name, trouble.failed, trouble.reason))
        if trouble.late:
            found.append(Reason("posts_late", trouble.destination, name, trouble.late, trouble.reason))
    return found
