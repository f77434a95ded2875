"""What the house wants to know about its own work: who I am, posts in trouble, quarantine, findings.

Owns the operations that look at the house itself, and the one that reads an event again. It must never touch a dialog.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from bridge import views as v
from bridge.ports import Router
from bridge.web.api.parameters import Cursor, Id, Limit, Me, Worker, working

State = Literal["queued", "sending", "delayed", "unknown", "failed", "cancelled"]
_TROUBLE: list[State] = ["failed", "delayed", "unknown"]


@dataclass(frozen=True, slots=True)
class AgentView:
    """Who asks."""

    id: str
    login: str
    name: str
    role: str
    lines: list[str]
    language: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What should not be."""

    items: list[v.FindingView]


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of an event that was read once more."""

    state: Literal["held", "replayed"]
    reason: str | None


def routes(router: Router) -> APIRouter:
    """The operations that look at the house itself."""
    api = APIRouter(tags=["operations"])
    workers = [Depends(working)]

    @api.get("/me")
    async def me(agent: Me) -> AgentView:
        """Who asks, as the house knows him."""
        return AgentView(
            str(agent.id), agent.login, agent.name, agent.role, list(agent.lines), agent.language
        )

    @api.get("/outbox", dependencies=workers)
    async def outbox(
        state: Annotated[list[State], Query()] = _TROUBLE, cursor: Cursor = None, limit: Limit = 50
    ) -> v.Page[v.OutboxView]:
        """Posts that have not arrived, the latest first. One is sent again by its dialog's verb `retry`."""
        return await router.read.outbox(states=state, cursor=cursor, limit=limit)

    @api.get("/quarantine", dependencies=workers)
    async def quarantine(
        state: Literal["held", "replayed"] | None = None, cursor: Cursor = None, limit: Limit = 50
    ) -> v.Page[v.QuarantineView]:
        """Events that could not be understood, the latest first."""
        return await router.read.quarantined(state=state, cursor=cursor, limit=limit)

    @api.post("/quarantine/{id}/replay")
    async def replay(id: Id, me: Worker) -> Replay:
        """Gives an event back to its channel: it is heard now, or held for the reason that is answered."""
        return Replay(**await router.replay(id, me))

    @api.get("/findings")
    async def findings(*, gone: bool = False) -> Findings:
        """What the audit has found; with `gone` also what is no longer so."""
        return Findings(await router.read.findings(gone=gone))

    return api
