"""One call of the Graph API as the methods see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.playground.body import Upload
from bridge.playground.facebook.pages import Page
from bridge.playground.facebook.rates import Rates

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks, and with what; `problems` are the rules it breaks although it is carried out, in words."""

    COMMON: ClassVar[frozenset[str]] = frozenset(
        {"access_token", "appsecret_proof", "format", "pretty", "debug", "locale", "method", "filedata"}
    )
    """Parameters that every call may have."""

    facebook: Facebook
    page: Page
    rates: Rates
    values: dict[str, Any]
    files: dict[str, Upload]
    problems: list[str]
