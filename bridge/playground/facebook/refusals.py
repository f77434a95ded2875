"""What the Graph API says when it does not do what it is asked, in its own words.

Owns the words and codes. It must never say what a page may know but the API keeps to itself.
"""

from __future__ import annotations

import secrets
from typing import Any

from bridge.playground.door import Answer

TERMS = "https://developers.facebook.com/docs/messenger-platform/policy-overview"


class Refusal(Exception):
    """An error of the Graph API; `wrong` when whoever asked could have known better."""

    def __init__(
        self,
        message: str,
        code: int,
        subcode: int | None = None,
        *,
        status: int = 400,
        type: str = "OAuthException",
        wrong: bool = False,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.subcode = subcode
        self.status = status
        self.type = type
        self.wrong = wrong
        self.transient = transient

    def answer(self) -> Answer:
        """As it stands on the wire."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient:
            error["is_transient"] = True
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        headers = {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_request" "{self.message}"'}
        return Answer(self.status, {"error": error}, headers if self.message.isascii() else {})


def parameter(words: str, subcode: int | None = None) -> Refusal:
    """A parameter is not as it should be."""
    return Refusal(f"(#100) {words}", 100, subcode, wrong=True)


def no_token() -> Refusal:
    """Nobody has this token, or nobody has it any more."""
    return Refusal("Invalid OAuth access token - Cannot parse access token", 190, status=401)


def no_proof() -> Refusal:
    """The appsecret_proof is not that of the token."""
    words = "Invalid appsecret_proof provided in the API argument"
    return Refusal(words, 100, type="GraphMethodException", wrong=True)


def no_object(id: str, verb: str) -> Refusal:
    """There is nothing of this number, or not for this token."""
    words = (
        f"Unsupported {verb.lower()} request. Object with ID '{id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return Refusal(words, 100, 33, type="GraphMethodException")


def no_path(path: str) -> Refusal:
    """There is no such node or edge."""
    return Refusal(f"Unknown path components: /{path}", 2500, wrong=True)


def no_right(words: str) -> Refusal:
    """The token or app lacks a right."""
    return Refusal(f"(#200) {words}", 200, status=403)


def no_user() -> Refusal:
    """The page has no conversation with such a person."""
    return Refusal("(#100) No matching user found", 100, 2018001)


def unavailable() -> Refusal:
    """He has blocked the page, or left Facebook; which of the two is not told."""
    return Refusal("(#551) This person isn't available right now.", 551, 1545041)


def too_late() -> Refusal:
    """The window is closed."""
    words = (
        f"(#10) This message is sent outside of allowed window. Learn more about the new policy here: {TERMS}"
    )
    return Refusal(words, 10, 2018278)


def no_agent() -> Refusal:
    """The app has not been granted the feature Human Agent."""
    return Refusal("(#10) The app does not have permission to use the tag HUMAN_AGENT", 10, 2018276)


def too_often() -> Refusal:
    """More than the page may."""
    return Refusal("(#613) Calls to this api have exceeded the rate limit.", 613, transient=True)


def ill(status: int) -> Refusal:
    """Facebook has an error of its own."""
    words = "An unexpected error has occurred. Please retry your request later."
    return Refusal(words, 2, status=status, transient=True)
