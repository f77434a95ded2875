"""What becomes of uploads: under which headers they leave, how much one may hand in, and when nobody needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from bridge.conversations import tables as t
from bridge.conversations.commands import Receive, StoreFile
from bridge.conversations.door import Door
from bridge.conversations.tidying import tidy
from bridge.errors import Missing, TooMuch
from bridge.media import Files, serving
from bridge.messages import FileId
from bridge.views import FileView
from tests.conversations.samples import NOON
from tests.conversations.shell import Mind, Moved, emptied, said
from tests.services import DATABASE_KINDS, chosen
from workers import door
from workers import tidy as chore

pytestmark = pytest.mark.anyio

HERS = "shop/visitor-1"
MB = 1_048_576


@pytest.fixture
def clock() -> Moved:
    return Moved()


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def mind(request: pytest.FixtureRequest, tmp_path: Path, clock: Moved) -> Iterator[Mind]:
    with emptied(request, tmp_path) as database, Mind(database, clock=clock) as mind:
        yield mind


@pytest.mark.parametrize(
    ("type", "how", "served"),
    [
        ("image/png", "inline", "image/png"),
        ("audio/ogg", "inline", "audio/ogg"),
        ("video/mp4", "inline", "video/mp4"),
        ("image/svg+xml", "attachment", "application/octet-stream"),
        ("text/html", "attachment", "application/octet-stream"),
        ("application/pdf", "attachment", "application/octet-stream"),
        ("application/xhtml+xml", "attachment", "application/octet-stream"),
        ("", "attachment", "application/octet-stream"),
    ],
)
def test_only_pictures_sounds_and_films_are_shown_and_nothing_runs(type: str, how: str, served: str) -> None:
    headers = serving.headers(FileView("1", 'Счёт "x"\r\nX: y.html', type, 7))
    assert headers["Content-Disposition"].startswith(f"{how}; filename*=UTF-8''%D0%A1")
    assert all("\r" not in value and "\n" not in value for value in headers.values())
    assert headers["Content-Type"] == served
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("wanted", "status", "content", "told"),
    [
        ("", 200, "0123456789", None),
        ("bytes=0-1", 206, "01", "bytes 0-1/10"),
        ("bytes=4-", 206, "456789", "bytes 4-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=8-99", 206, "89", "bytes 8-9/10"),
        ("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=5-4", 416, "", "bytes */10"),
        ("bytes=-", 200, "0123456789", None),
        ("bytes=0-1,4-5", 200, "0123456789", None),
        ("lines=0-1", 200, "0123456789", None),
    ],
)
async def test_players_get_the_part_that_they_ask_for(
    wanted: str, status: int, content: str, told: str | None, tmp_path: Path
) -> None:
    files = Files(str(tmp_path), b"secret")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"0123456789"

    place, size, _ = await files.keep(chunks(), MB)
    view = FileView("1", "a.ogg", "audio/ogg", size)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (await serving.give(Request(scope), view, files, place))(scope, receive, send)

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Event().wait()  # type: ignore[return-value]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "headers": [(b"range", wanted.encode())]}, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert (sent[0]["status"], headers.get("content-range")) == (status, told)
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    assert body == content
    assert headers["content-length"] == str(len(content))


def stored(mind: Mind, files: Files, content: bytes = b"x") -> tuple[FileId, str]:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    kept = asyncio.run(files.keep(chunks(), MB))
    return mind.do(StoreFile(HERS, kept.place, "a.txt", "text/plain", kept.size)), kept.place


def test_uploads_that_no_message_carries_go_after_a_day_and_all_others_stay(
    mind: Mind, clock: Moved, tmp_path: Path
) -> None:
    files = Files(str(tmp_path / "files"), b"secret")
    carried, there = stored(mind, files)
    _, loose = stored(mind, files)
    mind.do(Receive(said(1), (carried,)))
    assert tidy(mind.database, files, NOON + timedelta(hours=23)) == 0
    clock.by(timedelta(hours=24))
    _, fresh = stored(mind, files)
    assert tidy(mind.database, files, NOON + timedelta(hours=25)) == 1
    assert sorted(row.url for row in mind.rows(t.attachment)) == sorted([there, fresh])
    assert {str(path) for path in (tmp_path / "files").iterdir()} == {there, fresh}
    assert not Path(loose).exists()


def test_a_file_that_is_about_to_go_is_carried_by_nobody(mind: Mind, tmp_path: Path) -> None:
    """A round that was killed between the row and the bytes leaves it so, and the next one goes on."""
    files = Files(str(tmp_path / "files"), b"secret")
    loose, place = stored(mind, files)
    with mind.database.write() as connection:
        connection.execute(t.attachment.update().values(state="dropped"))
    with pytest.raises(Missing, match="no uploaded file"):
        mind.do(Receive(said(1), (loose,)))
    assert tidy(mind.database, files, NOON + timedelta(hours=25)) == 1
    assert (mind.count(t.attachment), Path(place).exists()) == (0, False)


def test_the_chore_tidies_the_store_of_its_process(mind: Mind, tmp_path: Path) -> None:
    files = Files(str(tmp_path / "files"), b"secret")
    _, place = stored(mind, files)  # on the day of the tests' clock, which is long ago
    door.open(Door(mind.database, mind.committer, mind.rules, files))
    chore.run()
    assert (mind.count(t.attachment), Path(place).exists()) == (0, False)


def test_one_sender_hands_in_so_much_a_day(mind: Mind, clock: Moved) -> None:
    def hand_in(owner: str, size: int) -> FileId:
        return mind.do(StoreFile(owner, "/x", "a", "text/plain", size, per_day=2 * MB))

    hand_in(HERS, MB)
    with pytest.raises(TooMuch, match="2 MB a day"):
        hand_in(HERS, MB + 1)
    hand_in("shop/visitor-2", 2 * MB)
    hand_in(HERS, MB)
    told = mind.together(*(StoreFile(HERS, "/x", "a", "text/plain", 1, per_day=2 * MB + 1) for _ in range(2)))
    assert [isinstance(one, TooMuch) for one in told] == [False, True], "those of one moment count each other"
    clock.by(timedelta(days=1, seconds=1))
    hand_in(HERS, 2 * MB)
