"""What may stand in a message that a page sends, and what the Send API says of what may not.

Owns the keys, lengths and numbers. It must never look at a chat: whether a message may go now is not said here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from bridge.playground.facebook.files import KINDS
from bridge.playground.facebook.refusals import parameter
from bridge.text import count_utf16

Json = dict[str, Any]

TEXT = 2000
QUICK_REPLIES = 13
TITLE = 20
PAYLOAD = 1000
METADATA = 1000
BUTTONS = 3
BUTTON_TEXT = 640
PARAMS = frozenset(
    {
        "recipient",
        "message",
        "messaging_type",
        "tag",
        "sender_action",
        "notification_type",
        "persona_id",
        "reply_to",
        "payload",
        "thread_control",
    }
)
"""Of POST /messages; Graph overlooks others, but whoever sends them is mistaken."""
TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")
ACTIONS = ("mark_seen", "typing_on", "typing_off", "react", "unreact")
CONTENT_TYPES = ("text", "user_phone_number", "user_email")
TEMPLATES = ("generic", "button", "media", "receipt")


def an_object(name: str, value: Any) -> Json:
    """A JSON object, also as a form's text."""
    found = parsed(value)
    if not isinstance(found, dict):
        raise parameter(f"Param {name} must be a valid JSON object")
    return found


def parsed(value: Any) -> Any:
    """The value of JSON in a form's text; what is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def chosen(name: str, value: Any, known: Collection[str]) -> str:
    """One of some words."""
    if value not in known:
        raise parameter(f"Param {name} must be one of {{{', '.join(known)}}} - got {json.dumps(value)}.")
    return str(value)


def check_message(message: Json, *, upload: bool) -> None:
    """Raises the refusal of the first rule that a message breaks; `upload` when its file came along."""
    _keys("message", message, {"text", "attachment", "quick_replies", "metadata"})
    text, attachment = message.get("text"), message.get("attachment")
    if text is None and attachment is None:
        raise parameter("Message cannot be empty, must provide valid attachment or text", 2018034)
    if text is not None and attachment is not None:
        raise parameter("Cannot have text and attachment in the same message")
    if text is not None:
        if not str(text).strip():
            raise parameter("Message cannot be empty, must provide valid attachment or text", 2018034)
        _length("message[text]", text, TEXT)
    if attachment is not None:
        check_attachment("message[attachment]", attachment, upload=upload)
    elif upload:
        raise parameter("Param message[attachment] must be non-empty.")
    if "metadata" in message:
        _length("message[metadata]", message["metadata"], METADATA)
    if "quick_replies" in message:
        _quick_replies(message["quick_replies"])


def _quick_replies(given: Any) -> None:
    if not isinstance(given, list) or not given:
        raise parameter("Param message[quick_replies] must be an array.")
    if len(given) > QUICK_REPLIES:
        raise parameter(
            f"Param message[quick_replies] has too many elements: {len(given)} of {QUICK_REPLIES}."
        )
    for number, one in enumerate(given):
        name = f"message[quick_replies][{number}]"
        reply = an_object(name, one)
        _keys(name, reply, {"content_type", "title", "payload", "image_url"})
        kind = chosen(f"{name}[content_type]", reply.get("content_type"), CONTENT_TYPES)
        if kind != "text":
            continue
        if not reply.get("title") and not reply.get("image_url"):
            raise parameter(f"Param {name}[title] must be non-empty.")
        _length(f"{name}[title]", reply.get("title", ""), TITLE)
        if "payload" not in reply:
            raise parameter(f"Param {name}[payload] must be non-empty.")
        _length(f"{name}[payload]", reply["payload"], PAYLOAD)


def check_attachment(name: str, given: Any, *, upload: bool) -> None:
    """What is attached: a file that came along, one at an address, one uploaded before, or a template."""
    attachment = an_object(name, given)
    _keys(name, attachment, {"type", "payload"})
    kind = chosen(f"{name}[type]", attachment.get("type"), (*KINDS, "template"))
    payload = an_object(f"{name}[payload]", attachment.get("payload") or {})
    if kind == "template":
        _template(f"{name}[payload]", payload)
        return
    _keys(f"{name}[payload]", payload, {"url", "is_reusable", "attachment_id"})
    ways = [payload.get("url"), payload.get("attachment_id"), upload]
    if sum(map(bool, ways)) != 1:
        raise parameter(
            f"Param {name}[payload] must have exactly one of a url, an attachment_id or an uploaded file"
        )


def _template(name: str, payload: Json) -> None:
    kind = chosen(f"{name}[template_type]", payload.get("template_type"), TEMPLATES)
    if kind == "button":
        _length(f"{name}[text]", payload.get("text", ""), BUTTON_TEXT)
        buttons = payload.get("buttons")
        if not payload.get("text") or not isinstance(buttons, list) or not 1 <= len(buttons) <= BUTTONS:
            raise parameter(f"Param {name} must have a text and 1 to {BUTTONS} buttons")
    elements = payload.get("elements")
    if kind == "generic" and (not isinstance(elements, list) or not 1 <= len(elements) <= 10):
        raise parameter(f"Param {name}[elements] must have 1 to 10 elements")
    for one in (payload.get("buttons") or []) if kind == "button" else []:
        button = an_object(f"{name}[buttons]", one)
        _length(f"{name}[buttons][title]", button.get("title", ""), TITLE)
        _length(f"{name}[buttons][payload]", button.get("payload", ""), PAYLOAD)


def _keys(name: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        listed = ", ".join(json.dumps(key) for key in unknown)
        raise parameter(f'Invalid keys {listed} were found in param "{name}".')


def _length(name: str, value: Any, most: int) -> None:
    if not isinstance(value, str):
        raise parameter(f"Param {name} must be a string.")
    if count_utf16(value) > most:
        raise parameter(f"Length of param {name} must be less than or equal to {most}")
