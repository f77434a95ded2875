"""A table of what calls may carry, and whether one does.

Owns the form of the table and the checks that every platform shares. It must never answer a call: whoever asks decides
what a problem leads to.

A table has one line a method: its name, then its arguments as name:kind, `!` behind a required one, `(1..64)` behind a
bounded one (a number's value, a text's length in UTF-16 units, a list's length), `+set` for arguments that several
methods share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.text import count_utf16

_ARGUMENT = re.compile(
    r"(?P<name>\w+):(?P<kind>[a-z_]+)(?:\((?P<least>\d+)\.\.(?P<most>\d+)\))?(?P<needed>!?)$"
)


class Unfit(ValueError):
    """A value that is not of its kind; its words say what it should be."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one argument must be."""

    name: str
    kind: str
    needed: bool = False
    least: int | None = None
    most: int | None = None


Kinds = Mapping[str, Callable[[Any], Any]]
"""Kind → what reads a value of it from JSON or from a form's text; raises `Unfit`."""


def read(table: str) -> dict[str, dict[str, Rule]]:
    """The rules of every method of a table, by their names; the sets (`+name`) are lines of the same table."""
    found: dict[str, dict[str, Rule]] = {}
    for line in table.strip().splitlines():
        words = line.split()
        rules: dict[str, Rule] = {}
        for word in words[1:]:
            if word.startswith("+"):
                rules |= found[word]
            else:
                rule = _rule(word)
                rules[rule.name] = rule
        found[words[0]] = rules
    return {name: rules for name, rules in found.items() if not name.startswith("+")}


def _rule(word: str) -> Rule:
    match = _ARGUMENT.fullmatch(word)
    if match is None:
        raise ValueError(f"no argument of a table: {word}")
    least, most = match["least"], match["most"]
    return Rule(
        match["name"],
        match["kind"],
        bool(match["needed"]),
        int(least) if least else None,
        int(most) if most else None,
    )


def check(
    rules: Mapping[str, Rule], given: Mapping[str, Any], kinds: Kinds
) -> tuple[dict[str, Any], list[str]]:
    """The arguments as what they mean, and in words every rule that they break; unfit ones are left out."""
    problems = [f"{name}: unknown argument" for name in given if name not in rules]
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        if given.get(name) is None or given[name] == "":
            if rule.needed:
                problems.append(f"{name}: required")
            continue
        try:
            value = kinds[rule.kind](given[name])
        except Unfit as error:
            problems.append(f"{name}: {error}")
            continue
        problems += _bounds(rule, value)
        found[name] = value
    return found, problems


def _bounds(rule: Rule, value: Any) -> list[str]:
    size: float
    match value:
        case bool():
            return []
        case str():
            size, what = count_utf16(value), "characters"
        case list() | tuple() | dict():
            size, what = len(value), "entries"
        case int() | float():
            size, what = value, ""
        case _:
            return []
    if (rule.least is not None and size < rule.least) or (rule.most is not None and size > rule.most):
        return [
            f"{rule.name}: {size} {what} where {rule.least} to {rule.most} are allowed".replace("  ", " ")
        ]
    return []


def an_int(value: Any) -> int:
    """A whole number."""
    try:
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise Unfit("must be a whole number")
        return int(value)
    except (TypeError, ValueError) as error:
        raise Unfit("must be a whole number") from error


def a_float(value: Any) -> float:
    """A number."""
    try:
        if isinstance(value, bool):
            raise Unfit("must be a number")
        return float(value)
    except (TypeError, ValueError) as error:
        raise Unfit("must be a number") from error


def a_bool(value: Any) -> bool:
    """True or false, also as a form's word."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "yes", "1"}:
        return True
    if word in {"false", "no", "0"}:
        return False
    raise Unfit("must be true or false")


def a_str(value: Any) -> str:
    """Text."""
    if not isinstance(value, str):
        raise Unfit("must be text")
    return value


def an_object(value: Any) -> dict[str, Any]:
    """A JSON object, also as a form's text."""
    found = _json(value)
    if not isinstance(found, dict):
        raise Unfit("must be a JSON object")
    return found


def a_list(value: Any) -> list[Any]:
    """A JSON array, also as a form's text."""
    found = _json(value)
    if not isinstance(found, list):
        raise Unfit("must be a JSON array")
    return found


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Unfit("is no JSON") from error
