"""The contract of a stand-in: one platform of the playground.

Owns the base class. A stand-in answers its platform's API, delivers what happens there, and shows the page its phones;
it must never know the bridge, nor another platform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from starlette.routing import BaseRoute

from bridge.playground.body import Fields

Json = dict[str, Any]


class Platform(ABC):
    """One platform, as its clients reach it and as a person with its phone in his hand sees it."""

    name: ClassVar[str]
    """Part of its addresses, and what the page calls its phone by."""

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """The platform's own API, below /playground/<name>."""

    @abstractmethod
    def about(self) -> Json:
        """What its phone is called and can do, as docs/playground.md describes it."""

    @abstractmethod
    def accounts(self) -> list[Json]:
        """Those that customers can write to: `id`, `name`, `handle`."""

    @abstractmethod
    def customers(self) -> list[Json]:
        """Everybody with a phone: `id`, `name`, and `chats`: account → number of the last message of others."""

    @abstractmethod
    def arrive(self, name: str, language: str) -> str:
        """A new customer; returns his id."""

    @abstractmethod
    def chat(self, customer: str, account: str) -> Json:
        """One chat as that customer sees it, as docs/playground.md describes it; raises `Impossible`."""

    @abstractmethod
    def act(self, customer: str, account: str, action: str, fields: Fields) -> Json:
        """What the customer does: one of the phone's actions with its fields; raises `Impossible` in words."""

    @abstractmethod
    async def outcome(self, thing: str) -> Json:
        """What came of an act that is answered later, as a pressed button; {} when nothing does in time."""

    @abstractmethod
    def file(self, customer: str, file: str) -> tuple[bytes, str, str] | None:
        """The bytes, name and type of a file that this customer has before him."""

    def forget(self) -> None:
        """Everything but what the configuration names is as new."""
        return

    async def close(self) -> None:
        """Ends what still runs."""
        return


class Impossible(Exception):
    """The customer cannot do that; the words say why."""
