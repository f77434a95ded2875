"""The kinds of values that config.yaml is written in: names, durations, counts, secrets from the environment.

Owns how one value is read. A value that is refused says what is allowed and never repeats a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)  # beyond it, sums with a date fail
_SPAN = re.compile(r"([0-9]{1,6})\s?([smhd])")
_STEP = re.compile(r"(?:([0-9]{1,4})\s?%)?\s*(?:\+\s?([0-9]{1,6}\s?[smhd]))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_OWN_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def refuse(reason: str, *inside: str | int) -> NoReturn:
    """Refuse the value at hand, or the one `inside` it at these keys."""
    raise PydanticCustomError("refused", "{reason}", {"reason": reason, "inside": inside})


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that ${NAME} may take its value from, and the values that were taken."""

    variables: Mapping[str, str]
    taken: set[str] = field(default_factory=set)

    def expand(self, value: Any, *inside: str | int) -> Any:
        """The value with every ${NAME} in its strings replaced, however deep they lie."""
        if isinstance(value, str):
            return self._expand_text(value, inside)
        if isinstance(value, Mapping):
            return {key: self.expand(item, *inside, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.expand(item, *inside, index) for index, item in enumerate(value)]
        return value

    def _expand_text(self, text: str, inside: tuple[str | int, ...]) -> str:
        if "${" in _VARIABLE.sub("", text):
            refuse("a variable of the environment is written ${NAME}", *inside)

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.variables:
                refuse(f"the environment has no variable {name}; set it before the start", *inside)
            if not self.variables[name]:
                refuse(f"the variable {name} of the environment is empty", *inside)
            self.taken.add(self.variables[name])
            return self.variables[name]

        return _VARIABLE.sub(value_of, text)


def _expanded(value: Any, info: ValidationInfo) -> Any:
    return info.context.expand(value) if isinstance(info.context, Environment) else value


def _plain(text: str) -> str:
    if "${" in text:
        refuse(
            "variables of the environment are taken only for secrets, addresses and a channel's own settings"
        )
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        refuse("a name is made of a-z, 0-9, - and _, at most 40 of them")
    return text


def _edge_name(text: str) -> str:
    if not _NAME.fullmatch(text) and not _OWN_CLASS.fullmatch(text):
        refuse("must be the name of a shipped one, or dotted.module:Class for one of your own")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        refuse("a language is written as its code, like en or ru")
    return text


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        refuse("a duration is written as a whole number and a unit, like 90s, 2m, 1h or 3d")
    span = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if span > _LONGEST:
        refuse("must not be longer than ten years")
    return span


def _lease(span: timedelta) -> timedelta:
    if not timedelta(seconds=2) <= span <= timedelta(minutes=5):
        refuse("must be from 2s to 5m")
    return span


def _positive(span: timedelta) -> timedelta:
    if not span:
        refuse("must be longer than nothing")
    return span


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # refused below, together with everything else that is no day
    elif type(value) is date:
        return value
    refuse("a day is written like 2026-12-31")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a rung of the ladder is reached: at `share` of the target and `after` that."""

    share: float
    after: timedelta


def _moment(value: Any) -> Any:
    if isinstance(value, Moment):
        return value
    match = _STEP.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        refuse('a moment is written "50%", "100% +1m" or "+1m", which means after the target')
    after = _span(match[2]) if match[2] else timedelta()
    return Moment(int(match[1]) / 100 if match[1] else 1.0, after)


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 16:
        refuse("too short to be a secret: give at least 16 characters")
    return secret


Text = Annotated[str, AfterValidator(_plain), Field(min_length=1)]
Name = Annotated[str, AfterValidator(_name)]
EdgeName = Annotated[str, AfterValidator(_edge_name)]
"""A shipped connector or desk, or dotted.module:Class."""
Language = Annotated[str, AfterValidator(_language)]
Expanded = Annotated[str, BeforeValidator(_expanded), Field(repr=False)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough), BeforeValidator(_expanded)]
Span = Annotated[timedelta, BeforeValidator(_span)]
PositiveSpan = Annotated[timedelta, AfterValidator(_positive), BeforeValidator(_span)]
Lease = Annotated[timedelta, AfterValidator(_lease), BeforeValidator(_span)]
Day = Annotated[date, BeforeValidator(_day)]
At = Annotated[Moment, BeforeValidator(_moment)]
Count = Annotated[int, Field(strict=True, ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Role = Literal["agent", "lead", "developer", "admin"]
