"""What the bot says by itself, in the contact's language.

Owns the built-in words and when each is said. It must never stop a clock: its lines are no answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bridge.conversations.changes import Dialog
from bridge.conversations.lines import Channel, Line
from bridge.messages import Incoming

AWAY_AGAIN = timedelta(hours=3)
"""How long the "nobody is here now" line is not repeated."""

TEXTS = {
    "en": {
        "greeting": "Hello! Write your question here; a person answers within {target}.",
        "greeting_unpromised": "Hello! Write your question here; a person will answer.",
        "away": "Nobody is here right now. We are back {open_at} and will answer then.",
        "person": "A person takes over here.",
        "ticket": "We have passed this on as ticket {number} and will write here when there is news.",
        "announcement": "Good news! What you asked for is ready: {title}",
    },
    "ru": {
        "greeting": "Здравствуйте! Напишите ваш вопрос: человек ответит в течение {target}.",
        "greeting_unpromised": "Здравствуйте! Напишите ваш вопрос, вам ответит человек.",
        "away": "Сейчас никого нет на месте. Мы вернёмся {open_at} и сразу ответим.",
        "person": "Передаю разговор человеку.",
        "ticket": "Мы передали вопрос специалистам (заявка {number}) и напишем сюда, как только будут новости.",
        "announcement": "Хорошие новости! То, о чём вы просили, готово: {title}",
    },
}
"""Language → name → words; a channel's own texts come before these."""


def lines(
    dialog: Dialog, incoming: Incoming, *, opening: bool, now: datetime, channel: Channel, line: Line
) -> Iterator[str]:
    """What the bot answers to this message, in order: `away` at most once in three hours."""
    if not channel.bot:
        return
    if opening:
        yield greeting(dialog, channel)
    if incoming.asks_person:
        yield text(channel, dialog.language, "person")
    if says_away(dialog, now, line):
        yield text(
            channel, dialog.language, "away", open_at=clock_time(line.hours.next_open(now), dialog.language)
        )


def says_away(dialog: Dialog, now: datetime, line: Line) -> bool:
    """True when nobody works now and the contact has not been told so lately."""
    return not line.hours.is_open(now) and (dialog.away_at is None or now - dialog.away_at >= AWAY_AGAIN)


def greeting(dialog: Dialog, channel: Channel) -> str:
    """The first line of a new dialog, with the promise of its channel."""
    target = channel.target("first_response", dialog.priority, dialog.plan)
    if target is None:
        return text(channel, dialog.language, "greeting_unpromised")
    return text(channel, dialog.language, "greeting", target=span(target, dialog.language))


def text(channel: Channel, language: str, name: str, **slots: object) -> str:
    """The channel's own words for `name`, else the built-in ones; in `language`, else in English."""
    for words in (channel.texts.get(language, {}), TEXTS.get(language, {}), channel.texts.get("en", {})):
        if name in words:
            return words[name].format(**slots)
    return TEXTS["en"][name].format(**slots)


def span(length: timedelta, language: str) -> str:
    """A length of time in words that fit behind "within": "2 minutes", "1 часа"."""
    minutes = max(1, round(length.total_seconds() / 60))
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    if language == "ru":
        one, many = ("часа", "часов") if unit == "hour" else ("минуты", "минут")
        return f"{number} {one if number % 10 == 1 and number % 100 != 11 else many}"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def clock_time(moment: datetime, language: str) -> str:
    """A moment as people write it in this language."""
    day = moment.strftime("%d.%m" if language == "ru" else "%d %b")
    return f"{day} в {moment:%H:%M}" if language == "ru" else f"on {day} at {moment:%H:%M}"
