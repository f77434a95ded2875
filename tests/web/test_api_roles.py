"""Every verb by every role, through the API: who may, may; who may not is told so, and nothing happens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from bridge import actions as a
from bridge.conversations import roles
from bridge.conversations.access import Person
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio

KINDS: dict[roles.Subject, Any] = {
    "dialog": a.DialogAction,
    "ticket": a.TicketAction,
    "wish": a.WishAction,
}
FIELDS: dict[str, dict[str, Any]] = {
    "pass": {"line": "second"},
    "snooze": {"until": "2199-01-01T00:00:00Z"},
    "prioritise": {"priority": "low"},
    "undo": {"seq": 1},
    "retry": {"seq": 1},
    "edit": {"seq": 1, "text": "Other words."},
    "delete": {"seq": 1},
    "promote": {"seqs": [1], "title": "A ticket"},
    "wish": {"seq": 1, "title": "A wish"},
    "quote": {"seqs": [1]},
    "note": {"text": "Seen."},
    "hand_back": {"draft": "Done."},
    "answer": {"text": "Done."},
    "due": {"due_at": None},
    "pick_up": {"deadline": "2199-01-01T00:00:00Z", "priority": "low"},
    "ask_back": {"text": "Which?"},
    "clarify": {"text": "All."},
    "decline": {"reason": "No."},
}
VERBS = [(kind, verb) for kind, verbs in KINDS.items() for verb in get_args(verbs)]
WHO: dict[a.Role, str] = {"agent": "ann", "lead": "lea", "developer": "dev", "admin": "adi"}
DOCS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
async def server(redis_server: Any, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(f"sqlite:///{tmp_path / 'bridge.db'}", redis_server.url, tmp_path) as server:
        server.access.add(Person("adi", "Adi", "admin"))
        server.tokens["adi"] = server.access.issue_token("adi", "test")
        yield server


def named(verb: Any) -> str:
    return str(next(field.default for field in fields(verb) if field.name == "action"))


async def subjects(server: Server) -> dict[str, str]:
    """A dialog, a ticket and a wish."""
    said = await server.hear()
    dialog = f"dialogs/{said.dialog}"
    ticket = (await server.act(dialog, "promote", seqs=[said.seq], title="A ticket")).body["ticket"]
    wish = (await server.act(dialog, "wish", seq=said.seq, title="A wish")).body["wish"]
    return {"dialog": dialog, "ticket": f"tickets/{ticket}", "wish": f"wishes/{wish}"}


async def test_every_verb_is_for_the_roles_of_the_table_and_no_other(server: Server) -> None:
    at = await subjects(server)
    for kind, verb in VERBS:
        action = named(verb)
        for role in roles.ROLES:
            answer = await server.act(at[kind], action, WHO[role], **FIELDS.get(action, {}))
            forbidden = answer.status == 403 and "only" in answer.body["error"]["reason"]
            assert forbidden == (role not in roles.allowed(kind, verb)), (kind, action, role, answer.body)
            assert answer.status in (200, 403, 404, 409), (kind, action, role, answer.body)


async def test_who_may_not_work_with_contacts_may_not_write_to_them_nor_take_them(server: Server) -> None:
    dialog = (await server.hear()).dialog
    assert (await server.reply(dialog, "Hello", "dev")).status == 403
    assert (await server.post("/lines/first/next", {}, "dev")).status == 403
    for path in ("/outbox", "/quarantine"):
        assert (await server.get(path, "dev")).status == 403
    assert (await server.get(f"/dialogs/{dialog}/messages", "dev")).status == 200
    said = (await server.get(f"/dialogs/{dialog}/messages")).body["items"]
    assert {message["author"]["kind"] for message in said} <= {"contact", "bot"}


async def test_tasks_are_made_by_those_who_build(server: Server) -> None:
    for role in roles.ROLES:
        answer = await server.post("/wishes", {"title": f"By {role}"}, WHO[role])
        assert answer.status == (200 if role in roles.BUILDERS else 403)
    assert (await server.post("/wishes", {"title": "x", "kind": "wish"}, "dev")).status == 422


async def test_only_leads_take_from_a_colleague_what_he_has(server: Server) -> None:
    at = await subjects(server)
    later = {"deadline": "2199-01-01T00:00:00Z", "priority": "low"}
    assert (await server.act(at["dialog"], "claim", "ann")).status == 200
    assert (await server.act(at["ticket"], "claim", "ann")).status == 200
    assert (await server.act(at["wish"], "pick_up", "dev", **later)).status == 200
    server.access.add(Person("eve", "Eve", "developer"))
    server.tokens["eve"] = server.access.issue_token("eve", "test")
    for kind, action, more, others in (
        ("dialog", "claim", {}, "ben"),
        ("ticket", "claim", {}, "ben"),
        ("wish", "pick_up", later, "eve"),
    ):
        taken = await server.act(at[kind], action, others, force=True, **more)
        assert (taken.status, taken.code) == (409, "taken"), kind
        assert taken.body["error"]["by"] in ("Ann", "Dev")
        assert (await server.act(at[kind], action, "lea", **more)).status == 409, kind
        assert (await server.act(at[kind], action, "lea", force=True, **more)).status == 200, kind


def test_the_table_in_the_manual_says_the_same() -> None:
    """Each row: what, then a yes for each role in the order of the head."""
    rows = re.findall(
        r"^\| `(dialog|ticket|wish)` ([`a-z_, ]+) \|" + r" (yes|) *\|" * 4 + "$",
        DOCS.read_text(),
        re.MULTILINE,
    )
    said = {
        (kind, verb): {role for role, yes in zip(roles.ROLES, marks, strict=True) if yes}
        for kind, verbs, *marks in rows
        for verb in re.findall(r"`(\w+)`", verbs)
    }
    assert said == {(kind, named(verb)): set(roles.allowed(kind, verb)) for kind, verb in VERBS}
