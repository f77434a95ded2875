"""The promises of the bridge as questions to journal and books; each answers with what breaks it, in words.

Owns the meaning of NO-LOSS, NO-DUP, ORDER, TIMER, DELIVER and VISIBLE. Pure: must never look at the bridge itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tests.faults.house import TARGET
from tests.faults.journal import Books, Journal, Message, Row
from tests.faults.people import SILENT

Span = tuple[datetime, datetime]
LADDER = ("nudge", "mention", "requeue", "supervise")
LADDER_AT = (TARGET * 0.5, TARGET * 0.8, TARGET * 1.0, TARGET + 1.0)
"""Seconds after the first words at which the steps are due."""
TERMINAL = ("accepted", "delivered", "read", "failed", "cancelled")
SHOWN = ("accepted", "delivered", "read")
VISIBLY = timedelta(seconds=60)
"""So soon a reply is accepted, delayed or failed, and shown so."""


def lost(journal: Journal, books: Books) -> list[str]:
    """NO-LOSS: every acknowledged word is in SQL, and reached the desk, the visitor's stream or the platform."""
    faults = []
    rows = {(message.dialog, message.seq): message for message in books.messages}
    desk = {(post.dialog, post.seq): post.text for post in journal.desk if post.kind == "post"}
    for said in journal.said:
        who, place = f"{said.customer}'s message {said.number}", (said.dialog, said.seq)
        row = rows.get(place)
        if row is None or (row.text, row.native, row.author) != (said.text, said.client_id, "contact"):
            faults.append(f"{who} was acknowledged as {place}, SQL says {row}")
        elif desk.get(place) != said.text:
            faults.append(f"{who} ({place}) did not reach the desk")
        stream = journal.streams.get(said.customer)
        if stream is not None and not any(
            event.seq == said.seq and event.text == said.text for event in stream
        ):
            faults.append(f"{who} ({place}) is not in his own stream")
    addresses = {dialog.id: dialog for dialog in books.dialogs}
    streams = streamed(journal)
    arrived = {(sent.to, sent.text) for sent in journal.platform}
    for reply in journal.replied:
        who, place = f"reply {reply.number}", (reply.dialog, reply.seq)
        row = rows.get(place)
        if row is None or (row.text, row.author, row.private) != (reply.text, "agent", reply.private):
            faults.append(f"{who} was acknowledged as {place}, SQL says {row}")
        elif desk.get(place) != reply.text:
            faults.append(f"{who} ({place}) did not reach the desk")
        elif reply.private or row.mark == "failed":
            continue
        elif addresses[reply.dialog].channel == "phone":
            if (addresses[reply.dialog].address, reply.text) not in arrived:
                faults.append(f"{who} ({place}) is {row.mark}, but did not reach the platform")
        elif place not in streams:
            faults.append(f"{who} ({place}) is {row.mark}, but not in the visitor's stream")
    return faults


def doubled(journal: Journal, books: Books) -> list[str]:
    """NO-DUP: one message per client's id, one effect per key, one text at the keyless platform unless flagged."""
    faults = []
    natives = Counter(
        (message.dialog, message.native) for message in books.messages if message.author == "contact"
    )
    faults += [
        f"message {native} of {dialog} is there {n} times" for (dialog, native), n in natives.items() if n > 1
    ]
    addresses = Counter((dialog.channel, dialog.address) for dialog in books.dialogs)
    faults += [f"{address} has {n} dialogs" for address, n in addresses.items() if n > 1]
    taken = Counter(post.key for post in journal.desk)
    faults += [f"key {key} took effect {n} times" for key, n in taken.items() if n > 1]
    meant = {row.key for row in books.outbox if row.destination.startswith("desk:")}
    faults += [f"key {key} at the desk is in no outbox row" for key in taken.keys() - meant]
    spoken = Counter((post.dialog, post.seq) for post in journal.desk if post.kind == "post")
    faults += [f"message {place} was posted under {n} keys" for place, n in spoken.items() if n > 1]
    for customer, events in journal.streams.items():
        revs = Counter((event.seq, event.rev, event.mark) for event in events)
        faults += [f"{customer}'s stream showed {place} {n} times" for place, n in revs.items() if n > 1]
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in books.outbox:
        if row.destination == "channel:phone":
            rows[row.address, row.text].append(row)
    for sent, n in Counter((sent.to, sent.text) for sent in journal.platform).items():
        allowed = sum(2 if row.doubled else 1 for row in rows[sent])
        if n > allowed:
            faults.append(f"{sent} arrived {n} times, {allowed} at most were meant")
    return faults


def disordered(journal: Journal, books: Books) -> list[str]:
    """ORDER: the numbers a customer counted by, the desk, the streams and the platform all agree."""
    return [
        *_counted(journal),
        *_desk_order(journal),
        *_stream_order(journal),
        *_platform_order(journal, books),
    ]


def _counted(journal: Journal) -> list[str]:
    """Whether what was said one after another got rising numbers."""
    acknowledged = defaultdict(list)
    for said in sorted(journal.said, key=lambda said: said.number):
        acknowledged[f"the messages of {said.customer}"].append(said.seq)
    for reply in sorted(journal.replied, key=lambda reply: reply.number):
        acknowledged[f"the replies in {reply.dialog}"].append(reply.seq)
    return [fault for what, seqs in acknowledged.items() for fault in _falls(what, seqs)]


def _desk_order(journal: Journal) -> list[str]:
    faults = []
    posts = defaultdict(list)
    opened: set[int] = set()
    for post in journal.desk:
        if post.kind == "open":
            opened.add(post.dialog)
        elif post.dialog not in opened:
            faults.append(f"{post.kind} of {post.dialog} came to the desk before its opening")
        if post.kind == "post" and post.seq is not None:
            posts[post.dialog].append(post.seq)
    for dialog, seqs in posts.items():
        faults += _falls(f"the desk's thread of {dialog}", seqs)
    return faults


def _stream_order(journal: Journal) -> list[str]:
    faults = []
    for customer, events in journal.streams.items():
        revs = [event.rev for event in events]
        faults += [f"{customer}'s stream went back from {a} to {b}" for a, b in pairwise(revs) if b < a]
        for house in (False, True):
            first = list(dict.fromkeys(e.seq for e in events if (e.author != "contact") == house))
            faults += _falls(f"{customer}'s stream ({'ours' if house else 'his'})", first)
    return faults


def _platform_order(journal: Journal, books: Books) -> list[str]:
    """Whether first arrivals came in the order of the outbox."""
    meant: dict[str, dict[str, int]] = defaultdict(dict)
    for place, row in enumerate(books.outbox):
        if row.destination == "channel:phone":
            meant[row.address].setdefault(row.text, place)
    arrived = defaultdict(list)
    for sent in dict.fromkeys(journal.platform):
        arrived[sent.to].append(meant[sent.to].get(sent.text, -1))
    return [
        fault
        for address, places in arrived.items()
        for fault in _falls(f"the platform's texts to {address}", places)
    ]


def mistimed(journal: Journal, books: Books, late: float, outages: Sequence[Span]) -> list[str]:
    """TIMER: each step of a promise's ladder once and in order; what fired is what is told; silent dialogs climb it all."""
    faults = []
    events: dict[int, list[Message]] = defaultdict(list)
    for message in books.messages:
        if message.event in (*LADDER, "woken"):
            events[message.dialog].append(message)
    fired = {(timer.dialog, timer.name): timer.fired for timer in books.timers}
    for dialog in books.dialogs:
        steps = [message.event for message in events[dialog.id] if message.event in LADDER]
        woken = sum(message.event == "woken" for message in events[dialog.id])
        if fired.get((dialog.id, "promise"), 0) != len(steps):
            faults.append(f"{dialog.id}: {fired.get((dialog.id, 'promise'))} fired, but told are {steps}")
        if fired.get((dialog.id, "snooze"), 0) != woken:
            faults.append(f"{dialog.id}: {fired.get((dialog.id, 'snooze'))} snoozes fired, {woken} told")
        climbs = _climbs(step for step in steps if step)
        faults += [f"{dialog.id} climbed {climb}" for climb in climbs if tuple(climb) != LADDER[: len(climb)]]
    faults += [f"{timer} is still armed" for timer in books.timers if timer.state == "armed"]
    faults += _silent(journal, books, events, late, outages)
    return faults


def _silent(
    journal: Journal,
    books: Books,
    events: dict[int, list[Message]],
    late: float,
    outages: Sequence[Span],
) -> list[str]:
    """Dialogs that nobody answers climb the whole ladder once, never early, and late by `late` seconds at most.

    Time in which nobody could ring does not count.
    """
    faults = []
    said = {(message.dialog, message.seq): message.said_at for message in books.messages}
    firsts: dict[int, tuple[str, int]] = {}
    for word in journal.said:
        if int(word.customer.rpartition("-")[2]) % SILENT == 0 and word.number == 0:
            firsts[word.dialog] = (word.customer, word.seq)
    for dialog, (customer, seq) in firsts.items():
        steps = [message for message in events[dialog] if message.event in LADDER]
        if tuple(message.event for message in steps) != LADDER:
            faults.append(f"nobody answered {customer}, and told are {[message.event for message in steps]}")
            continue
        if (dialog, seq) not in said:
            continue  # NO-LOSS says so
        began = said.get((dialog, seq))
        for message, at in zip(steps, LADDER_AT, strict=True):
            assert message.said_at is not None
            assert began is not None
            took = (message.said_at - began).total_seconds()
            due_at = began + timedelta(seconds=at)
            dead = sum((_overlap(span, (due_at, message.said_at)) for span in outages), timedelta())
            if not at - 0.05 <= took <= at + late + dead.total_seconds():
                faults.append(f"{message.event} for {customer} came after {took:.2f} s instead of {at:.1f}")
    return faults


def undelivered(_journal: Journal, books: Books, calm: datetime) -> list[str]:
    """DELIVER: every post has an end, every reply's mark says which, a minute after it was said or all went well again."""
    faults = [
        f"{row.destination} {row.kind} {row.key} is {row.state} ({row.reason})"
        for row in books.outbox
        if row.state not in TERMINAL
    ]
    ends = {(row.dialog, row.message_seq): row for row in books.outbox if row.kind == "send"}
    for message in books.messages:
        row = ends.get((message.dialog, message.seq))
        if message.author != "agent" or message.private:
            continue
        if row is None or message.mark is None or (message.mark in SHOWN) != (row.state == "accepted"):
            faults.append(f"a reply is marked {message.mark}, and its post is {row}")
        elif row.settled_at is None or row.settled_at - max(row.created_at or calm, calm) > VISIBLY:
            faults.append(f"a reply was not settled in time: {row}")
    return faults


def unseen(_journal: Journal, books: Books) -> list[str]:
    """VISIBLE: the audit finds nothing."""
    return books.findings


def false(journal: Journal, _books: Books) -> list[str]:
    """ANSWERS: nobody got anything but a right answer, a 503 or no connection."""
    return journal.odd


def broken(
    journal: Journal, books: Books, calm: datetime, *, late: float = 10.0, outages: Sequence[Span] = ()
) -> dict[str, list[str]]:
    """All promises that are broken, by name. `calm` is when the faults were over."""
    checks: dict[str, Callable[[], list[str]]] = {
        "NO-LOSS": lambda: lost(journal, books),
        "NO-DUP": lambda: doubled(journal, books),
        "ORDER": lambda: disordered(journal, books),
        "TIMER": lambda: mistimed(journal, books, late, outages),
        "DELIVER": lambda: undelivered(journal, books, calm),
        "VISIBLE": lambda: unseen(journal, books),
        "ANSWERS": lambda: false(journal, books),
    }
    return {name: faults for name, check in checks.items() if (faults := check())}


def streamed(journal: Journal) -> set[tuple[int, int]]:
    """Places (dialog, seq) of our messages that a visitor's stream showed."""
    dialogs = {said.customer: said.dialog for said in journal.said}
    return {
        (dialogs[customer], event.seq)
        for customer, events in journal.streams.items()
        for event in events
        if customer in dialogs and event.author != "contact" and event.mark in SHOWN
    }


def _overlap(one: Span, other: Span) -> timedelta:
    """How much of two spans is common."""
    return max(timedelta(), min(one[1], other[1]) - max(one[0], other[0]))


def _falls(what: str, numbers: Iterable[int]) -> list[str]:
    """Where a row of numbers does not rise."""
    return [f"{what}: {b} after {a}" for a, b in pairwise(numbers) if b <= a]


def _climbs(steps: Iterable[str]) -> list[list[str]]:
    """The steps of one dialog, promise by promise: each begins anew."""
    climbs: list[list[str]] = []
    for step in steps:
        if step == LADDER[0] or not climbs:
            climbs.append([])
        climbs[-1].append(step)
    return climbs
