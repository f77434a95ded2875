"""Passwords: made by argon2id, tried few times, and never told from an unknown login.

Owns the column `password` and who may try how often. Whether the login or the password was wrong, and whether there is
such an agent, is said neither in words nor by how long the answer takes. It must never keep or log a password.

Tries are counted for a login and an address together, so that nobody can lock an agent out from elsewhere, and for an
address alone, so that one machine cannot go through many logins; in the memory of each process.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
import unicodedata
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import argon2
import sqlalchemy as sa
from argon2.exceptions import InvalidHashError, VerificationError

from bridge import text
from bridge.actions import Agent
from bridge.conversations import tables as t
from bridge.conversations.access import Access, reached
from bridge.errors import NotAllowed, Refused, TooOften, Unavailable

T = TypeVar("T")

SHORTEST, LONGEST = 10, 200
MINUTE = 60.0
PER_LOGIN = 5
"""Tries of one login from one address in a minute."""
PER_ADDRESS = 20
"""Tries of one address in a minute, whatever the login."""
_WAITING = 16
"""Tries that may wait for the one thread that hashes: more are sent away at once."""
_MOST_KNOWN = 50_000
WRONG = "this login and this password do not belong together"


class Passwords:
    """Lets agents in by password, and lets them choose one."""

    def __init__(
        self,
        access: Access,
        *,
        clock: Callable[[], float] = time.monotonic,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        self._access = access
        self._tries = Tries(clock)
        self._hasher = hasher or argon2.PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        # One thread: hashing takes 64 MB and all of a core, and must never hold up who is in already.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._waiting = 0

    async def enter(self, login: str, password: str, address: str) -> tuple[str, Agent]:
        """Trades login and password for a new session; raises `NotAllowed` or `TooOften`."""
        login = text.clean(login).strip().casefold()
        self._tries.count(login, address)
        return await self._run(self._enter, login, password)

    async def change(self, who: Agent, old: str, new: str, address: str) -> str:
        """Chooses a password: every session of his ends, and a new one begins; raises `NotAllowed` or `Refused`.

        Who has one already must know it; who came by a link and has none needs no old one.
        """
        self._tries.count(who.login, address)
        return await self._run(self._change, who, old, new)

    def set(self, login: str, password: str) -> None:
        """Gives an agent a password, and ends his sessions: for the command line."""
        self._access.change(login, password=self._made(login, password))

    async def has(self, who: Agent) -> bool:
        """Whether he can come in by password."""
        return await self._run(self._stored, who.login) is not None

    def _enter(self, login: str, password: str) -> tuple[str, Agent]:
        stored = self._stored(login)
        if not self._fits(stored, password) or stored is None:
            raise NotAllowed(WRONG)
        if self._hasher.check_needs_rehash(stored):
            self._write(login, self._hasher.hash(_normal(password)))
        who = self._access.one(login)
        return self._access.open(who), who

    def _change(self, who: Agent, old: str, new: str) -> str:
        stored = self._stored(who.login)
        if stored is not None and not self._fits(stored, old):
            raise NotAllowed("this is not your password")
        self._access.change(who.login, password=self._made(who.login, new))
        return self._access.open(who)

    def _made(self, login: str, password: str) -> str:
        words = _normal(password)
        if not SHORTEST <= len(words) <= LONGEST:
            raise Refused(f"a password has {SHORTEST} to {LONGEST} characters")
        if len(set(words)) < SHORTEST // 2 or login in words.casefold():
            raise Refused("this password is too easy to guess")
        return self._hasher.hash(words)

    def _fits(self, stored: str | None, password: str) -> bool:
        """Compares even where there is nothing to compare with, so that it takes as long."""
        try:
            self._hasher.verify(stored or self._nobody, _normal(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def _stored(self, login: str) -> str | None:
        """The hash of somebody who may come in; machines have none."""
        query = sa.select(t.agent.c.password).where(t.agent.c.login == login, t.agent.c.disabled_at.is_(None))
        with self._access.database.read() as connection:
            found: str | None = connection.execute(query).scalar()
            return found

    def _write(self, login: str, hashed: str) -> None:
        with self._access.database.write() as connection:
            connection.execute(sa.update(t.agent).where(t.agent.c.login == login).values(password=hashed))

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        if self._waiting >= _WAITING:
            raise Unavailable("too many people log in at once")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, partial(reached, work, *args)
            )
        finally:
            self._waiting -= 1


class Tries:
    """How often somebody may try: a window that slides, forgotten a minute later."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, ...], deque[float]] = {}

    def count(self, login: str, address: str) -> None:
        """One more try; raises `TooOften`, and then it does not count."""
        now = self._clock()
        if len(self._known) > _MOST_KNOWN:
            self._known = {key: tries for key, tries in self._known.items() if tries[-1] > now - MINUTE}
        place = _network(address)
        windows = []
        for key, most in (((login[:LONGEST], place), PER_LOGIN), ((place,), PER_ADDRESS)):
            tries = self._known.setdefault(key, deque())
            while tries and tries[0] <= now - MINUTE:
                tries.popleft()
            if len(tries) >= most:
                raise TooOften(tries[0] + MINUTE - now)
            windows.append(tries)
        for tries in windows:
            tries.append(now)


def _network(address: str) -> str:
    """An address, and of IPv6 the network that one household gets whole."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _normal(password: str) -> str:
    """The same characters however a keyboard has composed them."""
    return unicodedata.normalize("NFKC", text.clean(password))
