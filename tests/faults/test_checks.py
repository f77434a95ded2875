"""Every check is shown a healthy story, and then the same story with one thing wrong: it must say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

import pytest

from tests.faults import checks
from tests.faults.journal import (
    Books,
    Dialog,
    Journal,
    Message,
    Posted,
    Replied,
    Row,
    Said,
    Sent,
    Shown,
    Timer,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SITE, PHONE = 11, 12
T = TypeVar("T")


class Story(NamedTuple):
    """What the world saw, and what the bridge wrote down."""

    journal: Journal
    books: Books


def story() -> Story:
    """A visitor whom nobody answers, and a caller who asks twice and is answered once."""
    journal = Journal(
        said=[
            Said("visitor-4", 0, "4-0", "hello", SITE, 1),
            Said("caller-5", 0, "5-0", "one", PHONE, 1),
            Said("caller-5", 1, "5-1", "two", PHONE, 3),
        ],
        replied=[Replied(PHONE, 0, "answer", 5), Replied(SITE, 0, "psst", 9, private=True)],
        desk=[
            Posted("k1", "open", SITE),
            Posted("k2", "post", SITE, 1, "hello"),
            Posted("k3", "open", PHONE),
            Posted("k4", "post", PHONE, 1, "one"),
            Posted("k5", "post", PHONE, 3, "two"),
            Posted("k6", "post", PHONE, 5, "answer"),
            Posted("k7", "post", SITE, 9, "psst"),
        ],
        streams={
            "visitor-4": [Shown(1, 1, "contact", "hello"), Shown(2, 3, "bot", "welcome", "accepted")],
        },
        platform=[Sent("caller-5", "welcome"), Sent("caller-5", "answer")],
    )
    steps = [
        Message(
            SITE, 4 + number, "system", event, private=True, event=event, said_at=NOON + timedelta(seconds=at)
        )
        for number, (event, at) in enumerate(zip(checks.LADDER, checks.LADDER_AT, strict=True))
    ]
    books = Books(
        dialogs=[
            Dialog(SITE, "shop", "a", "open", NOON),
            Dialog(PHONE, "phone", "caller-5", "waiting", NOON),
        ],
        messages=[
            Message(SITE, 1, "contact", "hello", native="4-0", said_at=NOON),
            *steps,
            Message(SITE, 9, "agent", "psst", private=True),
            Message(PHONE, 1, "contact", "one", native="5-0", said_at=NOON),
            Message(PHONE, 3, "contact", "two", native="5-1", said_at=NOON),
            Message(PHONE, 5, "agent", "answer", mark="accepted", said_at=NOON),
        ],
        outbox=[
            *(
                Row(post.key, post.kind, "desk:crm", f"{post.dialog}>desk", post.dialog, "accepted", post.seq)
                for post in journal.desk
            ),
            _send("s1", 2, "welcome", human=False),
            _send("s2", 5, "answer", human=True),
        ],
        timers=[Timer(SITE, "promise", "fired", 4), Timer(PHONE, "promise", "off", 0)],
    )
    return Story(journal, books)


def _send(key: str, seq: int, text: str, *, human: bool) -> Row:
    return Row(
        key,
        "send",
        "channel:phone",
        f"{PHONE}>phone",
        PHONE,
        "accepted",
        seq,
        human=human,
        address="caller-5",
        text=text,
        created_at=NOON,
        settled_at=NOON + timedelta(seconds=1),
    )


def _add(things: list[T], thing: T) -> int:
    return _extend(things, [thing])


def _extend(things: list[T], more: Iterable[T]) -> int:
    things.extend(more)
    return len(things)


def _swap(things: list[Posted], one: int, other: int) -> int:
    things[one], things[other] = things[other], things[one]
    return len(things)


MUTATIONS: dict[str, tuple[str, Callable[[Story], object]]] = {
    "an acknowledged message is not in SQL": ("NO-LOSS", lambda s: s.books.messages.pop(0)),
    "an acknowledged message has other words in SQL": (
        "NO-LOSS",
        lambda s: s.books.messages.__setitem__(0, replace(s.books.messages[0], text="hullo")),
    ),
    "a message did not reach the desk": ("NO-LOSS", lambda s: s.journal.desk.pop(4)),
    "a message is not in its visitor's stream": ("NO-LOSS", lambda s: s.journal.streams["visitor-4"].pop(0)),
    "a reply is not in SQL": ("NO-LOSS", lambda s: s.books.messages.pop()),
    "a reply did not reach the platform": ("NO-LOSS", lambda s: s.journal.platform.pop()),
    "a reply did not reach the visitor's stream": (
        "NO-LOSS",
        lambda s: (
            _add(s.journal.replied, Replied(SITE, 1, "late", 10)),
            _add(s.journal.desk, Posted("k8", "post", SITE, 10, "late")),
            _add(s.books.messages, Message(SITE, 10, "agent", "late", mark="accepted")),
        ),
    ),
    "a message is in SQL twice": (
        "NO-DUP",
        lambda s: _add(s.books.messages, replace(s.books.messages[0], seq=20)),
    ),
    "one address has two dialogs": (
        "NO-DUP",
        lambda s: _add(s.books.dialogs, replace(s.books.dialogs[0], id=13)),
    ),
    "a key took effect twice": ("NO-DUP", lambda s: _add(s.journal.desk, s.journal.desk[-1])),
    "a message was posted under two keys": (
        "NO-DUP",
        lambda s: (
            _add(s.journal.desk, replace(s.journal.desk[-1], key="k8")),
            _add(s.books.outbox, replace(s.books.outbox[0], key="k8")),
        ),
    ),
    "the desk got what nobody meant": ("NO-DUP", lambda s: _add(s.journal.desk, Posted("kx", "show", SITE))),
    "a stream showed an event twice": (
        "NO-DUP",
        lambda s: _add(s.journal.streams["visitor-4"], s.journal.streams["visitor-4"][-1]),
    ),
    "a person's words arrived twice without a flag": (
        "NO-DUP",
        lambda s: _add(s.journal.platform, s.journal.platform[-1]),
    ),
    "the bot's words arrived twice": ("NO-DUP", lambda s: _add(s.journal.platform, s.journal.platform[0])),
    "later words have a smaller number": (
        "ORDER",
        lambda s: s.journal.said.__setitem__(2, replace(s.journal.said[2], seq=1)),
    ),
    "a later reply has a smaller number": (
        "ORDER",
        lambda s: _add(s.journal.replied, Replied(PHONE, 1, "x", 4)),
    ),
    "the desk got a thread in the wrong order": ("ORDER", lambda s: _swap(s.journal.desk, 4, 5)),
    "the desk got a post before its thread": ("ORDER", lambda s: _swap(s.journal.desk, 0, 1)),
    "a stream went back": ("ORDER", lambda s: s.journal.streams["visitor-4"].reverse()),
    "a stream showed our words in the wrong order": (
        "ORDER",
        lambda s: s.journal.streams["visitor-4"].extend(
            [Shown(8, 30, "agent", "b", "accepted"), Shown(7, 31, "agent", "a", "accepted")]
        ),
    ),
    "the platform got texts in the wrong order": ("ORDER", lambda s: s.journal.platform.reverse()),
    "a step was told twice": ("TIMER", lambda s: s.books.messages.insert(2, s.books.messages[1])),
    "a step was left out": ("TIMER", lambda s: s.books.messages.pop(2)),
    "a timer fired and nothing was told": (
        "TIMER",
        lambda s: s.books.timers.__setitem__(1, replace(s.books.timers[1], fired=1)),
    ),
    "a snooze was over twice": (
        "TIMER",
        lambda s: (
            _add(s.books.timers, Timer(PHONE, "snooze", "fired", 1)),
            _extend(s.books.messages, [Message(PHONE, seq, "system", "", True, "woken") for seq in (30, 31)]),
        ),
    ),
    "a timer is armed though all is quiet": (
        "TIMER",
        lambda s: s.books.timers.__setitem__(1, replace(s.books.timers[1], state="armed")),
    ),
    "a step came early": (
        "TIMER",
        lambda s: s.books.messages.__setitem__(
            1, replace(s.books.messages[1], said_at=NOON + timedelta(seconds=1))
        ),
    ),
    "a step came late": (
        "TIMER",
        lambda s: s.books.messages.__setitem__(
            4, replace(s.books.messages[4], said_at=NOON + timedelta(seconds=16))
        ),
    ),
    "a post has no end": (
        "DELIVER",
        lambda s: s.books.outbox.__setitem__(0, replace(s.books.outbox[0], state="unknown")),
    ),
    "a failed reply is marked accepted": (
        "DELIVER",
        lambda s: s.books.outbox.__setitem__(-1, replace(s.books.outbox[-1], state="failed")),
    ),
    "a reply has no post": ("DELIVER", lambda s: s.books.outbox.pop()),
    "a reply took longer than a minute": (
        "DELIVER",
        lambda s: s.books.outbox.__setitem__(
            -1, replace(s.books.outbox[-1], settled_at=NOON + timedelta(seconds=62))
        ),
    ),
    "the audit found something": ("VISIBLE", lambda s: _add(s.books.findings, "a dialog in no view")),
    "somebody was answered with a traceback": ("ANSWERS", lambda s: _add(s.journal.odd, "500")),
}


def test_a_healthy_story_breaks_nothing() -> None:
    assert checks.broken(*story(), calm=NOON) == {}


@pytest.mark.parametrize("wrong", MUTATIONS)
def test_what_is_wrong_is_noticed(wrong: str) -> None:
    name, mutate = MUTATIONS[wrong]
    told = story()
    mutate(told)
    assert name in checks.broken(told.journal, told.books, calm=NOON)


def test_a_double_is_allowed_where_it_is_flagged() -> None:
    journal, books = story()
    journal.platform.append(journal.platform[-1])
    books.outbox[-1] = replace(books.outbox[-1], doubled=True)
    assert checks.broken(journal, books, calm=NOON) == {}
    journal.platform.append(journal.platform[-1])
    assert "NO-DUP" in checks.broken(journal, books, calm=NOON)


def test_time_without_a_clock_is_not_held_against_a_timer() -> None:
    journal, books = story()
    books.messages[4] = replace(books.messages[4], said_at=NOON + timedelta(seconds=25))
    outage = (NOON + timedelta(seconds=4), NOON + timedelta(seconds=24))
    assert checks.broken(journal, books, calm=NOON, outages=[outage]) == {}
    assert "TIMER" in checks.broken(journal, books, calm=NOON)
