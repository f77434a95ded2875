"""What the desk asks beside dialogs, at the wire: search, who is on duty, why nobody answers, macros, a contact's past."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.queue import DUTY
from bridge.messages import Health
from tests.conversations.samples import FIRST
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


async def found(server: Server, words: str, **params: Any) -> list[Any]:
    """What a search answers."""
    answer = await server.get("/search", params={"q": words, **params})
    assert answer.status == 200, answer.body
    return list(answer.body["items"])


async def reasons(server: Server) -> list[tuple[str, str, int]]:
    """Why nobody answers, in short."""
    items = (await server.get("/health")).body["items"]
    return [(item["kind"], item["subject"], item["count"]) for item in items]


async def test_search_finds_words_names_and_tickets_with_the_place_where_they_stand(server: Server) -> None:
    parcel = await server.hear("Где моя посылка? Она должна была прийти вчера", "anna")
    other = await server.hear("My card was charged twice", "boris")
    await server.reply(other.dialog, "The parcel service has it", mode="note")

    [one] = await found(server, "ПОСЫЛКА")
    assert (one["dialog"]["id"], one["seq"]) == (str(parcel.dialog), parcel.seq)
    assert one["snippet"] == "Где моя посылка? Она должна была прийти вчера"
    assert [one["dialog"]["contact"]["name"] for one in await found(server, "boris")] == ["Boris"]
    [noted] = await found(server, "parcel")
    assert noted["dialog"]["id"] == str(other.dialog), "notes are found too"
    assert await found(server, "%") == []
    assert await found(server, "   ") == []
    assert len(await found(server, "a", limit=1)) == 1

    made = await server.act(
        f"dialogs/{parcel.dialog}", "promote", seqs=[parcel.seq], title="Lost in Tver", tell=False
    )
    number = made.body["number"]
    [titled] = await found(server, "tver")
    assert titled["ticket"] == {"id": made.body["ticket"], "number": number, "title": "Lost in Tver"}
    assert (await found(server, f"#{number}"))[0]["dialog"]["id"] == str(parcel.dialog)
    assert (await server.get("/search", params={"q": "x" * 201})).status == 422


async def test_a_snippet_is_the_place_of_the_words_and_not_the_whole_text(server: Server) -> None:
    await server.hear("before " * 100 + "\n\nneedle\n" + "after " * 100)
    [one] = await found(server, "needle")
    assert "before needle after" in one["snippet"]
    assert one["snippet"].startswith("…")
    assert one["snippet"].endswith("…")
    assert len(one["snippet"]) < 200


async def test_the_dialogs_of_one_contact_are_listed_together(server: Server) -> None:
    first = await server.hear("One", "anna")
    await server.hear("Another's", "boris")
    await server.act(f"dialogs/{first.dialog}", "resolve")
    with server.database.write() as connection:
        connection.execute(
            sa.update(t.dialog)
            .where(t.dialog.c.id == first.dialog)
            .values(resolved_at=datetime.now(UTC) - timedelta(days=30))
        )
    second = await server.hear("Two", "anna")
    assert second.dialog != first.dialog
    contact = (await server.get(f"/dialogs/{second.dialog}")).body["contact"]["id"]
    items = (await server.get("/dialogs", params={"contact": contact})).body["items"]
    assert [item["id"] for item in items] == [str(second.dialog), str(first.dialog)]


async def test_an_agent_writes_down_who_the_contact_is_and_the_house_remembers_who_did(
    server: Server,
) -> None:
    dialog = (await server.hear("My name is Anna", "anna")).dialog
    path = f"dialogs/{dialog}"
    answer = await server.act(path, "introduce", name="  Anna  Berg ", email="Anna@Example.ORG")
    assert answer.status == 200, answer.body
    contact = (await server.get(f"/{path}")).body["contact"]
    assert (contact["name"], contact["email"]) == ("Anna Berg", "Anna@example.org")
    [done, *_] = (await server.get(f"/{path}/actions")).body["items"]
    assert (done["name"], done["agent"]) == ("introduced", "Ann")
    await server.act(path, "introduce", name="Anna B.")
    contact = (await server.get(f"/{path}")).body["contact"]
    assert (contact["name"], contact["email"]) == ("Anna B.", "Anna@example.org")
    for wrong in ({"email": "no address"}, {}, {"name": "x" * 101}):
        assert (await server.act(path, "introduce", **wrong)).status == 409, wrong
    assert (await server.act(path, "introduce", "dev", name="Eve")).status == 403


async def test_who_says_that_he_is_there_is_on_duty_for_a_quarter_of_an_hour(
    server: Server, redis_url: str
) -> None:
    assert (await server.get("/me/duty")).body == {"on": False}
    assert (await server.post("/me/duty", {"on": True})).body == {"on": True}
    assert (await server.get("/me/duty")).body == {"on": True}
    assert (await server.get("/health")).body["on_duty"]["first"] == ["Ann"]
    with redis_py.Redis.from_url(redis_url) as client:
        [(_, until)] = client.zrange(DUTY + FIRST, 0, -1, withscores=True)
        assert 895 <= until / 1000 - datetime.now(UTC).timestamp() <= 901
    assert (await server.post("/me/duty", {"on": False})).body == {"on": False}
    assert (await server.get("/me/duty")).body == {"on": False}
    assert (await server.post("/me/duty", {"on": True}, "ben")).body == {"on": False}, "he has no line"
    assert (await server.post("/me/duty", {"on": True}, "dev")).status == 403
    assert (await server.post("/me/duty", {"on": 1})).status == 422


async def test_a_queue_that_nobody_looks_after_is_a_reason_until_somebody_does(server: Server) -> None:
    assert await reasons(server) == []
    await server.hear("Anybody?", "anna")
    await server.hear("Hello?", "boris")
    assert await reasons(server) == [("nobody_on_duty", "first", 2)]
    await server.post("/me/duty", {"on": True})
    assert await reasons(server) == []


async def test_dialogs_past_their_time_are_a_reason(server: Server) -> None:
    await server.post("/me/duty", {"on": True})
    said = await server.hear("Still here")
    with server.database.write() as connection:
        connection.execute(
            sa.update(t.dialog)
            .where(t.dialog.c.id == said.dialog)
            .values(due_at=datetime.now(UTC) - timedelta(1))
        )
    assert await reasons(server) == [("overdue", "first", 1)]


async def test_a_channel_that_says_that_it_is_down_is_the_first_reason(server: Server) -> None:
    server.health["channel:shop"] = Health(ok=False, reason="the token is wrong", repair="set a new token")
    [item] = (await server.get("/health")).body["items"]
    assert item == {
        "kind": "channel_down",
        "subject": "channel:shop",
        "title": "shop",
        "count": 0,
        "reason": "the token is wrong",
        "repair": "set a new token",
    }


async def test_posts_that_failed_lately_or_are_late_are_a_reason_and_old_failures_are_not(
    server: Server,
) -> None:
    await server.post("/me/duty", {"on": True})
    said = await server.hear()
    now = datetime.now(UTC)
    for number, (state, age) in enumerate([("failed", 1), ("failed", 60), ("delayed", 60)]):
        with server.database.write() as connection:
            connection.execute(
                sa.insert(t.outbox).values(
                    id=number + 1, lane="x", seq=number, part=0, kind="send", destination="channel:mail",
                    dialog=said.dialog, human=True, payload={}, key=str(number), state=state, not_before=now,
                    attempts=1, doubled=False, reason=f"reason {number}", created_at=now,
                    settled_at=now - timedelta(minutes=age) if state == "failed" else None,
                )
            )  # fmt: skip
    assert await reasons(server) == [("posts_failed", "channel:mail", 1), ("posts_late", "channel:mail", 1)]
    assert (await server.get("/health")).body["items"][0]["reason"] == "reason 2"


async def test_developers_are_not_told_who_is_on_duty(server: Server) -> None:
    assert (await server.get("/health", "dev")).status == 403
    assert (await server.get("/macros", "dev")).status == 403


async def test_macros_come_in_the_language_of_the_contact_or_in_their_first(server: Server) -> None:
    items = (await server.get("/macros", params={"language": "ru-RU"})).body["items"]
    assert items[0] == {
        "name": "greet",
        "title": "Greeting",
        "language": "ru",
        "text": "Здравствуйте, {name}!",
        "slots": ["name"],
    }
    assert items[1]["language"] == "de"
    items = (await server.get("/macros")).body["items"]
    assert (items[0]["text"], items[0]["slots"]) == ("Hello {name}, {agent} here.", ["name", "agent"])
