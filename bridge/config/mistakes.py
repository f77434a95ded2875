"""How a mistake in config.yaml is told: its path, what is wrong, what is allowed.

Owns the wording. It never repeats a value, which may be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bridge.errors import ConfigError
from bridge.text import masked

M = TypeVar("M", bound=BaseModel)

_WORDS = {
    "missing": "is required",
    "model_type": "must be keys with values, indented below it",
    "model_attributes_type": "must be keys with values, indented below it",
    "dict_type": "must be keys with values, indented below it",
    "list_type": "must be a list: [one, two], or lines that begin with -",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "extra_forbidden": "unknown key",
}


def checked(model: type[M], tree: Any, path: str = "", context: object = None) -> M:
    """The tree as a `model`, or the ConfigError of its first mistake; `path` is where the tree stands."""
    try:
        return model.model_validate(tree, context=context)
    except ValidationError as error:
        # The chain would carry pydantic's error along, and with it the values that were refused.
        first = error.errors(include_url=False)[0]
    raise ConfigError(joined(path, *_place(first)) or "config", masked(_reason(first)))


def joined(*steps: str | int) -> str:
    """The path of a value: channels.shop.targets, agents[0].login."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step:
            path += f".{step}" if path else step
    return path


def nearest(key: str, known: Iterable[str]) -> str:
    """What to say after naming a key nobody knows: the one that was probably meant, and all there are."""
    names = list(known)
    close = difflib.get_close_matches(key.lower(), names, 1, cutoff=0.5)
    guess = f"; did you mean {close[0]}?" if close else ""
    return f"{guess} (known: {', '.join(names) or 'none'})"


def _place(error: ErrorDetails) -> list[str | int]:
    inside = error.get("ctx", {}).get("inside", ())
    return [step for step in (*error["loc"], *inside) if step != "[key]"]


def _reason(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "refused":
        return str(context["reason"])
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind == "string_type":
        return "must be text; put it in quotes" if _is_scalar(error["input"]) else "must be text"
    return _WORDS.get(kind) or error["msg"].removeprefix("Value error, ").replace("Input should", "must")


def _is_scalar(value: object) -> bool:
    return value is not None and not isinstance(value, list | dict)
