"""What a dialog sends out: to its contact, and to every desk that shows it. Pure.

Owns the payloads of the outbox: each holds all that one platform call needs, so that the hands read nothing else.
It must never decide whether something is said, only how it is put.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge import text as texts
from bridge.conversations.changes import Dialog, Draft, Spoken, to_channel, to_desk
from bridge.conversations.lines import Rules
from bridge.conversations.said import Said, said
from bridge.messages import SYSTEM, Attachment, Author, DeskName, Json, Limits, Mark, NativeId, Remote

PREVIEW = 140
"""How many characters of a message a list shows."""


def preview(spoken: Spoken | Said, remote: Sequence[Remote] = ()) -> str:
    """What a list shows of a message, whose `remote` files are still to come; never empty."""
    words = texts.excerpt(spoken.text, PREVIEW)
    files = [file.name for file in spoken.attachments] if isinstance(spoken, Spoken) else []
    names = texts.excerpt(", ".join([*files, *(file.name for file in remote)]), PREVIEW)
    return words or names or _sign(spoken.data) or "…"


def listed(dialog: Dialog, message: Said) -> bool:
    """Whether this is the message by which lists show the dialog."""
    return not message.private and message.seq == max(dialog.contact_seq, dialog.replied_seq)


def _sign(data: Json | None) -> str:
    """A message without words in a few that need no language."""
    about: Json = (data or {}).get("about") or {}
    if isinstance(place := about.get("location"), dict):
        return texts.excerpt(f"📍 {place.get('title') or place.get('address') or ''}", PREVIEW)
    if isinstance(person := about.get("contact"), dict):
        return texts.excerpt(f"👤 {person.get('name') or ''} {person.get('phone') or ''}", PREVIEW)
    return texts.excerpt(f"[{about['unsupported']}]", PREVIEW) if about.get("unsupported") else ""


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
    reply_to: NativeId | None = None,
) -> Spoken:
    """Says it to the contact: as many posts as his platform needs calls for it. `reply_to` is what it answers."""
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
    files = [_file(file) for file in attachments]
    for payload in parts(dialog, author, spoken.seq, text, files, limits, data, reply_to):
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


def parts(
    dialog: Dialog,
    author: Author,
    seq: int,
    text: str,
    files: Sequence[Json],
    limits: Limits,
    data: Json | None,
    reply_to: NativeId | None,
) -> list[Json]:
    """A message as its platform takes it, one payload a call: the text, then the files, as many together as go.

    A text that is short enough goes out with the first of them. What is answered stands over the first part, buttons
    stand under the last.
    """
    groups = [list(files[at : at + limits.album]) for at in range(0, len(files), limits.album)]
    words = [part for part in texts.split(text, limits.text, unit=limits.unit) if part]
    found: list[Json] = [{"text": part} for part in words]
    if groups and words and texts.fits(text, limits.caption, unit=limits.unit):
        found = [{"text": text, "attachments": groups.pop(0)}]
    found += [{"text": "", "attachments": group} for group in groups]
    payloads = [{"address": dialog.address, "author": _author(author), "seq": seq, **part} for part in found]
    if not payloads:
        return []
    if reply_to is not None:
        payloads[0]["reply_to"] = reply_to
    payloads[-1]["last"] = True
    buttons = data.get("buttons", []) if data else []
    if 0 < len(buttons) <= limits.buttons:
        payloads[-1]["buttons"] = buttons
    if data and "wish" in data:
        payloads = [{**payload, "wish": data["wish"]} for payload in payloads]
    return payloads


def said_elsewhere(dialog: Dialog, spoken: Spoken) -> Json:
    """The payload of a message that did not come through us: nothing sends it, but it is found like all others."""
    author = _author(spoken.author)
    return {"address": dialog.address, "author": author, "seq": spoken.seq, "text": spoken.text, "last": True}


def mirror(draft: Draft, spoken: Spoken, rules: Rules, *, but: DeskName | None = None) -> None:
    """Shows a message on every desk of the dialog, except where it was written."""
    desks = [desk for desk in rules.desks(draft.dialog.channel, draft.dialog.line) if desk != but]
    if not desks:
        return
    payload = _shown(said(spoken))
    if spoken.attachments:
        payload["attachments"] = [_file(file) for file in spoken.attachments]
    for desk in desks:
        draft.post("post", to_desk(desk), payload, message_seq=spoken.seq)


def hand_over(draft: Draft, message: Said, files: Sequence[Attachment], rules: Rules) -> None:
    """Shows files of a message that have come after it, on every desk of the dialog."""
    payload = _shown(replace(message, text="", event=None, data=None, edited_at=None))
    payload |= {"data": {"belongs_to": message.seq}, "attachments": [_file(file) for file in files]}
    for desk in rules.desks(draft.dialog.channel, draft.dialog.line):
        draft.post("post", to_desk(desk), payload, message_seq=message.seq)


def miss(draft: Draft, message: Said, name: str, reason: str, rules: Rules) -> None:
    """Tells every desk of the dialog that a file of a message could not be had."""
    payload: Json = {
        "seq": message.seq,
        "author": _author(SYSTEM),
        "text": f"{name}: {reason}",
        "private": True,
        "event": "file_failed",
        "data": {"belongs_to": message.seq, "name": name, "reason": reason},
    }
    for desk in rules.desks(draft.dialog.channel, draft.dialog.line):
        draft.post("post", to_desk(desk), payload, message_seq=message.seq)


def revise(draft: Draft, message: Said, rules: Rules, *, words: bool = True) -> None:
    """The desks learn what a message says from now on, or only (`words` is False) what else it bears."""
    payload = _shown(message)
    payload["data"] = (message.data or {}) | {"changed": "words" if words else "rest"}
    for desk in rules.desks(draft.dialog.channel, draft.dialog.line):
        draft.post("edit", to_desk(desk), payload, message_seq=message.seq)


def take_back(draft: Draft, message: Said, rules: Rules) -> None:
    """The desks learn that a message was taken back."""
    for desk in rules.desks(draft.dialog.channel, draft.dialog.line):
        draft.post("delete", to_desk(desk), _shown(message), message_seq=message.seq)


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


def _shown(message: Said) -> Json:
    payload: Json = {
        "seq": message.seq,
        "author": _author(message.author),
        "text": message.text,
        "private": message.private,
        "said_at": message.said_at.isoformat(),
    }
    if message.event:
        payload["event"] = message.event
    if message.event or message.data:
        payload["data"] = message.data
    if message.mark:
        payload["mark"] = message.mark
    if message.edited_at:
        payload["edited_at"] = message.edited_at.isoformat()
    return payload


def _author(author: Author) -> Json:
    return {"kind": author.kind, "id": None if author.id is None else str(author.id), "name": author.name}


def _file(file: Attachment) -> Json:
    return {"id": str(file.id), "name": file.name, "type": file.type, "size": file.size}
