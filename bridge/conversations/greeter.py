"""The bot's words in every language: greetings, questions, labels of buttons.

Owns the built-in words and how a channel's own come before them. It must never decide when something is said.
"""

from __future__ import annotations

from datetime import datetime

from bridge.conversations import moments
from bridge.conversations.changes import Dialog
from bridge.conversations.lines import Channel, Line

TEXTS = {
    "en": {
        "greeting": "Hello! Write your question here; a person answers within {target}.",
        "greeting_unpromised": "Hello! Write your question here; a person will answer.",
        "heard": "Hello! Your message is with us: a person answers within {target}.",
        "heard_unpromised": "Hello! Your message is with us: a person will answer.",
        "hello": "Hello!",
        "away": "Nobody is here right now. We are back {open_at}, and you have an answer {due}.",
        "away_unpromised": "Nobody is here right now. We are back {open_at} and will answer then.",
        "off_duty": "Nobody is at the desk at this moment. You have an answer {due}.",
        "off_duty_unpromised": "Nobody is at the desk at this moment. We answer as soon as somebody is back.",
        "person": "A person takes over here.",
        "menu": "What can we do for you?",
        "which": "Which of these?",
        "helped": "Did this help?",
        "glad": "Glad to hear it! Write here whenever you need us.",
        "email": "Leave your e-mail address here if you like: then the answer can reach you there, too.",
        "contact": "Which e-mail address may we answer to?",
        "email_kept": "Thank you! We have noted {email}.",
        "wish": "What do you miss, or what could be better? Tell us in one message.",
        "wish_kept": "Thank you! We read every suggestion, and tell you here when yours comes true.",
        "numbers": "Answer with a number, or just write.",
        "label_yes": "Yes, thank you",
        "label_no": "No",
        "label_menu": "Back",
        "label_person": "Talk to a person",
        "ticket": "We have passed this on as ticket {number} and will write here when there is news.",
        "correction": "Correction: {text}",
        "announcement": "Good news! What you asked for is ready: {title}",
    },
    "ru": {
        "greeting": "Здравствуйте! Напишите ваш вопрос: человек ответит в течение {target}.",
        "greeting_unpromised": "Здравствуйте! Напишите ваш вопрос, вам ответит человек.",
        "heard": "Здравствуйте! Сообщение получили: человек ответит в течение {target}.",
        "heard_unpromised": "Здравствуйте! Сообщение получили, вам ответит человек.",
        "hello": "Здравствуйте!",
        "away": "Сейчас никого нет на месте. Мы вернёмся {open_at}, ответ будет {due}.",
        "away_unpromised": "Сейчас никого нет на месте. Мы вернёмся {open_at} и сразу ответим.",
        "off_duty": "В эту минуту все отошли. Ответ будет {due}.",
        "off_duty_unpromised": "В эту минуту все отошли. Ответим, как только кто-то вернётся.",
        "person": "Передаю разговор человеку.",
        "menu": "Чем мы можем помочь?",
        "which": "Что именно?",
        "helped": "Это помогло?",
        "glad": "Рады, что помогли! Пишите, если понадобимся.",
        "email": "Можете оставить адрес электронной почты: тогда ответ сможет прийти и туда.",
        "contact": "На какой адрес электронной почты вам ответить?",
        "email_kept": "Спасибо! Записали: {email}.",
        "wish": "Чего вам не хватает или что можно сделать лучше? Напишите одним сообщением.",
        "wish_kept": "Спасибо! Мы читаем все предложения и напишем сюда, когда ваше сбудется.",
        "numbers": "Ответьте номером или просто напишите.",
        "label_yes": "Да, спасибо",
        "label_no": "Нет",
        "label_menu": "Назад",
        "label_person": "Поговорить с человеком",
        "ticket": "Мы передали вопрос специалистам (заявка {number}) и напишем сюда, как только будут новости.",
        "correction": "Исправление: {text}",
        "announcement": "Хорошие новости! То, о чём вы просили, готово: {title}",
    },
}
"""Language → name → words; a channel's own texts come before these."""


def text(channel: Channel, language: str, name: str, **slots: object) -> str:
    """The channel's own words for `name`, else the built-in ones; in `language`, else in English."""
    for words in (channel.texts.get(language, {}), TEXTS.get(language, {}), channel.texts.get("en", {})):
        if name in words:
            return words[name].format(**slots)
    return TEXTS["en"][name].format(**slots)


def greeting(dialog: Dialog, channel: Channel, name: str = "greeting", *, promised: bool = True) -> str:
    """The first line of a dialog (`greeting`, or `heard` where he has asked already), with the promise of its channel.

    Where nobody is there to keep it (`promised` is False), none is named.
    """
    target = channel.target("first_response", dialog.priority, dialog.plan) if promised else None
    if target is None:
        return text(channel, dialog.language, f"{name}_unpromised")
    return text(channel, dialog.language, name, target=moments.span(target, dialog.language))


def absence(dialog: Dialog, now: datetime, channel: Channel, line: Line) -> str:
    """That nobody is there, since the line is closed or nobody is on duty, and when the answer is due."""
    language, zone = dialog.language, line.hours.zone
    slots = {}
    name = "off_duty"
    if not line.hours.is_open(now):
        name = "away"
        slots["open_at"] = moments.at(line.hours.next_open(now), now, zone, language)
    if dialog.promise is None or dialog.promise.due_at <= now:
        return text(channel, language, f"{name}_unpromised", **slots)
    return text(channel, language, name, **slots, due=moments.by(dialog.promise.due_at, now, zone, language))
