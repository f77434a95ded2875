"""The REST API at the wire: who may come in, what each operation does, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.conversations import tables as t
from tests.conversations.samples import FRONT, SHOP
from tests.web.api_server import FILE_BYTES, Server, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


def operations(server: Server) -> list[tuple[str, str]]:
    """Every operation the description names, with paths filled in."""
    filled = []
    for path, methods in server.app.openapi()["paths"].items():
        place = path.removeprefix("/v1").replace("{id}", "1").replace("{line}", "first")
        filled += [(method.upper(), place) for method in methods]
    return filled


async def test_nothing_below_v1_answers_without_valid_credentials(server: Server) -> None:
    assert len(operations(server)) > 20
    bad: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {server.tokens['ann']}"},
        {"Cookie": "bridge_session="},
        {"Cookie": f"bridge_session={server.tokens['ann']}"},
    ]
    for method, path in [*operations(server), ("GET", "/nothing/here"), ("DELETE", "/dialogs/1")]:
        for headers in bad:
            answer = await server.ask(method, path, None, headers=headers)
            assert (answer.status, answer.code) == (401, "unauthenticated"), (method, path, headers)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_wrong_token_is_not_saved_by_a_good_cookie(server: Server) -> None:
    session, _ = await server.access.redeem(server.access.invite("ann"))
    headers = {"Cookie": f"bridge_session={session}"}
    assert (await server.get("/me", None, headers=headers)).status == 200
    assert (await server.get("/me", None, headers=headers | {"Authorization": "Bearer x"})).status == 401


async def test_a_session_changes_things_only_from_our_own_pages(server: Server) -> None:
    session, _ = await server.access.redeem(server.access.invite("ann"))
    dialog = (await server.hear()).dialog
    cookie = {"Cookie": f"bridge_session={session}"}
    foreign: list[dict[str, str]] = [
        {},
        {"X-Bridge": "0"},
        {"X-Bridge": "1", "Sec-Fetch-Site": "cross-site"},
        {"X-Bridge": "1", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ]
    path, claim = f"/dialogs/{dialog}/actions", {"action": "claim"}
    for headers in foreign:
        answer = await server.post(path, claim, None, headers=cookie | headers)
        assert (answer.status, answer.code) == (403, "foreign_origin"), headers
    assert (await server.get(f"/dialogs/{dialog}")).body["assignee"] is None
    ours = cookie | {"X-Bridge": "1", "Sec-Fetch-Site": "same-origin"}
    assert (await server.post(path, claim, None, headers=ours)).status == 200
    assert (await server.get("/me", None, headers=cookie | {"Sec-Fetch-Site": "cross-site"})).status == 200


async def test_a_disabled_agent_is_out_within_a_second(server: Server) -> None:
    assert (await server.get("/me")).body["login"] == "ann"
    server.access.disable("ann")
    assert (await server.get("/me")).status == 401


async def test_the_house_s_machine_is_an_agent_like_others(server: Server) -> None:
    me = (await server.get("/me", "bench")).body
    assert (me["login"], me["role"]) == ("api:bench", "admin")
    dialog = (await server.hear()).dialog
    assert (await server.act(f"dialogs/{dialog}", "claim", "bench")).status == 200
    [claimed] = (await server.get(f"/dialogs/{dialog}/actions")).body["items"]
    assert (claimed["name"], claimed["agent"]) == ("claimed", "bench")


async def test_developers_do_not_work_on_dialogs(server: Server) -> None:
    said = await server.hear()
    dialog = said.dialog
    assert (await server.act(f"dialogs/{dialog}", "claim", "dev")).status == 403
    assert (await server.reply(dialog, "Hi", "dev")).status == 403
    assert (await server.post("/lines/first/next", {}, "dev")).status == 403
    assert (await server.get("/outbox", "dev")).status == 403
    assert (await server.get("/quarantine", "dev")).status == 403
    assert (await server.ask("POST", "/files", "dev", data=b"x")).status == 403
    ticket = (await server.act(f"dialogs/{dialog}", "promote", seqs=[said.seq], title="It is late")).body[
        "ticket"
    ]
    assert (await server.act(f"tickets/{ticket}", "claim", "dev")).status == 403
    assert (await server.get(f"/dialogs/{dialog}", "dev")).body["assignee"] is None


async def test_the_second_to_claim_is_told_who_was_first_and_a_lead_may_take_over(server: Server) -> None:
    dialog = (await server.hear()).dialog
    assert (await server.act(f"dialogs/{dialog}", "claim")).status == 200
    late = await server.act(f"dialogs/{dialog}", "claim", "ben", force=True)
    assert (late.status, late.code, late.body["error"]["by"]) == (409, "taken", "Ann")
    assert (await server.act(f"dialogs/{dialog}", "claim", "lea", force=True)).status == 200
    assert (await server.get(f"/dialogs/{dialog}")).body["assignee"]["name"] == "Lea"


async def test_of_many_who_claim_at_once_one_wins(server: Server) -> None:
    dialog = (await server.hear()).dialog
    people = ["ann", "ben", "lea", "bench"]
    answers = await asyncio.gather(*(server.act(f"dialogs/{dialog}", "claim", who) for who in people))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


async def test_what_the_rules_forbid_is_refused_in_words(server: Server) -> None:
    dialog = (await server.hear()).dialog
    answer = await server.act(f"dialogs/{dialog}", "release")
    assert (answer.status, answer.code) == (409, "refused")
    assert answer.body["error"]["reason"] == "nobody has claimed this dialog"


async def test_a_reply_repeated_with_its_key_is_said_once(server: Server) -> None:
    dialog = (await server.hear()).dialog
    first = await server.reply(dialog, "Hi", key="once", mode="send")
    assert (first.status, first.body["new"], first.body["mark"], first.body["private"]) == (
        200,
        True,
        "queued",
        False,
    )
    again = await asyncio.gather(*(server.reply(dialog, "Hi", key="once", mode="send") for _ in range(5)))
    assert {(answer.body["seq"], answer.body["new"]) for answer in again} == {(first.body["seq"], False)}
    texts = [one["text"] for one in (await server.get(f"/dialogs/{dialog}/messages")).body["items"]]
    assert texts.count("Hi") == 1


async def test_a_key_is_one_agent_s_own_in_one_dialog(server: Server) -> None:
    dialog, other = (await server.hear()).dialog, (await server.hear(who="eve")).dialog
    for place, who in ((dialog, "ann"), (dialog, "lea"), (other, "ann")):
        assert (await server.reply(place, "Hi", who, key="1", mode="note")).body["new"] is True


async def test_a_reply_without_a_fit_key_is_refused(server: Server) -> None:
    dialog = (await server.hear()).dialog
    path = f"/dialogs/{dialog}/reply"
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "a b"}, {"Idempotency-Key": "k" * 201}):
        answer = await server.post(path, {"text": "Hi"}, headers=headers)
        assert (answer.status, answer.body["error"]["path"]) == (422, "header.idempotency-key")


async def test_ids_of_nothing_are_missing(server: Server) -> None:
    for subject in ("dialogs", "tickets", "wishes"):
        for foreign in ("1", "9223372036854775807", "9223372036854775808", "0", "-1", "x", "1.5", "%00", "²"):
            answer = await server.get(f"/{subject}/{foreign}")
            assert (answer.status, answer.code) == (404, "missing"), (subject, foreign)
    assert (await server.get("/dialogs/1/messages")).status == 404
    assert (await server.get("/dialogs/1/actions")).status == 404
    assert (await server.get("/files/1")).status == 404
    assert (await server.reply(1, "Hi")).status == 404
    assert (await server.act("dialogs/1", "claim")).status == 404
    assert (await server.act("tickets/1", "claim")).status == 404
    assert (await server.act("wishes/1", "accept")).status == 404
    dialog = (await server.hear()).dialog
    assert (await server.reply(dialog, "Hi", attachments=["1"])).status == 404
    assert (await server.act(f"dialogs/{dialog}", "pass", line="nowhere")).status == 404
    assert (await server.get("/no/such/thing")).body["error"]["code"] == "missing"
    assert (await server.get("/dialogs/")).status == 404
    assert (await server.ask("DELETE", f"/dialogs/{dialog}")).code == "wrong_method"


async def test_lists_go_on_by_their_cursor_and_refuse_a_foreign_one(server: Server) -> None:
    wanted = {str((await server.hear(who=f"contact-{number}")).dialog) for number in range(5)}
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await server.get("/dialogs", params={"limit": "2", "order": "due", **cursor})).body
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(found) == sorted(wanted)
    for path in ("/dialogs", "/tickets", "/wishes", "/outbox", "/quarantine"):
        answer = await server.get(path, params={"cursor": "nonsense"})
        assert (answer.status, answer.code) == (422, "invalid"), path


async def test_filters_of_a_list_are_checked_and_obeyed(server: Server) -> None:
    dialog = (await server.hear()).dialog
    await server.hear(who="eve")
    await server.act(f"dialogs/{dialog}", "claim")
    mine = await server.get("/dialogs", params={"assignee": "me", "status": "open"})
    assert [one["id"] for one in mine.body["items"]] == [str(dialog)]
    me = (await server.get("/me")).body["id"]
    assert (await server.get("/dialogs", params={"assignee": me})).body == mine.body
    assert len((await server.get("/dialogs", params={"unclaimed": "1"})).body["items"]) == 1
    two = [("status", "open"), ("status", "waiting"), ("line", "first"), ("channel", "shop")]
    assert len((await server.get("/dialogs", params=two)).body["items"]) == 2
    assert (await server.get("/dialogs", params={"search": "\0", "line": "\0first"})).status == 200
    for wrong in ({"status": "done"}, {"limit": "0"}, {"limit": "x"}, {"order": "id"}, {"assignee": "ann"}):
        answer = await server.get("/dialogs", params=wrong)
        assert (answer.status, answer.body["error"]["path"].split(".")[1]) == (422, next(iter(wrong)))


async def test_the_whole_conversation_is_read_and_then_only_what_changed(server: Server) -> None:
    dialog = (await server.hear("Hello")).dialog
    whole = (await server.get(f"/dialogs/{dialog}/messages")).body["items"]
    assert (whole[0]["text"], whole[0]["author"]["kind"], whole[0]["dialog"]) == (
        "Hello",
        "contact",
        str(dialog),
    )
    assert whole[0]["said_at"].endswith("Z")
    await server.reply(dialog, "A note", mode="note")
    after = {"after": str(whole[-1]["rev"])}
    [note] = (await server.get(f"/dialogs/{dialog}/messages", params=after)).body["items"]
    assert (note["text"], note["private"]) == ("A note", True)


async def test_next_claims_the_most_urgent_dialog_of_a_line(server: Server) -> None:
    first = (await server.hear()).dialog
    await server.hear(who="eve")
    lines = {line["name"]: line for line in (await server.get("/lines")).body}
    assert lines["first"]["waiting"] == 2
    async with asyncio.timeout(10):  # the queue is a hint in Redis, told behind the commit
        while (claimed := (await server.post("/lines/first/next", {})).body["dialog"]) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert claimed == str(first)
    assert (await server.get(f"/dialogs/{first}")).body["assignee"]["name"] == "Ann"
    bare = await server.ask("POST", "/lines/second/next")
    assert (bare.status, bare.body) == (200, {"dialog": None})


async def test_a_matter_becomes_a_ticket_that_comes_back_with_a_draft(server: Server) -> None:
    said = await server.hear("It crashes")
    promoted = await server.act(
        f"dialogs/{said.dialog}",
        "promote",
        seqs=[said.seq],
        title="A crash",
        line="second",
        note="Look",
        tell=False,
    )
    path = f"tickets/{promoted.body['ticket']}"
    assert (await server.act(path, "note", "ben", text="Seen")).status == 200
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await server.act(path, "due", "ben", due_at=due)).status == 200
    assert (await server.act(path, "due", "ben", due_at=None)).status == 200
    assert (await server.act(path, "hand_back", "ben", draft="Try again")).body["status"] == "returned"
    ticket = (await server.get(f"/{path}")).body
    assert [one["text"] for one in ticket["quotes"]] == ["It crashes"]
    assert ticket["draft"] == "Try again"
    assert (await server.act(path, "answer", text="Please try again")).body["status"] == "resolved"
    [listed] = (await server.get("/tickets", params={"status": "resolved", "dialog": str(said.dialog)})).body[
        "items"
    ]
    assert (listed["id"], listed["quotes"]) == (ticket["id"], [])


async def test_a_wish_goes_its_way_to_the_contacts(server: Server) -> None:
    said = await server.hear("Dark mode!")
    filed = await server.act(f"dialogs/{said.dialog}", "wish", seq=said.seq, title="Dark mode")
    path = f"wishes/{filed.body['wish']}"
    deadline = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    assert (await server.act(path, "pick_up", deadline=deadline, priority="high")).status == 403
    assert (await server.act(path, "accept")).body["status"] == "accepted"
    picked = await server.act(path, "pick_up", "dev", deadline=deadline, priority="high")
    assert picked.body["status"] == "scheduled"
    shipped = await server.act(path, "ship", "dev", announcement={"en": "It is dark now"})
    assert shipped.body == {"status": "shipped", "announce": "review"}
    assert (await server.act(path, "approve", "dev")).status == 403
    assert (await server.act(path, "approve")).body["announce"] == "going"
    wish = (await server.get(f"/{path}", "dev")).body
    assert (wish["asked"], wish["askers"][0]["text"]) == (1, "Dark mode!")
    assert [
        one["id"] for one in (await server.get("/wishes", params={"status": "shipped"})).body["items"]
    ] == [wish["id"]]


async def test_developers_see_a_proposal_of_the_bot_once_an_agent_has_accepted_it(server: Server) -> None:
    await server.hear("I miss something", who="dina", channel=FRONT)
    await server.hear("A dark mode", who="dina", channel=FRONT)
    (wish,) = (await server.get("/wishes?status=proposed")).body["items"]
    assert (wish["title"], wish["asked"]) == ("A dark mode", 1)
    path = f"wishes/{wish['id']}"
    assert (await server.get("/wishes", "dev")).body["items"] == []
    assert (await server.get(f"/{path}", "dev")).status == 404
    refused = await server.act(path, "accept", "dev")
    assert refused.status == 403
    assert (await server.act(path, "accept", title="Night mode")).body["status"] == "new"
    (seen,) = (await server.get("/wishes", "dev")).body["items"]
    assert (seen["title"], seen["created_by"]) == ("Night mode", "Ann")


async def test_the_house_sees_posts_in_trouble_quarantine_and_findings(server: Server) -> None:
    dialog = (await server.hear()).dialog
    with server.database.write() as connection:
        connection.execute(sa.update(t.outbox).values(state="failed", reason="blocked"))
    posts = (await server.get("/outbox")).body["items"]
    assert {(one["state"], one["reason"], one["dialog"]) for one in posts} == {
        ("failed", "blocked", str(dialog))
    }
    assert (await server.get("/outbox", params={"state": "unknown"})).body == {"items": [], "next": None}
    await server.router.quarantine(SHOP, "odd", b"\xff{", "no JSON")
    [event] = (await server.get("/quarantine")).body["items"]
    assert event["reason"] == "no JSON"
    assert (await server.get("/findings")).body == {"items": []}


async def test_a_file_goes_up_is_sent_and_comes_down_to_be_saved(server: Server) -> None:
    dialog = (await server.hear()).dialog
    bytes_ = bytes(range(256)) * 100
    headers = {"X-File-Name": "%D1%87%D0%B5%D0%BA%20%22x%22.html", "Content-Type": "text/html; charset=utf-8"}
    file = (await server.ask("POST", "/files", data=bytes_, headers=headers)).body
    assert (file["name"], file["type"], file["size"]) == ("чек _x_.html", "text/html", len(bytes_))
    assert (await server.reply(dialog, "", "ben", attachments=[file["id"]])).status == 404, "it is not his"
    assert (await server.reply(dialog, "", attachments=[file["id"]] * 2)).status == 200
    items = (await server.get(f"/dialogs/{dialog}/messages")).body["items"]
    [shown] = [one for message in items for one in message["attachments"]]
    down = await server.get(shown["url"].removeprefix("/api/v1"), "dev")
    assert down.body == bytes_
    assert down.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%D1%87")
    assert "sandbox" in down.headers["Content-Security-Policy"]
    assert down.headers["X-Content-Type-Options"] == "nosniff"
    assert (await server.get(f"/files/{file['id']}", None)).status == 401


async def test_a_file_that_is_too_large_leaves_nothing(server: Server, tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * (FILE_BYTES // 10)

    for data in (b"x" * (FILE_BYTES + 1), chunks()):
        answer = await server.ask("POST", "/files", data=data)
        assert (answer.status, answer.code) == (413, "too_large")
    assert list((tmp_path / "files").iterdir()) == []
    with server.database.read() as connection:
        assert connection.execute(sa.select(t.attachment.c.id)).all() == []
    assert (await server.ask("POST", "/files", data=b"x" * FILE_BYTES)).status == 200


async def test_a_file_that_is_lost_is_missing(server: Server, tmp_path: Path) -> None:
    file = (await server.ask("POST", "/files", data=b"x")).body
    for kept in (tmp_path / "files").iterdir():
        kept.unlink()
    assert (await server.get(f"/files/{file['id']}")).status == 404


async def test_a_page_is_woken_when_what_it_watches_changes(server: Server) -> None:
    dialog = (await server.hear()).dialog
    headers = {"Authorization": f"Bearer {server.tokens['ann']}"}
    params = [("keys", "board"), ("keys", f"dialog:{dialog}")]
    async with server.client.get(f"{server.url}/api/v1/events", params=params, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert (await response.content.readline()).startswith(b":")
        await server.reply(dialog, "A note", mode="note")
        wanted = f'data: {{"keys":["dialog:{dialog}"]}}\n'.encode()
        async with asyncio.timeout(10):
            while (await response.content.readline()) != wanted:
                pass


async def test_a_stream_ends_with_its_agent(server: Server) -> None:
    dialog = (await server.hear()).dialog
    headers = {"Authorization": f"Bearer {server.tokens['ann']}"}
    params = {"keys": f"dialog:{dialog}"}
    async with server.client.get(f"{server.url}/api/v1/events", params=params, headers=headers) as response:
        await response.content.readline()
        server.access.disable("ann")
        await server.reply(dialog, "A note", "lea", mode="note")
        async with asyncio.timeout(10):
            assert f'"dialog:{dialog}"' not in (await response.content.read()).decode()


async def test_a_page_watches_only_what_agents_may_see(server: Server) -> None:
    for keys in ([], ["address:shop/carl"], ["desk", "x"], ["dialog:0"], ["dialog:1\n"], ["desk"] * 201):
        answer = await server.get("/events", params=[("keys", key) for key in keys])
        assert answer.status == 422, keys


async def test_a_database_out_of_reach_is_said_so_and_nothing_is_acknowledged(server: Server) -> None:
    dialog = (await server.hear()).dialog
    assert (await server.get("/me")).status == 200
    with server.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE seen RENAME TO gone"))
        connection.execute(sa.text("ALTER TABLE contact RENAME TO gone_too"))
    for answer in (await server.reply(dialog, "Hi"), await server.get(f"/dialogs/{dialog}")):
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "unavailable", "1")
        assert "sql" not in str(answer.body).lower()
