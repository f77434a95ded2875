"""The router: what edges, hands, clock and workers may ask, on real databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from bridge import actions as a
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.door import Door
from bridge.conversations.effects import Effects
from bridge.conversations.presence import Presence
from bridge.conversations.queue import Queue
from bridge.conversations.reader import Reader
from bridge.conversations.router import Router
from bridge.conversations.tries import Outcome
from bridge.errors import Missing, NotAllowed, Refused
from bridge.media import Files
from bridge.messages import (
    Address,
    AgentId,
    ChannelName,
    Deleted,
    DialogId,
    Echoed,
    Edited,
    EventKey,
    Heard,
    Incoming,
    Mark,
    NativeId,
    Priority,
    Reachable,
    Reacted,
    Receipt,
    Receipted,
    TicketId,
    WishId,
)
from tests.conversations.samples import (
    ANN,
    AUTOMATIC,
    BEN,
    DAY,
    DEV,
    MINUTE,
    RULES,
    SECOND,
    SECOND_LINE,
    SHOP,
    ann,
    ben,
)
from tests.conversations.shell import Mind, Moved, said, url_of

pytestmark = pytest.mark.anyio
LEASE = timedelta(seconds=45)
me = a.Agent(ANN, "ann", "Ann", "agent")
other = a.Agent(BEN, "ben", "Ben", "agent")
lead = a.Agent(AgentId(8), "lea", "Lea", "lead")
dev = a.Agent(DEV, "dev", "Dev", "developer")


def people(database: Database) -> None:
    with database.write() as connection:
        connection.execute(
            t.agent.insert(),
            [
                {
                    "id": who.id, "login": who.login, "name": who.name, "role": who.role,
                    "lines": [], "language": "en", "created_at": Moved().at,
                }
                for who in (me, other, lead, dev)
            ],
        )  # fmt: skip


class Routed:
    """A router whose Redis is never asked."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind
        self.hinted: list[Effects] = []
        self.reader = Reader(mind.database, mind.rules)
        self.router = Router(
            mind.database,
            mind.committer,
            self.reader,
            Queue(None),
            self.hinted.append,
            Presence(None, self.reader),
        )

    async def act(self, dialog: int, agent: a.Agent, verb: a.DialogAction) -> Any:
        return await self.router.act(DialogId(dialog), "dialog", agent, verb)

    async def send(self, dialog: int, state: Any = "accepted") -> None:
        now = self.mind.committer._clock()
        while rows := await self.router.take([f"{dialog}>channel:shop"], "A", now + LEASE):
            for row in rows:
                await self.router.settle(
                    row, Outcome(state, now, reason="blocked" if state == "failed" else None)
                )


@contextmanager
def routed(mind: Mind) -> Iterator[Routed]:
    people(mind.database)
    made = Routed(mind)
    yield made
    made.reader.close()


@pytest.fixture
def house(mind: Mind) -> Iterator[Routed]:
    with routed(mind) as made:
        yield made


async def test_a_question_becomes_a_ticket_and_its_answer_reaches_the_contact(house: Routed) -> None:
    router = house.router
    question = await router.receive(said(1, "It broke after the update."))
    await house.act(question.dialog, me, a.Claim())
    made = await house.act(
        question.dialog,
        me,
        a.Promote(seqs=(question.seq,), title="Broken", line=SECOND_LINE, note="look", tell=True),
    )
    ticket = TicketId(int(made["ticket"]))
    assert made["number"] == 1

    async def do(agent: a.Agent, verb: a.TicketAction) -> Any:
        return await router.act(ticket, "ticket", agent, verb)

    assert (await do(other, a.Claim()))["status"]
    await do(other, a.Note("It is the cache."))
    more = await router.receive(said(1, "And it is slow."))
    await do(other, a.Quote((more.seq,)))
    await do(other, a.Prioritise(Priority.high))
    await do(other, a.SetDue(house.mind.committer._clock() + DAY))
    await do(other, a.HandBack("Clear the cache, please."))
    with pytest.raises(NotAllowed):
        await do(dev, a.Claim())
    with pytest.raises(Missing):
        await do(other, a.Quote((999,)))
    await do(me, a.Answer("Clear the cache, please.", resolve=True))
    await house.send(question.dialog)
    [said_so] = house.mind.rows(t.message, t.message.c.text == "Clear the cache, please.")
    assert (said_so.mark, said_so.private) == ("accepted", False)
    view = await router.read.ticket(ticket)
    assert view.status == "resolved"
    await do(me, a.Reopen())
    await do(lead, a.Claim(force=True))
    await do(lead, a.Pass(SECOND_LINE, "again"))
    await do(lead, a.Resolve())
    with pytest.raises(Missing):
        await router.act(TicketId(404), "ticket", me, a.Claim())


async def test_a_wish_is_shipped_and_everybody_who_asked_is_told_once(
    database: Database, wall: Moved
) -> None:
    with Mind(database, AUTOMATIC, clock=wall) as mind, routed(mind) as house:
        router = house.router
        rung: list[str] = []
        router.on_announce = lambda: rung.append("announce")
        receipts = [await router.receive(said(number, "Please, dark colours!")) for number in range(3)]
        filed = await house.act(receipts[0].dialog, me, a.FileWish(seq=receipts[0].seq, title="Dark colours"))
        wish = WishId(int(filed["wish"]))
        for receipt in receipts[1:]:
            await house.act(receipt.dialog, me, a.FileWish(seq=receipt.seq, wish=wish, title=""))

        async def do(agent: a.Agent, verb: a.WishAction) -> Any:
            return await router.act(wish, "wish", agent, verb)

        await do(me, a.Accept())
        with pytest.raises(NotAllowed):
            await do(me, a.PickUp(wall.at + DAY, Priority.normal))
        await do(dev, a.PickUp(wall.at + DAY, Priority.normal))
        await do(dev, a.AskBack("How dark?"))
        outcome = await do(dev, a.Ship({"en": "Dark colours are here."}))
        assert (outcome["announce"], rung) == ("going", ["announce"])
        door = Door(database, mind.committer, mind.rules, Files("memory://files", b"secret"))
        assert await asyncio.to_thread(door.announce) == 3
        assert await asyncio.to_thread(door.announce) == 0
        await house.send(receipts[0].dialog)
        await house.send(receipts[1].dialog, "failed")
        await house.send(receipts[2].dialog)
        states = [row.state for row in mind.rows(t.wish_asker)]
        assert sorted(states) == ["failed", "told", "told"]
        assert {row.status for row in mind.rows(t.wish)} <= {"shipped", "told"}


async def test_a_wish_may_be_declined_or_reviewed_before_it_goes(house: Routed) -> None:
    router = house.router
    receipt = await router.receive(said(1, "A bell, please."))
    wishes = [
        WishId(int((await house.act(receipt.dialog, me, a.FileWish(seq=receipt.seq, title=title)))["wish"]))
        for title in ("Bell", "Whistle")
    ]
    await router.act(wishes[0], "wish", dev, a.Decline("too loud"))
    await router.act(wishes[0], "wish", dev, a.Reopen())
    await router.act(wishes[1], "wish", me, a.Accept())
    await router.act(wishes[1], "wish", dev, a.PickUp(house.mind.committer._clock() + DAY, Priority.normal))
    assert (await router.act(wishes[1], "wish", dev, a.Ship({"en": "It whistles."})))["announce"] != "going"
    assert (await router.act(wishes[1], "wish", me, a.Approve({"en": "It whistles now."})))[
        "announce"
    ] == "going"
    with pytest.raises(Refused):
        await router.act(wishes[1], "wish", me, a.Claim())
    with pytest.raises(Missing):
        await router.act(WishId(404), "wish", dev, a.Decline("?"))


async def test_numbers_of_tickets_stay_unique_when_two_processes_make_them(
    mind: Mind, house: Routed, wall: Moved
) -> None:
    receipt = await house.router.receive(said(1))
    elsewhere = await house.router.receive(said(2))
    database = Database(url_of(mind.database))
    with Mind(database, clock=wall) as process:
        their = Routed(process)
        made = await asyncio.gather(
            *(
                where.act(
                    one.dialog, me, a.Promote(seqs=(one.seq,), title=f"{number}", line=SECOND_LINE, note="")
                )
                for number in range(10)
                for where, one in ((house, receipt), (their, elsewhere))
            )
        )
        their.reader.close()
    database.close()
    assert sorted(each["number"] for each in made) == list(range(1, 21))


async def test_marks_move_up_only_and_only_for_what_was_sent(house: Routed) -> None:
    receipt = await house.router.receive(said(1))
    await house.act(receipt.dialog, me, a.Claim())
    sent = await house.router.reply(receipt.dialog, ann, "It left.", key="1")
    await house.send(receipt.dialog)
    waiting = await house.router.reply(receipt.dialog, ann, "One more thing.", key="2")
    address = said(1).address
    for mark in (Mark.read, Mark.delivered):
        await house.router.reached(SHOP, address, waiting.seq, mark)
    marks = {row.seq: row.mark for row in house.mind.rows(t.message, t.message.c.author == "agent")}
    assert marks == {sent.seq: "read", waiting.seq: "queued"}
    with pytest.raises(Missing):
        await house.router.reached(SHOP, said(9).address, 1, Mark.read)


async def test_an_old_dialog_is_left_alone_once_a_newer_one_has_begun(house: Routed, wall: Moved) -> None:
    old = await house.router.receive(said(1))
    await house.act(old.dialog, me, a.Claim())
    await house.router.reply(old.dialog, ann, "It left.", key="1")
    await house.act(old.dialog, me, a.Resolve())
    wall.by(4 * DAY)
    new = await house.router.receive(said(1, "Another matter."))
    assert new.dialog != old.dialog
    assert new.seq > old.seq
    with pytest.raises(Refused, match="newer"):
        await house.act(old.dialog, me, a.Reopen())
    with pytest.raises(Refused, match="newer"):
        await house.router.reply(old.dialog, ann, "Hello?", key="2", mode="send")
    note = await house.router.reply(new.dialog, ben, "// see the old one", key="3")
    assert note.private
    await house.send(old.dialog, "failed")
    statuses = {row.id: row.status for row in house.mind.rows(t.dialog)}
    assert statuses == {old.dialog: "resolved", new.dialog: "open"}
    [message] = house.mind.rows(t.message, t.message.c.text == "It left.")
    assert message.mark == "failed"


async def test_verbs_on_dialogs_answer_what_came_of_them(house: Routed, wall: Moved) -> None:
    receipt = await house.router.receive(said(1))
    dialog = receipt.dialog
    assert await house.act(dialog, me, a.Claim()) == {"status": "open"}
    with pytest.raises(Refused):
        await house.act(dialog, other, a.Claim(force=True))
    assert await house.act(dialog, lead, a.Claim(force=True)) == {"status": "open"}
    assert await house.act(dialog, lead, a.Release()) == {"status": "open"}
    with pytest.raises(NotAllowed):
        await house.act(dialog, dev, a.Claim())
    assert await house.act(dialog, me, a.Resolve()) == {"status": "resolved"}
    assert await house.act(dialog, me, a.Reopen()) == {"status": "open"}
    for seqs in ((999,), (receipt.seq, 999)):
        with pytest.raises(Missing):
            await house.act(dialog, me, a.Promote(seqs=seqs, title="?", line=None, note=""))
    with pytest.raises(Missing):
        await house.act(404, me, a.Claim())
    with pytest.raises(Refused):
        await house.router.act(DialogId(dialog), "dialog", me, a.Accept())
    wall.by(SECOND)


async def test_threads_files_and_rings(house: Routed) -> None:
    router = house.router
    receipt = await router.receive(said(1))
    assert await router.thread(RULES.channels[SHOP].desks[0], receipt.dialog) is None
    file = await router.store_file("agent/1", "file:///a.pdf", "a.pdf", "application/pdf", 3)
    await house.act(receipt.dialog, me, a.Claim())
    reply = await router.reply(receipt.dialog, ann, "", key="1", files=[file])
    assert isinstance(reply, Receipt)
    rows = house.mind.rows(t.outbox, t.outbox.c.message_seq == reply.seq, t.outbox.c.kind == "send")
    assert [row.payload["attachments"][0]["name"] for row in rows] == ["a.pdf"]
    with pytest.raises(Missing):
        await router.reply(receipt.dialog, ben, "", key="2", files=[file])
    await router.quarantine(SHOP, "shop:9", b"?", "not understood")
    router.ring(rows[0].lane, rows[0].destination)
    assert list(house.hinted[-1].lanes) == [rows[0].lane]


async def test_a_channel_goes_on_where_it_has_read_to(house: Routed) -> None:
    router = house.router
    assert await router.read.bookmark(SHOP) == ""
    await asyncio.gather(router.bookmark(SHOP, "4"), router.bookmark(SHOP, "5"))
    assert await router.read.bookmark(SHOP) == "5"
    with pytest.raises(Missing):
        await router.bookmark(ChannelName("nowhere"), "1")


async def test_every_kind_of_news_is_heard(house: Routed, wall: Moved) -> None:
    router = house.router
    where: dict[str, Any] = {"channel": SHOP, "address": Address("visitor-1")}
    first = await router.receive(said(1, native=NativeId("m1")))

    def on(what: str, native: str = "m1") -> dict[str, Any]:
        return {**where, "event_key": EventKey(what), "native": NativeId(native)}

    heard: list[Heard] = [
        Edited(**on("e"), text="Other words"),
        Reacted(**on("r"), emojis=("👍",)),
        Deleted(**on("d")),
        Echoed(**on("o", "o1"), text="Seen."),
        Receipted(**where, event_key=EventKey("t"), mark=Mark.read, natives=(NativeId("o1"),)),
        Reachable(**where, event_key=EventKey("b"), reachable=False),
        Incoming(**where, event_key=EventKey("i"), text="And now?"),
    ]
    receipts = await asyncio.gather(*(router.hear(event) for event in heard))
    assert all(receipt is not None and receipt.dialog == first.dialog for receipt in receipts)
    again = await asyncio.gather(*(router.hear(event) for event in heard))
    assert [receipt and (receipt.seq, receipt.new) for receipt in again] == [
        receipt and (receipt.seq, False) for receipt in receipts
    ]
    assert await router.hear(Reacted(**on("early", "m9"), emojis=("👍",))) is None
    [timer] = house.mind.rows(t.timer, t.timer.c.subject == f"early:{SHOP}/visitor-1")
    wall.by(MINUTE)
    assert await router.expire(timer.subject, timer.name, timer.gen) is True
    assert await router.expire(timer.subject, timer.name, timer.gen) is False
    with pytest.raises(Missing):
        await router.expire("nobody:1", "x", 1)
