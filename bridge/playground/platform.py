"""The contract of a stand-in: one platform of the playground.

Owns the base class. A stand-in answers its platform's API, delivers what happens there, and shows the page its phones;
it must never know the bridge, nor another platform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.routing import BaseRoute


class Platform(ABC):
    """One platform, as its clients reach it and as a person with its phone in his hand sees it."""

    name: ClassVar[str]
    """Part of its addresses, and what the page calls its phone by."""

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The platform's own API, below /playground/<name>."""

    @abstractmethod
    def phones(self) -> list[dict[str, Any]]:
        """Every customer with his chats, for the page: `id`, `name`, `chats` (each `id`, `title`, `last`, `unread`)."""

    @abstractmethod
    def chat(self, phone: str, chat: str) -> dict[str, Any]:
        """One chat as that customer sees it: `title`, `typing`, `messages`, and what he may do there."""

    @abstractmethod
    async def act(self, phone: str, action: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What the customer does: one of the phone's actions with its fields; raises `Impossible` in words."""

    @abstractmethod
    def file(self, phone: str, file: str) -> tuple[bytes, str, str] | None:
        """The bytes, name and type of a file that this customer has before him."""

    def forget(self) -> None:
        """Everything but what the configuration names is as new."""
        return

    async def close(self) -> None:
        """Ends what still runs."""
        return


class Impossible(Exception):
    """The customer cannot do that; the words say why."""
