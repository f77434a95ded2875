"""What strangers may send to the API: too much, too deep, of the wrong kind, or odd but harmless."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
NAUGHTY = (Path(__file__).parent.parent / "data" / "naughty_strings.txt").read_text("utf-8").splitlines()


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


async def raw(server: Server, path: str, body: bytes, **headers: str) -> Any:
    named = (
        JSON | {"Idempotency-Key": "raw"} | {name.replace("_", "-"): value for name, value in headers.items()}
    )
    return await server.ask("POST", path, data=body, headers=named)


async def test_a_body_that_is_no_json_is_malformed(server: Server) -> None:
    dialog = (await server.hear()).dialog
    bodies = [
        b"{", b"nothing", b"{'text': 'x'}", b'{"text": "x"} x', b"\xff", '{"text": "x"}'.encode("utf-16"),
        b'{"text": NaN}', b'{"text": Infinity}', b'{"text": -Infinity}', b'{"text": 1e}', b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 100_000, b"[" * 400_000 + b"]" * 400_000, b'{"text": ' + b"9" * 5000 + b"}",
    ]  # fmt: skip
    for body in bodies:
        answer = await raw(server, f"/dialogs/{dialog}/reply", body)
        assert (answer.status, answer.code) == (400, "malformed"), body[:40]
    assert (await raw(server, f"/dialogs/{dialog}/reply", b"[" * 64 + b"]" * 64)).status == 422


async def test_a_body_of_another_type_is_refused_before_it_is_read(server: Server) -> None:
    dialog = (await server.hear()).dialog
    body = b'{"text": "x"}'
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=cp1251",
    ):
        answer = await raw(server, f"/dialogs/{dialog}/reply", body, Content_Type=kind)
        assert (answer.status, answer.code) == (415, "wrong_type"), kind
    fine = await raw(server, f"/dialogs/{dialog}/reply", body, Content_Type="Application/JSON; charset=UTF-8")
    assert fine.status == 200


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(server: Server) -> None:
    dialog = (await server.hear()).dialog
    before = (await server.get(f"/dialogs/{dialog}")).body["seq"]
    large = json.dumps({"text": "x" * 1_048_576}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for data in (io.BytesIO(large), chunks()):
        headers = JSON | {"Idempotency-Key": "large"}
        answer = await server.ask("POST", f"/dialogs/{dialog}/reply", data=data, headers=headers)
        assert (answer.status, answer.code) == (413, "too_large")
    assert (await server.get(f"/dialogs/{dialog}")).body["seq"] == before


async def test_a_text_has_a_hundred_thousand_characters_at_most(server: Server) -> None:
    dialog = (await server.hear()).dialog
    longest = "ж😀" * 50_000
    assert (await server.reply(dialog, longest, mode="note")).status == 200
    items = (await server.get(f"/dialogs/{dialog}/messages")).body["items"]
    assert longest in [one["text"] for one in items]
    answer = await server.reply(dialog, "x" * 100_001)
    assert (answer.status, answer.body["error"]["path"]) == (422, "body.text")
    assert "100000" in answer.body["error"]["reason"]


async def test_odd_words_go_through_unharmed(server: Server) -> None:
    dialog = (await server.hear()).dialog
    words = [word for word in NAUGHTY if word.strip() and not word.startswith("//")]
    answers = await asyncio.gather(*(server.reply(dialog, word, mode="note") for word in words))
    assert {answer.status for answer in answers} == {200}
    items = (await server.get(f"/dialogs/{dialog}/messages", params={"limit": "1000"})).body["items"]
    assert set(words) <= {one["text"] for one in items}


async def test_nul_and_lone_surrogates_are_cleaned_out_of_words(server: Server) -> None:
    dialog = (await server.hear()).dialog
    body = rb'{"text": "a\u0000b\ud800c\ud83d\ude00", "mode": "note"}'
    assert (await raw(server, f"/dialogs/{dialog}/reply", body)).status == 200
    texts = [one["text"] for one in (await server.get(f"/dialogs/{dialog}/messages")).body["items"]]
    assert "ab\ufffdc😀" in texts


WRONG_VERBS: list[tuple[bytes, str]] = [
    (b"[]", "body"),
    (b"1", "body"),
    (b"null", "body"),
    (b"{}", "body"),
    (b'{"action": "fly"}', "body"),
    (b'{"action": 1}', "body"),
    (b'{"action": "claim", "force": "yes"}', "body.force"),
    (b'{"action": "claim", "by": "me"}', "body.by"),
    (rb'{"action": "claim", "\ud800\u0000": 1}', "body"),
    (b'{"action": "pass"}', "body.line"),
    (b'{"action": "pass", "line": ""}', "body.line"),
    (b'{"action": "pass", "line": 7}', "body.line"),
    (b'{"action": "snooze", "until": 1790000000}', "body.until"),
    (b'{"action": "snooze", "until": "2027-01-01T00:00:00"}', "body.until"),
    (b'{"action": "snooze", "until": "9999-12-31T23:59:59-12:00"}', "body.until"),
    (b'{"action": "prioritise", "priority": "asap"}', "body.priority"),
    (b'{"action": "undo", "seq": "1"}', "body.seq"),
    (b'{"action": "undo", "seq": 1.5}', "body.seq"),
    (b'{"action": "undo", "seq": true}', "body.seq"),
    (b'{"action": "undo", "seq": 9223372036854775808}', "body.seq"),
    (b'{"action": "promote", "seqs": [], "title": "x"}', "body.seqs"),
    (b'{"action": "promote", "seqs": [1, "2"], "title": "x"}', "body.seqs.1"),
    (b'{"action": "wish", "seq": 1}', "body"),
    (b'{"action": "wish", "seq": 1, "title": "x", "wish": "1"}', "body"),
    (b'{"action": "wish", "seq": 1, "wish": 5}', "body.wish"),
    (b'{"action": "wish", "seq": 1, "wish": "9223372036854775808"}', "body.wish"),
]
WRONG_REPLIES: list[dict[str, Any]] = [
    {"text": ""}, {"text": "  \n"}, {}, {"text": None}, {"text": ["x"]}, {"text": "x", "mode": "shout"},
    {"text": "x", "attachments": [1]}, {"text": "x", "attachments": ["x"]}, {"text": "x", "attachments": ["1"] * 21},
    {"text": "x", "author": "me"}, {"text": "\0"},
]  # fmt: skip


async def test_a_wrong_verb_is_told_where_it_is_wrong(server: Server) -> None:
    dialog = (await server.hear()).dialog
    for body, path in WRONG_VERBS:
        answer = await raw(server, f"/dialogs/{dialog}/actions", body)
        assert answer.status == 422, (body, answer.body)
        assert answer.body["error"]["path"] == path, (body, answer.body)
        assert answer.body["error"]["reason"]
    assert (await server.get(f"/dialogs/{dialog}/actions")).body == {"items": []}


async def test_a_wrong_reply_is_refused_and_leaves_no_row(server: Server) -> None:
    dialog = (await server.hear()).dialog
    before = (await server.get(f"/dialogs/{dialog}")).body["seq"]
    for body in WRONG_REPLIES:
        answer = await server.post(f"/dialogs/{dialog}/reply", body, headers={"Idempotency-Key": "wrong"})
        assert (answer.status, answer.code) == (422, "invalid"), body
    assert (await server.get(f"/dialogs/{dialog}")).body["seq"] == before


async def test_announcements_are_words_by_language(server: Server) -> None:
    for announcement in ({"english!": "x"}, {"en": 1}, {"": "x"}, ["en"], {"en": "x" * 100_001}):
        answer = await server.act("wishes/1", "ship", "dev", announcement=announcement)
        assert answer.status == 422, announcement


async def test_a_half_sent_body_does_no_harm(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        "POST /api/v1/dialogs/1/reply HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.tokens['ann']}\r\nContent-Length: 100\r\n\r\n{{"
    )
    writer.write(head.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""
    assert (await server.get("/me")).status == 200
