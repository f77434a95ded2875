""" "Told 2 of 3": who was not reached is named with the reason, and gets the news once more, he alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.commands import Receive
from bridge.conversations.database import Database
from bridge.conversations.door import Door
from bridge.conversations.reader import Reader
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog, ActOnWish
from bridge.media import Files
from bridge.messages import Priority, WishId
from tests.conversations.samples import HOUR, MINUTE, NOON, RULES
from tests.conversations.shell import Mind, Moved, said

pytestmark = pytest.mark.anyio
CONTACTS = (1, 2, 3)


@pytest.fixture
def people(database: Database) -> Iterator[dict[str, a.Agent]]:
    access = Access(database, {})
    yield {
        "ann": access.add(Person("ann", "Ann")),
        "dev": access.add(Person("dev", "Dev", "developer")),
    }
    access.close()


@pytest.fixture
def reader(database: Database) -> Iterator[Reader]:
    reader = Reader(database, RULES)
    yield reader
    reader.close()


def shipped(mind: Mind, ann: a.Agent, dev: a.Agent) -> WishId:
    """A wish of three contacts whose news may go out."""
    heard = [mind.do(Receive(said(number, "Could it be dark?"))) for number in CONTACTS]
    made = mind.do(ActOnDialog(heard[0].dialog, ann, a.FileWish(heard[0].seq, "Dark mode")))
    wish = WishId(int(made["wish"]))
    for receipt in heard[1:]:
        mind.do(ActOnDialog(receipt.dialog, ann, a.FileWish(receipt.seq, wish=wish)))
    mind.do(ActOnWish(wish, dev, a.PickUp(NOON + HOUR, Priority.normal)))
    mind.do(ActOnWish(wish, dev, a.Ship()))
    mind.do(ActOnWish(wish, ann, a.Approve()))
    return wish


def sent(mind: Mind, wall: Moved, *, lost: str = "") -> int:
    """Lets everything go out, the news of one address aside; how many were sent the news, in however many parts."""
    lanes = sorted({row.lane for row in mind.rows(t.outbox) if row.destination.startswith("channel:")})
    addresses = {row.dialog: row.address for row in mind.rows(t.identity)}
    told = set()
    while rows := mind.do(Take(lanes, "me", wall.at + MINUTE)):
        for row in rows:
            news = "wish" in row.payload
            told |= {row.dialog} if news else set()
            failed = news and addresses[row.dialog] == lost
            outcome = Outcome(
                "failed" if failed else "accepted", wall.at, reason="blocked us" if failed else None
            )
            mind.do(Settle(row, outcome))
    return len(told)


async def test_who_was_not_reached_is_named_and_told_once_more_he_alone(
    mind: Mind, wall: Moved, people: dict[str, a.Agent], reader: Reader
) -> None:
    wish = shipped(mind, people["ann"], people["dev"])
    door = Door(mind.database, mind.committer, RULES, Files("memory://files", b"secret"))
    assert door.announce() == 3
    assert sent(mind, wall, lost="visitor-2") == 3
    view = await reader.wish(wish)
    assert (view.status, view.asked, view.told, view.missed) == ("told", 3, 2, 1)
    [missed] = [asker for asker in view.askers if asker.state == "failed"]
    assert missed.reason == "blocked us"

    mind.do(ActOnWish(wish, people["dev"], a.TellAgain()))
    view = await reader.wish(wish)
    assert (view.status, view.announce, view.missed) == ("shipped", "going", 0)
    assert door.announce() == 1
    assert sent(mind, wall) == 1
    view = await reader.wish(wish)
    assert (view.status, view.told, view.missed) == ("told", 3, 0)
    assert [(note.author.name, note.event) for note in view.story][-2:] == [
        ("Ann", "approved"),
        ("Dev", "told_again"),
    ]
    assert door.announce() == 0
