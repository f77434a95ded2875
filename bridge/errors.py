"""What can go wrong at an edge, in the words of what happened.

    BridgeError
      ConfigError(path, reason)            config.yaml is wrong; the process exits 2
      Refused(reason)                      a command that the rules forbid; nothing was written
        Missing(what)                      the dialog, ticket, wish or file does not exist (for this caller)
        NotAllowed(reason)                 this agent may not do that
        Taken(by)                          somebody else was first
        TooMuch(reason)                    more than one may hand in within a day
        TooOften(retry_after)              asked too many times: come back in so many seconds
      Unavailable(reason)                  SQL is out: nothing was stored, repeat later
        Unwritable                         this very command cannot be stored, nor could it be if it were repeated
      SendError(reason)                    a platform did not take what we sent
        Unreachable                        not sent: no connection, 5xx before anything was written
        Throttled(retry_after)             not sent: come back in so many seconds
        Rejected                           the platform refuses this very message
        ContactGone                        the contact blocked us or is deleted
        WindowClosed                       the platform's time to answer is over (offer mail)
        BadConfig                          our token, permission or address is wrong: alarm the operator
        Ambiguous                          it may have arrived: time-out or reset after writing

An edge raises what happened; bridge.deliver alone decides what to do about a SendError.
"""

from __future__ import annotations


class BridgeError(Exception):
    """The root of everything the bridge raises on purpose."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigError(BridgeError):
    """The configuration is wrong at `path`; `reason` says what is allowed."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class Refused(BridgeError):
    """The rules forbid this command; nothing was written."""


class Missing(Refused):
    """There is no such thing, or not for this caller."""


class NotAllowed(Refused):
    """This agent may not do that."""


class Taken(Refused):
    """Somebody else was first; `by` names them."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} was first" if by else "somebody else was first")
        self.by = by


class TooMuch(Refused):
    """More than one may hand in within a day; tomorrow there is room again."""


class TooOften(Refused):
    """Asked too many times in a short while; `retry_after` seconds later it may be asked again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many tries: wait a minute")
        self.retry_after = retry_after


class Unavailable(BridgeError):
    """Nothing was stored; the sender should repeat later."""


class Unwritable(Unavailable):
    """This very command cannot be written, while its neighbours can; a repeat would fail alike."""


class SendError(BridgeError):
    """A platform did not take what we sent."""


class Unreachable(SendError):
    """Nothing was sent: no connection, or refused before anything was written."""


class Throttled(SendError):
    """Nothing was sent; the platform asks to come back in `retry_after` seconds."""

    def __init__(self, retry_after: float, reason: str = "too many messages at once") -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Rejected(SendError):
    """The platform refuses this very message."""


class ContactGone(SendError):
    """The contact blocked us or no longer exists."""


class WindowClosed(SendError):
    """The platform's time for answers is over."""


class BadConfig(SendError):
    """Our token, permission or address is wrong."""


class Ambiguous(SendError):
    """It may have arrived: a time-out or reset after we had written."""
