"""Presence: who views a dialog and who types in it now, told between desk and contact.

Owns short-lived signs of life in Redis. They are hints: losing them costs nothing but a line on a page, so they are
never waited for and never stored. It must never hold what somebody types.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import redis
import structlog

from bridge import views as v
from bridge.actions import Agent
from bridge.conversations.effects import LIVE, notice
from bridge.conversations.reader import Reader
from bridge.messages import Address, ChannelName, DialogId

log = structlog.get_logger()

T = TypeVar("T")

HERE = "bridge:here:"
"""+ dialog: hash of who is there → his sign of life."""
TYPIST = "bridge:typist:"
"""+ channel/address: name of the agent who types to the contact."""
SHOWN = "bridge:typing:"
"""+ channel/address: that the contact's platform was told of it a moment ago."""
SHOW_AGAIN = 4.0
"""Platforms show who types for five seconds; so many later it is told again."""
LIFE = {"agent": 10.0, "contact": 6.0}
"""How many seconds a sign counts: one that was lost on the way makes nobody vanish."""


class Presence:
    """Implements `bridge.ports.Presence` on Redis."""

    def __init__(self, client: Any, reader: Reader) -> None:
        self._client = client
        self._reader = reader
        self._fading: dict[str, asyncio.TimerHandle] = {}
        self._waking: set[asyncio.Task[None]] = set()
        self.on_typing: Callable[[ChannelName, Address], None] | None = None
        """Called when a contact's platform is to show that an agent types."""

    async def view(self, dialog: DialogId, agent: Agent, *, typing: bool, private: bool = False) -> None:
        found = await self._reader.dialog(dialog)
        await _harmless(self._sign(dialog, "agent", str(agent.id), agent.name, typing=typing))
        mine = found.assignee is None or found.assignee.id == str(agent.id)
        if typing and mine and not private:
            # What anybody else writes is a note at first: the contact is not told of words he may never get.
            await _harmless(self._type_to(*await self._reader.whereabouts(dialog), agent.name))

    async def typing(self, channel: ChannelName, address: Address) -> None:
        found = await self._reader.current(channel, address)
        if found is not None:
            await _harmless(
                self._sign(DialogId(int(found.id)), "contact", None, found.contact.name, typing=True)
            )

    async def here(self, dialog: DialogId) -> list[v.HereView]:
        return await _harmless(self._here(dialog)) or []

    async def typist(self, channel: ChannelName, address: Address) -> str | None:
        name = await _harmless(self._client.get(f"{TYPIST}{channel}/{address}"))
        return None if name is None else name.decode()

    async def _sign(self, dialog: DialogId, kind: str, id: str | None, name: str, *, typing: bool) -> None:
        key, field, now = f"{HERE}{dialog}", f"{kind}:{id}", time.time()
        sign = {"kind": kind, "id": id, "name": name, "typing": typing, "until": now + LIFE[kind]}
        pipe = self._client.pipeline(transaction=True)
        pipe.hget(key, field)
        pipe.hset(key, field, json.dumps(sign))
        pipe.pexpire(key, int(max(LIFE.values()) * 1000))
        before, *_ = await pipe.execute()
        known = None if before is None else json.loads(before)
        if known is None or known["until"] <= now or (known["typing"], known["name"]) != (typing, name):
            await self._wake(f"here:{dialog}")
        self._fade(f"here:{dialog}", field, LIFE[kind])

    async def _type_to(self, channel: ChannelName, address: Address, name: str) -> None:
        await self._client.set(f"{TYPIST}{channel}/{address}", name, px=int(LIFE["contact"] * 1000))
        await self._wake(f"typing:{channel}/{address}")
        if self.on_typing is not None:
            first = await self._client.set(
                f"{SHOWN}{channel}/{address}", 1, nx=True, px=int(SHOW_AGAIN * 1000)
            )
            if first:
                self.on_typing(channel, address)

    async def _here(self, dialog: DialogId) -> list[v.HereView]:
        now = time.time()
        signs = [json.loads(sign) for sign in await self._client.hvals(f"{HERE}{dialog}")]
        there = [
            v.HereView(sign["kind"], sign["id"], sign["name"], sign["typing"])
            for sign in signs
            if sign["until"] > now
        ]
        return sorted(there, key=lambda one: (one.kind, one.name, one.id or ""))

    def _fade(self, key: str, field: str, life: float) -> None:
        """Pages look again when this sign has had its time; a later sign puts that off."""
        name = f"{key}/{field}"
        if (earlier := self._fading.pop(name, None)) is not None:
            earlier.cancel()

        def faded() -> None:
            self._fading.pop(name, None)
            task = asyncio.get_running_loop().create_task(_harmless(self._wake(key)))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

        self._fading[name] = asyncio.get_running_loop().call_later(life + 0.05, faded)

    async def _wake(self, key: str) -> None:
        await self._client.publish(LIVE, notice([key], []))


async def _harmless(asked: Awaitable[T]) -> T | None:
    """What Redis answers; None while it is out."""
    try:
        return await asked
    except (redis.RedisError, OSError) as error:
        log.debug("nobody is seen while redis is out", reason=str(error))
        return None
