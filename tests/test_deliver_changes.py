"""The hands change and take back what they have sent, and say when a contact is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import actions as a
from bridge import errors
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.verbs import ActOnDialog
from bridge.deliver import decide
from bridge.messages import Address, Limits, Message, NativeId, ThreadId
from tests.conversations.samples import NOON, RULES, SECOND, SHOP
from tests.conversations.shell import House, Moved, emptied, housed, until
from tests.services import DATABASE_KINDS, chosen
from tests.test_deliver import (
    KEYED,
    KEYLESS,
    OLD,
    Phone,
    Wall,
    a_row,
    call,
    hands_of,
    mark_of,
    me,
    platform,
    replied,
    row_of,
    working,
)

LIMITS = Limits(edits=True, deletes=True, keyed=False)
_shop = replace(RULES.channels[SHOP], limits=LIMITS)
HOUSE_RULES = replace(RULES, channels={**RULES.channels, SHOP: _shop})


class Changing(Phone):
    """A phone that can change and take back what it shows."""

    async def edit(self, to: Address, message: Message) -> None:
        await call(self.url, to=to, edited=message.native, text=message.text, key=message.key)

    async def delete(self, to: Address, native: NativeId) -> None:
        await call(self.url, to=to, deleted=native)


class Board(Wall):
    """A wall whose notes can be changed and taken down."""

    async def edit(self, thread: ThreadId, message: Message) -> None:
        await call(self.url, edited=message.native, text=message.text, thread=thread)

    async def delete(self, thread: ThreadId, message: Message) -> None:
        await call(self.url, deleted=message.native, thread=thread)


@pytest.fixture(params=chosen("BRIDGE_TEST_DATABASES", DATABASE_KINDS))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with emptied(request, tmp_path) as database:
        yield database


@pytest.fixture
def wall() -> Moved:
    return Moved()


def native_of(house: House, dialog: int, seq: int) -> str:
    return str(row_of(house, dialog, seq).native)


def message_of(house: House, dialog: int, seq: int) -> Any:
    [row] = house.mind.rows(t.message, t.message.c.dialog == dialog, t.message.c.seq == seq)
    return row


def changes(house: House, kind: str) -> list[Any]:
    return [
        row for row in house.mind.rows(t.outbox, t.outbox.c.kind == kind) if row.destination == "channel:shop"
    ]


@pytest.mark.anyio
async def test_what_was_sent_is_changed_and_taken_back_by_what_the_platform_calls_it(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, rules=HOUSE_RULES, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        run = house.mind.committer.run
        async with working(hands_of(house, Changing(there.url, LIMITS))):
            await until(lambda: mark_of(house, dialog, seq)[0] == "accepted")
            await run(ActOnDialog(dialog, me, a.Edit(seq, "It left yesterday.")))
            await until(lambda: message_of(house, dialog, seq).text == "It left yesterday.")
            await run(ActOnDialog(dialog, me, a.Delete(seq)))
            await until(lambda: message_of(house, dialog, seq).deleted_at is not None)
        native = native_of(house, dialog, seq)
        sent, edited, deleted = there.arrived
        assert (sent["text"], edited["text"]) == ("It left today.", "It left yesterday.")
        assert (edited["edited"], deleted["deleted"]) == (native, native)


@pytest.mark.anyio
async def test_an_edit_that_met_a_broken_line_is_asked_again_and_harms_nobody(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, rules=HOUSE_RULES, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        hands = hands_of(house, Changing(there.url, LIMITS))
        async with working(hands):
            await until(lambda: mark_of(house, dialog, seq)[0] == "accepted")
            there.script.extend(["drop", "drop"])
            await house.mind.committer.run(ActOnDialog(dialog, me, a.Edit(seq, "It left yesterday.")))
            for attempts in (1, 2):
                await until(lambda: changes(house, "edit")[0].attempts == attempts)  # noqa: B023
                await until(lambda: changes(house, "edit")[0].state == "unknown")
                wall.by(5 * SECOND)
                hands.ring("channel:shop")
            await until(lambda: message_of(house, dialog, seq).text == "It left yesterday.")
        assert mark_of(house, dialog, seq)[0] == "accepted"


@pytest.mark.anyio
async def test_nothing_is_asked_about_a_message_that_never_arrived(
    database: Database, redis_url: str, wall: Moved
) -> None:
    async with housed(database, redis_url, rules=HOUSE_RULES, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        there.script.append("slow")
        hands = hands_of(house, Changing(there.url, LIMITS))
        async with working(hands):
            await until(lambda: there.asked)
            await house.mind.committer.run(ActOnDialog(dialog, me, a.Edit(seq, "It left yesterday.")))
            there.script.append("400")
            await until(lambda: row_of(house, dialog, seq).state == "unknown")
            wall.by(10 * SECOND)
            hands.ring("channel:shop")
            await until(lambda: row_of(house, dialog, seq).state == "failed")
            await until(lambda: changes(house, "edit")[0].state == "failed")
        assert changes(house, "edit")[0].reason == "the message itself has not arrived"
        assert message_of(house, dialog, seq).text == "It left yesterday.", "the next try says what it should"
        assert not [content for content in there.arrived if "edited" in content]


@pytest.mark.anyio
async def test_a_contact_who_is_gone_is_known_to_be(database: Database, redis_url: str, wall: Moved) -> None:
    async with housed(database, redis_url, rules=HOUSE_RULES, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        there.script.append("403")
        async with working(hands_of(house, Changing(there.url, LIMITS))):
            await until(lambda: mark_of(house, dialog, seq)[0] == "failed")
        [identity] = house.mind.rows(t.identity)
        assert identity.unreachable == "the contact has blocked us"


@pytest.mark.anyio
@pytest.mark.parametrize("desk", [Board, Wall], ids=["changes", "posts once more"])
async def test_a_desk_shows_what_a_message_says_now(
    database: Database, redis_url: str, wall: Moved, desk: type[Wall]
) -> None:
    async with housed(database, redis_url, rules=HOUSE_RULES, clock=wall) as house, platform() as there:
        dialog, seq = await replied(house)
        run = house.mind.committer.run
        async with working(hands_of(house, desk(there.url), Changing(there.url, LIMITS))):
            await until(lambda: mark_of(house, dialog, seq)[0] == "accepted")
            await run(ActOnDialog(dialog, me, a.Edit(seq, "It left yesterday.")))
            await run(ActOnDialog(dialog, me, a.Delete(seq)))
            await until(lambda: message_of(house, dialog, seq).deleted_at is not None)
            await until(lambda: not house.mind.count(t.outbox, t.outbox.c.state != "accepted"))
        [post] = house.mind.rows(t.outbox, t.outbox.c.message_seq == seq, t.outbox.c.kind == "post")
        at_desk = [content for content in there.arrived if "thread" in content]
        texts = [content["post"] for content in at_desk if "post" in content]
        if desk is Board:
            assert {content["edited"] for content in at_desk if "edited" in content} == {post.native}
            assert [content["deleted"] for content in at_desk if "deleted" in content] == [post.native]
            assert texts.count("It left yesterday.") == 0
        else:
            assert texts[-2:] == ["It left today.", "It left yesterday."]


# --- the decision


@pytest.mark.parametrize("kind", ["edit", "delete"])
@pytest.mark.parametrize("limits", [KEYED, KEYLESS], ids=["keyed", "keyless"])
def test_a_doubtful_change_is_repeated_until_a_day_has_passed(kind: str, limits: Limits) -> None:
    doubt = errors.Ambiguous("reset")
    row = a_row(kind=kind, human=False)
    assert decide(doubt, row, limits, NOON).state == "unknown"
    assert decide(doubt, row, limits, NOON).doubled is False
    assert decide(doubt, a_row(kind=kind, human=False, created_at=OLD), limits, NOON).state == "failed"
    at_desk = a_row(kind=kind, human=False, created_at=OLD, destination="desk:web")
    assert decide(doubt, at_desk, limits, NOON).state == "unknown"


@pytest.mark.parametrize("kind", ["send", "edit", "post"])
def test_who_is_gone_is_told_of_what_was_for_him(kind: str) -> None:
    destination = "desk:web" if kind == "post" else "channel:shop"
    outcome = decide(errors.ContactGone("blocked"), a_row(kind=kind, destination=destination), KEYED, NOON)
    assert (outcome.state, outcome.gone) == ("failed", kind != "post")
    assert decide(errors.Rejected("no"), a_row(kind=kind), KEYED, NOON).gone is False
