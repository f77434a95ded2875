"""What VK's refusals mean: from its error code to what happened.

Owns that one table, after the schema of VK's API (github.com/VKCOM/vk-api-schema, errors.json). VK answers an error with
HTTP 200, so the code alone counts. It must never decide what to do about it, nor repeat what VK says of a request: its
parameters come back in the answer, the token among them.
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
    """VK does not accept the token."""


class NoRight(BadConfig):
    """The token lacks a right, or the community has switched the thing off."""


class Unanswerable(Rejected):
    """The message that is answered cannot be referred to; without that it can be said."""


class Absent(Rejected):
    """The message is no more."""


class NoPicture(Rejected):
    """VK does not take this file for a picture or a voice message; as a document it may."""


_FLOOD, _DAY = 30.0, 3600.0
"""Seconds to wait: VK tells no time, only that too much of the same, or of all, was said."""

_CODES: dict[int, Callable[[], SendError]] = {
    1: lambda: Unreachable("VK has an error of its own (1)"),
    2: lambda: NoToken("VK has switched the application off"),
    3: lambda: BadConfig("what answers at api_url does not know this method (3)"),
    4: lambda: NoToken("VK does not accept the token"),
    5: lambda: NoToken("VK does not accept the token"),
    6: lambda: Throttled(1.0, "VK asks us to slow down"),
    7: lambda: NoRight("the token lacks the right to do this"),
    8: lambda: Rejected("VK does not understand the request (8)"),
    9: lambda: Throttled(_FLOOD, "VK takes no more of the same for a while"),
    10: lambda: Unreachable("VK has an error of its own (10)"),
    14: lambda: Throttled(_FLOOD, "VK wants to see a person solve a captcha; it is tried again"),
    15: lambda: NoRight("VK denies access (15)"),
    11: lambda: NoToken("VK has the application in its test mode"),
    16: lambda: BadConfig("VK wants to be asked by HTTPS"),
    17: lambda: NoToken("VK wants the token's owner to prove who he is"),
    18: lambda: ContactGone("the contact's account was deleted or banned"),
    19: lambda: Rejected("VK does not show this content"),
    20: lambda: NoRight("this kind of token may not do this"),
    22: lambda: NoPicture("VK could not take the file"),
    23: lambda: BadConfig("VK has switched this method off"),
    24: lambda: NoRight("VK wants somebody to confirm this"),
    25: lambda: NoToken("VK does not accept the token"),
    27: lambda: NoToken("VK does not accept the community's token"),
    28: lambda: NoToken("VK does not accept the application's token"),
    29: lambda: Throttled(_DAY, "VK takes no more of this today"),
    30: lambda: ContactGone("the contact's profile is private"),
    32: lambda: Throttled(_FLOOD, "VK asks us to wait"),
    34: lambda: BadConfig("VK does not speak this version of its API any more"),
    36: lambda: Ambiguous("VK was too slow to say what became of it"),
    37: lambda: ContactGone("VK has banned the contact"),
    38: lambda: NoToken("VK does not know the application"),
    39: lambda: ContactGone("VK does not know this contact"),
    40: lambda: BadConfig("VK does not know the community: group_id is wrong"),
    42: lambda: NoToken("VK does not accept the token from this address"),
    43: lambda: Unreachable("VK has switched this off for a while"),
    100: lambda: Rejected("VK does not accept one of the parameters (100)"),
    101: lambda: NoToken("VK does not know the application"),
    103: lambda: Throttled(_DAY, "VK takes no more of this today"),
    104: lambda: Absent("VK does not find it any more"),
    105: lambda: NoPicture("VK could not save the file"),
    113: lambda: ContactGone("VK does not know this contact"),
    118: lambda: NoPicture("VK could not take the file"),
    121: lambda: NoPicture("VK could not take the file"),
    125: lambda: BadConfig("VK does not know the community: group_id is wrong"),
    129: lambda: NoPicture("VK does not take the file for a picture"),
    203: lambda: NoRight("the token lacks the right to manage the community"),
    900: lambda: ContactGone("the contact stands on the community's blacklist"),
    901: lambda: ContactGone("the contact has not allowed the community to write to him"),
    902: lambda: ContactGone("the contact's privacy settings forbid to write to him"),
    909: lambda: Rejected("VK lets nobody change a message after 24 hours"),
    910: lambda: Rejected("the message is too big for VK"),
    911: lambda: Rejected("VK does not accept the buttons"),
    912: lambda: NoRight("the community's settings forbid bots and their buttons"),
    913: lambda: Rejected("too many forwarded messages"),
    914: lambda: Rejected("the text is too long for VK"),
    917: lambda: ContactGone("the community is not in this chat any more"),
    920: lambda: Rejected("VK lets nobody change a message of this kind"),
    921: lambda: Unanswerable("the message that is answered cannot be referred to"),
    922: lambda: ContactGone("the community has left this chat"),
    924: lambda: Rejected("VK lets nobody take it back any more"),
    925: lambda: ContactGone("only admins may write in this chat"),
    927: lambda: ContactGone("the chat does not exist any more"),
    932: lambda: ContactGone("the community cannot write to this conversation"),
    935: lambda: ContactGone("the community is not in this chat any more"),
    936: lambda: ContactGone("VK does not know this contact"),
    940: lambda: Rejected("too many posts of a wall in one message"),
    943: lambda: Rejected("VK does not accept the message's purpose"),
    944: lambda: Throttled(_DAY, "VK takes no more of this today"),
    945: lambda: ContactGone("the chat is switched off"),
    946: lambda: ContactGone("VK's API cannot write to this chat"),
    949: lambda: Rejected("a pinned message cannot be changed yet"),
    950: lambda: WindowClosed("the time that VK gives for an answer is over"),
    962: lambda: ContactGone("only subscribers may write in this chat"),
    969: lambda: Unanswerable("the message that is answered cannot be referred to"),
    985: lambda: NoRight("the community may only send notifications"),
    987: lambda: WindowClosed("the contact must first accept that he is written to"),
    988: lambda: WindowClosed("the contact has still to accept that he is written to"),
    1012: lambda: ContactGone("nobody may write in this chat"),
    1105: lambda: Throttled(_FLOOD, "VK asks us to slow down"),
    1114: lambda: NoToken("the token has expired"),
    1116: lambda: NoToken("VK does not accept the token"),
    1117: lambda: NoToken("the token has expired"),
    1150: lambda: Rejected("VK does not know the document"),
    1153: lambda: NoRight("VK denies access to the document"),
    2000: lambda: BadConfig("the community has as many callback servers as VK allows: delete one"),
    3300: lambda: Throttled(_FLOOD, "VK wants to see a person solve a captcha; it is tried again"),
    3301: lambda: NoToken("VK wants the token's owner to prove who he is"),
    3302: lambda: NoToken("VK wants the token's owner to prove who he is"),
    3303: lambda: NoToken("VK wants the token's owner to prove who he is"),
    3609: lambda: NoToken("the token has expired"),
    3610: lambda: ContactGone("the contact's account is deactivated"),
    3611: lambda: ContactGone("the contact does not use VK's messages"),
}


def refusal(error: Fields) -> SendError:
    """What the error object of an answer means, of a call or of one addressee."""
    code = error.number("error_code") or error.number("code")
    if code is None:
        return Ambiguous("VK did not say what became of it")
    if code == 100:
        return _parameter(error)
    if (known := _CODES.get(code)) is not None:
        return known()
    return Rejected(f"VK refuses it ({code})")


def _parameter(error: Fields) -> SendError:
    """Only the name of the parameter tells a file, a message or a contact that is no more from our own mistake."""
    said = (error.words("error_msg") or error.words("description")).lower()
    for names, happened in _PARAMETERS.items():
        if any(name in said for name in names):
            return happened()
    return Rejected("VK does not accept one of the parameters (100)")


_PARAMETERS: dict[tuple[str, ...], Callable[[], SendError]] = {
    ("photo",): lambda: NoPicture("VK does not take the file for a picture"),
    ("peer_id", "user_id"): lambda: ContactGone("VK does not know this contact"),
    ("forward", "reply_to"): lambda: Unanswerable("the message that is answered cannot be referred to"),
    ("access_token",): lambda: NoToken("VK does not accept the token"),
    ("group_id",): lambda: BadConfig("VK does not know the community: group_id is wrong"),
    ("message is empty",): lambda: Rejected("there is nothing to send"),
}


def broken(status: int) -> SendError:
    """No answer of VK's API: nobody has told what became of it, or the server could not even begin."""
    if status in (429, 503):
        return Throttled(2.0, "VK asks us to slow down") if status == 429 else Unreachable("VK is out (503)")
    if status == 500:
        return Unreachable("VK's server has an error (500)")
    if status in (404, 405) or 300 <= status < 400:
        return BadConfig(f"what answers at api_url is not VK ({status})")
    if status == 401:
        return NoToken("VK does not accept the token")
    if 400 <= status < 500:
        return Rejected(f"VK refuses it ({status})")
    return Ambiguous(f"VK did not say what became of it ({status})")
