"""What the Bot API answers instead of a result, in its exact words.

Owns the words. Where they come from: the server's Client.cpp (tdlib/telegram-bot-api) unless a comment says otherwise.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """The answer is no. `wrong` tells a broken rule, which a caller could have known, from what merely cannot be now."""

    def __init__(self, status: int, description: str, *, wrong: bool = False, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.wrong = wrong
        self.parameters = parameters


def bad(words: str) -> Refusal:
    """400 for what a caller could have known."""
    return Refusal(400, f"Bad Request: {words}", wrong=True)


def unable(words: str) -> Refusal:
    """400 for what cannot be now: gone, changed, no right."""
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    """403."""
    return Refusal(403, f"Forbidden: {words}")


UNAUTHORIZED = "Unauthorized"
NO_METHOD = "Not Found: method not found"
POLLING_WITH_WEBHOOK = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_SET = "Conflict: terminated by setWebhook request"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current"
    " content and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"
WRONG_FILE = "wrong file_id or the file is temporarily unavailable"
"""Of getFile."""
WRONG_FILE_TO_SEND = "wrong file identifier/HTTP URL specified"


def flood(seconds: int) -> Refusal:
    """429 with the seconds to wait."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def migrated(to: int) -> Refusal:
    """The group goes on under another id."""
    return Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=to)
