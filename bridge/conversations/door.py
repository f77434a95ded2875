"""The same mind for workers, which have no event loop.

Owns the few jobs that run outside of the router's loop. It must never hold a rule of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
import structlog

from bridge.conversations import audit, tidying
from bridge.conversations import tables as t
from bridge.conversations.commands import Announce
from bridge.conversations.committer import Committer
from bridge.conversations.database import Database
from bridge.conversations.lines import Rules
from bridge.media import Files
from bridge.messages import Author

log = structlog.get_logger()


class Door:
    """The same mind for workers, which have no event loop."""

    def __init__(self, database: Database, committer: Committer, rules: Rules, files: Files) -> None:
        self.database = database
        self.rules = rules
        self.files = files
        self._committer = committer

    def announce(self) -> int:
        """Tells everybody who waits for the news of a shipped wish; returns how many were told now."""
        query = (
            sa.select(
                t.wish_asker.c.wish,
                t.wish_asker.c.identity,
                t.identity.c.dialog,
                t.wish.c.created_by,
                t.agent.c.name,
            )
            .select_from(
                t.wish_asker.join(t.wish)
                .join(t.identity, t.identity.c.id == t.wish_asker.c.identity)
                .join(t.agent, t.agent.c.id == t.wish.c.created_by)
            )
            .where(t.wish.c.announce == "going", t.wish_asker.c.state == "asked")
        )
        with self.database.read() as connection:
            waiting = list(connection.execute(query))
        told = 0
        for wish, identity, dialog, agent, name in waiting:
            told += self._committer.run_sync(Announce(wish, identity, dialog, Author("agent", agent, name)))
        return told

    def audit(self) -> int:
        """Looks for what must never be true, tells the log what is new of it, and returns how much there is."""
        now = datetime.now(UTC)
        findings = audit.audit(self.database, self.rules, now)
        new, gone = audit.record(self.database, findings, now)
        for finding in new:
            log.error("the audit found", kind=finding.kind, subject=finding.subject, reason=finding.reason)
        for finding in gone:
            log.info("no longer found", kind=finding.kind, subject=finding.subject)
        return len(findings)

    def tidy(self) -> int:
        """Takes away uploads that no message has carried for a day; returns how many."""
        gone = tidying.tidy(self.database, self.files, datetime.now(UTC))
        if gone:
            log.info("unused files are gone", files=gone)
        return gone
