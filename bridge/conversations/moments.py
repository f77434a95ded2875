"""Lengths of time and moments as people say them, in each language the bot speaks. Pure.

Owns the words of time. It must never read a clock: `now` is given.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SOON = timedelta(minutes=90)
"""What is due so soon is told as a length of time, which is right in every time zone."""

_DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "ru": [
        "в понедельник",
        "во вторник",
        "в среду",
        "в четверг",
        "в пятницу",
        "в субботу",
        "в воскресенье",
    ],
}
_MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "ru": [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
}


def span(length: timedelta, language: str) -> str:
    """A length of time in words that fit behind "within": "2 minutes", "1 часа"."""
    minutes = max(1, round(length.total_seconds() / 60))
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    if language == "ru":
        one, many = ("часа", "часов") if unit == "hour" else ("минуты", "минут")
        return f"{number} {one if number % 10 == 1 and number % 100 != 11 else many}"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def at(moment: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """When something happens: "tomorrow at 09:00 (MSK)", "в четверг, 5 марта, в 09:00 (MSK)"."""
    local = moment.astimezone(zone)
    day = _day(moment, now, zone, language)
    if language == "ru":
        return f"{day}{',' if ',' in day else ''} в {local:%H:%M} ({_zone(local)})"
    return f"{day} at {local:%H:%M} ({_zone(local)})"


def by(moment: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """Until when something has happened: "within 5 minutes", "by 09:05 tomorrow (MSK)"."""
    if moment - now <= SOON:
        left = span(moment - now, language)
        return f"в течение {left}" if language == "ru" else f"within {left}"
    local = moment.astimezone(zone)
    day = _day(moment, now, zone, language)
    if language == "ru":
        return f"{day}{',' if ',' in day else ''} до {local:%H:%M} ({_zone(local)})"
    return f"by {local:%H:%M} {day} ({_zone(local)})"


def _day(moment: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    if days in (0, 1):
        names = ("сегодня", "завтра") if language == "ru" else ("today", "tomorrow")
        return names[days]
    known = language if language in _DAYS else "en"
    named = f"{_DAYS[known][local.weekday()]}, {local.day} {_MONTHS[known][local.month - 1]}"
    return named if known == "ru" else f"on {named}"


def _zone(local: datetime) -> str:
    """The zone's own short name; a number where it has none."""
    name = f"{local:%Z}"
    return f"UTC{name}" if name[:1] in "+-" else name
