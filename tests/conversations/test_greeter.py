"""What the bot says by itself, and the rules as data that it says it by."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.conversations import greeter
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
    SECOND,
    SECOND_LINE,
    SHOP,
    SLACK,
    WEB,
    a_dialog,
    words,
)

SHOP_CHANNEL, OFFICE_LINE = RULES.channel(SHOP), RULES.line(OFFICE)


def test_a_greeting_promises_what_the_channel_promises() -> None:
    assert greeter.greeting(a_dialog(plan="gold"), SHOP_CHANNEL).endswith("within 2 minutes.")
    assert greeter.greeting(a_dialog(language="ru"), RULES.channel(MAIL)).endswith("в течение 1 часа.")
    assert greeter.greeting(a_dialog(), RULES.channel(QUIET)).endswith("a person will answer.")


def test_everything_there_is_to_say_comes_in_order() -> None:
    said = list(
        greeter.lines(
            a_dialog(),
            words(asks_person=True),
            opening=True,
            now=NIGHT,
            channel=SHOP_CHANNEL,
            line=OFFICE_LINE,
        )
    )
    assert [line[:5] for line in said] == ["Hello", "Ann o", "Nobod"]


def test_in_the_middle_of_a_talk_the_bot_is_silent() -> None:
    quiet = greeter.lines(
        a_dialog(), words(), opening=False, now=NOON, channel=SHOP_CHANNEL, line=OFFICE_LINE
    )
    assert not list(quiet)


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("en", "person", "Ann or Ben takes over."),  # the channel's own words come first
        ("ru", "person", "Передаю разговор человеку."),  # the built-in ones of the language before English
        ("de", "away", "Niemand da bis 9."),  # a language only the channel speaks
        ("de", "person", "Ann or Ben takes over."),  # else the channel's English
        ("fi", "away", "Nobody is here right now. We are back 9 and will answer then."),
    ],
)
def test_words_are_looked_for_nearest_first(language: str, name: str, expected: str) -> None:
    assert greeter.text(SHOP_CHANNEL, language, name, open_at=9) == expected


def test_every_language_has_every_line() -> None:
    assert {frozenset(lines) for lines in greeter.TEXTS.values()} == {frozenset(greeter.TEXTS["en"])}


@pytest.mark.parametrize(
    ("length", "english", "russian"),
    [
        (SECOND, "1 minute", "1 минуты"),
        (2 * MINUTE, "2 minutes", "2 минут"),
        (11 * MINUTE, "11 minutes", "11 минут"),
        (21 * MINUTE, "21 minutes", "21 минуты"),
        (HOUR, "1 hour", "1 часа"),
        (2 * HOUR, "2 hours", "2 часов"),
        (5 * HOUR, "5 hours", "5 часов"),
        (11 * HOUR, "11 hours", "11 часов"),
        (21 * HOUR, "21 hours", "21 часа"),
        (90 * MINUTE, "90 minutes", "90 минут"),
    ],
)
def test_a_length_of_time_reads_well(length: timedelta, english: str, russian: str) -> None:
    assert greeter.span(length, "en") == english
    assert greeter.span(length, "ru") == russian


def test_a_moment_reads_well() -> None:
    assert greeter.clock_time(NOON, "en") == "on 02 Mar at 12:00"
    assert greeter.clock_time(NOON, "ru") == "02.03 в 12:00"


def test_away_is_said_again_only_after_three_hours() -> None:
    assert greeter.says_away(a_dialog(), NIGHT, OFFICE_LINE)
    assert not greeter.says_away(a_dialog(away_at=NIGHT - 2 * HOUR), NIGHT, OFFICE_LINE)
    assert greeter.says_away(a_dialog(away_at=NIGHT - 3 * HOUR), NIGHT, OFFICE_LINE)
    assert not greeter.says_away(a_dialog(), NOON, OFFICE_LINE)
    assert not greeter.says_away(a_dialog(), NIGHT, RULES.line(FIRST))


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
