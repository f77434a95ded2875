"""The bot's menu: what is offered to the contact, and which of it his words mean. Pure.

Owns the commands that buttons carry. "Talk to a person" is the last of every offer, whatever the configuration says.
It must never decide what a press does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from bridge.conversations import greeter
from bridge.conversations.lines import Channel, MenuItem

Option = tuple[str, str]
"""A command and its label in the contact's language."""

PERSON, YES, NO, MENU = "person", "yes", "no", "menu"
WISH: Literal["wish"] = "wish"
EMAIL: Literal["email"] = "email"
HELPED: Literal["helped"] = "helped"
"""What the bot may have asked last: a menu (its command), for a wish, for an e-mail address, whether its answer helped."""

LONGEST = 60
"""Characters of what can be a label: most messages are longer and need not be compared."""
_ITEM = "menu:"
_WORDS_FOR_A_PERSON = frozenset(
    [
        "person",
        "a person",
        "human",
        "a human",
        "agent",
        "operator",
        "человек",
        "человека",
        "оператор",
        "оператора",
    ]
)


def command(item: MenuItem) -> str:
    """What a press of this item sends."""
    return _ITEM + item.name


def item(command: str, channel: Channel) -> MenuItem | None:
    """The item that a command means; None when it is no longer configured."""
    name = command.removeprefix(_ITEM)
    return next((known for known in _all(channel.menu) if known.name == name), None)


def is_ours(command: str, channel: Channel) -> bool:
    """Whether a button of the bot's sends this, now or on another day."""
    return (
        command in (PERSON, YES, NO, MENU, "start")
        or command.startswith(_ITEM)
        or item(command, channel) is not None
    )


def offered(asks: str | None, channel: Channel, language: str) -> tuple[Option, ...]:
    """The buttons under what the bot asks; none when it asks nothing."""
    if asks is None:
        return ()
    options: list[Option] = []
    if asks == HELPED:
        options += _built_in(channel, language, YES, NO)
    elif asks == MENU:
        options += _items(channel.menu, channel, language)
    else:
        sub = item(asks, channel)
        options += _items(sub.items if sub else (), channel, language)
        if channel.menu:
            options += _built_in(channel, language, MENU)
    last = item(options[-1][0], channel) if options else None
    if last is None or last.do != "person":
        options += _built_in(channel, language, PERSON)
    return tuple(options)


def numbered(options: tuple[Option, ...], channel: Channel, language: str) -> str:
    """The offer as text, where the platform has no such buttons; a person alone needs no number, he reads every word."""
    if len(options) <= max(1, channel.limits.buttons):
        return ""
    lines = [f"{number}. {label}" for number, (_, label) in enumerate(options, 1)]
    return "\n".join([*lines, greeter.text(channel, language, "numbers")])


def typed(words: str, asks: str | None, channel: Channel, language: str) -> str | None:
    """The command that typed words mean: a number or a label of the last offer, or any label of the menu."""
    if len(words) > LONGEST:
        return None
    said = _plain(words)
    options = offered(asks, channel, language)
    if said.isdecimal() and numbered(options, channel, language):
        number = int(said[:4])
        return options[number - 1][0] if 1 <= number <= len(options) else None
    for known, label in options:
        if _plain(label) == said:
            return known
    people = {greeter.text(channel, spoken, "label_person") for spoken in channel.languages}
    if said in _WORDS_FOR_A_PERSON or said in map(_plain, people):
        return PERSON
    for known_item in _all(channel.menu):
        if said in map(_plain, known_item.label.values()):
            return command(known_item)
    return None


def label(words: MenuItem, channel: Channel, language: str) -> str:
    """An item's label in this language, else in the channel's first."""
    return words.label.get(language) or words.label[channel.languages[0]]


def answer(words: MenuItem, channel: Channel, language: str) -> str:
    """What the bot says to a press of an item; a menu need not have words of its own."""
    said = words.say.get(language) or words.say.get(channel.languages[0])
    return said or greeter.text(channel, language, "which")


def _items(items: Iterable[MenuItem], channel: Channel, language: str) -> Iterator[Option]:
    for known in items:
        yield command(known), label(known, channel, language)


def _built_in(channel: Channel, language: str, *commands: str) -> Iterator[Option]:
    for known in commands:
        yield known, greeter.text(channel, language, f"label_{known}")


def _all(items: Iterable[MenuItem]) -> Iterator[MenuItem]:
    for known in items:
        yield known
        yield from _all(known.items)


def _plain(words: str) -> str:
    """Words as they are compared: case, spaces and the stop at the end say nothing."""
    return " ".join(words.casefold().split()).strip(" .!?")
