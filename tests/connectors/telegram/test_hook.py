"""The webhook at the wire: who is believed, what is stored before 200, and what stands in nobody's way."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from structlog.testing import capture_logs

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from tests.connectors.telegram.house import SECRET, Bots, opened
from tests.connectors.telegram.payloads import names
from tests.connectors.telegram.payloads import update as real_update
from tests.connectors.telegram.test_mutations import mutated
from tests.connectors.telegram.test_updates import message

pytestmark = pytest.mark.anyio
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def update(number: int, **fields: Any) -> dict[str, Any]:
    """An update with a message of Anna's."""
    return {"update_id": number, "message": message(message_id=number, **fields)}


async def test_a_message_is_answered_200_once_it_is_stored(bots: Bots) -> None:
    assert await bots.post(update(1, text="Where is my parcel?")) == 200
    (said,) = await bots.messages("42")
    assert (said.text, said.author.name) == ("Where is my parcel?", "Anna Petrova")


async def test_the_same_update_a_hundred_times_is_one_message(bots: Bots) -> None:
    assert set(await asyncio.gather(*(bots.post(update(1, text="once")) for _ in range(100)))) == {200}
    assert await bots.heard("42") == ["once"]


async def test_numbers_need_not_rise(bots: Bots) -> None:
    for number in (900, 5, 901, 1):
        assert await bots.post(update(number, text=str(number))) == 200
    assert await bots.heard("42") == ["900", "5", "901", "1"]


def raw_post(body: bytes, *headers: bytes, path: bytes = b"/hooks/shop") -> bytes:
    """A request as it goes over the wire."""
    return b"\r\n".join(
        [
            b"POST " + path + b" HTTP/1.1",
            b"Host: bridge",
            b"Connection: close",
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(body),
            *headers,
            b"",
            body,
        ]
    )


NAME, RIGHT = HEADER.encode(), SECRET.encode()
FORGED = {
    "no header": (),
    "an empty secret": (NAME + b": ",),
    "another secret": (NAME + b": " + b"x" * len(RIGHT),),
    "one bit flipped": (NAME + b": " + bytes([RIGHT[0] ^ 1]) + RIGHT[1:],),
    "the last letter missing": (NAME + b": " + RIGHT[:-1],),
    "a letter more": (NAME + b": " + RIGHT + b"x",),
    "upper case": (NAME + b": " + RIGHT.upper(),),
    "not ASCII": (NAME + b": " + RIGHT[:-1] + b"\xc3\xa9",),
    "not even UTF-8": (NAME + b": \xff\xfe" + RIGHT,),
    "twice, the right one first": (NAME + b": " + RIGHT, NAME + b": other"),
    "twice, the right one last": (NAME + b": other", NAME + b": " + RIGHT),
    "twice the right one": (NAME + b": " + RIGHT, NAME + b": " + RIGHT),
    "in another header": (b"X-Telegram-Secret: " + RIGHT,),
    "as a bearer token": (b"Authorization: Bearer " + RIGHT,),
    "quoted": (NAME + b': "' + RIGHT + b'"',),
    "the token of the bot": (NAME + b": 7:AAtests",),
}


async def test_who_does_not_know_the_secret_is_refused_and_leaves_no_row(bots: Bots) -> None:
    for number, (forgery, headers) in enumerate(FORGED.items(), 1):
        body = json.dumps(update(number, text="let me in")).encode()
        assert await wire(bots, raw_post(body, *headers)) == 403, forgery
        assert bots.counts() == (0, 0, 0), forgery
    assert await bots.post(update(1, text="it is me")) == 200
    assert bots.counts()[:2] == (1, 1)


async def test_the_secret_in_the_address_is_of_no_use(bots: Bots) -> None:
    body = json.dumps(update(1, text="let me in")).encode()
    assert await wire(bots, raw_post(body, path=b"/hooks/shop?secret_token=" + RIGHT)) == 403
    assert await wire(bots, raw_post(body, NAME + b": " + RIGHT, path=b"/hooks/7:AAtests")) == 404
    assert bots.counts() == (0, 0, 0)


async def test_the_header_is_known_in_any_case(bots: Bots) -> None:
    body = json.dumps(update(1, text="hi")).encode()
    assert await wire(bots, raw_post(body, NAME.upper() + b": " + RIGHT)) == 200


async def wire(bots: Bots, request: bytes) -> int:
    """Sends bytes and reads the status."""
    port = int(bots.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


UNREAD = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b"\xff\xfe\xfa", "not"),
    (b"[" * 100_000, "nested too deeply"),
    (b"null", "no update"),
    (b"[]", "no update"),
    (b'{"update_id": 4}', "no update"),
    (b'{"ok": true, "result": []}', "no update"),
    (b'{"update_id": 5, "message": {}}', "names no chat"),
    (b'{"update_id": 6, "telepathy": {"from_whom": 1}}', "neither a chat nor a person"),
]


async def test_what_nobody_understands_is_kept_once_and_answered_200(bots: Bots) -> None:
    known: set[int] = set()
    for body, reason in UNREAD:
        for _ in range(2):
            assert await bots.post(None, raw=body) == 200
        (kept,) = (row for row in bots.rows(t.quarantine) if row.id not in known)
        known.add(kept.id)
        assert reason in kept.reason
        assert bytes(kept.raw) == body or json.loads(kept.raw) == json.loads(body)
    assert await bots.post(update(8, text="and on it goes")) == 200
    assert await bots.heard("42") == ["and on it goes"]


async def test_a_body_that_is_too_long_is_not_even_read(bots: Bots) -> None:
    request = raw_post(b"{" + b" " * 1_048_576 + b"}", NAME + b": " + RIGHT)
    with capture_logs() as logs:
        assert await wire(bots, request) == 413
    assert [(line["event"], line["reason"]) for line in logs] == [("an update was refused", "too long")]
    assert bots.counts() == (0, 0, 0)


async def test_who_hangs_up_in_the_middle_has_said_nothing(bots: Bots) -> None:
    request = raw_post(json.dumps(update(1, text="hi")).encode(), NAME + b": " + RIGHT)
    _, writer = await asyncio.open_connection("127.0.0.1", int(bots.url.rpartition(":")[2]))
    writer.write(request[:-5])
    await writer.drain()
    writer.transport.abort()
    assert await bots.post(update(2, text="there")) == 200
    assert await bots.heard("42") == ["there"]


async def test_other_ways_to_ask_are_none(bots: Bots) -> None:
    for method in ("GET", "PUT", "DELETE"):
        async with bots.client.request(
            method, f"{bots.url}/hooks/shop", headers={HEADER: SECRET}
        ) as response:
            assert response.status == 405


async def test_what_could_not_be_stored_shall_be_repeated(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    async with opened(database, redis_url, tmp_path) as bots:
        await asyncio.to_thread(bots.house.mind.committer.stop)
        headers = {HEADER: SECRET}
        async with bots.client.post(
            f"{bots.url}/hooks/shop", json=update(1, text="hi"), headers=headers
        ) as response:
            assert response.status == 503
            assert 0 <= int(response.headers["Retry-After"]) <= 3600
        assert bots.counts() == (0, 0, 0)


async def test_a_press_is_answered_though_telegram_does_not_answer(bots: Bots) -> None:
    query = {"id": "q", "from": message()["from"], "message": message(), "data": "person"}
    assert await bots.post({"update_id": 1, "callback_query": query}) == 200
    assert (await bots.dialog("42")).promise is not None


def test_aiogram_is_not_loaded_to_hear() -> None:
    code = "import sys, bridge.connectors.telegram; sys.exit('aiogram' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode
        == 0
    )


async def test_every_real_payload_is_answered_200_and_seen_by_people(bots: Bots) -> None:
    posted = [(folder, name) for folder in ("updates", "messages") for name in names(folder)]
    if not posted:
        pytest.skip("the real payloads are not at hand: set BRIDGE_SHARED to their folder")
    for number, (folder, name) in enumerate(posted, 1):
        body = real_update(folder, name) | {"update_id": number}
        assert await bots.post(body) == 200, name
    _, messages, unread = bots.counts()
    assert unread == 0
    assert messages >= len(names("messages"))


def test_whatever_is_posted_is_answered_200_or_4xx(redis_url: str, tmp_path: Path) -> None:
    """Mutations of real updates, straight at the port."""
    database = Database(f"sqlite:///{tmp_path / 'mutated.db'}")
    t.metadata.create_all(database.writer)

    async def run() -> None:
        async with opened(database, redis_url, tmp_path) as bots:
            statuses: set[int] = set()
            bodies: list[bytes] = []

            @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
            @given(mutated())
            def collect(raw: Any) -> None:
                bodies.append(json.dumps(raw).encode())

            collect()
            for body in bodies:
                statuses.add(await bots.post(None, raw=body))
            assert statuses == {200}
            assert bots.counts()[0] > 20

    asyncio.run(run())
    database.close()
