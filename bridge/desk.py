"""The contract of a desk: the mirror image of a connector, where agents work.

Owns the base class. A desk says what happened (`bridge.errors`); it must never decide what to do about it, import
another desk, or reach into the conversations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.routing import BaseRoute

from bridge.connector import NoSettings, Surroundings
from bridge.messages import Card, DeskName, Health, Limits, Message, NativeId, ThreadId


class Desk(ABC):
    """Shows dialogs, tickets and wishes to agents in one configured place."""

    Settings: ClassVar[type[BaseModel]] = NoSettings
    limits: ClassVar[Limits] = Limits()
    reads: ClassVar[bool] = False
    """True for a desk that reads SQL itself: nothing is posted to it."""

    def __init__(self, name: DeskName, settings: Any, around: Surroundings) -> None:
        self.name = name
        self.settings = settings
        self.around = around

    def routes(self) -> Sequence[BaseRoute]:
        """What the agents' client calls."""
        return ()

    async def listen(self) -> None:
        """Runs for as long as the bridge does, where the client must be asked for news."""
        return

    @abstractmethod
    async def open(self, card: Card, key: str) -> ThreadId:
        """A dialog appears; returns where. `key` is the idempotency key of this call."""

    @abstractmethod
    async def post(self, thread: ThreadId, message: Message) -> NativeId:
        """A message appears in its thread."""

    @abstractmethod
    async def show(self, thread: ThreadId, card: Card, key: str) -> None:
        """The head of a thread changes: status, assignee, due time."""

    async def mark(self, thread: ThreadId, message: Message) -> None:
        """What became of an agent's message (`message.mark`); desks without marks show nothing."""
        return

    async def edit(self, thread: ThreadId, message: Message) -> None:
        """A message has changed: its words, or (`message.data["changed"]` is "rest") its reactions and what else it bears.

        `message.native` is what this desk called it, None where it never got it. A desk that cannot change what it shows
        posts changed words once more.
        """
        if message.data.get("changed") != "rest":
            await self.post(thread, message)

    async def delete(self, thread: ThreadId, message: Message) -> None:
        """A message was taken back; agents may still read what it said. Desks without deletions show nothing."""
        return

    async def check(self) -> Health:
        """How the desk is."""
        return Health(ok=True)
