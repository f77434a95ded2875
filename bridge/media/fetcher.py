"""The one fetcher: files of other people's servers, streamed, and never from where only we can reach.

Owns the guard against being sent to our own network (SSRF) and the limits of one fetch. Whoever is asked gets no cookie,
no credential that was meant for another host, and no second chance: an error says what happened, without the address,
which may hold a token. It must never repeat a try, nor follow a name that it has not checked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.errors import BadConfig, Rejected, Throttled, Unreachable
from bridge.media import addresses
from bridge.media.store import CHUNK, check_size

REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_LATER = (408, 425, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a file can be fetched now.

    `trusted` is a host of the configuration, which may stand in our own network; everything else passes the guard.
    `headers` (a bearer token) are for the origin of `url` alone.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trusted: bool = False

    def __repr__(self) -> str:
        """Without the address: a token may be in it."""
        return f"Location(trusted={self.trusted})"


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked of a place that is not trusted."""

    is_allowed: Callable[[str], bool] = addresses.is_public
    schemes: frozenset[str] = frozenset(("https",))
    resolver: AbstractResolver | None = None
    """what looks names up; the system by default"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A file on its way: what its server says it is, and its bytes."""

    type: str
    chunks: AsyncIterator[bytes]


class Fetcher:
    """Fetches files, within a block or until it is closed. All times in seconds."""

    def __init__(
        self, guard: Guard | None = None, *, connect: float = 5, silence: float = 10, patience: float = 30
    ) -> None:
        self._guard = guard or Guard()
        self._times = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=silence)
        self._patience = patience
        """what a whole file may take"""
        self._guarded: aiohttp.ClientSession | None = None
        self._plain: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for session in (self._guarded, self._plain):
            if session is not None:
                await session.close()

    @asynccontextmanager
    async def open(self, location: Location, limit: int) -> AsyncIterator[Answer]:
        """The file at a place, of at most `limit` bytes; raises a `SendError`, or `TooLarge`."""
        try:
            async with asyncio.timeout(self._patience):
                with _in_words():
                    response = await self._asked(location)
                try:
                    _check(response, limit, ours=location.trusted or bool(location.headers))
                    yield Answer(response.headers.get("Content-Type", ""), _bounded(response, limit))
                finally:
                    response.close()
        except TimeoutError:
            raise Unreachable("the file did not come in time") from None

    async def _asked(self, location: Location) -> aiohttp.ClientResponse:
        """The first answer that is no redirect; each step is checked like the first."""
        origin = url = URL(location.url)
        for _ in range(REDIRECTS + 1):
            home = url.origin() == origin.origin()
            trusted = location.trusted and home
            if not trusted:
                self._check(url)
            headers = {"Accept-Encoding": "identity", **(location.headers if home else {})}
            # A session of its own: the connections of the trusted one know nothing of the guard.
            session = self._session(trusted=trusted)
            response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status not in _MOVED:
                return response
            response.close()
            target = response.headers.get("Location", "")
            if not target:
                raise Rejected("the file has moved, and nobody says where")
            url = url.join(URL(target))
        raise Rejected("the file is sent from one place to the next")

    def _check(self, url: URL) -> None:
        """What can be seen of an address before its name is looked up."""
        if url.scheme not in self._guard.schemes:
            raise Rejected("the file is not at a safe address")
        host = url.host or ""
        if url.user is not None or url.password is not None or not host:
            raise Rejected("the file is not at a safe address")
        if addresses.is_number(host) and not self._guard.is_allowed(host):
            raise Rejected("the file is at an address that is not public")

    def _session(self, *, trusted: bool) -> aiohttp.ClientSession:
        if trusted:
            if self._plain is None:
                self._plain = self._made(aiohttp.TCPConnector(limit=0, keepalive_timeout=30))
            return self._plain
        if self._guarded is None:
            resolver = _Resolver(self._guard)
            connector = aiohttp.TCPConnector(
                limit=0, resolver=resolver, use_dns_cache=False, socket_factory=self._socket, force_close=True
            )
            self._guarded = self._made(connector)
        return self._guarded

    def _made(self, connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
        # What is packed is not unpacked: a small answer must not become a large file.
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._times,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """The last look, at the very address that is about to be called."""
        family, kind, protocol, _, where = address
        if not self._guard.is_allowed(str(where[0])):
            raise OSError("that address is not public")
        found = socket.socket(family, kind, protocol)
        found.setblocking(False)
        return found


class _Resolver(AbstractResolver):
    """Looks a name up once; one address that is not public spoils them all. What is returned is what is called."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver = guard.resolver or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(self._guard.is_allowed(one["host"]) for one in found):
            raise Rejected("the file is at an address that is not public")
        return found

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._resolver.close()


def _check(response: aiohttp.ClientResponse, limit: int, *, ours: bool) -> None:
    """Whether this is a file that we take, by its head alone; `ours` are places that know us."""
    status = response.status
    if status == 429:
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isdecimal() and len(wait) < 9 else 5.0
        raise Throttled(seconds, "the platform asks us to slow down")
    if status in _LATER:
        raise Unreachable(f"the platform does not hand the file over now ({status})")
    if status in (401, 403) and ours:
        raise BadConfig(f"the platform does not let us have the file ({status})")
    if status != 200:
        raise Rejected(f"the platform does not hand the file over ({status})")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Rejected("the file comes packed, though we have asked for it as it is")
    if response.content_length is not None:
        check_size(response.content_length, limit)


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> AsyncIterator[bytes]:
    size = 0
    with _in_words():
        async for chunk in response.content.iter_chunked(CHUNK):
            size += len(chunk)
            check_size(size, limit)
            yield chunk


@contextmanager
def _in_words() -> Iterator[None]:
    """What the network says becomes what has happened, without the address that was called."""
    try:
        yield
    except TimeoutError:
        raise Unreachable("the file did not come in time") from None
    except aiohttp.ClientPayloadError:
        raise Unreachable("the file broke off before its end") from None
    except aiohttp.ClientConnectorDNSError:
        raise Unreachable("the host of the file is not known") from None
    except aiohttp.ClientConnectorError:
        raise Unreachable("no connection to the host of the file") from None
    except aiohttp.InvalidURL:
        raise Rejected("the file is not at a safe address") from None
    except aiohttp.ClientError as error:
        raise Unreachable(f"the file cannot be fetched: {type(error).__name__}") from None
    except ValueError:
        raise Rejected("the file is not at a safe address") from None
