"""From the menus of config.yaml to the choices that the bot offers.

Owns what is wrong with a menu, in words. It must never know what a press does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from bridge.config.mistakes import joined, nearest
from bridge.conversations.lines import MenuItem
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.config.sections import MenuSection

LONGEST_LABEL = 40
"""Characters of a button that every platform shows."""


def build(path: str, sections: Iterable[MenuSection], languages: Sequence[str]) -> tuple[MenuItem, ...]:
    """The choices of a channel; every name stands for one choice of the whole menu, since buttons carry it."""
    return _items(path, sections, languages, set())


def _items(
    path: str, sections: Iterable[MenuSection], languages: Sequence[str], names: set[str]
) -> tuple[MenuItem, ...]:
    items = []
    labels: set[tuple[str, str]] = set()
    for index, section in enumerate(sections):
        place = joined(path, index)
        if section.name in names:
            raise ConfigError(
                joined(place, "name"), f"there is a choice {section.name!r} in this menu already"
            )
        names.add(section.name)
        _check_words(joined(place, "label"), section.label, languages)
        if section.say:
            _check_words(joined(place, "say"), section.say, languages)
        for language, label in section.label.items():
            if len(label) > LONGEST_LABEL:
                raise ConfigError(
                    joined(place, "label", language), f"a button has {LONGEST_LABEL} characters at most"
                )
            if (language, label.casefold()) in labels:
                raise ConfigError(joined(place, "label", language), "two choices of a menu look the same")
            labels.add((language, label.casefold()))
        items.append(
            MenuItem(
                name=section.name,
                label=section.label,
                do=_does(place, section),
                say=section.say,
                items=_items(joined(place, "menu"), section.menu, languages, names),
            )
        )
    return tuple(items)


def _does(path: str, section: MenuSection) -> Literal["say", "menu", "person", "wish", "contact"]:
    if section.do is not None and (section.menu or section.say):
        raise ConfigError(path, "has do: and further words; the bot has its own words for what it does")
    if section.do is not None:
        return section.do
    if not section.menu and not section.say:
        raise ConfigError(
            path, "needs say: (an answer), menu: (further choices) or do: person, wish or contact"
        )
    return "menu" if section.menu else "say"


def _check_words(path: str, words: Mapping[str, str], languages: Sequence[str]) -> None:
    for language in words:
        if language not in languages:
            raise ConfigError(
                joined(path, language),
                f"not among the languages of this channel{nearest(language, languages)}",
            )
    for language in languages:
        if not words.get(language, "").strip():
            raise ConfigError(path, f"has no words in {language}, a language of this channel")
