"""What the wire may bring: refused in clear words and without a row, or carried to the desk and back unharmed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from bridge import text
from bridge.conversations import tables as t
from tests.faults.people import until
from tests.faults.scene import Scene, scene

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(300)]
JSON = {"Content-Type": "application/json"}
NAUGHTY = Path(__file__).parents[1] / "data" / "naughty_strings.txt"
LONG = "длинно и широко 😀 " * 5_500 + "конец"  # 99 thousand characters, 190 kB as UTF-8
RIGHT_TO_LEFT = "שלום \u202eevil\u202c مرحبا \u2067עוד\u2069 1+1"


@dataclass(slots=True)
class Visitor:
    """A visitor with a session, and the wire to one web process."""

    on: Scene
    http: aiohttp.ClientSession
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Posts JSON, or bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(
            self.on.house.webs[0] + path, data=io.BytesIO(raw), headers=JSON | self.headers | (headers or {})
        ) as answer:
            content = await answer.read()
            assert answer.content_type == "application/json", content[:200]
            found: dict[str, Any] = json.loads(content)
            return answer.status, found

    async def say(self, words: str, client_id: str) -> tuple[int, dict[str, Any]]:
        return await self.post("/site/shop/messages", {"text": words, "client_id": client_id})

    async def stream(self, last_seq: int) -> dict[int, str]:
        """What his event stream shows, up to the message `last_seq`: seq to text."""
        shown: dict[int, str] = {}
        async with (
            self.http.get(f"{self.on.house.webs[0]}/site/shop/events", headers=self.headers) as answer,
            asyncio.timeout(30),
        ):
            async for line in answer.content:
                if line.startswith(b"data: "):
                    event = json.loads(line.removeprefix(b"data: "))
                    shown[event["seq"]] = event["text"]
                    if event["seq"] >= last_seq:
                        break
        return shown


@asynccontextmanager
async def visitor(name: str, folder: Path, database: str) -> AsyncIterator[Visitor]:
    """One visitor of a house of one process."""
    async with (
        scene(name, folder, database, None, seed=0, members=["all"], visitors=0, callers=0) as on,
        aiohttp.ClientSession(read_bufsize=2**21) as http,
    ):
        started = Visitor(on, http, "")
        _, opened = await started.post("/site/shop/session", {})
        started.token = opened["token"]
        yield started


def rows(database: str) -> dict[str, int]:
    """How many rows there are of everything a request could leave."""
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        found = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (t.contact, t.identity, t.dialog, t.message, t.seen, t.attachment, t.action)
        }
    engine.dispose()
    return found


async def test_what_is_wrong_is_refused_in_words_and_leaves_no_row(database_url: str, tmp_path: Path) -> None:
    async with visitor("bad input", tmp_path, database_url) as one:
        status, first = await one.say("hello", "first")
        assert status == 200
        dialog = first["id"].partition(".")[0]
        message, reply = "/site/shop/messages", f"/api/v1/dialogs/{dialog}/reply"
        forged = one.token[:-4] + ("AAAA" if one.token[-4:] != "AAAA" else "BBBB")
        agent = {"Authorization": f"Bearer {one.on.house.token}"}
        good = {"text": "x", "client_id": "y"}
        refusals: list[tuple[int, str, Any, dict[str, str]]] = [
            (401, message, good, {"Authorization": ""}),
            (401, message, good, {"Authorization": "Basic eDp5"}),
            (401, message, good, {"Authorization": f"Bearer {forged}"}),
            (401, message, good, {"Authorization": "Bearer " + "A" * 50}),
            (401, message, good, {"Authorization": f"Bearer {one.on.house.token}"}),
            (403, message, good, {"Origin": "https://evil.example"}),
            (403, message, good, {"Origin": "null"}),
            (403, "/site/shop/session", {}, {"Origin": "https://evil.example"}),
            (400, message, b"", {}),
            (400, message, b"{", {}),
            (400, message, b"\xff\xfe{}", {}),
            (400, message, b"[1]", {}),
            (400, message, b'{"text": NaN, "client_id": "y"}', {}),
            (400, message, b"[" * 100_000, {}),
            (415, message, good, {"Content-Type": "text/plain"}),
            (413, message, b'{"text": "' + b"x" * 1_100_000 + b'"}', {}),
            (413, message, good | {"text": "x" * 100_001}, {}),
            (422, message, {"text": "x"}, {}),
            (422, message, {"text": 7, "client_id": "y"}, {}),
            (422, message, good | {"text": ""}, {}),
            (422, message, good | {"text": " \u0000\n"}, {}),
            (422, message, good | {"client_id": ""}, {}),
            (422, message, good | {"client_id": "y" * 65}, {}),
            (422, message, good | {"client_id": "a b"}, {}),
            (422, message, good | {"unknown": True}, {}),
            (422, message, good | {"attachments": ["1"] * 21}, {}),
            (404, message, good | {"attachments": ["12345"]}, {}),
            (404, message, good | {"attachments": ["../etc/passwd"]}, {}),
            (422, "/site/shop/receipts", {"read": -1}, {}),
            (401, reply, {"text": "x"}, {"Authorization": "", "Idempotency-Key": "k"}),
            (401, reply, {"text": "x"}, {"Authorization": "Bearer nobody", "Idempotency-Key": "k"}),
            (401, reply, {"text": "x"}, {"Idempotency-Key": "k"}),
            (422, reply, {"text": "x"}, agent),
            (422, reply, {"text": ""}, agent | {"Idempotency-Key": "k"}),
            (422, reply, {"text": "x", "mode": "shout"}, agent | {"Idempotency-Key": "k"}),
            (400, reply, b"{", agent | {"Idempotency-Key": "k"}),
            (413, reply, b'{"text": "' + b"x" * 1_100_000 + b'"}', agent | {"Idempotency-Key": "k"}),
            (404, "/api/v1/dialogs/12345/reply", {"text": "x"}, agent | {"Idempotency-Key": "k"}),
        ]
        before = await asyncio.to_thread(rows, database_url)
        wrong = []
        for expected, path, body, headers in refusals:
            status, content = await one.post(path, body, headers)
            error = content.get("error") or {}
            if status != expected or not error.get("code") or not error.get("reason"):
                wrong.append(
                    f"{status} instead of {expected} for {path} {str(body)[:60]} {headers}: {content}"
                )
            if "Traceback" in str(content):
                wrong.append(f"a traceback for {path} {str(body)[:60]}")
        assert not wrong, "\n".join(wrong)
        assert await asyncio.to_thread(rows, database_url) == before
        assert (await one.say("still here", "last"))[0] == 200


async def test_odd_words_reach_the_desk_and_come_back_unharmed(database_url: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in NAUGHTY.read_text().splitlines() if line]
    words = [*lines, LONG, RIGHT_TO_LEFT, "a\x00b", "\ud800 alone \udfff", "\ud83d\ude00"]
    async with visitor("odd words", tmp_path, database_url) as one:
        asked: dict[int, str] = {}
        dialog = ""
        for number, said in enumerate(words):
            status, answer = await one.say(said, f"n-{number}")
            if text.clean(said).strip():
                assert status == 200, (said[:80], answer)
                asked[answer["seq"]] = text.clean(said)
                dialog = answer["id"].partition(".")[0]
            else:
                assert status == 422, (said[:80], answer)
        answered: dict[int, str] = {}
        for number, said in enumerate(words):
            headers = {"Authorization": f"Bearer {one.on.house.token}", "Idempotency-Key": f"n-{number}"}
            status, answer = await one.post(
                f"/api/v1/dialogs/{dialog}/reply", {"text": said, "mode": "send"}, headers
            )
            if not text.clean(said).strip():
                assert status == 422, (said[:80], answer)
            elif not text.clean(said).removeprefix("//").strip():
                assert status == 409, (said[:80], answer)  # a note without words
            else:
                assert status == 200, (said[:80], answer)
                assert answer["private"] == text.clean(said).startswith("//")
                if not answer["private"]:
                    answered[answer["seq"]] = text.clean(said)

        async def arrived() -> bool:
            seqs = {post.seq for post in one.on.journal.desk if post.kind == "post"}
            return (asked.keys() | answered.keys()) <= seqs

        assert await until(arrived, 60) < 60, "not all of it reached the desk"
        desk = {post.seq: post.text for post in one.on.journal.desk if post.kind == "post"}
        expected = asked | answered
        assert {seq: desk[seq] for seq in expected} == expected
        await asyncio.sleep(1)
        shown = await one.stream(max(answered))
        assert {seq: shown.get(seq) for seq in expected} == expected
        assert one.on.journal.odd == []


async def test_a_repeated_message_gets_the_same_id_and_is_said_once(
    database_url: str, tmp_path: Path
) -> None:
    async with visitor("repeated", tmp_path, database_url) as one:
        answers = await asyncio.gather(*(one.say("once", "same") for _ in range(20)))
        assert answers == [answers[0]] * 20
        assert answers[0][0] == 200
        # The words of the first time count, whatever a repeat brings.
        assert await one.say("other words", "same") == answers[0]
        found = await asyncio.to_thread(rows, database_url)
        assert (found["dialog"], found["seen"], found["contact"]) == (1, 1, 1)
        shown = await one.stream(answers[0][1]["seq"])
        assert shown[answers[0][1]["seq"]] == "once"

        async def posted() -> bool:
            return any(post.text == "once" for post in one.on.journal.desk)

        assert await until(posted, 20) < 20
        assert len([post for post in one.on.journal.desk if post.text == "once"]) == 1
