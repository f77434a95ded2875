"""Files that come from a platform: what agents see while they come, when they have come, and when they cannot be had."""

from __future__ import annotations

import asyncio
import json
import struct
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import House, People, built, opened
from tests.browser.test_accessibility import complaints
from tests.browser.test_desk import said
from tests.media.server import Disk, Write, serving_beside

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def picture(red: int) -> bytes:
    """A PNG of 320 × 240 in one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\x00" + bytes((red, 120, 90)) * 320) * 240
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 320, 240, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def silence() -> bytes:
    """A second of it, as WAV."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    data = struct.pack("<4sI", b"data", 16000) + bytes(16000)
    return b"RIFF" + struct.pack("<I", 4 + len(form) + len(data)) + b"WAVE" + form + data


@pytest.fixture
def disk() -> Iterator[Disk]:
    with serving_beside() as disk:
        yield disk


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, disk: Disk) -> Iterator[House]:
    """A bridge with a channel whose files stand on that disk."""

    def change(config: dict[str, Any]) -> None:
        phone = {"connector": "tests.media.platform:PlatformConnector", "line": "first", "api_url": disk.url}
        config["channels"]["phone"] = phone

    with built(tmp_path_factory.mktemp("house"), change) as house:
        yield house


@pytest.fixture
def people(browser: Browser, house: House) -> Iterator[People]:
    with opened(browser, house) as people:
        yield people


def say(house: House, number: int, text: str, *files: dict[str, str], **fields: str) -> None:
    """Dina writes on that channel."""
    update = {"id": f"u{number}", "from": "dina", "name": "Dina", "text": text, "files": files, **fields}
    body = json.dumps(update).encode()
    request = urllib.request.Request(f"{house.url}/hooks/phone", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_agents_see_pictures_hear_voices_and_read_why_a_file_has_not_come(
    people: People, house: House, disk: Disk
) -> None:
    async def never(write: Write) -> None:
        await write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        await asyncio.sleep(60)

    for number in range(3):
        disk.has(f"/album{number}", picture(60 * number))
    disk.has("/one", picture(200))
    disk.has("/voice", silence())
    disk.answers["/slow"] = never
    say(house, 1, "This is what I see", {"ref": "one", "name": "screen.png", "kind": "photo"})
    say(house, 2, "And all of it", {"ref": "album0", "name": "0.png", "kind": "photo"}, album="g")
    for number in (1, 2):
        say(
            house,
            2 + number,
            "",
            {"ref": f"album{number}", "name": f"{number}.png", "kind": "photo"},
            album="g",
        )
    say(house, 5, "", {"ref": "voice", "name": "voice.wav", "kind": "voice", "type": "audio/wav"})
    say(house, 6, "The contract", {"ref": "gone", "name": "Договор.pdf"})
    say(house, 7, "And one more", {"ref": "slow", "name": "slow.zip"})

    agent = people.agent("kristina")
    agent.locator(".row", has_text="Dina").click()
    shown = said(agent, "This is what I see").locator(".file img")
    expect(shown).to_have_js_property("naturalWidth", 320)
    album = said(agent, "And all of it")
    expect(album.locator(".file img")).to_have_count(3)
    expect(agent.locator(".log .said.theirs")).to_have_count(5)
    expect(agent.locator(".log audio")).to_have_count(1)
    voice = agent.locator(".log audio")
    voice.evaluate("audio => audio.load()")
    voice.evaluate("audio => audio.readyState || new Promise((told) => (audio.onloadedmetadata = told))")
    assert voice.evaluate("audio => audio.duration") == 1
    failed = said(agent, "The contract").locator(".file.failed")
    expect(failed).to_contain_text("could not be loaded: the platform does not hand the file over (404)")
    expect(said(agent, "And one more").locator(".file.pending")).to_contain_text("loading…")
    assert not complaints(agent)
    people.shoot(agent, "files")

    album.locator(".pick input").check(force=True)
    expect(agent.locator(".picked")).to_contain_text("3")
    agent.locator(".picked button.quiet").click()

    disk.has("/gone", b"%PDF-1.7 the contract")
    failed.get_by_role("button", name="Retry").click()
    link = said(agent, "The contract").locator("a.file")
    expect(link).to_contain_text("Договор.pdf")
    answer = agent.request.get(link.evaluate("link => link.href"))
    assert answer.body() == b"%PDF-1.7 the contract"
    assert answer.headers["content-disposition"].startswith("attachment;")

    russian = people.agent("kristina", language="ru")
    russian.goto("/desk?lang=ru")
    disk.answers.pop("/gone")
    say(house, 8, "Ещё", {"ref": "gone", "name": "ещё.pdf"})
    russian.locator(".row", has_text="Dina").click()
    lost = said(russian, "Ещё").locator(".file.failed")
    expect(lost).to_contain_text("не загрузился: площадка не отдаёт этот файл (404)")
    expect(lost.get_by_role("button", name="Повторить")).to_be_visible()
    people.shoot(russian, "files-ru")
