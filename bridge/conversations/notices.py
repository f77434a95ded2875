"""What a platform tells us of its own accord: who cannot be reached, what has arrived, what was said past us.

Owns finding the posts and messages that such news is about. It must never send: what was said on the platform's own
page is there already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.conversations import arrivals, fetches, marks, natives, reach
from bridge.conversations.changes import Dialog, lane, to_channel
from bridge.conversations.committer import Command
from bridge.conversations.news import NOWHERE, taken
from bridge.conversations.said import Said
from bridge.conversations.store import OutRow
from bridge.conversations.tries import Outcome, Settle
from bridge.conversations.work import Needs, Work
from bridge.messages import DialogId, Echoed, Mark, Reachable, Receipt, Receipted, WishId

DOUBTFUL = ("sending", "unknown")
"""States of a post that may have arrived without our knowing."""


@dataclass(frozen=True, slots=True)
class Reach(Command[Receipt | None]):
    """The contact can be written to again, or no longer; what waits to be sent to him then fails, in words."""

    news: Reachable

    def needs(self, needs: Needs) -> None:
        needs.keys.add(self.news.event_key)
        needs.addresses.add((self.news.channel, self.news.address))

    def fold(self, work: Work) -> Receipt | None:
        news = self.news
        if news.event_key in work.seen:
            return taken(work, news.event_key)
        work.rules.channel(news.channel)
        identity = work.identities.get((news.channel, news.address))
        if identity is None or identity.dialog is None:
            if identity is not None:
                reason = None if news.reachable else news.reason or reach.BLOCKED
                work.note(identity, unreachable=reason)
            work.remember(news.event_key, NOWHERE, 0)
            return None
        id = identity.dialog
        if news.reachable:
            change = reach.found(work.dialog(id), work.now, work.rules)
            if change is not None:
                work.put(change)
        else:
            self._lose(work, id, news.reason or reach.BLOCKED)
        seq = work.dialog(id).seq
        work.remember(news.event_key, id, seq)
        return Receipt(id, seq)

    def _lose(self, work: Work, id: DialogId, reason: str) -> None:
        dialog = work.dialog(id)
        change = reach.lost(dialog, reason, work.now, work.rules)
        if change is not None:
            work.put(change)
        failed: set[int | None] = set()
        for row in natives.unsettled(work.connection, lane(id, to_channel(dialog.channel))):
            # What is being sent this moment finds out by itself; the parts behind one that has failed go with it.
            if row.kind == "send" and row.state != "sending" and row.message_seq not in failed:
                failed.add(row.message_seq)
                _settle(work, row, Outcome("failed", work.now, reason=reason, gone=True))


def _settle(work: Work, row: OutRow, outcome: Outcome) -> None:
    """The platform has said what became of a post that is ours."""
    work.rows.setdefault(row.id, row)
    if row.dialog is not None:
        work.fetch([row.dialog])
    if "wish" in row.payload:
        work.fetch_wish(WishId(int(row.payload["wish"])))
    Settle(row, outcome, told=True).fold(work)


@dataclass(frozen=True, slots=True)
class Confirm(Command[Receipt | None]):
    """What we sent was delivered, read, or came back: by the platform's ids, or all that was said up to a moment."""

    news: Receipted

    def needs(self, needs: Needs) -> None:
        news = self.news
        needs.keys.add(news.event_key)
        needs.addresses.add((news.channel, news.address))
        needs.natives |= {(news.channel, news.address, native) for native in news.natives}

    def fold(self, work: Work) -> Receipt | None:
        news = self.news
        if news.event_key in work.seen:
            return taken(work, news.event_key)
        work.rules.channel(news.channel)
        upto = self._bounced(work) if news.mark is Mark.failed else self._reached(work)
        dialog, seq = max(upto.items(), key=lambda item: item[1], default=(NOWHERE, 0))
        work.remember(news.event_key, dialog, seq)
        return Receipt(dialog, seq) if upto else None

    def _ours(self, work: Work) -> list[Said]:
        news = self.news
        found = (work.recall.by_native(news.channel, news.address, native) for native in news.natives)
        return [message for message in found if message is not None and not message.theirs]

    def _reached(self, work: Work) -> dict[DialogId, int]:
        """Who has read a message has read what stands above it, and so it is with what has been delivered."""
        news = self.news
        upto: dict[DialogId, int] = {}
        for message in self._ours(work):
            upto[message.dialog] = max(upto.get(message.dialog, 0), message.seq)
        identity = work.identities.get((news.channel, news.address))
        if news.upto is not None and identity is not None and identity.dialog is not None:
            latest = natives.said_until(work.connection, identity.dialog, news.upto)
            upto[identity.dialog] = max(upto.get(identity.dialog, 0), latest)
        for dialog, seq in upto.items():
            if seq:
                work.put(marks.reached(work.dialog(dialog), seq, news.mark, work.now))
        return upto

    def _bounced(self, work: Work) -> dict[DialogId, int]:
        """A message that had been taken has not arrived after all: that reopens what it had answered."""
        upto: dict[DialogId, int] = {}
        for message in self._ours(work):
            if message.mark is not Mark.failed:
                dialog = work.dialog(message.dialog)
                human, latest = message.author.kind == "agent", work.is_latest(dialog)
                reason = self.news.reason or "the platform could not deliver it"
                for row in work.outgoing(message.dialog, message.seq):
                    if row.state == "accepted":
                        work.change_row(row, state="failed", reason=reason, settled_at=work.now)
                work.put(
                    marks.troubled(
                        dialog,
                        message.seq,
                        Mark.failed,
                        reason,
                        work.now,
                        work.rules,
                        human=human,
                        latest=latest,
                    )
                )
                upto[message.dialog] = message.seq
        return upto


@dataclass(frozen=True, slots=True)
class Echo(Command[Receipt]):
    """Something was said in our name on the platform: by us, then it has arrived; or by a person past us."""

    news: Echoed

    def needs(self, needs: Needs) -> None:
        news = self.news
        needs.keys.add(news.event_key)
        needs.addresses.add((news.channel, news.address))
        needs.natives.add((news.channel, news.address, news.native))

    def fold(self, work: Work) -> Receipt:
        news = self.news
        if (before := work.seen.get(news.event_key)) is not None:
            return Receipt(*before, new=False)
        work.rules.channel(news.channel)
        known = work.recall.by_native(news.channel, news.address, news.native)
        row = None if known is not None else self._own(work)
        if known is not None:
            place = (known.dialog, known.seq)
        elif row is not None and row.dialog is not None and row.message_seq is not None:
            _settle(work, row, Outcome("accepted", self._moment(work.now, row), native=news.native))
            place = (row.dialog, row.message_seq)
        else:
            dialog = arrivals.current(work, news.channel, news.address, text=news.text)
            news = replace(news, remote=fetches.named(news.remote))
            change = reach.echoed(dialog, news, work.now, work.rules, asked_at=_asked_at(work, dialog))
            work.put(change)
            spoken = next(said for said in change.said if said.event == "echo")
            work.recall.arrived(dialog, news.native, spoken)
            place = (dialog.id, spoken.seq)
        work.remember(news.event_key, *place)
        return Receipt(*place, mark=Mark.accepted)

    def _own(self, work: Work) -> OutRow | None:
        """The post of ours that this is: by its key, else one in doubt that says the very same."""
        news = self.news
        identity = work.identities.get((news.channel, news.address))
        if identity is None:
            return None
        if news.key is not None:
            return natives.by_key(work.connection, identity.id, news.channel, news.key)
        if identity.dialog is None or not news.text.strip():
            return None
        for row in natives.unsettled(work.connection, lane(identity.dialog, to_channel(news.channel))):
            same = row.payload.get("text", "").strip() == news.text.strip()
            if row.kind == "send" and row.state in DOUBTFUL and same:
                return row
        return None

    def _moment(self, now: datetime, row: OutRow) -> datetime:
        """When the platform took it: by its own clock, as far as that can be true."""
        said_at = self.news.said_at
        return said_at if said_at is not None and row.created_at <= said_at <= now else now


def _asked_at(work: Work, dialog: Dialog) -> datetime | None:
    """When the contact asked what nobody has answered yet, by his platform's clock."""
    if dialog.promise is None or not dialog.promise.asked:
        return None
    return work.recall.said_at(dialog.id, dialog.promise.asked)
