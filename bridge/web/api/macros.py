"""Macros over REST: saved answers in the contact's language, with the slots that they hold.

Owns which words a language gets. It must never fill a slot: the desk does, and asks for what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from bridge.web.api.parameters import working

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Macro:
    """A saved answer: language → words, the default language first."""

    name: str
    title: str
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class MacroView:
    """A saved answer in one language."""

    name: str
    title: str
    language: str
    text: str
    slots: list[str]


@dataclass(frozen=True, slots=True)
class Macros:
    """All saved answers, in the order of the configuration."""

    items: list[MacroView]


def routes(macros: Sequence[Macro]) -> APIRouter:
    """The operation that reads macros."""
    api = APIRouter(tags=["macros"], dependencies=[Depends(working)])

    @api.get("/macros")
    async def listed(language: Annotated[str, Query(max_length=20)] = "") -> Macros:
        """Saved answers in this language; those that do not speak it in the first that they speak."""
        return Macros([_view(macro, language) for macro in macros])

    return api


def _view(macro: Macro, wanted: str) -> MacroView:
    spoken = wanted.partition("-")[0].lower()
    language = spoken if spoken in macro.texts else next(iter(macro.texts))
    text = macro.texts[language]
    slots = list(dict.fromkeys(_SLOT.findall(text)))
    return MacroView(macro.name, macro.title, language, text, slots)
