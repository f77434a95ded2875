"""What changes about messages, over REST: edits, deletions, quotes, reactions, and events that are read again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.errors import Refused
from bridge.messages import Address, Deleted, Edited, EventKey, NativeId, Reachable, Reacted
from tests.conversations.samples import SHOP
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio
CARL = Address("carl")


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


async def messages(server: Server, dialog: int) -> dict[int, Any]:
    items = (await server.get(f"/dialogs/{dialog}/messages")).body["items"]
    return {item["seq"]: item for item in items}


async def test_a_contacts_changes_are_shown_with_what_was_there_before(server: Server) -> None:
    said = await server.hear("Where is it?")
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    native = NativeId("n-0")
    await server.router.hear(Edited(SHOP, CARL, EventKey("e"), native, "Where is 17?", edited_at=at))
    await server.router.hear(Reacted(SHOP, CARL, EventKey("r"), native, ("👍",)))
    shown = (await messages(server, said.dialog))[said.seq]
    assert (shown["text"], shown["edited_at"]) == ("Where is 17?", "2026-03-02T12:00:00Z")
    assert [each["text"] for each in shown["data"]["earlier"]] == ["Where is it?"]
    assert shown["data"]["reactions"] == ["👍"]
    await server.router.hear(Deleted(SHOP, CARL, EventKey("d"), native))
    shown = (await messages(server, said.dialog))[said.seq]
    assert shown["deleted_at"] is not None
    assert shown["text"] == "Where is 17?", "agents still read it"


async def test_a_contact_who_has_blocked_us_is_shown_so(server: Server) -> None:
    dialog = (await server.hear()).dialog
    assert (await server.get(f"/dialogs/{dialog}")).body["unreachable"] is None
    await server.router.hear(Reachable(SHOP, CARL, EventKey("b"), reachable=False, reason="blocked"))
    assert (await server.get(f"/dialogs/{dialog}")).body["unreachable"] == "blocked"
    assert [one["unreachable"] for one in (await server.get("/dialogs")).body["items"]] == ["blocked"]


async def test_agents_edit_delete_and_quote(server: Server) -> None:
    said = await server.hear()
    path = f"dialogs/{said.dialog}"
    held = (await server.reply(said.dialog, "It left todya.", reply_to=said.seq)).body
    assert held["mark"] == "held"
    edited = await server.act(path, "edit", seq=held["seq"], text="It left today.")
    assert edited.body == {"how": "rewritten", "seq": held["seq"]}
    shown = (await messages(server, said.dialog))[held["seq"]]
    assert shown["text"] == "It left today."
    assert shown["data"]["quote"]["seq"] == said.seq
    forbidden = await server.act(path, "edit", "ben", seq=held["seq"], text="Mine.")
    assert (forbidden.status, forbidden.code) == (403, "forbidden")
    refused = await server.act(path, "edit", seq=said.seq, text="His.")
    assert (refused.status, refused.body["error"]["reason"]) == (
        409, "only what agents have said can be changed",
    )  # fmt: skip
    assert (await server.act(path, "delete", seq=held["seq"])).body["how"] == "rewritten"
    assert (await messages(server, said.dialog))[held["seq"]]["mark"] == "cancelled"
    assert (await server.act(path, "delete", seq=999)).status == 404
    assert (await server.reply(said.dialog, "Hm", reply_to=999)).status == 404


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("edit", {"seq": 1}),
        ("edit", {"seq": 0, "text": "x"}),
        ("delete", {}),
        ("delete", {"seq": 1, "text": "x"}),
    ],
)
async def test_a_change_that_does_not_say_what_is_no_change(server: Server, action: str, fields: Any) -> None:
    said = await server.hear()
    assert (await server.act(f"dialogs/{said.dialog}", action, **fields)).status == 422


async def test_what_has_gone_out_where_nothing_can_be_changed_is_corrected_openly(server: Server) -> None:
    said = await server.hear()
    path = f"dialogs/{said.dialog}"
    sent = (await server.reply(said.dialog, "It left today.", mode="send")).body["seq"]
    with server.database.write() as connection:
        connection.execute(
            sa.update(t.outbox).where(t.outbox.c.kind == "send").values(state="accepted", native="o")
        )
    assert (await server.act(path, "delete", seq=sent)).status == 409
    corrected = (await server.act(path, "edit", seq=sent, text="It left yesterday.")).body
    assert corrected["how"] == "corrected"
    shown = await messages(server, said.dialog)
    assert shown[corrected["seq"]]["text"] == "Correction: It left yesterday."
    assert shown[corrected["seq"]]["event"] == "correction"
    assert shown[sent]["data"]["corrected"] == corrected["seq"]


async def test_an_event_is_read_again_by_those_who_work_with_contacts(server: Server) -> None:
    tried: list[bytes] = []

    async def read(raw: bytes) -> None:
        tried.append(raw)
        if len(tried) == 1:
            raise Refused("no text in it")

    server.router.replays = {SHOP: read}
    await server.router.quarantine(SHOP, "odd", b"{", "no JSON")
    [event] = (await server.get("/quarantine?state=held")).body["items"]
    path = f"/quarantine/{event['id']}/replay"
    assert (await server.post(path, {}, "dev")).status == 403
    assert (await server.post(path, {})).body == {"state": "held", "reason": "no text in it"}
    assert (await server.post(path, {})).body == {"state": "replayed", "reason": None}
    assert tried == [b"{", b"{"]
    assert (await server.post(path, {})).status == 409
    assert (await server.post("/quarantine/1/replay", {})).status == 404
    assert (await server.get("/quarantine?state=held")).body["items"] == []
    assert (await server.get("/quarantine?state=lost")).status == 422
