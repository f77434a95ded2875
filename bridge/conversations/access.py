"""Who may come in: agents, their one-time links and sessions, API tokens, and the house's own machines.

Owns the tables `agent` and `access`. Secrets are 256 bits of chance, known here by their SHA-256 alone. It must never
log a secret, nor remember for longer than a second that somebody may come in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
import sqlalchemy.exc
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from bridge.actions import Agent, Role
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.reading.records import HOUSE, agent
from bridge.conversations.writes import Ids
from bridge.errors import Missing, NotAllowed, Refused, Unavailable
from bridge.messages import AgentId, LineName

log = structlog.get_logger()

T = TypeVar("T")
Kind = Literal["link", "session", "token"]

LINK_LIVES = timedelta(hours=24)
SESSION_LIVES = timedelta(days=30)
"""How long a session that nobody uses stays open."""
REMEMBERED = 1.0
"""Seconds for which a session or token need not be looked up again: so soon a disabled agent is out, everywhere."""
_RENEWED_AFTER = timedelta(days=1)
_MOST_REMEMBERED = 10_000
_LOGIN = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Person:
    """An agent to be made."""

    login: str
    name: str
    role: Role = "agent"
    lines: tuple[LineName, ...] = ()
    language: str = "en"


class Access:
    """Implements `bridge.ports.Access` on SQL, and what the command line does to agents."""

    def __init__(
        self,
        database: Database,
        tokens: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self._clock = clock
        self._machines = {f"{HOUSE}{name}": _hash(secret) for name, secret in tokens.items() if secret}
        self._remembered: dict[tuple[Kind, str], tuple[float, Agent]] = {}
        self._looking: dict[tuple[Kind, str], asyncio.Task[Agent | None]] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="access")

    def close(self) -> None:
        """Ends the threads; what has begun is finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- who comes

    async def by_token(self, token: str) -> Agent | None:
        """The agent a bearer token stands for: the house's machine of that name, or who made the token."""
        return await self._known("token", token)

    async def by_session(self, session: str) -> Agent | None:
        """The agent of a browser session; using it keeps it open."""
        return await self._known("session", session)

    async def redeem(self, link: str) -> tuple[str, Agent]:
        """Trades a one-time login link for a new session; raises `NotAllowed`."""
        return await self._run(self._redeem, link)

    async def leave(self, session: str) -> None:
        """Ends a session."""
        await self._run(self._leave, session)

    # -- the house's people

    def ensure_agents(self, people: Collection[Person] = ()) -> None:
        """Makes who is missing of these and of the configured tokens' machines; who is there stays as he is."""
        machines = [Person(login, login.removeprefix(HOUSE), "admin") for login in self._machines]
        rows = [self._row(person) for person in (*people, *machines)]
        if rows:
            insert = sqlite.insert if self.database.sqlite else postgresql.insert
            with self.database.write() as connection:
                connection.execute(insert(t.agent).on_conflict_do_nothing(index_elements=["login"]), rows)

    def add(self, person: Person) -> Agent:
        """A new agent, or one who was disabled and comes back."""
        if not _LOGIN.fullmatch(person.login):
            raise Refused("a login is made of a-z, 0-9, '.', '@', '-' and '_', at most 64 of them")
        with self.database.write() as connection:
            row = connection.execute(sa.select(t.agent).where(t.agent.c.login == person.login)).one_or_none()
            if row is not None and row.disabled_at is None:
                raise Refused(f"there is an agent {person.login!r} already")
            values = self._row(person)
            if row is None:
                connection.execute(sa.insert(t.agent).values(values))
            else:
                values |= {"id": row.id, "created_at": row.created_at, "disabled_at": None}
                connection.execute(sa.update(t.agent).where(t.agent.c.id == row.id).values(values))
            return _one(connection, person.login)

    def agents(self, *, disabled: bool = False) -> list[Agent]:
        """Everybody by login, machines included; with `disabled` those instead who may no longer come in."""
        gone = t.agent.c.disabled_at.is_not(None) if disabled else t.agent.c.disabled_at.is_(None)
        with self.database.read() as connection:
            return [
                agent(row)
                for row in connection.execute(sa.select(t.agent).where(gone).order_by(t.agent.c.login))
            ]

    def disable(self, login: str) -> None:
        """Shuts an agent out: his sessions, links and tokens end with it."""
        with self.database.write() as connection:
            found = _one(connection, login)
            connection.execute(
                sa.update(t.agent).where(t.agent.c.id == found.id).values(disabled_at=self._clock())
            )
            connection.execute(sa.delete(t.access).where(t.access.c.agent == found.id))
        self._remembered.clear()

    def change(self, login: str, **fields: object) -> None:
        """An agent has another role, or password, from now on: his sessions and links end with the old one."""
        with self.database.write() as connection:
            found = _one(connection, login)
            connection.execute(sa.update(t.agent).where(t.agent.c.id == found.id).values(fields))
            connection.execute(
                sa.delete(t.access).where(t.access.c.agent == found.id, t.access.c.kind != "token")
            )
        self._remembered.clear()

    def one(self, login: str) -> Agent:
        """An agent who may come in; raises `Missing`."""
        with self.database.read() as connection:
            return _one(connection, login)

    def open(self, who: Agent) -> str:
        """A new session for somebody who has shown who he is."""
        return self._issue(who.login, "session", who.login, SESSION_LIVES)

    def invite(self, login: str) -> str:
        """The secret of a link by which this agent can log in once, within a day."""
        return self._issue(login, "link", login, LINK_LIVES)

    def issue_token(self, login: str, name: str) -> str:
        """An API token that stands for this agent until he is disabled; shown once, never again."""
        return self._issue(login, "token", name, None)

    # -- how it is known

    async def _known(self, kind: Kind, secret: str) -> Agent | None:
        if not secret:
            return None
        key = (kind, _hash(secret))
        until, known = self._remembered.get(key, (0.0, None))
        if known is not None and time.monotonic() < until:
            return known
        looking = self._looking.get(key)
        if looking is None:
            looking = self._looking[key] = asyncio.create_task(self._look(key))
            looking.add_done_callback(lambda _: self._looking.pop(key, None))
        return await asyncio.shield(looking)

    async def _look(self, key: tuple[Kind, str]) -> Agent | None:
        """Asks SQL, once for all who want to know at the same moment."""
        looked_at = time.monotonic()
        found = await self._run(self._find, *key)
        if found is None:
            self._remembered.pop(key, None)
        else:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (looked_at + REMEMBERED, found)
        return found

    def _find(self, kind: Kind, hashed: str) -> Agent | None:
        if kind == "token":
            # Every one is compared, in constant time: how long it takes tells nothing.
            machines = [
                login for login, known in self._machines.items() if hmac.compare_digest(known, hashed)
            ]
            if machines:
                with self.database.read() as connection:
                    row = connection.execute(_by_login, {"login": machines[0]}).one_or_none()
                    return None if row is None else agent(row)
        now = self._clock()
        with self.database.read() as connection:
            row = connection.execute(_by_secret, {"hash": hashed, "kind": kind, "now": now}).one_or_none()
        if row is None:
            return None
        if kind == "session" and row.expires_at - now < SESSION_LIVES - _RENEWED_AFTER:
            with self.database.write() as connection:
                renew = sa.update(t.access).where(t.access.c.hash == hashed)
                connection.execute(renew.values(expires_at=now + SESSION_LIVES))
        return agent(row)

    def _redeem(self, link: str) -> tuple[str, Agent]:
        now = self._clock()
        with self.database.write() as connection:
            used = (
                sa.delete(t.access)
                .where(t.access.c.hash == _hash(link), t.access.c.kind == "link", t.access.c.expires_at > now)
                .returning(t.access.c.agent)
            )
            owner = connection.execute(used).scalar()
            row = connection.execute(_by_id, {"id": owner}).one_or_none()
            if row is None:
                raise NotAllowed("this link was used already or is too old: ask for a new one")
            connection.execute(sa.delete(t.access).where(t.access.c.expires_at <= now))
            return _add_secret(connection, "session", row.id, row.login, now=now, lives=SESSION_LIVES), agent(
                row
            )

    def _leave(self, session: str) -> None:
        hashed = _hash(session)
        with self.database.write() as connection:
            connection.execute(
                sa.delete(t.access).where(t.access.c.hash == hashed, t.access.c.kind == "session")
            )
        self._remembered.pop(("session", hashed), None)

    def _issue(self, login: str, kind: Kind, name: str, lives: timedelta | None) -> str:
        with self.database.write() as connection:
            return _add_secret(
                connection, kind, _one(connection, login).id, name, now=self._clock(), lives=lives
            )

    def _row(self, person: Person) -> dict[str, Any]:
        return {
            "id": Ids.draw(),
            "login": person.login,
            "name": person.name,
            "role": person.role,
            "lines": list(person.lines),
            "language": person.language,
            "password": None,
            "disabled_at": None,
            "created_at": self._clock(),
        }

    async def _run(self, work: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(reached, work, *args))


def reached(work: Callable[..., T], *args: Any) -> T:
    """What the work answers; raises `Unavailable` when the database is out of reach."""
    try:
        return work(*args)
    except (sqlalchemy.exc.DBAPIError, sqlalchemy.exc.TimeoutError) as error:
        log.warning("access cannot be checked", error=str(error).splitlines()[0])
        raise Unavailable("the database is out of reach") from error


def _one(connection: Connection, login: str) -> Agent:
    row = connection.execute(_by_login, {"login": login}).one_or_none()
    if row is None:
        raise Missing(f"there is no agent {login!r} who may come in")
    return agent(row)


def _add_secret(
    connection: Connection, kind: Kind, owner: AgentId, name: str, *, now: datetime, lives: timedelta | None
) -> str:
    secret = secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(t.access).values(
            hash=_hash(secret),
            kind=kind,
            agent=owner,
            name=name,
            created_at=now,
            expires_at=None if lives is None else now + lives,
        )
    )
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


_enabled = sa.select(t.agent).where(t.agent.c.disabled_at.is_(None))
_by_login = _enabled.where(t.agent.c.login == sa.bindparam("login"))
_by_id = _enabled.where(t.agent.c.id == sa.bindparam("id"))
# Only a token may live for ever; a link or session without an end, or without an owner, lets nobody in.
_by_secret = (
    _enabled.add_columns(t.access.c.expires_at)
    .join(t.access, t.access.c.agent == t.agent.c.id)
    .where(t.access.c.hash == sa.bindparam("hash"), t.access.c.kind == sa.bindparam("kind"))
    .where(
        sa.or_(
            t.access.c.expires_at > sa.bindparam("now", type_=t.Moment),
            sa.and_(t.access.c.kind == "token", t.access.c.expires_at.is_(None)),
        )
    )
)
