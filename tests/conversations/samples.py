"""Rules, people and dialogs that the tests of the conversations talk about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.conversations.changes import Change, Dialog, Post, Spoken
from bridge.conversations.hours import Hours
from bridge.conversations.lines import Channel, Ladder, Line, MenuItem, Rules, Step, Targets
from bridge.messages import (
    Address,
    AgentId,
    Attachment,
    Author,
    ChannelName,
    ContactId,
    DeskName,
    DialogId,
    EventKey,
    FileId,
    IdentityId,
    Incoming,
    Limits,
    LineName,
    NativeId,
    Priority,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday, with every line at work."""
NIGHT = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
"""The office is closed; the first line never is."""

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

FIRST, SECOND_LINE, OFFICE = LineName("first"), LineName("second"), LineName("office")
SHOP, MAIL, QUIET = ChannelName("shop"), ChannelName("mail"), ChannelName("quiet")
FRONT, PLAIN = ChannelName("front"), ChannelName("plain")
WEB, SLACK = DeskName("web"), DeskName("slack")

ANN, BEN, DEV, EVE = AgentId(1), AgentId(2), AgentId(3), AgentId(4)
ann, ben = Author("agent", ANN, "Ann"), Author("agent", BEN, "Ben")
dev, eve = Author("agent", DEV, "Dev"), Author("agent", EVE, "Eve")
carl = Author("contact", 9, "Carl")

MENU = (
    MenuItem(
        "delivery",
        {"en": "Delivery", "ru": "Доставка"},
        "menu",
        items=(
            MenuItem(
                "days",
                {"en": "How long?", "ru": "Сколько ждать?"},
                "say",
                say={"en": "Two days.", "ru": "Два дня."},
            ),
        ),
    ),
    MenuItem("suggest", {"en": "I miss something", "ru": "Мне не хватает"}, "wish"),
    MenuItem("email", {"en": "By e-mail", "ru": "По почте"}, "contact"),
)

RULES = Rules(
    channels={
        SHOP: Channel(
            SHOP,
            connector="site",
            line=FIRST,
            targets=Targets(2 * MINUTE, 5 * MINUTE),
            desks=(WEB,),
            by_priority={Priority.urgent: Targets(MINUTE, MINUTE), Priority.low: Targets(None, None)},
            by_plan={"gold": Targets(90 * SECOND, None)},
            limits=Limits(text=40),
            languages=("en", "ru"),
            texts={"en": {"person": "Ann or Ben takes over."}, "de": {"away": "Niemand da bis {open_at}."}},
        ),
        MAIL: Channel(MAIL, connector="email", line=OFFICE, targets=Targets(HOUR, 4 * HOUR), bot=False),
        FRONT: Channel(
            FRONT,
            connector="site",
            line=OFFICE,
            targets=Targets(2 * MINUTE, 5 * MINUTE),
            limits=Limits(buttons=10, lasting=False),
            languages=("en", "ru"),
            menu=MENU,
        ),
        PLAIN: Channel(
            PLAIN, connector="sms", line=FIRST, targets=Targets(2 * MINUTE, 5 * MINUTE), menu=MENU
        ),
        QUIET: Channel(QUIET, connector="site", line=FIRST, targets=Targets(None, None)),
    },
    lines={
        FIRST: Line(FIRST, "First line", speaks=True, hours=Hours.always()),
        SECOND_LINE: Line(SECOND_LINE, "Second line", speaks=False, hours=Hours.always(), desks=(SLACK,)),
        OFFICE: Line(
            OFFICE,
            "The office",
            speaks=True,
            hours=Hours.parse("UTC", {"mon-fri": ["09:00-18:00"]}),
            desks=(WEB,),
        ),
    },
    ladder=Ladder(
        (
            Step("nudge", 0.5),
            Step("mention", 0.8),
            Step("requeue"),
            Step("supervise", after=MINUTE),
        )
    ),
)
AUTOMATIC = replace(RULES, announce="automatic")


def a_dialog(number: int = 1, **fields: Any) -> Dialog:
    """A dialog that has just been made: nobody has said anything yet."""
    known: dict[str, Any] = {
        "id": DialogId(100 + number),
        "channel": SHOP,
        "address": Address(f"visitor-{number}"),
        "identity": IdentityId(200 + number),
        "contact": ContactId(carl.id or 0),
        "name": carl.name,
        "language": "en",
        "plan": "",
        "email": None,
        "line": FIRST,
        "opened_at": NOON,
        "changed_at": NOON,
    }
    return Dialog(**known | fields)


def words(text: str = "Where is my parcel?", **fields: Any) -> Incoming:
    """A contact's message."""
    known: dict[str, Any] = {"channel": SHOP, "address": Address("visitor-1"), "event_key": EventKey("event")}
    return Incoming(text=text, **known | fields)


def a_file(name: str = "label.pdf") -> Attachment:
    return Attachment(FileId(7), name, "application/pdf", 1234)


def to_contact(change: Change) -> list[Post]:
    """What goes out to the contact."""
    return [post for post in change.posts if post.destination.startswith("channel:")]


def to_desks(change: Change, kind: str | None = None) -> list[Post]:
    """What goes out to desks."""
    posts = (post for post in change.posts if post.destination.startswith("desk:"))
    return [post for post in posts if kind in (None, post.kind)]


def said_by(change: Change, kind: str) -> list[Spoken]:
    return [spoken for spoken in change.said if spoken.author.kind == kind]


def events(said: Iterable[Spoken]) -> list[str | None]:
    return [spoken.event for spoken in said if spoken.event]


def native(text: str) -> NativeId:
    return NativeId(text)
