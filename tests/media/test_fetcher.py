"""The one fetcher: where it goes, where it never goes, and what it takes from those it asks."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.errors import BadConfig, Rejected, SendError, Throttled, Unreachable
from bridge.media import Fetcher, Files, Guard, Location, TooLarge
from bridge.media.addresses import is_public
from tests.media.server import Disk, Write, serving

pytestmark = pytest.mark.anyio

MB = 1_048_576
HERE = frozenset(("http",))


@pytest.fixture
async def disk() -> AsyncIterator[Disk]:
    async with serving() as disk:
        yield disk


@asynccontextmanager
async def fetching(guard: Guard | None = None, **times: float) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(guard, **times)
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def fetch(fetcher: Fetcher, location: Location, limit: int = MB) -> bytes:
    async with fetcher.open(location, limit) as answer:
        return b"".join([chunk async for chunk in answer.chunks])


class Names(AbstractResolver):
    """A resolver of one's own: the addresses that each question gets, the last of them for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        """Nothing to close."""


# -- where it never goes

_PRIVATE = (
    "0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254 172.16.0.1 "
    "172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 240.0.0.1 "
    "255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a00:1 "
    "64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 2002:c0a8:1::1 "
    "3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%lo fec0::1 ff02::1 localhost 127.1 2130706433 0x7f.1"
)
_PUBLIC = (
    "8.8.8.8 149.154.167.220 172.15.0.1 172.32.0.1 2a00:1450:4001:80b::200e 2001:67c:4e8::1 64:ff9b::808:808"
)


@pytest.mark.parametrize("address", _PRIVATE.split())
def test_an_address_of_our_own_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", _PUBLIC.split())
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


_HOSTS = (
    "127.0.0.1 localhost LOCALHOST localhost. 127.1 127.0.1 0 0.0.0.0 2130706433 0x7f000001 0x7F.0.0.1 0177.0.0.1 017700000001 "
    "0300.0250.0.1 3232235521 127.0.0.1. ①②⑦.⓪.⓪.① 127。0。0。1 ⓛocalhost [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] "
    "[0:0:0:0:0:ffff:127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [fe80::1] [fd00::1] 10.0.0.1 172.16.0.1 192.168.1.1 "
    "169.254.169.254 100.64.0.1 user@127.0.0.1 user:pass@127.0.0.1 8.8.8.8@127.0.0.1 8.8.8.8%40@127.0.0.1 ip6-localhost"
)


@pytest.mark.parametrize("host", _HOSTS.split())
async def test_a_host_that_means_us_is_not_asked(host: str, disk: Disk) -> None:
    port = disk.url.rpartition(":")[2]
    disk.has("/secret", b"ours")
    async with fetching(Guard(schemes=HERE)) as fetcher:
        with pytest.raises((Rejected, Unreachable)) as refused:
            await fetch(fetcher, Location(f"http://{host}:{port}/secret"))
    assert not disk.asked
    assert "127" not in refused.value.reason
    assert port not in refused.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "ftp://example.com/x",
        "file:///etc/passwd",
        "gopher://example.com/x",
        "data:text/plain,x",
        "//example.com/x",
        "/etc/passwd",
        "https://",
        "https:///x",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com:99999/",
        "https://[::1",
        "https://a\\@b/",
        "",
        "\x00",
    ],
)
async def test_an_address_that_is_not_plain_https_is_refused_before_anybody_is_asked(url: str) -> None:
    names = Names(["8.8.8.8"])
    async with fetching(Guard(resolver=names)) as fetcher:
        with pytest.raises(Rejected):
            await fetch(fetcher, Location(url))
    assert names.asked == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], []]
)
async def test_one_address_that_is_not_public_spoils_the_name(addresses: list[str], disk: Disk) -> None:
    port = disk.url.rpartition(":")[2]
    async with fetching(Guard(schemes=HERE, resolver=Names(addresses))) as fetcher:
        with pytest.raises(Rejected, match="not public"):
            await fetch(fetcher, Location(f"http://files.example:{port}/"))
    assert not disk.asked


async def test_a_name_that_changes_its_mind_is_looked_up_once_and_called_where_it_was_found() -> None:
    """DNS rebinding: the second answer would lead to another server, which is never asked."""
    async with serving("127.0.0.1") as good:
        port = int(good.url.rpartition(":")[2])
        async with serving("127.0.0.2", port) as ours:
            good.has("/x", b"theirs")
            ours.has("/x", b"ours")
            names = Names(["127.0.0.1"], ["127.0.0.2"])
            guard = Guard(is_allowed=lambda address: address == "127.0.0.1", schemes=HERE, resolver=names)
            async with fetching(guard) as fetcher:
                assert await fetch(fetcher, Location(f"http://files.example:{port}/x")) == b"theirs"
                assert names.asked == 1
                with pytest.raises(Rejected, match="not public"):
                    await fetch(fetcher, Location(f"http://files.example:{port}/x"))
            assert [len(good.asked), len(ours.asked)] == [1, 0]


async def test_a_resolver_that_lies_about_what_it_found_is_caught_at_the_socket(disk: Disk) -> None:
    class Liar(Names):
        looked = 0

        def allowed(self, _address: str) -> bool:
            self.looked += 1
            return self.looked == 1

    names = Liar(["127.0.0.1"])
    guard = Guard(is_allowed=names.allowed, schemes=HERE, resolver=names)
    async with fetching(guard) as fetcher:
        with pytest.raises(Unreachable):
            await fetch(fetcher, Location(f"http://files.example:{disk.url.rpartition(':')[2]}/"))
    assert names.looked >= 2
    assert not disk.asked


# -- redirects


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "//2130706433:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "https://user@files.example/secret",
        "file:///etc/passwd",
        "http://[",
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(target: str) -> None:
    async with serving() as first, serving() as ours:
        ours.has("/secret", b"ours")
        first.moved("/x", target.format(port=ours.url.rpartition(":")[2]))
        async with fetching() as fetcher:
            with pytest.raises(SendError):
                await fetch(fetcher, Location(f"{first.url}/x", trusted=True))
        assert len(first.asked) == 1
        assert not ours.asked


async def test_a_trusted_place_may_send_on_within_itself_and_for_three_steps_only(disk: Disk) -> None:
    for step in range(4):
        disk.moved(f"/{step}", f"{step + 1}")
    disk.has("/4", b"found")
    async with fetching() as fetcher:
        assert await fetch(fetcher, Location(f"{disk.url}/1", trusted=True)) == b"found"
        with pytest.raises(Rejected, match="from one place to the next"):
            await fetch(fetcher, Location(f"{disk.url}/0", trusted=True))


async def test_credentials_stay_with_the_host_that_they_are_for(disk: Disk) -> None:
    other = URL(disk.url).with_host("localhost")
    disk.moved("/away", f"{other}/back")
    disk.moved("/stay", "/there")
    disk.has("/back", b"x")
    disk.has("/there", b"y")
    guard = Guard(is_allowed=lambda _: True, schemes=HERE)
    headers = {"Authorization": "Bearer of-the-bot", "X-Token": "1"}
    async with fetching(guard) as fetcher:
        assert await fetch(fetcher, Location(f"{disk.url}/away", headers)) == b"x"
        assert await fetch(fetcher, Location(f"{disk.url}/stay", headers)) == b"y"
    told = [
        (asked.path, "authorization" in asked.headers, "x-token" in asked.headers) for asked in disk.asked
    ]
    assert told == [
        ("/away", True, True),
        ("/back", False, False),
        ("/stay", True, True),
        ("/there", True, True),
    ]


async def test_a_redirect_that_says_nothing_is_refused(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 302 Found\nContent-Length: 0")
    async with fetching() as fetcher:
        with pytest.raises(Rejected, match="nobody says where"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_cookies_are_neither_kept_nor_sent(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 200 OK\nSet-Cookie: a=b\nContent-Length: 1", b"x")
    async with fetching() as fetcher:
        for _ in range(2):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))
    assert [("cookie" in asked.headers) for asked in disk.asked] == [False, False]


# -- what comes


async def test_a_file_comes_as_it_is_and_says_what_it_is(disk: Disk) -> None:
    whole = bytes(number % 251 for number in range(300_000))
    disk.has("/x", whole, "image/png")
    async with fetching() as fetcher, fetcher.open(Location(f"{disk.url}/x", trusted=True), MB) as answer:
        assert answer.type == "image/png"
        assert b"".join([chunk async for chunk in answer.chunks]) == whole


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_file_is_given_up_at_the_limit(announced: bool, disk: Disk) -> None:
    sent = 0

    async def endless(write: Write) -> None:
        nonlocal sent
        length = "Content-Length: 99999999999\r\n" if announced else ""
        await write(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        while True:
            await write(b"x" * 65_536)
            sent += 65_536

    disk.answers["/x"] = endless
    async with fetching() as fetcher:
        with pytest.raises(TooLarge, match="1 MB at most"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))
    assert sent < 32 * MB, "it is what the sockets hold, and no more"


async def test_a_small_answer_is_not_unpacked_into_a_large_file(disk: Disk) -> None:
    bomb = gzip.compress(bytes(64 * MB))
    head = f"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: {len(bomb)}"
    disk.says("/x", head, bomb)
    async with fetching() as fetcher:
        with pytest.raises(Rejected, match="packed"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))
    assert disk.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("before", [b"", b"a little"])
async def test_a_body_that_stops_coming_is_given_up(before: bytes, disk: Disk) -> None:
    async def stuck(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + before)
        await asyncio.sleep(30)

    disk.answers["/x"] = stuck
    async with fetching(silence=0.2) as fetcher:
        with pytest.raises(Unreachable, match="in time"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_a_body_that_drips_is_given_up_when_its_time_is_over(disk: Disk) -> None:
    async def dripping(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await write(b"x")
            await asyncio.sleep(0.02)

    disk.answers["/x"] = dripping
    async with fetching(patience=0.4) as fetcher:
        with pytest.raises(Unreachable, match="in time"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_a_head_that_never_ends_is_given_up(disk: Disk) -> None:
    async def endless(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\n")
        while True:
            await write(b"X-Filler: " + b"y" * 4000 + b"\r\n")

    disk.answers["/x"] = endless
    async with fetching(patience=5) as fetcher:
        with pytest.raises(Unreachable):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_a_file_that_breaks_off_is_no_file(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 200 OK\nContent-Length: 100", b"half")
    async with fetching() as fetcher:
        with pytest.raises(Unreachable, match="broke off"):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_a_file_longer_than_announced_is_no_file(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 200 OK\nContent-Length: 4", b"half and more")
    async with fetching() as fetcher:
        with pytest.raises(Unreachable):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (204, Rejected),
        (206, Rejected),
        (304, Rejected),
        (400, Rejected),
        (401, BadConfig),
        (403, BadConfig),
        (404, Rejected),
        (408, Unreachable),
        (410, Rejected),
        (425, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
async def test_a_status_means_what_has_happened(status: int, error: type[SendError], disk: Disk) -> None:
    disk.says("/x", f"HTTP/1.1 {status} Oh\nContent-Length: 0")
    async with fetching() as fetcher:
        with pytest.raises(error, match=str(status)):
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))


async def test_a_link_that_is_no_longer_good_is_nobodys_misconfiguration(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 403 Forbidden\nContent-Length: 0")
    async with fetching(Guard(is_allowed=lambda _: True, schemes=HERE)) as fetcher:
        with pytest.raises(Rejected):
            await fetch(fetcher, Location(f"{disk.url}/x"))


async def test_a_server_that_asks_for_patience_gets_it(disk: Disk) -> None:
    disk.says("/x", "HTTP/1.1 429 Slow\nRetry-After: 7\nContent-Length: 0")
    async with fetching() as fetcher:
        with pytest.raises(Throttled) as slow:
            await fetch(fetcher, Location(f"{disk.url}/x", trusted=True))
    assert slow.value.retry_after == 7


async def test_no_error_holds_the_address(disk: Disk) -> None:
    """It may hold a token."""
    await_nobody = Location(
        "http://127.0.0.1:9/bot7:secret/x", {"Authorization": "Bearer secret"}, trusted=True
    )
    async with fetching() as fetcher:
        with pytest.raises(Unreachable) as error:
            await fetch(fetcher, await_nobody)
    assert "secret" not in f"{error.value!r} {error.value.__cause__!r} {await_nobody!r}"
    assert error.value.__suppress_context__


async def test_a_large_file_goes_into_the_store_without_being_held(disk: Disk, tmp_path: Path) -> None:
    chunk = bytes(65_536)

    async def large(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\nContent-Length: 25165824\r\n\r\n")
        for _ in range(384):
            await write(chunk)

    disk.answers["/x"] = large
    files = Files(str(tmp_path), b"secret")
    async with fetching() as fetcher:
        await fetch(
            fetcher, Location(f"{disk.url}/x", trusted=True), 25 * MB
        )  # what is loaded once is loaded
        tracemalloc.start()
        try:
            async with fetcher.open(Location(f"{disk.url}/x", trusted=True), 25 * MB) as answer:
                kept = await files.keep(answer.chunks, 25 * MB)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert kept.size == 24 * MB
    assert peak < 3 * MB
