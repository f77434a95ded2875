"""What a browser may ask of the chat: words, marks, files, presence, an address, and events without a hole."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from bridge import actions as a
from bridge.connector import Bounds
from bridge.conversations.database import Database
from bridge.messages import DialogId
from tests.connectors.site.shop import OWNER, Shop, opened
from tests.services import RedisServer

pytestmark = pytest.mark.anyio


async def test_words_are_taken_once_however_often_they_are_sent(shop: Shop) -> None:
    token = await shop.enter()
    first, *others = [await shop.say(token, "Hello?", "1") for _ in range(3)]
    assert first.status == 200
    assert [one.body for one in others] == [first.body, first.body]
    assert (await shop.say(token, "More", "2")).body["id"] != first.body["id"]


async def test_a_stream_goes_on_where_it_broke_off(shop: Shop) -> None:
    token = await shop.enter()
    await shop.say(token, "One", "1")
    async with shop.listening(token) as ear:
        first = await ear.next()
        assert (first["text"], first["author"]["kind"], first["client_id"]) == ("One", "contact", "1")
        await shop.reply(token, "Two")
        while (heard := await ear.next())["text"] != "Two":
            pass
        assert heard["author"] == {"kind": "agent", "name": "Ann"}
    await shop.say(token, "Three", "3")
    await shop.reply(token, "Four")
    async with shop.listening(token, after=heard["rev"]) as ear:
        words = []
        while "Four" not in words:
            words.append((await ear.next())["text"])
    assert [text for text in words if text in ("One", "Three", "Four")] == ["Three", "Four"]


async def test_what_an_agent_changes_and_takes_back_the_visitor_sees_so(shop: Shop) -> None:
    token = await shop.enter()
    said = (await shop.say(token, "How long?")).body
    reply = await shop.reply(token, "Three days.", reply_to=said["seq"])
    async with shop.listening(token) as ear:
        while (heard := await ear.next())["seq"] != reply.seq:
            pass
        assert heard["quote"] == "How long?"
        await shop.house.router.act(reply.dialog, "dialog", shop.ann, a.Edit(reply.seq, "Two days."))
        while (heard := await ear.next())["text"] != "Two days.":
            pass
        assert (heard["seq"], heard["edited"], "data" in heard) == (reply.seq, True, False)
        await shop.house.router.act(reply.dialog, "dialog", shop.ann, a.Delete(reply.seq))
        while not (heard := await ear.next()).get("deleted"):
            pass
        assert (heard["seq"], heard["text"], "quote" in heard) == (reply.seq, "", False)


async def test_receipts_raise_the_marks_of_our_messages(shop: Shop) -> None:
    token = await shop.enter()
    await shop.say(token)
    await shop.reply(token, "Here is your answer")
    async with shop.listening(token) as ear:
        while (heard := await ear.next())["text"] != "Here is your answer":
            pass
        assert heard["mark"] == "accepted"
        for mark in ("delivered", "read"):
            assert (await shop.post("receipts", {mark: heard["seq"]}, token)).status == 204
            while (heard := await ear.next())["text"] != "Here is your answer":
                pass
            assert heard["mark"] == mark


async def test_a_press_of_a_button_is_words_with_a_command_and_only_people_owe_an_answer(shop: Shop) -> None:
    for command, owed in (("menu", False), ("person", True)):
        token = await shop.enter()
        assert (await shop.say(token, "A label", command=command)).status == 200
        view = await shop.house.router.read.dialog(await shop.dialog(token))
        assert (view.promise is not None) == owed
        assert (await shop.house.router.read.messages(DialogId(int(view.id))))[0].text == "A label"
    refused = await shop.say(await shop.enter(), "x", "9", command="no such <command>")
    assert refused.status == 422


async def test_agents_read_where_a_visitor_is_and_where_he_came_from(shop: Shop) -> None:
    token = await shop.enter()
    page = "https://shop.example/prices?utm_source=letter"
    await shop.say(token, page=page, referrer="https://search.example/")
    view = await shop.house.router.read.dialog(await shop.dialog(token))
    assert view.page == f"{page} ← https://search.example/"


async def test_a_visitor_who_types_is_seen_and_one_who_has_said_nothing_is_not(shop: Shop) -> None:
    token = await shop.enter()
    assert (await shop.ask("POST", "typing", token)).status == 204
    await shop.say(token, name="Carl")
    dialog = await shop.dialog(token)
    assert await shop.house.router.presence.here(dialog) == []
    for _ in range(60):  # more than anybody types: what is too much is dropped in silence
        assert (await shop.ask("POST", "typing", token)).status == 204
    (carl,) = await shop.house.router.presence.here(dialog)
    assert (carl.kind, carl.name, carl.typing) == ("contact", "Carl", True)


async def test_a_visitor_sees_an_agent_type_without_any_message_being_read_again(shop: Shop) -> None:
    token = await shop.enter()
    await shop.say(token)
    dialog = await shop.dialog(token)
    async with shop.listening(token) as ear:
        await ear.next()
        await shop.house.router.presence.view(dialog, shop.ann, typing=True)
        assert await ear.next("typing") == {"name": "Ann"}


async def test_an_address_is_kept_for_the_answer_and_a_wrong_one_is_refused_in_words(shop: Shop) -> None:
    token = await shop.enter()
    await shop.say(token)
    before = await shop.post("session", {"token": token})
    assert before.body["reachable"] is False
    assert before.body["due_at"]
    wrong = await shop.post("contact", {"email": "nowhere"}, token)
    assert (wrong.status, wrong.code) == (409, "refused")
    assert (await shop.post("contact", {"email": "carl@example.org", "name": "Carl"}, token)).status == 204
    view = await shop.house.router.read.dialog(await shop.dialog(token))
    assert (view.contact.name, view.contact.email) == ("Carl", "carl@example.org")
    assert (await shop.post("session", {"token": token})).body["reachable"] is True
    await shop.reply(token, "Done")
    await asyncio.sleep(0.5)
    assert (await shop.post("session", {"token": token})).body["due_at"] is None


async def test_nobody_changes_his_address_without_end(shop: Shop) -> None:
    token = await shop.enter()
    answers = [await shop.post("contact", {"name": f"Carl {number}"}, token) for number in range(10)]
    assert {answer.status for answer in answers} == {204, 429}


async def test_files_are_given_only_by_their_link(shop: Shop) -> None:
    token = await shop.enter()
    named = {"X-File-Name": "%3Cb%3Ephoto.png", "Content-Type": "image/png"}
    file = (await shop.ask("POST", "files", token, data=b"bytes", headers=named)).body
    assert file["name"] == "_b_photo.png"
    await shop.say(token, "", attachments=[file["id"]])
    async with shop.listening(token) as ear:
        (link,) = (await ear.next())["attachments"]
    got = await shop.ask("GET", link["url"], headers={"Origin": OWNER})
    assert (got.status, got.body) == (200, "bytes")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Access-Control-Allow-Origin"] == OWNER
    for wrong in (link["url"][:-1], link["url"].replace("until=", "until=1"), f"files/{file['id']}"):
        assert (await shop.ask("GET", wrong, token)).status == 403


async def test_a_picture_is_shown_only_if_it_is_one(shop: Shop) -> None:
    token = await shop.enter()
    ids = []
    for content in (b"GIF89a and so on", b"<script>alert(1)</script>"):
        named = {"X-File-Name": "a.gif", "Content-Type": "image/gif"}
        ids.append((await shop.ask("POST", "files", token, data=content, headers=named)).body["id"])
    await shop.say(token, "", attachments=ids)
    async with shop.listening(token) as ear:
        links = (await ear.next())["attachments"]
    told = [(await shop.ask("GET", link["url"], headers={"Origin": OWNER})).headers for link in links]
    assert [headers["Content-Type"] for headers in told] == ["image/gif", "application/octet-stream"]
    assert [headers["Content-Disposition"].partition(";")[0] for headers in told] == ["inline", "attachment"]
    assert all("sandbox" in headers["Content-Security-Policy"] for headers in told)


async def test_a_visitor_who_uploads_without_end_is_told_to_wait(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    bounds = Bounds(file_mb_per_day=1, file_mb=2)
    async with opened(database, redis_server.url, tmp_path, bounds=bounds) as shop:
        token = await shop.enter()
        full = b"x" * 600_000
        told = [await shop.ask("POST", "files", token, data=full) for _ in range(2)]
        assert [answer.status for answer in told] == [200, 429]
        assert told[1].code == "too_many"
        assert len(list((tmp_path / "files").iterdir())) == 1
        assert (await shop.ask("POST", "files", await shop.enter(), data=full)).status == 200
        large = await shop.ask("POST", "files", await shop.enter(), data=io.BytesIO(full * 4))
        assert (large.status, large.code) == (413, "too_large")


@pytest.mark.parametrize("path", ["messages", "receipts", "contact", "typing", "files", "events"])
async def test_without_a_token_nothing_is_done(shop: Shop, path: str) -> None:
    for token in (None, "x", "AAAA" * 20):
        method = "GET" if path == "events" else "POST"
        answer = await shop.ask(method, path, token, json={} if method == "POST" else None)
        assert (answer.status, answer.code) == (401, "no_session")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("messages", {"text": "x"}),
        ("messages", {"text": "x", "client_id": "1", "contact": 7}),
        ("messages", {"text": "x", "client_id": "1", "address": "visitor"}),
        ("messages", {"text": " ", "client_id": "1"}),
        ("messages", {"text": "x", "client_id": "1", "page": "p" * 2001}),
        ("contact", {"email": 7}),
        ("contact", {"id": "7"}),
        ("receipts", {"read": -1}),
        ("session", {"contact": 7}),
    ],
)
async def test_what_is_not_understood_is_refused_in_words(shop: Shop, path: str, body: Any) -> None:
    token = await shop.enter()
    answer = await shop.post(path, body, token)
    assert answer.status == 422
    assert answer.body["error"]["reason"]


async def test_only_named_sites_may_ask_and_others_can_read_why_not(shop: Shop) -> None:
    for path in ("session", "messages", "contact", "typing"):
        ours = await shop.post(path, {}, headers={"Origin": OWNER})
        assert ours.headers["Access-Control-Allow-Origin"] == OWNER
        assert ours.status != 403
        theirs = await shop.post(path, {}, headers={"Origin": "https://evil.example"})
        assert (theirs.status, theirs.code) == (403, "foreign_origin")
        asked = await shop.ask("OPTIONS", path, headers={"Origin": OWNER})
        assert asked.status == 204
        assert "authorization" in asked.headers["Access-Control-Allow-Headers"]


async def test_too_many_messages_are_refused_for_a_moment(
    database: Database, redis_server: RedisServer, tmp_path: Path
) -> None:
    bounds = Bounds(messages_per_minute=3, sessions_per_minute=3)
    async with opened(database, redis_server.url, tmp_path, bounds=bounds) as shop:
        token = await shop.enter()
        assert [(await shop.say(token, id=str(n))).status for n in range(5)] == [200, 200, 200, 429, 429]
        assert [(await shop.post("session", {})).status for _ in range(4)] == [200, 200, 429, 429]
        assert (await shop.post("session", {"token": token})).status == 200
