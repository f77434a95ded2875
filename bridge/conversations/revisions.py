"""What a contact does to a message that he has sent: he changes it, takes it back, reacts. Pure.

Owns what becomes of the message, what agents see of it, and what is kept of such news when it comes before its message.
It must never start or stop a clock: what was asked stays asked.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bridge.conversations import posts
from bridge.conversations.changes import Change, Dialog, Draft
from bridge.conversations.lines import Rules
from bridge.conversations.said import Said
from bridge.messages import (
    Address,
    ChannelName,
    Deleted,
    Edited,
    Json,
    NativeId,
    Reacted,
    Remote,
    Status,
)

News = Edited | Deleted | Reacted

MOST_EARLIER = 20
"""So many earlier texts of a message are kept: the first one and the latest."""
LASTING = ("forwarded", "reply_elsewhere", "guest")
"""What tells how a message came, and is not told again when it is edited."""


def happened(dialog: Dialog, message: Said, news: News, now: datetime, rules: Rules) -> Change | None:
    """The contact has done something to a message; None when nothing is different now."""
    match news:
        case Edited(text=text, about=about, edited_at=at):
            return edited(dialog, message, text, about, at or now, now, rules)
        case Deleted():
            return deleted(dialog, message, now, rules)
        case Reacted(emojis=emojis):
            return reacted(dialog, message, list(emojis), now, rules)


def edited(
    dialog: Dialog, message: Said, text: str, about: Json, at: datetime, now: datetime, rules: Rules
) -> Change | None:
    """The message says something else since `at`; what it said before is kept for agents.

    News older than what is known already, and of what was taken back, changes no word.
    """
    data = dict(message.data or {})
    before = data.pop("about", {})
    about = {name: before[name] for name in LASTING if name in before} | about
    if message.deleted_at is not None or (text == message.text and about == before):
        return None
    draft = Draft(dialog, now)
    if message.edited_at is not None and at < message.edited_at:
        data |= {"about": before} if before else {}
        draft.revise(message.seq, data=data | {"earlier": _kept(data, text, at)})
        return draft.change()
    data |= {"about": about} if about else {}
    if text == message.text:
        after = replace(message, data=data)  # a place that moves is no other message
    else:
        data["earlier"] = _kept(data, message.text, message.edited_at or message.said_at)
        after = replace(message, text=text, data=data, edited_at=at)
    draft.revise(message.seq, text=text, data=after.data, edited_at=after.edited_at)
    if posts.listed(dialog, message):
        draft.set(preview=posts.preview(after))
    posts.revise(draft, after, rules, words=text != message.text)
    if text != message.text:
        _point(draft, message, "contact_edited", "The contact has changed an earlier message.", rules)
    return draft.change()


def deleted(dialog: Dialog, message: Said, now: datetime, rules: Rules) -> Change | None:
    """The message was taken back: agents still see what it said, everybody else does not."""
    if message.deleted_at is not None:
        return None
    draft = Draft(dialog, now)
    after = replace(message, deleted_at=now)
    draft.revise(message.seq, deleted_at=now)
    if posts.listed(dialog, message):
        draft.set(preview=posts.preview(replace(after, text="", data=None)))
    posts.take_back(draft, after, rules)
    _point(draft, message, "contact_deleted", "The contact has taken back an earlier message.", rules)
    return draft.change()


def reacted(dialog: Dialog, message: Said, emojis: list[str], now: datetime, rules: Rules) -> Change | None:
    """The contact has these reactions to a message of his or ours now, and no others."""
    data = dict(message.data or {})
    if emojis == data.pop("reactions", []):
        return None
    if emojis:
        data["reactions"] = emojis
    draft = Draft(dialog, now)
    draft.revise(message.seq, data=data)
    posts.revise(draft, replace(message, data=data), rules, words=False)
    return draft.change()


def kept(known: Json, news: News, now: datetime) -> Json:
    """What is known of a message that has not come, with one more piece of news; of two edits the later one."""
    match news:
        case Edited(text=text, about=about, remote=remote, edited_at=at):
            before, moment = known.get("edited"), at or now
            if before and datetime.fromisoformat(before["at"]) > moment:
                return known
            files = [asdict(file) for file in remote]
            edit = {"text": text, "about": about, "remote": files, "at": moment.isoformat()}
            return known | {"edited": edit}
        case Deleted():
            return known | {"deleted": True}
        case Reacted(emojis=emojis):
            return known | {"reactions": list(emojis)}


def unkept(known: Json, channel: ChannelName, address: Address, native: NativeId) -> list[News]:
    """The news that was kept of a message, in the order in which it is told to it."""
    where: dict[str, Any] = {"channel": channel, "address": address, "native": native, "event_key": ""}
    found: list[News] = []
    if edit := known.get("edited"):
        at = datetime.fromisoformat(edit["at"])
        remote = tuple(Remote(**file) for file in edit.get("remote", ()))
        found.append(Edited(**where, text=edit["text"], remote=remote, about=edit["about"], edited_at=at))
    if "reactions" in known:
        found.append(Reacted(**where, emojis=tuple(known["reactions"])))
    if known.get("deleted"):
        found.append(Deleted(**where))
    return found


def dated(dialog: Dialog, message: Said, at: datetime, now: datetime) -> Change:
    """The message is known by its edit alone, which was made `at`: nothing older changes it."""
    draft = Draft(dialog, now)
    draft.revise(message.seq, edited_at=at)
    return draft.change()


def strayed(dialog: Dialog, known: Json, now: datetime, rules: Rules) -> Change:
    """News of a message that is not here, and will not come: agents see what there is to see."""
    draft = Draft(dialog, now)
    if known.get("deleted"):
        spoken = draft.tell_inside("stray_deleted", "The contact has taken back a message that is not here.")
    else:
        signs = " ".join(known.get("reactions", [])) or "–"
        words = f"The contact has reacted to a message that is not here: {signs}"
        spoken = draft.tell_inside("stray_reacted", words, reactions=known.get("reactions", []))
    posts.mirror(draft, spoken, rules)
    return draft.change()


def _kept(data: Json, text: str, at: datetime) -> list[Json]:
    """The earlier texts of a message with one more, in the order of time."""
    earlier = [*data.get("earlier", []), {"text": text, "at": at.isoformat()}]
    earlier.sort(key=lambda each: datetime.fromisoformat(each["at"]))
    return [earlier[0], *earlier[1:][-(MOST_EARLIER - 1) :]]


def _point(draft: Draft, message: Said, event: str, words: str, rules: Rules) -> None:
    """Who has dealt with the message already would not look at it again: a line where he looks says so."""
    dialog = draft.dialog
    if message.theirs and (message.seq <= dialog.answered_seq or dialog.status is not Status.open):
        posts.mirror(draft, draft.tell_inside(event, words, seq=message.seq), rules)
