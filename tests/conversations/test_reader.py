"""What pages and the API are shown, from rows that commands have written: on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.commands import Reached, Receive, Reply, StoreFile
from bridge.conversations.committer import Command, Committer
from bridge.conversations.database import Database
from bridge.conversations.effects import Effects
from bridge.conversations.quarantine import Quarantine
from bridge.conversations.reader import Reader
from bridge.conversations.reading import matching
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog, ActOnTicket, ActOnWish
from bridge.errors import Missing, Refused, Unavailable
from bridge.messages import (
    Address,
    Author,
    DialogId,
    EventKey,
    FileId,
    Incoming,
    Mark,
    NativeId,
    Priority,
    Receipt,
    TicketId,
    WishId,
)
from tests.conversations.samples import DAY, FIRST, MINUTE, NOON, OFFICE, RULES, SECOND, SECOND_LINE, SHOP

pytestmark = pytest.mark.anyio

T = TypeVar("T")


class Clock:
    """Stands still until a test moves it."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    """A committer with a clock that stands still, and people."""

    database: Database
    committer: Committer
    reader: Reader
    ann: a.Agent
    ben: a.Agent
    dev: a.Agent
    clock: Clock
    events: int = 0

    @property
    def now(self) -> datetime:
        return self.clock.now

    @now.setter
    def now(self, moment: datetime) -> None:
        self.clock.now = moment

    def do(self, command: Command[T]) -> T:
        """Commits one second after what was committed before."""
        self.now += SECOND
        return self.committer.run_sync(command)

    def hear(self, text: str, who: str = "carl", **fields: Any) -> Receipt:
        self.events += 1
        known: dict[str, Any] = {
            "channel": SHOP,
            "name": who.title(),
            "native": NativeId(f"client-{self.events}"),
        }
        incoming = Incoming(
            address=Address(who), event_key=EventKey(str(self.events)), text=text, **known | fields
        )
        return self.do(Receive(incoming))

    def say(self, dialog: DialogId, text: str, agent: a.Agent | None = None, **fields: Any) -> Receipt:
        agent = agent or self.ann
        self.events += 1
        author = Author("agent", agent.id, agent.name)
        return self.do(Reply(dialog, author, text, f"reply-{self.events}", **{"mode": "send"} | fields))

    def settle(self, dialog: DialogId, state: Any = "accepted", **fields: Any) -> int:
        """Lets the channel's platform answer so for all that is queued; how many rows that were."""
        settled = 0
        self.now += MINUTE
        while rows := self.do(Take([f"{dialog}>channel:{SHOP}"], "me", self.now + MINUTE)):
            for row in rows:
                self.do(Settle(row, Outcome(state, self.now, **fields)))
            settled += len(rows)
        return settled

    def act(self, dialog: DialogId, verb: a.DialogAction, agent: a.Agent | None = None) -> Any:
        return self.do(ActOnDialog(dialog, agent or self.ann, verb))


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    database = Database(database_url)
    with database.write() as connection:
        t.metadata.create_all(connection)
    access = Access(database, {"bench": "x"})
    ann, ben = access.add(Person("ann", "Ann")), access.add(Person("ben", "Ben", "lead"))
    dev = access.add(Person("dev", "Dev", "developer"))
    access.ensure_agents()
    reader = Reader(database, RULES)
    clock = Clock()
    committer = Committer(database, RULES, Effects().merge, clock=clock)
    house = House(database, committer, reader, ann, ben, dev, clock)
    committer.start()
    yield house
    committer.stop()
    reader.close()
    access.close()
    database.close()


async def test_a_dialog_is_shown_with_its_contact_promise_and_assignee(house: House) -> None:
    dialog = house.hear("Where is my parcel?", language="ru", page="https://shop.example/cart").dialog
    view = await house.reader.dialog(dialog)
    assert (view.id, view.channel, view.status, view.line) == (str(dialog), SHOP, "open", FIRST)
    assert (view.contact.name, view.contact.language, view.page) == (
        "Carl",
        "ru",
        "https://shop.example/cart",
    )
    assert (view.preview, view.assignee, view.priority) == ("Where is my parcel?", None, "normal")
    assert view.promise is not None
    assert view.promise.due_at - view.promise.started_at == 2 * MINUTE
    house.act(dialog, a.Claim())
    view = await house.reader.dialog(dialog)
    assert view.assignee is not None
    assert (view.assignee.kind, view.assignee.id, view.assignee.name) == ("agent", str(house.ann.id), "Ann")


async def test_what_does_not_exist_is_missing(house: House) -> None:
    with pytest.raises(Missing):
        await house.reader.dialog(DialogId(1))
    with pytest.raises(Missing):
        await house.reader.messages(DialogId(1))
    with pytest.raises(Missing):
        await house.reader.ticket(TicketId(1))
    with pytest.raises(Missing):
        await house.reader.wish(WishId(1))
    with pytest.raises(Missing):
        await house.reader.file(FileId(1))
    assert await house.reader.current(SHOP, Address("nobody")) is None
    assert await house.reader.visible(SHOP, Address("nobody")) == []
    assert await house.reader.actions("dialog:1") == []


async def test_a_list_in_parts_shows_each_dialog_once_in_either_order(house: House) -> None:
    for number in range(7):
        house.hear("Hello", f"contact-{number}")
    low = (await house.reader.dialogs()).items[3]
    house.act(DialogId(int(low.id)), a.Resolve())
    for order in ("changed", "due"):
        whole = [one.id for one in (await house.reader.dialogs(order=order)).items]
        assert len(set(whole)) == 7
        parts: list[str] = []
        cursor = None
        for _ in range(4):
            page = await house.reader.dialogs(order=order, cursor=cursor, limit=2)
            parts += [one.id for one in page.items]
            cursor = page.next
        assert cursor is None
        assert parts == whole
    assert (await house.reader.dialogs(order="due")).items[-1].id == low.id
    assert (await house.reader.dialogs(order="changed")).items[0].id == low.id


async def test_dialogs_that_share_a_moment_are_not_lost_between_parts(house: House) -> None:
    for number in range(5):
        house.hear("Hello", f"contact-{number}")
    with house.database.write() as connection:
        connection.execute(sa.update(t.dialog).values(changed_at=NOON, due_at=NOON))
    for order in ("changed", "due"):
        seen: list[str] = []
        cursor = None
        while True:
            page = await house.reader.dialogs(order=order, cursor=cursor, limit=1)
            seen += [one.id for one in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    "cursor",
    ["x", "W10", "WzFd", "WzEsMiwzXQ", "W3RydWUsMV0", "WyIxIiwyXQ", "WzFlOTk5LDFd", "é", "=", "a" * 5000],
)
async def test_a_cursor_that_is_none_of_ours_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(Refused, match="cursor"):
        await house.reader.dialogs(cursor=cursor)


async def test_filters_narrow_a_list(house: House) -> None:
    one, two = house.hear("Hello", "one").dialog, house.hear("Hello", "two").dialog
    three = house.hear("Hello", "three", channel="mail").dialog
    house.act(two, a.Claim())
    house.act(one, a.Pass(SECOND_LINE))
    house.act(three, a.Resolve())

    async def ids(**filters: Any) -> set[int]:
        return {int(dialog.id) for dialog in (await house.reader.dialogs(**filters)).items}

    assert await ids(status=["open"]) == {one, two}
    assert await ids(status=["open", "resolved"]) == {one, two, three}
    assert await ids(line=SECOND_LINE) == {one}
    assert await ids(channel="mail") == {three}
    assert await ids(assignee=house.ann.id) == {two}
    assert await ids(unclaimed=True) == {one, three}
    assert await ids(unclaimed=True, status=["open"], line=FIRST) == set()


async def test_search_finds_names_and_words_in_any_alphabet_and_takes_signs_literally(house: House) -> None:
    one = house.hear("Мой ЗАКАЗ не пришёл", "one", name="Ёлка Петрова").dialog
    two = house.hear("100% off_road \\o/", "two").dialog
    house.say(two, "A secret note", mode="note")

    async def found(words: str, **filters: Any) -> set[int]:
        return {int(dialog.id) for dialog in (await house.reader.dialogs(search=words, **filters)).items}

    assert await found("заказ") == {one}
    assert await found("ёлка") == {one}
    assert await found("ПЕТРОВА", line=FIRST) == {one}
    assert await found("100%") == {two}
    assert await found("1%0") == set()
    assert await found("off_r") == {two}
    assert await found("offxr") == set()
    assert await found("\\O/") == {two}
    assert await found("secret NOTE") == {two}
    assert await found("'; DROP TABLE dialog; --") == set()
    assert await found("claimed this dialog") == set(), "lines of the bridge itself are not searched"
    assert await found("   ") == {one, two}


async def test_search_looks_into_the_latest_dialogs_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = house.hear("parcel", "old").dialog, house.hear("parcel", "new").dialog
    assert len((await house.reader.dialogs(search="parcel")).items) == 2
    monkeypatch.setattr(matching, "SEARCHED", 1)
    assert [int(one.id) for one in (await house.reader.dialogs(search="parcel")).items] == [new]
    assert old != new


async def test_messages_come_in_the_order_of_rev_and_changed_ones_again(house: House) -> None:
    dialog = house.hear("Hello").dialog
    receipt = house.say(dialog, "Hi, this is Ann")
    everything = await house.reader.messages(dialog)
    assert [one.rev for one in everything] == sorted(one.rev for one in everything)
    assert everything[0].author.kind == "contact"
    assert "Hi, this is Ann" in [one.text for one in everything]
    last = everything[-1].rev
    assert await house.reader.messages(dialog, after=last) == []
    assert house.settle(dialog)
    again = await house.reader.messages(dialog, after=last)
    assert receipt.seq in [one.seq for one in again]
    assert {one.mark for one in again} == {"accepted"}


async def test_messages_that_change_together_are_not_parted_by_a_limit(house: House) -> None:
    dialog = house.hear("Hello").dialog
    for number in range(5):
        house.say(dialog, f"Answer {number}")
    house.settle(dialog)
    last = (await house.reader.messages(dialog))[-1].rev
    house.do(Reached(SHOP, Address("carl"), last, Mark.read))
    together = await house.reader.messages(dialog, after=last, limit=1)
    assert len(together) >= 5
    assert len({one.rev for one in together}) == 1
    assert await house.reader.messages(dialog, after=together[-1].rev) == []


async def test_a_contact_sees_his_words_and_what_of_ours_has_reached_him(house: House) -> None:
    dialog = house.hear("Hello").dialog
    house.hear("Me too", "eve")

    async def shown() -> list[tuple[str, str]]:
        return [(one.author.kind, one.text) for one in await house.reader.visible(SHOP, Address("carl"))]

    house.settle(dialog)
    before = await shown()
    assert before[0] == ("contact", "Hello")
    held = house.say(dialog, "Held and then sent", mode="auto")
    assert held.mark is Mark.held
    house.say(dialog, "For colleagues", mode="note")
    house.act(dialog, a.Prioritise(Priority.high))
    assert await shown() == before
    house.settle(dialog)
    assert await shown() == [*before, ("agent", "Held and then sent")]
    house.say(dialog, "This fails")
    house.settle(dialog, "failed", reason="blocked")
    assert await shown() == [*before, ("agent", "Held and then sent")]


async def test_a_contact_learns_nothing_of_the_house_but_a_name(house: House) -> None:
    dialog = house.hear("Hello").dialog
    house.say(dialog, "Hi")
    house.settle(dialog)
    mine, *_, ours = await house.reader.visible(SHOP, Address("carl"))
    assert (ours.author.id, ours.author.name, ours.client_id, ours.reason) == (None, "Ann", None, None)
    assert (mine.client_id, mine.author.name) == ("client-1", "Carl")
    assert not any(one.private for one in await house.reader.visible(SHOP, Address("carl")))


async def test_what_was_deleted_has_no_words_for_the_contact(house: House) -> None:
    dialog = house.hear("Hello").dialog
    receipt = house.say(dialog, "Wrong window")
    house.settle(dialog)
    with house.database.write() as connection:
        deleted = sa.update(t.message).where(t.message.c.dialog == dialog, t.message.c.seq == receipt.seq)
        connection.execute(deleted.values(deleted_at=NOON))
    *_, gone = await house.reader.visible(SHOP, Address("carl"))
    assert (gone.text, gone.deleted_at, gone.attachments) == ("", NOON, [])


async def test_a_stream_goes_on_from_one_dialog_of_an_address_to_the_next(house: House) -> None:
    first = house.hear("Hello").dialog
    house.act(first, a.Resolve())
    last = (await house.reader.visible(SHOP, Address("carl")))[-1].rev
    house.now += 10 * DAY
    second = house.hear("Hello again").dialog
    assert second != first
    assert "Hello again" in [
        one.text for one in await house.reader.visible(SHOP, Address("carl"), after=last)
    ]
    current = await house.reader.current(SHOP, Address("carl"))
    assert current is not None
    assert current.id == str(second)


async def test_when_a_contact_last_spoke_is_known_whatever_was_answered(house: House) -> None:
    carl = Address("carl")
    assert await house.reader.last_word(SHOP, carl) is None
    house.hear("Hello")
    house.now += 2 * DAY
    second = house.hear("Anybody?")
    spoke = house.now
    house.now += DAY
    house.say(second.dialog, "Here I am")
    assert await house.reader.last_word(SHOP, carl) == spoke
    assert await house.reader.last_word(SHOP, Address("nobody")) is None


async def test_files_are_shown_with_their_message_and_unsent_ones_belong_to_none(house: House) -> None:
    dialog = house.hear("Hello").dialog
    file = house.do(StoreFile(f"agent/{house.ann.id}", "memory://a", "label.pdf", "application/pdf", 12))
    assert (await house.reader.file(file))[1:] == ("memory://a", "")
    receipt = house.say(dialog, "The label", files=(file,))
    [message] = [one for one in await house.reader.messages(dialog) if one.seq == receipt.seq]
    assert [(one.id, one.name, one.size) for one in message.attachments] == [(str(file), "label.pdf", 12)]
    view, url, owner = await house.reader.file(file)
    assert (view.name, url, owner) == ("label.pdf", "memory://a", str(dialog))


async def test_a_ticket_shows_what_it_quotes_and_its_story(house: House) -> None:
    receipt = house.hear("It crashes")
    made = house.act(
        receipt.dialog, a.Promote((receipt.seq,), "A crash", line=SECOND_LINE, note="Please look")
    )
    house.do(
        ActOnTicket(TicketId(int(made["ticket"])), receipt.dialog, house.ben, a.HandBack("Fixed, try again"))
    )
    ticket = await house.reader.ticket(TicketId(int(made["ticket"])))
    assert (ticket.number, ticket.title, ticket.status, ticket.line) == (1, "A crash", "returned", FIRST)
    assert [one.text for one in ticket.quotes] == ["It crashes"]
    assert [one.event for one in ticket.story] == ["promoted", "noted", "handed_back"]
    assert (ticket.created_by, ticket.contact.name, ticket.channel, ticket.draft) == (
        "Ann", "Carl", SHOP, "Fixed, try again",
    )  # fmt: skip
    assert ticket.story[-1].author.name == "Ben"
    other = house.hear("Another", "eve")
    house.act(other.dialog, a.Promote((other.seq,), "Another", line=SECOND_LINE))
    assert [one.title for one in (await house.reader.tickets()).items] == ["Another", "A crash"]
    assert [one.title for one in (await house.reader.tickets(status=["returned"])).items] == ["A crash"]
    assert [one.title for one in (await house.reader.tickets(line=SECOND_LINE)).items] == ["Another"]
    assert [one.title for one in (await house.reader.tickets(dialog=receipt.dialog)).items] == ["A crash"]
    page = await house.reader.tickets(limit=1)
    rest = await house.reader.tickets(limit=1, cursor=page.next)
    assert [one.title for one in (*page.items, *rest.items)] == ["Another", "A crash"]
    assert rest.next is None


async def test_wishes_stand_by_priority_and_age_and_count_who_was_told(house: House) -> None:
    carl, eve = house.hear("Dark mode please"), house.hear("I want it dark", "eve")
    first = house.act(carl.dialog, a.FileWish(carl.seq, "Dark mode"))
    second = house.act(eve.dialog, a.FileWish(eve.seq, "A bell"))
    house.act(eve.dialog, a.FileWish(eve.seq, wish=WishId(int(first["wish"]))))
    assert [one.title for one in (await house.reader.wishes()).items] == ["Dark mode", "A bell"]
    house.do(ActOnWish(WishId(int(second["wish"])), house.dev, a.PickUp(house.now + DAY, Priority.urgent)))
    listed = (await house.reader.wishes()).items
    assert [(one.title, one.asked, one.told) for one in listed] == [("A bell", 1, 0), ("Dark mode", 2, 0)]
    page = await house.reader.wishes(limit=1)
    assert [one.title for one in (await house.reader.wishes(limit=1, cursor=page.next)).items] == [
        "Dark mode"
    ]
    assert [one.title for one in (await house.reader.wishes(status=["scheduled"])).items] == ["A bell"]
    assert [one.title for one in (await house.reader.wishes(dialog=carl.dialog)).items] == ["Dark mode"]
    wish = await house.reader.wish(WishId(int(first["wish"])))
    assert [(one.contact, one.text, one.state) for one in wish.askers] == [
        ("Carl", "Dark mode please", "asked"), ("Eve", "I want it dark", "asked"),
    ]  # fmt: skip


async def test_lines_tell_what_waits_and_what_is_late(house: House) -> None:
    dialog = house.hear("Hello").dialog
    house.hear("Hello", "eve")
    house.act(dialog, a.Claim())
    lines = {line.name: line for line in await house.reader.lines()}
    assert set(lines) == {FIRST, SECOND_LINE, OFFICE}
    assert (lines[FIRST].title, lines[FIRST].speaks, lines[FIRST].waiting) == ("First line", True, 1)
    assert lines[FIRST].overdue == 2, "the tests' noon lies in the past"
    assert (lines[SECOND_LINE].waiting, lines[SECOND_LINE].overdue) == (0, 0)


async def test_posts_in_trouble_and_quarantine_are_shown_latest_first(house: House) -> None:
    dialog = house.hear("Hello").dialog
    house.settle(dialog)
    house.say(dialog, "One")
    house.say(dialog, "Two")
    house.settle(dialog, "failed", reason="blocked")
    failed = await house.reader.outbox(states=["failed"], limit=1)
    rest = await house.reader.outbox(states=["failed"], limit=1, cursor=failed.next)
    assert [(one.state, one.reason) for one in (*failed.items, *rest.items)] == [("failed", "blocked")] * 2
    assert failed.items[0].message_seq != rest.items[0].message_seq
    assert (await house.reader.outbox(states=["unknown"])).items == []
    raw = b'{"token": "abcdef", "odd": "\xff\x00"}'
    house.do(Quarantine(SHOP, "odd-1", raw, "no such kind of update"))
    [event] = (await house.reader.quarantined()).items
    assert (event.reason, event.state, event.channel) == ("no such kind of update", "held", SHOP)
    assert "abcdef" not in event.raw
    assert "\0" not in event.raw


async def test_who_did_what_is_told_by_name(house: House) -> None:
    dialog = house.hear("Hello").dialog
    house.act(dialog, a.Claim())
    house.act(dialog, a.Resolve(), house.ben)
    actions = await house.reader.actions(f"dialog:{dialog}")
    assert [(one.name, one.agent) for one in actions] == [("resolved", "Ben"), ("claimed", "Ann")]
    assert len(await house.reader.actions(f"dialog:{dialog}", limit=1)) == 1


async def test_findings_that_are_gone_are_shown_when_asked_for(house: House) -> None:
    with house.database.write() as connection:
        for key, gone_at in (("a", None), ("b", NOON)):
            values = {"key": key, "kind": "lost", "subject": f"dialog:{key}", "reason": "?", "found_at": NOON}
            connection.execute(sa.insert(t.finding).values(**values, gone_at=gone_at))
    assert [one.subject for one in await house.reader.findings()] == ["dialog:a"]
    assert len(await house.reader.findings(gone=True)) == 2


async def test_agents_are_people_who_are_not_disabled(house: House) -> None:
    assert [agent.login for agent in await house.reader.agents()] == ["ann", "ben", "dev"]
    with house.database.write() as connection:
        connection.execute(sa.update(t.agent).where(t.agent.c.login == "ben").values(disabled_at=NOON))
    assert [agent.login for agent in await house.reader.agents()] == ["ann", "dev"]


async def test_a_database_out_of_reach_is_said_so(house: House) -> None:
    with house.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE finding RENAME TO gone"))
    with pytest.raises(Unavailable):
        await house.reader.findings()
