"""What could not be understood: kept as it came, shown to agents, read again when somebody asks for it.

Owns the commands that keep an event and note what became of another try. It must never parse: connectors do.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bridge.conversations import audit
from bridge.conversations import tables as t
from bridge.conversations.changes import Acted
from bridge.conversations.committer import Command
from bridge.conversations.news import NOWHERE
from bridge.conversations.work import Needs, Work
from bridge.conversations.writes import Ids
from bridge.errors import Missing
from bridge.messages import AgentId, ChannelName


@dataclass(frozen=True, slots=True)
class Quarantine(Command[None]):
    """Keeps an authentic event that could not be understood, for agents to see and replay."""

    channel: ChannelName
    event_key: str
    raw: bytes
    reason: str

    @property
    def _kept(self) -> str:
        """Not the event's own key: when it is replayed and understood, it is taken as if for the first time."""
        return f"quarantine:{self.event_key}"

    def needs(self, needs: Needs) -> None:
        needs.keys |= {self.event_key, self._kept}

    def fold(self, work: Work) -> None:
        if self.event_key in work.seen or self._kept in work.seen:
            return
        work.remember(self._kept, NOWHERE, 0)
        work.row(
            t.quarantine,
            {
                "id": Ids.draw(),
                "channel": self.channel,
                "event_key": self.event_key,
                "raw": self.raw,
                "reason": self.reason,
                "attempts": 1,
                "state": "held",
                "at": work.now,
            },
        )
        work.effects.wakes.add("desk")


@dataclass(frozen=True, slots=True)
class Replayed(Command[str]):
    """An event was read once more, at an agent's wish: it has been heard, or is held for another reason now.

    The answer is its state from now on.
    """

    id: int
    agent: AgentId
    reason: str | None

    def needs(self, needs: Needs) -> None:
        """Nothing: the row's state is the guard."""

    def fold(self, work: Work) -> str:
        row = t.quarantine.c
        known = work.connection.execute(sa.select(row.state).where(row.id == self.id)).scalar()
        if known is None:
            raise Missing("there is no such event")
        state = "replayed" if self.reason is None or known == "replayed" else "held"
        said = {} if self.reason is None else {"reason": self.reason}
        tried = sa.update(t.quarantine).where(row.id == self.id, row.state == "held")
        work.connection.execute(tried.values(state=state, attempts=row.attempts + 1, **said))
        if state == "replayed":
            audit.over(work.connection, f"quarantine quarantine:{self.id}", work.now)
        work.record(
            Acted(f"quarantine:{self.id}", "replayed", self.agent, work.now, after={"state": state, **said})
        )
        work.effects.wakes.add("desk")
        return state
