"""Pictures, voice messages, documents and albums, to and fro between a contact on Telegram and the store, at the wire."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge import logs
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import Rejected
from bridge.messages import DialogId, FileId
from bridge.views import FileView
from tests.connectors.telegram.house import TOKEN, Bots, opened
from tests.connectors.telegram.server import Call, Server, done, no, serving

pytestmark = pytest.mark.anyio

ANNA = {"id": 42, "is_bot": False, "first_name": "Anna"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
OGG = b"OggS" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 100
SECRET = TOKEN.partition(":")[2]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(database.writer)
    yield database
    database.close()


class Telegram:
    """What Telegram has to hand over, and what it does not."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.paths: dict[str, str] = {}
        self.refused: dict[str, list[tuple[int, Any]]] = {}
        server.answer = self.answer
        self.numbers = 100

    def has(self, ref: str, path: str, content: bytes) -> None:
        self.paths[ref] = path
        self.server.files[f"bot{TOKEN}/{path}"] = content

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        if call.method == "getFile":
            ref = call.fields["file_id"]
            if self.refused.get(ref):
                return (*self.refused[ref].pop(0), {})
            if ref not in self.paths:
                return 400, no(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), {}
            return 200, done({"file_id": ref, "file_path": self.paths[ref]}), {}
        self.numbers += 1
        if call.method == "sendMediaGroup":
            return 200, done([{"message_id": self.numbers + each} for each in range(2)]), {}
        return 200, done({"message_id": self.numbers}), {}

    def sent(self, method: str) -> list[Call]:
        return [call for call in self.server.calls if call.method == method]


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with serving() as server:
        yield Telegram(server)


@pytest.fixture
async def bots(database: Database, redis_url: str, tmp_path: Path, telegram: Telegram) -> AsyncIterator[Bots]:
    async with opened(database, redis_url, tmp_path, api_url=telegram.server.url) as bots:
        yield bots


def update(number: int, **content: Any) -> dict[str, Any]:
    message = {
        "message_id": number,
        "date": 1_700_000_000,
        "chat": {"id": 42, "type": "private"},
        "from": ANNA,
        **content,
    }
    return {"update_id": number, "message": message}


async def files(bots: Bots, *states: str) -> list[FileView]:
    """The contact's files in the order in which they were sent, once they are in these states."""
    async with asyncio.timeout(20):
        while True:
            found = [
                file
                for message in await bots.messages("42")
                if message.author.kind == "contact"
                for file in message.attachments
            ]
            if tuple(file.state for file in found) == states:
                return found
            await asyncio.sleep(0.02)


async def content(bots: Bots, file: FileView) -> bytes:
    _, place, _ = await bots.house.router.read.file(FileId(int(file.id)))
    return b"".join([chunk async for chunk in bots.around.files.open(place)])


# -- in


async def test_a_picture_a_voice_message_and_a_document_come_as_they_were_sent(
    bots: Bots, telegram: Telegram
) -> None:
    telegram.has("p", "photos/file_1.jpg", PNG)
    telegram.has("v", "voice/file_2.oga", OGG)
    telegram.has("d", "documents/file_3.pdf", PDF)
    photo = [{"file_id": "small", "width": 1, "height": 1}, {"file_id": "p", "width": 9, "height": 9}]
    assert await bots.post(update(1, photo=photo, caption="look")) == 200
    assert await bots.post(update(2, voice={"file_id": "v", "duration": 1, "mime_type": "audio/ogg"})) == 200
    named = {
        "file_id": "d",
        "file_name": "../Счёт\u202e.pdf",
        "mime_type": "text/html",
        "file_size": len(PDF),
    }
    assert await bots.post(update(3, document=named)) == 200
    found = await files(bots, "stored", "stored", "stored")
    assert [(file.name, file.type, file.size, file.kind) for file in found] == [
        ("photo.jpg", "image/png", len(PNG), "photo"),
        ("voice.ogg", "audio/ogg", len(OGG), "voice"),
        ("_Счёт.pdf", "application/pdf", len(PDF), "file"),
    ]
    assert [await content(bots, file) for file in found] == [PNG, OGG, PDF]
    assert (await bots.heard("42"))[0] == "look"


async def test_an_album_comes_piece_by_piece_and_is_known_as_one(bots: Bots, telegram: Telegram) -> None:
    for number in range(4):
        telegram.has(f"p{number}", f"photos/{number}.jpg", PNG + bytes([number]))
    updates = [
        update(number, photo=[{"file_id": f"p{number}", "width": 9, "height": 9}], media_group_id="g")
        for number in range(4)
    ]
    assert await asyncio.gather(*(bots.post(one) for one in updates)) == [200] * 4
    found = await files(bots, *["stored"] * 4)
    assert {await content(bots, file) for file in found} == {PNG + bytes([number]) for number in range(4)}
    hers = [message for message in await bots.messages("42") if message.author.kind == "contact"]
    assert [(message.data or {}).get("album") for message in hers] == ["g"] * 4


async def test_the_words_stand_while_the_file_is_still_on_its_way(bots: Bots, telegram: Telegram) -> None:
    telegram.has("d", "documents/1.pdf", PDF)
    telegram.refused["d"] = [(502, "oh")]
    await bots.post(update(1, document={"file_id": "d", "file_name": "a.pdf"}, caption="mine"))
    assert await bots.heard("42") == ["mine"]
    (file,) = await files(bots, "pending")
    assert file.url == ""
    (file,) = await files(bots, "stored")
    assert (file.reason, await content(bots, file)) == (None, PDF)
    assert len(telegram.sent("getFile")) == 2


async def test_a_file_too_big_for_bots_says_so_and_comes_when_it_can(bots: Bots, telegram: Telegram) -> None:
    big = 400, no(400, "Bad Request: file is too big")
    telegram.has("d", "videos/1.mp4", PDF)
    telegram.refused["d"] = [big]
    await bots.post(update(1, document={"file_id": "d", "file_name": "film.mp4"}))
    (file,) = await files(bots, "failed")
    assert file.reason == "too big for Telegram's bots, who are handed files of 20 MB at most"
    (message,) = [one for one in await bots.messages("42") if one.attachments]
    await bots.house.router.act(DialogId(int(message.dialog)), "dialog", bots.ann, a.Retry(message.seq))
    (file,) = await files(bots, "stored")
    assert await content(bots, file) == PDF


async def test_a_file_beyond_our_own_limit_is_not_asked_for(bots: Bots, telegram: Telegram) -> None:
    await bots.post(update(1, document={"file_id": "d", "file_name": "a.iso", "file_size": 26 * 1_048_576}))
    (file,) = await files(bots, "failed")
    assert file.reason == "it is too large: files may have 25 MB at most"
    assert not telegram.sent("getFile")


async def test_a_file_that_grows_on_its_way_leaves_nothing(
    bots: Bots, telegram: Telegram, tmp_path: Path
) -> None:
    telegram.has("d", "documents/1.iso", bytes(26 * 1_048_576))
    await bots.post(update(1, document={"file_id": "d", "file_name": "a.iso", "file_size": 7}))
    await files(bots, "failed")
    assert list((tmp_path / "files").iterdir()) == []


async def test_an_edited_picture_comes_beside_the_one_before(bots: Bots, telegram: Telegram) -> None:
    telegram.has("one", "photos/1.jpg", PNG)
    telegram.has("two", "photos/2.jpg", PNG + b"2")

    def photo(ref: str, size: int) -> list[dict[str, Any]]:
        return [{"file_id": ref, "width": 9, "height": 9, "file_size": size}]

    first = update(1, photo=photo("one", len(PNG)))
    await bots.post(first)
    await files(bots, "stored")
    edit = {**first["message"], "photo": photo("two", len(PNG) + 1), "edit_date": 1_700_000_100}
    await bots.post({"update_id": 2, "edited_message": edit})
    found = await files(bots, "stored", "stored")
    assert [await content(bots, file) for file in found] == [PNG, PNG + b"2"]


# -- out


async def upload(bots: Bots, name: str, type: str, whole: bytes) -> FileId:
    async def chunks() -> AsyncIterator[bytes]:
        yield whole

    kept = await bots.around.files.keep(chunks(), 10**8, declared=type)
    return await bots.house.router.store_file(f"agent/{bots.ann.id}", kept.place, name, kept.type, kept.size)


async def settled(bots: Bots, mark: str) -> list[str | None]:
    async with asyncio.timeout(20):
        while True:
            ours = [message for message in await bots.messages("42") if message.author.kind == "agent"]
            if ours and all(message.mark == mark for message in ours):
                return [message.reason for message in ours]
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("name", "type", "whole", "method", "field"),
    [
        ("a.png", "image/png", PNG, "sendPhoto", "photo"),
        ("a.ogg", "audio/ogg", OGG, "sendVoice", "voice"),
        ("a.mp3", "audio/mpeg", b"ID3" + OGG, "sendAudio", "audio"),
        ("счёт.pdf", "application/pdf", PDF, "sendDocument", "document"),
        ("a.png", "image/png", b"<html>", "sendDocument", "document"),
    ],
)
async def test_what_an_agent_attaches_goes_out_as_what_it_is(
    bots: Bots, telegram: Telegram, name: str, type: str, whole: bytes, method: str, field: str
) -> None:
    await bots.post(update(1, text="hello?"))
    await bots.reply("42", "here", files=[await upload(bots, name, type, whole)])
    await settled(bots, "accepted")
    (call,) = telegram.sent(method)
    assert call.fields["caption"] == "here"
    (sent,) = call.files.values()
    assert sent == (name, whole)
    assert call.fields.get(field, "attach://").startswith("attach://")


async def test_many_files_go_out_as_one_album_and_a_long_text_before_it(
    bots: Bots, telegram: Telegram
) -> None:
    await bots.post(update(1, text="hello?"))
    ids = [await upload(bots, f"{number}.png", "image/png", PNG + bytes([number])) for number in range(12)]
    await bots.reply("42", "x" * 1025, files=ids)
    await settled(bots, "accepted")
    assert [call.fields["text"] for call in telegram.sent("sendMessage")] == ["x" * 1025]
    first, second = telegram.sent("sendMediaGroup")
    assert [len(first.files), len(second.files)] == [10, 2]
    assert max(whole for _, whole in (first.files | second.files).values()) == PNG + bytes([11])
    assert not any("caption" in member for member in first.fields["media"])


async def test_a_file_that_telegram_refuses_ends_as_failed_with_the_reason(
    bots: Bots, telegram: Telegram
) -> None:
    await bots.post(update(1, text="hello?"))
    telegram.server.says(413, no(413, "Request Entity Too Large"))
    await bots.reply("42", "here", files=[await upload(bots, "a.pdf", "application/pdf", PDF)])
    assert await settled(bots, "failed") == ["Telegram takes files of 50 MB at most"]


# -- the token


async def test_the_token_stays_inside_whatever_happens_to_a_file(
    bots: Bots, telegram: Telegram, database: Database, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    out = io.StringIO()
    logs.start(level="debug", stream=out)
    telegram.has("ok", "photos/1.jpg", PNG)
    telegram.paths["lost"] = "photos/2.jpg"
    telegram.paths["odd"] = ""
    telegram.refused["flaky"] = [(500, "oh")]
    telegram.has("flaky", "photos/3.jpg", PNG)
    for number, ref in enumerate(("ok", "lost", "odd", "unknown", "flaky")):
        await bots.post(update(number + 1, document={"file_id": ref, "file_name": f"{ref}.png"}))
    found = await files(bots, "stored", "failed", "failed", "failed", "stored")
    assert all(file.reason for file in found if file.state == "failed")
    located = await bots.connector.locate("ok")
    with pytest.raises(Rejected) as refused:
        await bots.connector.locate("unknown")
    telegram.server.says(500, "oh")
    await bots.reply("42", "here", files=[await upload(bots, "a.png", "image/png", PNG)])
    await settled(bots, "delayed")
    posts = await bots.house.router.read.outbox(states=["delayed", "failed", "accepted"])
    shown = [repr(found), repr(await bots.messages("42")), repr(await bots.house.router.read.dialogs())]
    shown += [repr(posts), json.dumps(_everything(database), default=str), out.getvalue(), caplog.text]
    shown += [*capfd.readouterr(), repr(located), repr(refused.value), str(refused.value)]
    assert "not sent" in out.getvalue() + caplog.text
    for text in shown:
        assert SECRET not in text
        assert "file/bot" not in text


def _everything(database: Database) -> dict[str, list[Any]]:
    """All that SQL holds."""
    with database.read() as connection:
        return {
            table.name: [list(row) for row in connection.execute(sa.select(table))]
            for table in t.metadata.sorted_tables
        }
