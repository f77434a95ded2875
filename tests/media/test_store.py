"""Files: what is kept, what is not, and who may fetch it."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from bridge.media import CHUNK, Files, TooLarge

pytestmark = pytest.mark.anyio

LIMIT = 1_048_576
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)


@pytest.fixture(params=["folder", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "files") if request.param == "folder" else f"memory://{tmp_path.name}"


@pytest.fixture
def files(url: str) -> Files:
    return Files(url, b"a secret")


def kept_in(url: str) -> list[str]:
    """The places of all that is stored under a url."""
    fs, root = fsspec.core.url_to_fs(url)
    return sorted(fs.find(root))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def content(files: Files, place: str) -> bytes:
    return b"".join([chunk async for chunk in files.open(place)])


@contextmanager
def full_disk(after: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, LIMIT])
async def test_what_was_saved_is_read_back_byte_for_byte(files: Files, url: str, size: int) -> None:
    whole = bytes(number % 251 for number in range(size))
    place, told, _ = await files.keep(
        stream(*(whole[at : at + 40_000] for at in range(0, size, 40_000))), LIMIT
    )
    assert (told, await content(files, place)) == (size, whole)
    assert kept_in(url) == [place]


async def test_two_files_never_share_a_place(files: Files) -> None:
    places = {(await files.keep(stream(b"the same"), LIMIT))[0] for _ in range(20)}
    assert len(places) == 20


async def test_a_file_beyond_the_limit_is_refused_in_words_and_leaves_nothing(files: Files, url: str) -> None:
    with pytest.raises(TooLarge, match="1 MB at most"):
        await files.keep(stream(b"x" * LIMIT, b"y"), LIMIT)
    assert kept_in(url) == []


async def test_a_file_beyond_the_limit_is_not_read_to_its_end(files: Files) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += CHUNK
            yield b"x" * CHUNK

    with pytest.raises(TooLarge):
        await files.keep(endless(), LIMIT)
    assert read <= LIMIT + CHUNK


async def test_an_upload_that_breaks_off_leaves_nothing(files: Files, url: str) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await files.keep(broken(), LIMIT)
    assert kept_in(url) == []


async def test_an_upload_that_is_given_up_leaves_nothing(files: Files, url: str) -> None:
    begun = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield b"the beginning"
        begun.set()
        await asyncio.Event().wait()

    saving = asyncio.create_task(files.keep(stuck(), LIMIT))
    await begun.wait()
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert kept_in(url) == []


@pytest.mark.parametrize("size", [50_001, 1_000_000], ids=["found at the end", "found on the way"])
async def test_a_full_disk_is_told_and_keeps_no_half_of_a_file(tmp_path: Path, size: int) -> None:
    files = Files(str(tmp_path), b"a secret")
    with full_disk(50_000), pytest.raises(OSError, match="too large"):
        await files.keep(stream(b"x" * size), LIMIT)
    assert kept_in(str(tmp_path)) == []


async def test_a_folder_is_made_where_nobody_else_reads(tmp_path: Path) -> None:
    Files(str(tmp_path / "new" / "files"), b"a secret")
    assert (tmp_path / "new" / "files").stat().st_mode & 0o777 == 0o700


async def test_a_lost_file_is_told_as_such(files: Files) -> None:
    place, _, _ = await files.keep(stream(b"soon gone"), LIMIT)
    with pytest.raises(FileNotFoundError):
        await content(files, f"{place}x")


# -- links


def test_a_link_is_good_for_its_reader_until_its_time(files: Files) -> None:
    until = int(LATER.timestamp())
    signature = files.sign("7", "ann", LATER)
    assert files.may_read("7", "ann", until, signature, NOW)
    assert files.may_read("7", "ann", until, signature, LATER)
    assert not files.may_read("7", "ann", until, signature, LATER + timedelta(seconds=1))


def test_a_link_opens_no_other_file_for_nobody_else_and_no_longer(files: Files) -> None:
    until = int(LATER.timestamp())
    signature = files.sign("7", "ann", LATER)
    assert not files.may_read("8", "ann", until, signature, NOW)
    assert not files.may_read("7", "ben", until, signature, NOW)
    assert not files.may_read("7", "ann", until + 3600, signature, NOW)


@pytest.mark.parametrize("forged", ["", "0" * 32, "é" * 32, "ü", "\x00"])
def test_a_forged_signature_opens_nothing(files: Files, forged: str) -> None:
    assert not files.may_read("7", "ann", int(LATER.timestamp()), forged, NOW)


def test_a_signature_cut_short_or_made_with_another_secret_opens_nothing(files: Files, url: str) -> None:
    until = int(LATER.timestamp())
    assert not files.may_read("7", "ann", until, files.sign("7", "ann", LATER)[:-1], NOW)
    assert not files.may_read("7", "ann", until, Files(url, b"another").sign("7", "ann", LATER), NOW)


def test_every_process_with_the_same_secret_honours_the_link(files: Files, url: str) -> None:
    other = Files(url, b"a secret")
    assert other.may_read("7", "ann", int(LATER.timestamp()), files.sign("7", "ann", LATER), NOW)


# -- wholes and halves


async def test_a_file_has_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    files = Files(str(tmp_path), b"a secret")
    begun, more = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"the beginning"
        begun.set()
        await more.wait()
        yield b" and the end"

    saving = asyncio.create_task(files.keep(slow(), LIMIT, key="one"))
    await begun.wait()
    assert not (tmp_path / "one").exists()
    more.set()
    kept = await saving
    assert (kept.place, await content(files, kept.place)) == (
        str(tmp_path / "one"),
        b"the beginning and the end",
    )
    again = await files.keep(stream(b"another"), LIMIT, key="one")
    assert (again.place, await content(files, again.place)) == (kept.place, b"another")


async def test_what_a_killed_process_had_begun_is_swept_away_later(tmp_path: Path) -> None:
    files = Files(str(tmp_path), b"a secret")
    kept = await files.keep(stream(b"whole"), LIMIT)
    (tmp_path / "ab-cd.part").write_bytes(b"half")
    now = datetime.now(UTC)
    assert files.sweep(now - timedelta(days=1)) == 0
    assert files.sweep(now + timedelta(seconds=1)) == 1
    assert kept_in(str(tmp_path)) == [kept.place]


async def test_removing_what_is_not_there_is_no_error(files: Files, url: str) -> None:
    place, _, _ = await files.keep(stream(b"x"), LIMIT)
    files.remove(place)
    files.remove(place)
    assert kept_in(url) == []
