"""The playground: what its platforms share, and the platforms themselves.

Owns the parts and their bounds. It must never know what a platform's call means.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp

import bridge.playground as room
from bridge.playground.calls import Calls
from bridge.playground.changes import Changes
from bridge.playground.clock import Clock
from bridge.playground.faults import Faults
from bridge.playground.platform import Platform
from bridge.playground.record import Record

P = TypeVar("P", bound=Platform)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept; the oldest of everything goes first."""

    calls: int = 2_000
    sights: int = 20_000
    messages: int = 500
    """of one chat"""
    chats: int = 5_000
    file_bytes: int = 128 * 1_048_576
    """of all files together"""


class Playground:
    """Stand-ins of platforms, a folder each, with one clock, one list of calls, one book of mishaps and one record.

    With `open_doors` any well-formed token makes its bot at the first call; without it only what was made beforehand is
    known. `rates` switches the platforms' real limits. `specifications` is a folder of machine-readable ones, with which
    every call is compared besides. All of it belongs to one event loop.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        rates: bool = False,
        open_doors: bool = True,
        specifications: Path | None = None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self.clock = Clock(speed)
        self.changes = Changes()
        self.bounds = bounds
        self.calls = Calls(bounds.calls, self.changes.touch)
        self.faults = Faults(self.changes.touch)
        self.record = Record(bounds.sights)
        self.rates = rates
        self.open_doors = open_doors
        self.specifications = specifications
        self._http: aiohttp.ClientSession | None = None
        made = [importlib.import_module(f"{room.__name__}.{name}").StandIn(self) for name in _folders()]
        self.platforms: dict[str, Platform] = {platform.name: platform for platform in made}

    def of(self, kind: type[P]) -> P:
        """The stand-in of this class."""
        return next(platform for platform in self.platforms.values() if isinstance(platform, kind))

    @property
    def http(self) -> aiohttp.ClientSession:
        """What webhooks are called with."""
        if self._http is None:
            connector = aiohttp.TCPConnector(limit=0, force_close=False)
            self._http = aiohttp.ClientSession(connector=connector)
        return self._http

    def forget(self) -> None:
        """Everything is as new: calls, mishaps, what customers saw, and what the platforms know."""
        for platform in self.platforms.values():
            platform.forget()
        self.calls.forget()
        self.faults.forget()
        self.record.forget()
        self.changes.touch("all")

    async def close(self) -> None:
        """Ends what still runs, and lets go whoever waits."""
        self.changes.close()
        for platform in self.platforms.values():
            await platform.close()
        if self._http is not None:
            await self._http.close()


def _folders() -> list[str]:
    """One folder a platform, whose `StandIn` is its class."""
    return sorted(module.name for module in pkgutil.iter_modules(room.__path__) if module.ispkg)
