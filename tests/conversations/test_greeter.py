"""What the bot says by itself, and the rules as data that it says it by."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from bridge.conversations import greeter
from bridge.conversations.changes import Promise
from bridge.conversations.lines import Ladder, Step
from bridge.errors import Missing
from bridge.messages import ChannelName, LineName
from tests.conversations.samples import (
    DAY,
    FIRST,
    HOUR,
    MAIL,
    MINUTE,
    NIGHT,
    NOON,
    OFFICE,
    QUIET,
    RULES,
    SECOND_LINE,
    SHOP,
    SLACK,
    WEB,
    a_dialog,
)

SHOP_CHANNEL, OFFICE_LINE = RULES.channel(SHOP), RULES.line(OFFICE)


def test_a_greeting_promises_what_the_channel_promises() -> None:
    assert greeter.greeting(a_dialog(plan="gold"), SHOP_CHANNEL).endswith("within 2 minutes.")
    assert greeter.greeting(a_dialog(language="ru"), RULES.channel(MAIL)).endswith("в течение 1 часа.")
    assert greeter.greeting(a_dialog(), RULES.channel(QUIET)).endswith("a person will answer.")


def test_who_has_asked_already_is_not_asked_to_write() -> None:
    assert greeter.greeting(a_dialog(), SHOP_CHANNEL, "heard") == (
        "Hello! Your message is with us: a person answers within 2 minutes."
    )


def test_nothing_is_promised_while_nobody_is_there_to_keep_it() -> None:
    assert greeter.greeting(a_dialog(), SHOP_CHANNEL, promised=False).endswith("a person will answer.")


@pytest.mark.parametrize(
    ("now", "due_at", "language", "expected"),
    [
        (
            NIGHT,
            NIGHT + 10 * HOUR + 2 * MINUTE,
            "en",
            (
                "Nobody is here right now. We are back tomorrow at 09:00 (UTC), "
                "and you have an answer by 09:02 tomorrow (UTC)."
            ),
        ),
        (
            NIGHT,
            NIGHT + 10 * HOUR + 2 * MINUTE,
            "ru",
            "Сейчас никого нет на месте. Мы вернёмся завтра в 09:00 (UTC), ответ будет завтра до 09:02 (UTC).",
        ),
        (
            NIGHT,
            None,
            "en",
            "Nobody is here right now. We are back tomorrow at 09:00 (UTC) and will answer then.",
        ),
        (
            NOON,
            NOON + 2 * MINUTE,
            "en",
            "Nobody is at the desk at this moment. You have an answer within 2 minutes.",
        ),
        (NOON, NOON + 2 * MINUTE, "ru", "В эту минуту все отошли. Ответ будет в течение 2 минут."),
        (
            NOON,
            NOON - MINUTE,
            "en",
            "Nobody is at the desk at this moment. We answer as soon as somebody is back.",
        ),
    ],
)
def test_who_finds_nobody_learns_when_the_answer_is_due(
    now: datetime, due_at: datetime | None, language: str, expected: str
) -> None:
    promise = None if due_at is None else Promise("first_response", now, due_at, step=0, gen=1)
    dialog = a_dialog(language=language, promise=promise)
    assert greeter.absence(dialog, now, SHOP_CHANNEL, OFFICE_LINE) == expected


def test_the_manual_names_every_text_with_its_slots() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "bot.md").read_text()
    told = {
        name: sorted(re.findall(r"{\w+}", slots))
        for line in re.findall(r"^\| (`.*?) \|", manual.partition("## The words")[2], re.MULTILINE)
        for name, slots in re.findall(r"`(\w+)`((?: {\w+})*)", line)
    }
    assert told == {name: sorted(re.findall(r"{\w+}", words)) for name, words in greeter.TEXTS["en"].items()}


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("en", "person", "Ann or Ben takes over."),  # the channel's own words come first
        ("ru", "person", "Передаю разговор человеку."),  # the built-in ones of the language before English
        ("de", "away", "Niemand da bis 9."),  # a language only the channel speaks
        ("de", "person", "Ann or Ben takes over."),  # else the channel's English
        ("fi", "away", "Nobody is here right now. We are back 9, and you have an answer soon."),
    ],
)
def test_words_are_looked_for_nearest_first(language: str, name: str, expected: str) -> None:
    assert greeter.text(SHOP_CHANNEL, language, name, open_at=9, due="soon") == expected


def test_every_language_has_every_line_with_the_same_slots() -> None:
    slots = {
        language: {name: sorted(re.findall(r"{\w+}", words)) for name, words in texts.items()}
        for language, texts in greeter.TEXTS.items()
    }
    assert slots["ru"] == slots["en"]


# -- the rules


def test_a_ladder_stands_in_the_order_of_time_and_has_a_due_rung() -> None:
    with pytest.raises(ValueError, match="needs a step at 100%"):
        Ladder((Step("nudge", 0.5),))
    with pytest.raises(ValueError, match="in the order of time"):
        Ladder((Step("requeue"), Step("nudge", 0.5)))
    with pytest.raises(ValueError, match="in the order of time"):
        Ladder((Step("supervise", after=MINUTE), Step("requeue")))


def test_a_rung_is_reached_in_business_time() -> None:
    hours = OFFICE_LINE.hours
    evening = NOON.replace(hour=17, minute=50)
    assert RULES.ladder.moment(2, evening, 20 * MINUTE, hours) == NOON.replace(hour=9, minute=10) + DAY


def test_what_is_not_configured_is_missing_by_name() -> None:
    with pytest.raises(Missing, match="no channel 'moon'"):
        RULES.channel(ChannelName("moon"))
    with pytest.raises(Missing, match="no line 'moon'"):
        RULES.line(LineName("moon"))


def test_a_dialog_is_shown_on_each_desk_once() -> None:
    assert RULES.desks(SHOP, OFFICE) == (WEB,)
    assert RULES.desks(SHOP, SECOND_LINE) == (WEB, SLACK)
    assert RULES.desks(QUIET, FIRST) == ()
