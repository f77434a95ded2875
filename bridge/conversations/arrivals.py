"""How a contact's words arrive: who is at the address, which dialog they belong to, what they set off.

Owns meeting a contact, opening his next dialog, and the wish that his words may be. It must never answer him: the pure
core does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from bridge import text as texts
from bridge.conversations import dialog as dialogs
from bridge.conversations import fetches, wishes
from bridge.conversations import tables as t
from bridge.conversations.changes import Dialog, Spoken
from bridge.conversations.store import Identity
from bridge.conversations.work import Work
from bridge.conversations.writes import Ids
from bridge.messages import (
    Address,
    ChannelName,
    ContactId,
    DialogId,
    IdentityId,
    Incoming,
    LineName,
    Status,
    WishId,
)


def take_in(work: Work, incoming: Incoming, absent: Collection[LineName]) -> Spoken:
    """A contact's words enter his dialog; `absent` are the lines on which nobody is on duty now."""
    dialog = current(
        work,
        incoming.channel,
        incoming.address,
        text=incoming.text,
        name=incoming.name,
        language=incoming.language,
        email=incoming.email,
    )
    answered = None
    if incoming.reply_to is not None:
        answered = work.recall.by_native(incoming.channel, incoming.address, incoming.reply_to)
    on_duty = dialog.line not in absent
    if incoming.remote:
        incoming = replace(incoming, remote=fetches.named(incoming.remote))
    change = dialogs.received(dialog, incoming, work.now, work.rules, on_duty=on_duty, answered=answered)
    work.put(change)
    if change.wished is not None:
        _propose(work, change.wished)
    return change.said[0]


def _propose(work: Work, said: Spoken) -> None:
    """The contact's words become a wish that agents have still to look at."""
    dialog = work.dialog(said.dialog)
    change = wishes.proposed(WishId(Ids.draw()), work.number(t.wish), said.text, dialog, said.seq, work.now)
    wish = change.wish
    data = {"wish": str(wish.id), "number": wish.number, "seqs": [said.seq], "title": wish.title}
    words = f"Wish {wish.number}, to be accepted or declined: {wish.title}"
    work.put(dialogs.quoted(dialog, None, "proposed", words, work.now, work.rules, **data))
    work.put_wish(change)


def current(
    work: Work,
    channel_name: ChannelName,
    address: Address,
    *,
    text: str = "",
    name: str = "",
    language: str | None = None,
    email: str | None = None,
) -> Dialog:
    """The dialog that words from, or to, this address belong to: the running one, one resolved lately, or a new one."""
    channel = work.rules.channel(channel_name)
    identity = work.identities.get((channel_name, address))
    latest = work.dialogs.get(identity.dialog) if identity and identity.dialog else None
    if latest is not None and not _over(latest, work.now, channel.reopen_within):
        return latest
    spoken = language if language in channel.languages else None
    if spoken is None and (identity is None or identity.dialog is None):
        spoken = texts.language(text[:200], channel.languages, channel.languages[0])
    known = identity is not None
    if identity is None:
        identity = stranger(channel_name, address, name, spoken or channel.languages[0], email)
    dialog = Dialog(
        id=DialogId(Ids.draw()),
        channel=channel_name,
        address=address,
        identity=identity.id,
        contact=identity.contact,
        name=identity.name or name,
        language=spoken or identity.language,
        plan=identity.plan,
        email=identity.email,
        line=channel.line,
        opened_at=work.now,
        changed_at=work.now,
        # The numbers of one address go on from dialog to dialog, so that its event stream resumes without a hole.
        seq=latest.seq if latest else 0,
        unreachable=identity.unreachable,
    )
    if known and dialog.language != identity.language:
        identity = replace(identity, language=dialog.language)
        work.know(identity)
    work.begin(replace(identity, dialog=dialog.id), dialog, known=known)
    return dialog


def stranger(
    channel: ChannelName, address: Address, name: str, language: str, email: str | None = None
) -> Identity:
    """Somebody at an address where nobody has been met yet."""
    return Identity(
        id=IdentityId(Ids.draw()),
        channel=channel,
        address=address,
        contact=ContactId(Ids.draw()),
        name=name,
        language=language,
        plan="",
        email=email,
        dialog=None,
    )


def _over(dialog: Dialog, now: datetime, reopen_within: timedelta) -> bool:
    return (
        dialog.status is Status.resolved
        and dialog.resolved_at is not None
        and now - dialog.resolved_at > reopen_within
    )
