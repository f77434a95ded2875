"""The report on promises against a day whose numbers were worked out by hand: on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bridge import actions as a
from bridge import views as v
from bridge.conversations import tables as t
from bridge.conversations.access import Access, Person
from bridge.conversations.commands import Receive, Reply
from bridge.conversations.database import Database
from bridge.conversations.reader import Reader
from bridge.conversations.rings import Expire
from bridge.conversations.tries import Outcome, Settle, Take
from bridge.conversations.verbs import ActOnDialog
from bridge.errors import Refused
from bridge.messages import Author, ChannelName, DialogId
from tests.conversations.samples import FIRST, HOUR, MAIL, MINUTE, OFFICE, RULES, SECOND, SECOND_LINE, SHOP
from tests.conversations.shell import Mind, Moved, said

pytestmark = pytest.mark.anyio

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
UTC_ZONE = ZoneInfo("UTC")


def at(clock: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)


@dataclass
class House:
    """A mind whose clock the story moves, with the people of the story."""

    mind: Mind
    wall: Moved
    reader: Reader
    people: dict[str, a.Agent]
    contacts: int = 0

    def ask(self, when: datetime, channel: ChannelName = SHOP) -> DialogId:
        self.wall.at = when
        self.contacts += 1
        return self.mind.do(Receive(said(self.contacts, channel=channel))).dialog

    def answer(
        self, dialog: DialogId, who: str, when: datetime, accepted: datetime, state: Any = "accepted"
    ) -> None:
        """Somebody writes, and the platform says so later what became of it."""
        self.wall.at = when
        agent = self.people[who]
        author = Author("agent", agent.id, agent.name)
        self.mind.do(Reply(dialog, author, "It is on its way.", f"{dialog}:{when}", mode="send"))
        with self.mind.database.read() as connection:
            lane = connection.execute(
                sa.select(t.outbox.c.lane).where(
                    t.outbox.c.dialog == dialog, t.outbox.c.destination.startswith("channel:")
                )
            ).scalars()
            lanes = sorted(set(lane))
        while rows := self.mind.do(Take(lanes, "me", self.wall.at + MINUTE)):
            for row in rows:
                if row.human and accepted > self.due(dialog) > self.wall.at:
                    self.breaks(dialog)
                self.wall.at = max(self.wall.at, accepted if row.human else when)
                outcome = Outcome(state if row.human else "accepted", self.wall.at, reason="no")
                self.mind.do(Settle(row, outcome))

    def due(self, dialog: DialogId) -> datetime:
        with self.mind.database.read() as connection:
            found = connection.execute(sa.select(t.dialog.c.due_at).where(t.dialog.c.id == dialog)).scalar()
        return found or datetime.max.replace(tzinfo=UTC)

    def breaks(self, dialog: DialogId) -> None:
        """The clock rings until the promise is broken."""
        broken = None
        while broken is None:
            [timer] = self.mind.rows(
                t.timer, t.timer.c.subject == f"dialog:{dialog}", t.timer.c.state == "armed"
            )
            self.wall.at = max(self.wall.at, timer.due_at)
            assert self.mind.do(Expire(f"dialog:{dialog}", "promise", timer.gen))
            [row] = self.mind.rows(t.dialog, t.dialog.c.id == dialog)
            broken = row.breached_at

    def act(self, dialog: DialogId, who: str, verb: a.DialogAction, when: datetime) -> None:
        self.wall.at = when
        self.mind.do(ActOnDialog(dialog, self.people[who], verb))

    async def report(self, by: v.ReportBy, **asked: Any) -> v.PromiseReport:
        known: dict[str, Any] = {
            "promise": "first_response",
            "first": MONDAY,
            "last": MONDAY,
            "zone": UTC_ZONE,
        }
        return await self.reader.promises(**known | asked, by=by)

    async def breaches(self, **asked: Any) -> v.BreachReport:
        known: dict[str, Any] = {
            "promise": "first_response",
            "first": MONDAY,
            "last": MONDAY,
            "zone": UTC_ZONE,
        }
        return await self.reader.breaches(**known | asked)


@pytest.fixture
def house(database: Database, mind: Mind, wall: Moved) -> Iterator[House]:
    access = Access(database, {})
    people = (
        Person("ann", "Ann", lines=(FIRST,)),
        Person("ben", "Ben", lines=(FIRST, SECOND_LINE)),
        Person("olga", "Olga", lines=(OFFICE,)),
    )
    reader = Reader(database, RULES)
    yield House(mind, wall, reader, {person.login: access.add(person) for person in people})
    reader.close()
    access.close()


@pytest.fixture
def monday(house: House) -> House:
    """The day of the story: two minutes are promised in the shop, one hour of the office's day by mail."""
    answered = [
        ("12:00:00", "ann", "12:00:10", "12:00:20"),  # met after 20 s
        ("12:10:00", "ann", "12:10:30", "12:10:40"),  # met after 40 s
        ("12:20:00", "ben", "12:20:50", "12:21:00"),  # met after 60 s
        ("13:00:30", "ann", "13:00:50", "13:01:00"),  # met after 30 s: somebody is at work
        ("15:30:00", "ben", "15:31:00", "15:33:00"),  # written in time, accepted after 180 s
    ]
    for asked, who, written, accepted in answered:
        house.answer(house.ask(at(asked)), who, at(written), at(accepted))

    unclaimed = house.ask(at("13:00:00"))
    house.breaks(unclaimed)
    house.answer(unclaimed, "ben", at("13:04:50"), at("13:05:00"))  # after 300 s

    claimed = house.ask(at("14:00:00"))
    house.act(claimed, "ann", a.Claim(), at("14:00:30"))
    house.breaks(claimed)
    house.answer(claimed, "ben", at("14:02:50"), at("14:03:00"))  # after 180 s, by a colleague

    refused = house.ask(at("15:00:00"))
    house.answer(refused, "ann", at("15:01:00"), at("15:01:10"), "failed")
    house.breaks(refused)

    passed = house.ask(at("16:00:00"))
    house.act(passed, "ann", a.Pass(SECOND_LINE), at("16:00:30"))
    house.breaks(passed)

    spam = house.ask(at("17:00:00"))
    house.act(spam, "ann", a.Resolve(), at("17:00:20"))

    evening = house.ask(at("17:30:00"), MAIL)  # half an hour that evening, ten minutes the next morning
    house.answer(evening, "olga", at("09:09:00", TUESDAY), at("09:10:00", TUESDAY))

    house.breaks(house.ask(at("22:00:00")))  # nobody is there
    house.ask(at("18:00:00"))  # still running
    return house


def figures(group: v.KeptView) -> tuple[Any, ...]:
    return (
        group.met,
        group.breached,
        group.void,
        group.running,
        group.met_percent,
        group.median_seconds,
        group.p95_seconds,
    )


async def test_the_whole_day_is_as_worked_out_by_hand(monday: House) -> None:
    report = await monday.report("channel")
    assert figures(report.total) == (5, 6, 1, 1, 45.4, 60.0, 2400.0)
    assert report.total.answered == 8
    assert {group.key: figures(group) for group in report.groups} == {
        MAIL: (1, 0, 0, 0, 100.0, 2400.0, 2400.0),
        SHOP: (4, 6, 1, 1, 40.0, 60.0, 300.0),
    }


async def test_by_hour_it_counts_when_the_contact_began_to_wait(monday: House) -> None:
    report = await monday.report("hour")
    assert [(group.title, *figures(group)) for group in report.groups] == [
        ("12:00", 3, 0, 0, 0, 100.0, 40.0, 60.0),
        ("13:00", 1, 1, 0, 0, 50.0, 30.0, 300.0),
        ("14:00", 0, 1, 0, 0, 0.0, 180.0, 180.0),
        ("15:00", 0, 2, 0, 0, 0.0, 180.0, 180.0),
        ("16:00", 0, 1, 0, 0, 0.0, None, None),
        ("17:00", 1, 0, 1, 0, 100.0, 2400.0, 2400.0),
        ("18:00", 0, 0, 0, 1, None, None, None),
        ("22:00", 0, 1, 0, 0, 0.0, None, None),
    ]


async def test_by_agent_it_counts_who_answered_and_while_nobody_has_who_had_it(monday: House) -> None:
    report = await monday.report("agent")
    assert {group.title: figures(group) for group in report.groups} == {
        "": (0, 2, 0, 1, 0.0, None, None),
        "Ann": (3, 1, 1, 0, 75.0, 30.0, 40.0),
        "Ben": (1, 3, 0, 0, 25.0, 180.0, 300.0),
        "Olga": (1, 0, 0, 0, 100.0, 2400.0, 2400.0),
    }


async def test_by_line_it_counts_the_line_that_kept_or_broke_it(monday: House) -> None:
    report = await monday.report("line")
    assert {group.title: figures(group) for group in report.groups} == {
        "First line": (4, 5, 1, 1, 44.4, 60.0, 300.0),
        "Second line": (0, 1, 0, 0, 0.0, None, None),
        "The office": (1, 0, 0, 0, 100.0, 2400.0, 2400.0),
    }


async def test_each_breach_has_the_cause_that_the_rows_tell(monday: House) -> None:
    report = await monday.breaches()
    assert report.causes == dict.fromkeys(
        ["failed", "late", "nobody", "passed", "unanswered", "unclaimed"], 1
    )
    told = [
        (
            f"{one.started_at:%H:%M}",
            one.cause,
            one.line,
            one.assignee and one.assignee.name,
            one.answered_by and one.answered_by.name,
            one.took_seconds,
        )
        for one in report.items
    ]
    assert told == [
        ("22:00", "nobody", FIRST, None, None, None),
        ("16:00", "passed", SECOND_LINE, None, None, None),
        ("15:30", "late", FIRST, "Ben", "Ben", 180.0),
        ("15:00", "failed", FIRST, "Ann", None, None),
        ("14:00", "unanswered", FIRST, "Ann", "Ben", 180.0),
        ("13:00", "unclaimed", FIRST, None, "Ben", 300.0),
    ]


async def test_an_hour_in_which_nobody_ever_works_is_a_mistake_in_the_hours_of_the_line(
    monday: House,
) -> None:
    week = await monday.breaches(first=MONDAY - timedelta(days=6))
    assert week.causes["hours"] == 1
    assert "nobody" not in week.causes
    # Somebody who answers at that hour on another day shows that it is one of work.
    monday.answer(
        monday.ask(at("22:30:00", TUESDAY)), "ann", at("22:30:10", TUESDAY), at("22:30:20", TUESDAY)
    )
    week = await monday.breaches(first=MONDAY - timedelta(days=6), last=TUESDAY)
    assert week.causes["nobody"] == 1
    assert "hours" not in week.causes


async def test_causes_count_every_breach_and_only_the_latest_are_listed(monday: House) -> None:
    report = await monday.breaches(limit=2)
    assert sum(report.causes.values()) == 6
    assert [f"{one.started_at:%H:%M}" for one in report.items] == ["22:00", "16:00"]


async def test_days_and_hours_are_those_of_the_zone(monday: House) -> None:
    auckland = ZoneInfo("Pacific/Auckland")  # thirteen hours ahead: noon there is one o'clock tomorrow
    assert figures((await monday.report("channel", zone=auckland)).total)[:4] == (0, 0, 0, 0)
    tomorrow = await monday.report("hour", zone=auckland, first=TUESDAY, last=TUESDAY)
    assert [group.title for group in tomorrow.groups][:2] == ["01:00", "02:00"]
    india = await monday.report("hour", zone=ZoneInfo("Asia/Kolkata"))
    assert india.groups[0].title == "17:00"  # half an hour is counted, too


async def test_a_clock_that_is_put_forward_moves_the_hours_behind_it(house: House) -> None:
    sunday = date(2026, 3, 29)
    for clock in ("00:30:00", "01:30:00"):  # 01:30 by winter time, 03:30 by summer time
        house.ask(at(clock, sunday))
    report = await house.report("hour", zone=ZoneInfo("Europe/Berlin"), first=sunday, last=sunday)
    assert [(group.title, group.running) for group in report.groups] == [("01:00", 1), ("03:00", 1)]


async def test_later_answers_have_a_report_of_their_own(house: House) -> None:
    dialog = house.ask(at("12:00:00"))
    house.answer(dialog, "ann", at("12:00:10"), at("12:00:20"))
    house.wall.at = at("12:30:00")
    house.mind.do(Receive(said(house.contacts, "And now?")))
    house.answer(dialog, "ann", at("12:31:00"), at("12:31:30"))
    later = await house.report("channel", promise="next_response")
    assert figures(later.total) == (1, 0, 0, 0, 100.0, 90.0, 90.0)
    assert (await house.report("channel")).total.met == 1


async def test_a_report_of_nothing_is_empty_and_one_of_too_much_is_refused(house: House) -> None:
    report = await house.report("agent")
    assert (figures(report.total), report.groups) == ((0, 0, 0, 0, None, None, None), [])
    assert (await house.breaches()).causes == {}
    for first in (MONDAY + timedelta(days=1), MONDAY - timedelta(days=800)):
        with pytest.raises(Refused, match="days"):
            await house.report("channel", first=first)


async def test_the_met_share_is_never_rounded_up_to_all(house: House) -> None:
    dialog = house.ask(at("12:00:00"))
    [row] = house.mind.rows(t.dialog, t.dialog.c.id == dialog)
    begin = row.promise_started_at - HOUR
    rows = [
        {
            "dialog": dialog,
            "gen": number,
            "name": "first_response",
            "started_at": begin,
            "due_at": begin + 2 * MINUTE,
            "settled_at": begin + SECOND,
            "outcome": "breached" if number == 0 else "met",
            "line": FIRST,
            "took": SECOND,
        }
        for number in range(3000)
    ]
    with house.mind.database.write() as connection:
        connection.execute(sa.insert(t.promise), rows)
    assert (await house.report("channel")).total.met_percent == 99.9
