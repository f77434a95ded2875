"""A machine-readable Bot API, to compare calls with besides our own table.

Owns reading one (the form of PaulSonOfLars/telegram-bot-api-spec) and comparing. It must never be needed: tests bring it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

BASIC: dict[str, type | tuple[type, ...]] = {
    "Integer": int,
    "String": str,
    "Boolean": bool,
    "Float": (int, float),
    "InputFile": str,
}
NEWER = frozenset(
    {
        "ephemeral_message_parameters",
        "receiver_user_id",
        "callback_query_id",
        "allow_sending_without_reply",
        "reply_to_message_id",
        "disable_web_page_preview",
        "correct_option_id",
        "return_bots",
        "style",
    }
)
"""Fields that are newer than the specification, or older than it remembers."""


class Specification:
    """Methods and types with their fields."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._methods = tree["methods"]
        self._types = tree["types"]

    @classmethod
    def load(cls, folder: Path) -> Specification | None:
        """The newest specification in a folder (`telegram/*.json` below it); None when there is none."""
        found = sorted(folder.glob("telegram/*api*.json"))
        return cls(_read(found[-1])) if found else None

    def compare(self, method: str, arguments: Mapping[str, Any]) -> list[str]:
        """In words, where a call differs from what is specified."""
        known = self._methods.get(method)
        if known is None:
            return []
        return [f"specification: {one}" for one in self._fields(known.get("fields", ()), arguments, method)]

    def _fields(self, fields: Any, given: Mapping[str, Any], at: str) -> list[str]:
        by_name = {field["name"]: field for field in fields}
        problems = [f"{at}.{name} is unknown" for name in given if name not in by_name and name not in NEWER]
        for name, field in by_name.items():
            if name not in given:
                if field["required"]:
                    problems.append(f"{at}.{name} is required")
            else:
                problems += self._value(field["types"], given[name], f"{at}.{name}")
        return problems

    def _value(self, types: list[str], value: Any, at: str) -> list[str]:
        """No problem when one of the types fits; else those of the one that fits best."""
        found = [self._one(kind, value, at) for kind in types]
        return min(found, key=len)

    def _one(self, kind: str, value: Any, at: str) -> list[str]:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{at} must be an array"]
            inner = kind.removeprefix("Array of ")
            return [
                one for place, item in enumerate(value) for one in self._one(inner, item, f"{at}[{place}]")
            ]
        if kind in BASIC:
            fits = isinstance(value, BASIC[kind]) and (kind == "Boolean" or not isinstance(value, bool))
            return [] if fits else [f"{at} must be {kind}"]
        known = self._types.get(kind, {})
        if known.get("subtypes"):
            return self._value(known["subtypes"], value, at)
        if not isinstance(value, dict):
            return [f"{at} must be {kind}"]
        return self._fields(known.get("fields", ()), value, at)


@cache
def _read(path: Path) -> Any:
    """A megabyte and more, read once for all playgrounds of a process."""
    return json.loads(path.read_text(encoding="utf-8"))
