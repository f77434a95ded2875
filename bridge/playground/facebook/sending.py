"""The Send API: what a page says, shows and uploads.

Owns POST /messages and /message_attachments: who may be written to, when, and what comes of it. It must never judge the
form of a message: `shapes` does.
"""

from __future__ import annotations

from typing import Any

from bridge.playground.body import Upload
from bridge.playground.facebook import refusals, shapes
from bridge.playground.facebook.ask import Ask
from bridge.playground.facebook.chats import DAY, TYPING, Chat, Said
from bridge.playground.facebook.files import IMAGE_BYTES, KINDS, UPLOAD_BYTES, File
from bridge.playground.facebook.refusals import Refusal, parameter

Json = dict[str, Any]
_PREFIXES = {"image": "image/", "audio": "audio/", "video": "video/"}
_OTHERS = ("user_ref", "comment_id", "post_id", "phone_number", "notification_messages_token")
"""Recipients that are none of a conversation; nobody here has them."""


async def messages(ask: Ask) -> Json:
    """POST /messages."""
    known = shapes.PARAMS | ask.COMMON
    ask.problems.extend(f"{name}: unknown parameter" for name in ask.values if name not in known)
    recipient = _recipient(ask)
    if "sender_action" in ask.values:
        return _act(ask, recipient)
    message = shapes.an_object("message", ask.values.get("message") or {})
    upload = ask.files.get("filedata")
    shapes.check_message(message, upload=upload is not None)
    chat = _chat(ask, recipient)
    _window(ask, chat)
    kind = (message.get("attachment") or {}).get("type", "")
    if ask.facebook.frame.rates and ask.rates.exceeded(
        ask.page.id, chat.person.id, sound=kind in {"audio", "video"}
    ):
        raise refusals.too_often()
    file = _file(ask, message, upload)
    said = _say(ask, chat, message, file)
    answer: Json = {"recipient_id": chat.person.id, "message_id": said.mid}
    if file is not None and _reusable(message):
        answer["attachment_id"] = file.id
    ask.facebook.events.shown(said)
    return answer


def _recipient(ask: Ask) -> Json:
    if not ask.values.get("recipient"):
        raise parameter("Param recipient must be non-empty.")
    recipient = shapes.an_object("recipient", ask.values["recipient"])
    if len(recipient) != 1 or next(iter(recipient)) not in ("id", *_OTHERS):
        raise parameter("Param recipient must have exactly one of its ids")
    return recipient


def _chat(ask: Ask, recipient: Json) -> Chat:
    """The conversation, where the page may write at all."""
    person = ask.facebook.people.get(str(recipient.get("id", "")))
    chat = ask.page.chats.get(person.id) if person else None
    if person is None or chat is None or chat.heard_at is None:
        raise refusals.no_user()
    if chat.blocked or person.deactivated:
        raise refusals.unavailable()
    return chat


def _window(ask: Ask, chat: Chat) -> None:
    """24 hours after what the person did last, 7 days for people who answer."""
    age = chat.age() or 0.0
    given = ask.values.get("messaging_type")
    if given is None:
        ask.problems.append("messaging_type: required")
    kind = shapes.chosen("messaging_type", given or "RESPONSE", shapes.TYPES)
    tag = ask.values.get("tag")
    if kind == "MESSAGE_TAG":
        if tag != "HUMAN_AGENT":
            raise parameter(
                "Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK} - other tags are not supported any more"
            )
        if not ask.page.human_agent:
            raise refusals.no_agent()
        if age > 7 * DAY:
            raise refusals.too_late()
        return
    if tag is not None:
        raise parameter("Param tag is allowed with the messaging_type MESSAGE_TAG only")
    if kind == "UTILITY":
        raise parameter("UTILITY messages need a template that has been approved")
    if age > DAY:
        raise refusals.too_late()


def _say(ask: Ask, chat: Chat, message: Json, file: File | None) -> Said:
    attachment = message.get("attachment") or {}
    answered = None
    if "reply_to" in ask.values:
        given = shapes.an_object("reply_to", ask.values["reply_to"])
        answered = chat.messages.get(str(given.get("mid", "")))
        if answered is None:
            raise parameter("Invalid reply_to mid: the message does not exist in this conversation")
    return chat.say(
        "",
        message.get("text", ""),
        (file,) if file else (),
        quick=[dict(one) for one in message.get("quick_replies", ())],
        template=attachment.get("payload") if attachment.get("type") == "template" else None,
        reply_to=answered,
        metadata=message.get("metadata"),
        app=ask.page.app.id,
    )


def _file(ask: Ask, message: Json, upload: Upload | None) -> File | None:
    attachment = message.get("attachment") or {}
    kind, payload = attachment.get("type"), attachment.get("payload") or {}
    if kind is None or kind == "template":
        return None
    if upload is not None:
        return _kept(ask, kind, upload)
    if "attachment_id" in payload:
        known = ask.facebook.files.get(str(payload["attachment_id"]))
        if known is None:
            raise Refusal("(#100) Invalid attachment ID", 100, 2018074)
        return known
    # A link is fetched by nobody here: whatever is sent stays on the machine.
    raise Refusal("(#100) Failed to fetch the file from the url", 100, 2018008)


def _kept(ask: Ask, kind: str, upload: Upload) -> File:
    most = IMAGE_BYTES if kind == "image" else UPLOAD_BYTES
    if len(upload.data) > most:
        raise Refusal("(#100) Attachment size exceeds allowable limit", 100, 2018109, wrong=True)
    if not upload.data or not upload.type.startswith(_PREFIXES.get(kind, "")):
        raise Refusal("(#100) Upload attachment failure.", 100, 2018047, wrong=True)
    found = next(known for known in KINDS if known == kind)
    return ask.facebook.files.keep(found, upload.data, upload.name, upload.type)


def _reusable(message: Json) -> bool:
    return str((message["attachment"].get("payload") or {}).get("is_reusable", "")).lower() == "true"


async def attachments(ask: Ask) -> Json:
    """POST /message_attachments: a file to be sent later, or often."""
    message = shapes.an_object("message", ask.values.get("message") or {})
    upload = ask.files.get("filedata")
    shapes.check_message(message, upload=upload is not None)
    file = _file(ask, message, upload)
    if file is None:
        raise parameter("Param message[attachment] must be non-empty.")
    return {"attachment_id": file.id}


def _act(ask: Ask, recipient: Json) -> Json:
    """What the page shows without a word; it goes alone."""
    action = shapes.chosen("sender_action", ask.values["sender_action"], shapes.ACTIONS)
    beside = {"message", "messaging_type", "tag", "reply_to"} & ask.values.keys()
    if "message" in beside:
        raise parameter("Param message cannot be sent with a sender_action")
    ask.problems.extend(f"{name}: cannot be sent with a sender_action" for name in sorted(beside))
    chat = _chat(ask, recipient)
    if action in {"react", "unreact"}:
        _react(ask, chat, on=action == "react")
    elif action == "mark_seen":
        chat.read_by_page = ask.facebook.stamp()
    else:
        chat.typing_until = ask.facebook.frame.clock.now() + TYPING if action == "typing_on" else 0.0
    chat.touch()
    return {"recipient_id": chat.person.id}


def _react(ask: Ask, chat: Chat, *, on: bool) -> None:
    payload = shapes.an_object("payload", ask.values.get("payload") or {})
    said = chat.messages.get(str(payload.get("message_id", "")))
    if said is None or (on and not payload.get("reaction")):
        raise parameter("Param payload must have the message_id of a message and a reaction")
    said.reactions.pop("", None)
    if on:
        said.reactions[""] = str(payload["reaction"])
