"""Lengths of time and moments in words, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.conversations import moments
from tests.conversations.samples import DAY, HOUR, MINUTE, NOON, SECOND

MOSCOW = ZoneInfo("Europe/Moscow")


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
    assert moments.span(length, "en") == english
    assert moments.span(length, "ru") == russian


@pytest.mark.parametrize(
    ("ahead", "zone", "english", "russian"),
    [
        (3 * HOUR, MOSCOW, "today at 18:00 (MSK)", "сегодня в 18:00 (MSK)"),
        (9 * HOUR, MOSCOW, "tomorrow at 00:00 (MSK)", "завтра в 00:00 (MSK)"),
        (3 * DAY, MOSCOW, "on Thursday, 5 March at 15:00 (MSK)", "в четверг, 5 марта, в 15:00 (MSK)"),
        (DAY, ZoneInfo("Asia/Dubai"), "tomorrow at 16:00 (UTC+04)", "завтра в 16:00 (UTC+04)"),
    ],
)
def test_a_moment_is_told_in_the_time_of_those_who_come_back(
    ahead: timedelta, zone: ZoneInfo, english: str, russian: str
) -> None:
    assert moments.at(NOON + ahead, NOON, zone, "en") == english
    assert moments.at(NOON + ahead, NOON, zone, "ru") == russian
    assert moments.at(NOON + ahead, NOON, zone, "fi") == english


@pytest.mark.parametrize(
    ("ahead", "english", "russian"),
    [
        (2 * MINUTE, "within 2 minutes", "в течение 2 минут"),
        (90 * MINUTE, "within 90 minutes", "в течение 90 минут"),
        (2 * HOUR, "by 17:00 today (MSK)", "сегодня до 17:00 (MSK)"),
        (DAY, "by 15:00 tomorrow (MSK)", "завтра до 15:00 (MSK)"),
        (3 * DAY, "by 15:00 on Thursday, 5 March (MSK)", "в четверг, 5 марта, до 15:00 (MSK)"),
    ],
)
def test_what_is_due_soon_is_told_as_a_length_of_time(ahead: timedelta, english: str, russian: str) -> None:
    assert moments.by(NOON + ahead, NOON, MOSCOW, "en") == english
    assert moments.by(NOON + ahead, NOON, MOSCOW, "ru") == russian


def test_every_weekday_and_month_has_its_words() -> None:
    for days in range(2, 370):
        for language in ("en", "ru"):
            moment = datetime(2026, 1, 1, 12, tzinfo=UTC) + days * DAY
            assert f"{moment.day} " in moments.at(moment, NOON - 400 * DAY, MOSCOW, language)
