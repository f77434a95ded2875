"""What a contact does to messages that are there: he edits, deletes, reacts; and such news before its message.

Owns finding the message, keeping what came too early, telling it when the message comes, and showing it when the message
does not come in a minute. It must never decide what the news means (revisions.py does).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from urllib.parse import quote, unquote

from bridge.conversations import arrivals, fetches, revisions
from bridge.conversations.changes import TimerSet
from bridge.conversations.committer import Command
from bridge.conversations.natives import Early
from bridge.conversations.revisions import News
from bridge.conversations.said import Said
from bridge.conversations.work import Needs, Work
from bridge.messages import (
    Address,
    ChannelName,
    DialogId,
    Edited,
    EventKey,
    Incoming,
    LineName,
    NativeId,
    Receipt,
)

PATIENCE = timedelta(seconds=60)
"""So long news waits for its message."""
SUBJECT = "early:"
"""Begins the subject of the timers that wait for messages."""
NOWHERE = DialogId(0)
"""Stands in `seen` for what happened in no dialog."""


@dataclass(frozen=True, slots=True)
class Hear(Command[Receipt | None]):
    """The contact has edited or deleted a message, or reacted to one; the same event key is taken once, for ever."""

    news: News

    def needs(self, needs: Needs) -> None:
        news = self.news
        needs.keys.add(news.event_key)
        needs.addresses.add((news.channel, news.address))
        needs.natives.add((news.channel, news.address, news.native))

    def fold(self, work: Work) -> Receipt | None:
        news = self.news
        if news.event_key in work.seen:
            return taken(work, news.event_key)
        work.rules.channel(news.channel)
        message = work.recall.by_native(news.channel, news.address, news.native)
        if message is None:
            self._keep(work)
            work.remember(news.event_key, NOWHERE, 0)
            return None
        happen(work, message, news)
        work.remember(news.event_key, message.dialog, message.seq)
        return Receipt(message.dialog, message.seq)

    def _keep(self, work: Work) -> None:
        """Until its message comes; a timer looks whether it does."""
        news = self.news
        identity = work.identities.get((news.channel, news.address))
        if identity is None:
            languages = work.rules.channel(news.channel).languages
            identity = arrivals.stranger(news.channel, news.address, "", languages[0])
            work.meet(identity)
        known = work.recall.early(identity.id, news.native)
        waits = known is not None and known.state == "waiting"
        before = known.news if known is not None and waits else {}
        gen = known.gen if known is not None else 0
        early = Early(
            identity=identity.id,
            native=news.native,
            gen=gen if waits else gen + 1,
            state="waiting",
            news=revisions.kept(before, news, work.now),
            at=known.at if known is not None and waits else work.now,
        )
        work.keep_early(early)
        if not waits:
            work.note(identity, early=1, unreachable=identity.unreachable)
            timer = _timer(news.channel, news.address, early)
            work.set_timer(replace(timer, due_at=work.now + PATIENCE))


def taken(work: Work, key: str) -> Receipt | None:
    """What is answered to an event that was taken before."""
    dialog, seq = work.seen[key]
    return None if dialog == NOWHERE else Receipt(dialog, seq, new=False)


def happen(work: Work, message: Said, news: News) -> None:
    """Tells the news to its message."""
    dialog = work.dialog(message.dialog)
    change = revisions.happened(dialog, message, news, work.now, work.rules)
    if change is not None:
        work.put(change)
    if isinstance(news, Edited) and news.remote and message.deleted_at is None:
        fetches.add(work, message, fetches.named(news.remote))


def catch_up(work: Work, channel: ChannelName, address: Address, native: NativeId) -> None:
    """A message has come: what was said of it before is told to it now."""
    identity = work.identities[channel, address]
    early = work.recall.early(identity.id, native)
    if early is None or early.state != "waiting":
        return
    for news in revisions.unkept(early.news, channel, address, native):
        happen(work, said_as(work, channel, address, native), news)
    settle(work, channel, address, early, "come")


def said_as(work: Work, channel: ChannelName, address: Address, native: NativeId) -> Said:
    """The message that is known to be there, as it is now."""
    message = work.recall.by_native(channel, address, native)
    assert message is not None, "it has been said"
    return message


def settle(
    work: Work, channel: ChannelName, address: Address, early: Early, state: Literal["come", "shown"]
) -> None:
    """Nobody waits for this message any more."""
    identity = work.identities[channel, address]
    work.keep_early(replace(early, state=state))
    work.note(identity, early=-1, unreachable=identity.unreachable)
    over: Literal["off", "fired"] = "off" if state == "come" else "fired"
    work.set_timer(replace(_timer(channel, address, early), due_at=work.now, state=over))


def _timer(channel: ChannelName, address: Address, early: Early) -> TimerSet:
    name = quote(early.native, safe="")
    return TimerSet(f"{SUBJECT}{channel}/{address}", name, early.gen, early.at, "armed")


@dataclass(frozen=True, slots=True)
class Stray(Command[bool]):
    """A message of which there was news has not come: an edit is shown as the text it says, the rest as a line.

    False when the message has come, or that timer is of the past.
    """

    subject: str
    name: str
    gen: int
    absent: frozenset[LineName] = frozenset()
    """lines on which nobody is on duty now"""

    @property
    def _channel(self) -> ChannelName:
        return ChannelName(self.subject.removeprefix(SUBJECT).partition("/")[0])

    @property
    def _address(self) -> Address:
        return Address(self.subject.removeprefix(SUBJECT).partition("/")[2])

    @property
    def _native(self) -> NativeId:
        return NativeId(unquote(self.name))

    def needs(self, needs: Needs) -> None:
        needs.addresses.add((self._channel, self._address))
        needs.natives.add((self._channel, self._address, self._native))

    def fold(self, work: Work) -> bool:
        channel, address, native = self._channel, self._address, self._native
        identity = work.identities.get((channel, address))
        early = work.recall.early(identity.id, native) if identity is not None else None
        if early is None or early.state != "waiting" or early.gen != self.gen:
            return False
        if work.now < early.at + PATIENCE:
            return False
        if work.recall.by_native(channel, address, native) is not None:
            # It has come by another process, in the very moment in which this was kept.
            catch_up(work, channel, address, native)
            return True
        self._show(work, early)
        settle(work, channel, address, early, "shown")
        return True

    def _show(self, work: Work, early: Early) -> None:
        channel, address = self._channel, self._address
        told = revisions.unkept(early.news, channel, address, early.native)
        edit = next((news for news in told if isinstance(news, Edited)), None)
        if edit is not None and not early.news.get("deleted"):
            incoming = Incoming(
                channel,
                address,
                EventKey(""),
                edit.text,
                native=edit.native,
                remote=edit.remote,
                about=edit.about,
            )
            shown = arrivals.take_in(work, incoming, self.absent)
            at = edit.edited_at or work.now
            message = said_as(work, channel, address, early.native)
            work.put(revisions.dated(work.dialog(shown.dialog), message, at, work.now))
            for news in told:
                happen(work, said_as(work, channel, address, early.native), news)
            return
        identity = work.identities[channel, address]
        if identity.dialog is not None:
            dialog = work.dialog(identity.dialog)
            work.put(revisions.strayed(dialog, early.news, work.now, work.rules))
