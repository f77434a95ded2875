"""What Facebook's refusals mean: from its error code and subcode to what happened.

Owns that one table, after Meta's pages on error codes of the Messenger Platform and of the Graph API. The subcode says more
than the code, so it is asked first. It must never decide what to do about it, nor repeat what Facebook says of a request:
its parameters come back in the answer.
"""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import (
    Ambiguous,
    BadConfig,
    ContactGone,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
)
from bridge.fields import Fields


class NoToken(BadConfig):
    """Facebook does not accept the token."""


class NoRight(BadConfig):
    """The token or the app lacks a right."""


class NoMethod(BadConfig):
    """What answers does not know what it is asked."""


class Unanswerable(Rejected):
    """The message that is answered cannot be referred to; without that it can be said."""


class NoAgent(NoRight):
    """The app may not use the tag HUMAN_AGENT."""


CLOSED = "Facebook lets nobody write later than 24 hours after the contact's latest word: offer him mail"
CLOSED_AGENT = "Facebook lets nobody write later than 7 days after the contact's latest word: offer him mail"
_SHORT, _LONG, _HOUR = 5.0, 60.0, 3600.0
"""Seconds to wait where Facebook tells no time."""

_SUBCODES: dict[int, Callable[[], SendError]] = {
    1357046: lambda: Ambiguous("Facebook did not say what became of it"),
    1357045: lambda: Unreachable("Facebook has an error of its own (1357045)"),
    1545041: lambda: ContactGone(
        "the contact cannot be written to now: he has blocked the page, or his account is closed"
    ),
    1545121: lambda: ContactGone("the contact takes no messages of this page"),
    2018001: lambda: ContactGone("Facebook does not know this contact of the page"),
    2018005: lambda: ContactGone("Facebook does not know this contact of the page"),
    2018006: lambda: ContactGone("Facebook does not know this contact of the page"),
    2018007: lambda: Rejected("Facebook does not take a file of this type"),
    2018008: lambda: Rejected("Facebook could not take the file"),
    2018011: lambda: Rejected("Facebook could not take the file"),
    2018021: lambda: NoRight("the app lacks a right to send messages (2018021)"),
    2018022: lambda: Throttled(_LONG, "Facebook asks us to slow down"),
    2018027: lambda: NoRight("the app is in development: it may write to its own people alone"),
    2018028: lambda: NoRight("the app is in development: it may write to its own people alone"),
    2018032: lambda: Rejected("Facebook does not accept the message"),
    2018034: lambda: Rejected("there is nothing to send"),
    2018046: lambda: Rejected("Facebook does not take a file of this type"),
    2018047: lambda: Rejected("Facebook could not take the file"),
    2018048: lambda: Rejected("the file is too big for Facebook"),
    2018065: lambda: WindowClosed(CLOSED),
    2018074: lambda: Rejected("Facebook does not know the file any more"),
    2018108: lambda: NoRight(
        "the page or the app may send no messages (2018108): Facebook has switched it off"
    ),
    2018109: lambda: Rejected("the file is too big for Facebook"),
    2018144: lambda: Rejected("the conversation belongs to another app of the page"),
    2018164: lambda: Rejected("Facebook does not accept the message for this contact"),
    2018247: lambda: NoRight("the app lacks the right pages_messaging"),
    2018276: lambda: NoAgent("the app lacks the feature Human Agent"),
    2018278: lambda: WindowClosed(CLOSED),
    2018292: lambda: WindowClosed(CLOSED),
    2018294: lambda: Unreachable("Facebook took too long over the file"),
    2018300: lambda: Rejected("the conversation belongs to another app of the page"),
    2018320: lambda: Rejected("Facebook does not accept the message here"),
    2018335: lambda: WindowClosed(CLOSED),
    2534013: lambda: ContactGone("Instagram does not know this contact"),
    2534014: lambda: ContactGone("Instagram does not know this contact"),
    2534022: lambda: WindowClosed(CLOSED),
    2534037: lambda: Rejected("Instagram does not take the file"),
    2534048: lambda: Throttled(_LONG, "Instagram asks us to slow down"),
}

_CODES: dict[int, Callable[[], SendError]] = {
    1: lambda: Unreachable("Facebook has an error of its own (1)"),
    2: lambda: Unreachable("Facebook has an error of its own (2)"),
    3: lambda: NoRight("the app may not do this (3)"),
    4: lambda: Throttled(_LONG, "Facebook asks us to slow down: the app has asked too much"),
    9: lambda: Throttled(_LONG, "Facebook takes no more for this contact for a while"),
    10: lambda: NoRight("the token or the app lacks the right to send messages (10)"),
    17: lambda: Throttled(_LONG, "Facebook asks us to slow down"),
    32: lambda: Throttled(_LONG, "Facebook asks us to slow down: the page has asked too much"),
    33: lambda: BadConfig("Facebook does not know the page: page_id is wrong"),
    100: lambda: Rejected("Facebook does not accept one of the parameters (100)"),
    101: lambda: NoToken("Facebook does not know the app"),
    102: lambda: NoToken("Facebook does not accept the token"),
    104: lambda: NoToken("Facebook wants a signed token"),
    105: lambda: Rejected("Facebook does not accept one of the parameters (105)"),
    190: lambda: NoToken("Facebook does not accept the token"),
    191: lambda: BadConfig("Facebook does not accept the address of the callback"),
    230: lambda: NoRight("the token lacks the right pages_messaging (230)"),
    294: lambda: NoRight("the token lacks the right to manage the page (294)"),
    341: lambda: Throttled(_HOUR, "Facebook takes no more for a while"),
    368: lambda: Throttled(_HOUR, "Facebook has restricted the page for a while"),
    467: lambda: NoToken("Facebook does not accept the token"),
    506: lambda: Rejected("Facebook takes the same message for a repeat"),
    551: lambda: ContactGone(
        "the contact cannot be written to now: he has blocked the page, or his account is closed"
    ),
    613: lambda: Throttled(_SHORT, "Facebook asks us to slow down"),
    803: lambda: ContactGone("Facebook does not know this contact of the page"),
    1200: lambda: Unreachable("Facebook cannot send messages for a moment"),
    1545041: lambda: ContactGone("the contact cannot be written to now"),
    2022: lambda: Rejected("Facebook takes the message for a nuisance"),
    2200: lambda: BadConfig("Facebook could not confirm the address of the callback"),
    2500: lambda: NoMethod("what answers at api_url does not know what it is asked (2500)"),
    10303: lambda: ContactGone("the contact does not want to be written to"),
    10900: lambda: Rejected("Facebook takes the same message for a repeat"),
    10901: lambda: WindowClosed(CLOSED),
    80001: lambda: Throttled(_LONG, "Facebook asks us to slow down: the page has asked too much"),
    80002: lambda: Throttled(_LONG, "Instagram asks us to slow down"),
    80006: lambda: Throttled(_LONG, "Facebook asks us to slow down: the page has said too much"),
    130429: lambda: Throttled(_SHORT, "Facebook asks us to slow down"),
    131053: lambda: Rejected("Facebook could not take the file"),
    131056: lambda: Throttled(_SHORT, "Facebook asks us to slow down with this contact"),
}

_RIGHTS = range(200, 300)


def refusal(error: Fields, wait: float | None = None) -> SendError:
    """What the error object of an answer means; `wait` is how many seconds Facebook wants to be left alone."""
    code, subcode = error.number("code"), error.number("error_subcode")
    if code is None:
        return Ambiguous("Facebook did not say what became of it")
    found = _meant(code, subcode, error)
    if isinstance(found, Throttled) and wait is not None:
        return Throttled(wait, found.reason)
    return found


def _meant(code: int, subcode: int | None, error: Fields) -> SendError:
    said = error.words("message").lower()
    worded = (
        happened for codes, words, happened in _WORDED if code in codes and any(one in said for one in words)
    )
    known = (
        _SUBCODES.get(subcode or 0) or _PAIRS.get((code, subcode)) or next(worded, None) or _CODES.get(code)
    )
    if known is not None:
        return known()
    if code in _RIGHTS:
        return NoRight(f"the token lacks a right ({code})")
    if error.flag("is_transient"):
        return Unreachable(f"Facebook has an error of its own ({code})")
    return Rejected(f"Facebook refuses it ({code})")


_PAIRS: dict[tuple[int, int | None], Callable[[], SendError]] = {
    (1, 99): lambda: Unreachable("Facebook has an error of its own (1/99)"),
    (100, 33): lambda: ContactGone("Facebook does not know this contact of the page"),
}
"""Subcodes that mean something only together with their code."""

_WORDED: tuple[tuple[tuple[int, ...], tuple[str, ...], Callable[[], SendError]], ...] = (
    (
        (10, 100, 200),
        ("human_agent", "human agent"),
        lambda: NoAgent("the app lacks the feature Human Agent"),
    ),
    ((10,), ("outside of allowed window", "outside the allowed window"), lambda: WindowClosed(CLOSED)),
    (
        (100,),
        ("appsecret_proof",),
        lambda: NoToken("Facebook does not accept the token with this app_secret"),
    ),
    ((100,), ("matching user",), lambda: ContactGone("Facebook does not know this contact of the page")),
    (
        (100,),
        ("reply_to", "reply to", "replied"),
        lambda: Unanswerable("the message that is answered cannot be referred to"),
    ),
)
"""Codes of many meanings, which only their words tell apart where no subcode comes along."""


def broken(status: int, wait: float | None = None) -> SendError:
    """No answer of the Graph API: nobody has told what became of it, or the server could not even begin."""
    if status == 429:
        return Throttled(wait if wait is not None else _SHORT, "Facebook asks us to slow down")
    known = _STATUSES.get(status)
    if known is not None:
        return known()
    if 300 <= status < 400:
        return NoMethod(f"what answers at api_url is not Facebook ({status})")
    if 400 <= status < 500:
        return Rejected(f"Facebook refuses it ({status})")
    return Ambiguous(f"Facebook did not say what became of it ({status})")


_STATUSES: dict[int, Callable[[], SendError]] = {
    401: lambda: NoToken("Facebook does not accept the token"),
    404: lambda: NoMethod("what answers at api_url is not Facebook (404)"),
    405: lambda: NoMethod("what answers at api_url is not Facebook (405)"),
    413: lambda: Rejected("the file is too big for Facebook"),
    503: lambda: Unreachable("Facebook is out (503)"),
}
