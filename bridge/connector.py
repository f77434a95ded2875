"""The contract of a connector: what faces customers on one platform.

Owns the base class and what a connector is given. A connector says what happened (`bridge.errors`); it must never
decide what to do about it, import another connector, or reach into the conversations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aiohttp
from pydantic import BaseModel, ConfigDict
from starlette.routing import BaseRoute

from bridge.errors import Refused, Rejected
from bridge.media import Files, Location
from bridge.messages import Address, ChannelName, Health, Limits, Message, NativeId
from bridge.ports import Leases, Live, Router


@dataclass(frozen=True, slots=True)
class Bounds:
    """Beyond these a request is refused in words."""

    text: int = 100_000
    body_kb: int = 1024
    file_mb: int = 25
    file_mb_per_day: int = 500
    files_per_message: int = 20
    messages_per_minute: int = 30
    sessions_per_minute: int = 30


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the composition hands to every connector and desk."""

    router: Router
    live: Live
    leases: Leases
    files: Files
    http: aiohttp.ClientSession
    secret: bytes
    public_url: str = ""
    languages: tuple[str, ...] = ("en",)
    bounds: Bounds = field(default_factory=Bounds)


class NoSettings(BaseModel):
    """A connector or desk without settings of its own."""

    model_config = ConfigDict(extra="forbid")


class Connector(ABC):
    """Faces the contacts of one configured channel."""

    Settings: ClassVar[type[BaseModel]] = NoSettings
    limits: ClassVar[Limits] = Limits()

    def __init__(self, name: ChannelName, settings: Any, around: Surroundings) -> None:
        self.name = name
        self.settings = settings
        self.around = around

    def routes(self) -> Sequence[BaseRoute]:
        """What the platform (or the browser) calls."""
        return ()

    async def listen(self) -> None:
        """Runs for as long as the bridge does, where the platform must be asked for news."""
        return

    @abstractmethod
    async def send(self, to: Address, message: Message) -> NativeId:
        """One platform call; raises a `SendError` that says what happened."""

    async def edit(self, to: Address, message: Message) -> None:
        """What we sent as `message.native` says `message.text` from now on; asked only where `limits.edits`.

        `message.attachments` are the files it went out with: then the text is their caption. The same edit may be asked
        twice: that it says so already is no error.
        """
        raise NotImplementedError

    async def delete(self, to: Address, native: NativeId) -> None:
        """Takes back what we sent as `native`; asked only where `limits.deletes`, and maybe twice."""
        raise NotImplementedError

    async def typing(self, to: Address) -> None:
        """Shows the contact that somebody types, for a few seconds; asked only where `limits.typing`, best effort."""
        raise NotImplementedError

    async def replay(self, raw: bytes) -> None:
        """Parses once more what was put into quarantine, and lets the router hear it.

        Raises a `BridgeError` that says why it is not understood still. What has been heard before is not heard twice:
        the router knows it by its event key.
        """
        raise Refused("this channel cannot read an event again")

    async def locate(self, ref: str) -> Location:
        """Where a file that a contact has sent (`Remote.ref`) can be fetched now; raises a `SendError`.

        Asked just before the file is fetched, and again for each further try.
        """
        raise Rejected("this channel cannot hand files over")

    async def check(self) -> Health:
        """How the channel is: token, webhook registration, permissions."""
        return Health(ok=True)
