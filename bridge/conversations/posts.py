"""What a dialog sends out: to its contact, and to every desk that shows it. Pure.

Owns the payloads of the outbox: each holds all that one platform call needs, so that the hands read nothing else.
It must never decide whether something is said, only how it is put.
"""

from __future__ import annotations

from datetime import datetime

from bridge import text as texts
from bridge.conversations.changes import Dialog, Draft, Spoken, to_channel, to_desk
from bridge.conversations.lines import Rules
from bridge.messages import Attachment, Author, DeskName, Json, Mark, NativeId

PREVIEW = 140
"""How many characters of a message a list shows."""


def preview(spoken: Spoken) -> str:
    """What a list shows of a message; never empty."""
    words = texts.excerpt(spoken.text, PREVIEW)
    return words or ", ".join(file.name for file in spoken.attachments) or "…"


def card(dialog: Dialog) -> Json:
    """The head of the dialog as desks show it, as plain data."""
    return {
        "subject": dialog.subject,
        "title": dialog.preview,
        "channel": dialog.channel,
        "contact": dialog.name,
        "language": dialog.language,
        "line": dialog.line,
        "status": dialog.status,
        "assignee": dialog.assignee_name,
        "priority": dialog.priority,
        "due_at": dialog.promise.due_at.isoformat() if dialog.promise else None,
    }


def send(
    draft: Draft,
    author: Author,
    text: str,
    rules: Rules,
    *,
    human: bool | None = None,
    attachments: tuple[Attachment, ...] = (),
    held_until: datetime | None = None,
    but: DeskName | None = None,
    native: NativeId | None = None,
    event: str | None = None,
    data: Json | None = None,
) -> Spoken:
    """Says it to the contact: one post per part the platform can take, text first, then each file."""
    draft.set(bot_asks=None)  # what the bot asked before is no longer the last thing said
    dialog = draft.dialog
    limits = rules.channel_of(dialog.channel).limits
    mark = Mark.held if held_until else Mark.queued
    spoken = draft.say(
        author,
        text,
        mark=mark,
        held_until=held_until,
        attachments=attachments,
        native=native,
        event=event,
        data=data,
    )
    parts: list[Json] = [{"text": part} for part in texts.split(text, limits.text, unit=limits.unit) if part]
    parts += [{"text": "", "file": _file(file)} for file in attachments]
    for number, part in enumerate(parts, 1):
        payload = {"address": dialog.address, "author": _author(author), "seq": spoken.seq, **part}
        if number == len(parts):
            payload["last"] = True
            buttons = data.get("buttons", []) if data else []
            if 0 < len(buttons) <= limits.buttons:
                payload["buttons"] = buttons
        if data and "wish" in data:
            payload["wish"] = data["wish"]
        draft.post(
            "send",
            to_channel(dialog.channel),
            payload,
            message_seq=spoken.seq,
            human=author.kind == "agent" if human is None else human,
            not_before=held_until,
        )
    mirror(draft, spoken, rules, but=but)
    return spoken


def mirror(draft: Draft, spoken: Spoken, rules: Rules, *, but: DeskName | None = None) -> None:
    """Shows a message on every desk of the dialog, except where it was written."""
    desks = [desk for desk in rules.desks(draft.dialog.channel, draft.dialog.line) if desk != but]
    if not desks:
        return
    payload: Json = {
        "seq": spoken.seq,
        "author": _author(spoken.author),
        "text": spoken.text,
        "private": spoken.private,
        "said_at": spoken.said_at.isoformat(),
    }
    if spoken.event:
        payload |= {"event": spoken.event, "data": spoken.data}
    if spoken.mark:
        payload["mark"] = spoken.mark
    if spoken.attachments:
        payload["attachments"] = [_file(file) for file in spoken.attachments]
    for desk in desks:
        draft.post("post", to_desk(desk), payload, message_seq=spoken.seq)


def open(draft: Draft, rules: Rules, only: list[DeskName] | None = None) -> None:
    """The dialog appears on its desks, or only on those named."""
    dialog = draft.dialog
    for desk in rules.desks(dialog.channel, dialog.line) if only is None else only:
        draft.post("open", to_desk(desk), {"card": card(dialog)})


def show(draft: Draft, rules: Rules, *, also: tuple[DeskName, ...] = ()) -> None:
    """The head of the dialog is brought up to date on its desks, and on those named besides."""
    dialog = draft.dialog
    for desk in dict.fromkeys((*rules.desks(dialog.channel, dialog.line), *also)):
        draft.post("show", to_desk(desk), {"card": card(dialog)})


def mark(draft: Draft, seq: int, mark: Mark, reason: str | None, rules: Rules) -> None:
    """The desks learn what became of our message."""
    dialog = draft.dialog
    for desk in rules.desks(dialog.channel, dialog.line):
        draft.post("mark", to_desk(desk), {"seq": seq, "mark": mark, "reason": reason})


def _author(author: Author) -> Json:
    return {"kind": author.kind, "id": None if author.id is None else str(author.id), "name": author.name}


def _file(file: Attachment) -> Json:
    return {"id": str(file.id), "name": file.name, "type": file.type, "size": file.size}
