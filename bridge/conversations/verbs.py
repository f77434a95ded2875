"""What agents do to dialogs, tickets and wishes: one command per subject, one branch per verb.

Owns which transitions a verb means; roles.py says who may. It must never write rows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from bridge import actions as a
from bridge.conversations import contacts, fetches, greeter, marks, rewriting, roles, store, tickets, wishes
from bridge.conversations import dialog as dialogs
from bridge.conversations import tables as t
from bridge.conversations.changes import Dialog
from bridge.conversations.committer import Command
from bridge.conversations.outbox import LEFT_OUT
from bridge.conversations.said import Said
from bridge.conversations.work import Needs, Work
from bridge.conversations.writes import Ids
from bridge.errors import Missing, NotAllowed, Refused
from bridge.messages import BOT, AgentId, Author, DialogId, Json, Priority, TicketId, WishId


@dataclass(frozen=True, slots=True)
class ActOnDialog(Command[Json]):
    """An agent's verb on a dialog; the answer names what came of it."""

    dialog: DialogId
    agent: a.Agent
    verb: a.DialogAction

    def needs(self, needs: Needs) -> None:
        needs.dialogs.add(self.dialog)
        if isinstance(self.verb, a.FileWish) and self.verb.wish is not None:
            needs.wishes.add(self.verb.wish)

    def fold(self, work: Work) -> Json:
        roles.check(self.agent, "dialog", self.verb)
        dialog, me, now, rules = work.dialog(self.dialog), self.agent.id, work.now, work.rules
        match self.verb:
            case a.Claim(force=force):
                allowed = force and roles.leads(self.agent)
                work.put(dialogs.claimed(dialog, me, self.agent.name, now, rules, force=allowed))
            case a.Release():
                work.put(dialogs.released(dialog, me, now, rules))
            case a.Pass(line=line, note=note, priority=priority):
                by = author(self.agent)
                work.put(dialogs.passed(dialog, me, line, note, priority, now, rules, by=by))
            case a.Snooze(until=until):
                work.put(dialogs.snoozed(dialog, me, until, now, rules))
            case a.Resolve():
                work.put(dialogs.resolved(dialog, me, now, rules))
            case a.Reopen():
                if not work.is_latest(dialog):
                    raise Refused("the contact has a newer dialog: go on there")
                work.put(dialogs.reopened(dialog, me, now, rules))
            case a.Prioritise(priority=priority):
                work.put(dialogs.prioritised(dialog, me, priority, now, rules))
            case a.Introduce(name=name, email=email):
                change = contacts.introduced(dialog, *contacts.checked(name, email), now, rules, by=me)
                if change is not None:
                    work.put(change)
            case a.Undo(seq=seq, keep=keep):
                _all_unsent(work, dialog, seq)
                work.put(marks.undone(dialog, seq, me, now, rules, keep=keep))
            case a.Retry(seq=seq) if fetches.retry(work, dialog, seq, me):
                pass
            case a.Retry(seq=seq):
                if not work.is_latest(dialog):
                    raise Refused("the contact has a newer dialog: write there")
                human = _any_failed(work, dialog, seq)
                work.put(marks.retried(dialog, seq, me, now, rules, human=human))
            case a.Edit():
                return rewriting.edit(work, dialog, self.verb, self.agent)
            case a.Delete():
                return rewriting.delete(work, dialog, self.verb, self.agent)
            case a.Promote():
                return self._promote(work, dialog, self.verb)
            case a.FileWish():
                return self._wish(work, dialog, self.verb)
            case _:
                assert_never(self.verb)
        return {"status": work.dialog(self.dialog).status.value}

    def _promote(self, work: Work, dialog: Dialog, verb: a.Promote) -> Json:
        _spoken(work, dialog.id, verb.seqs)
        rules = work.rules
        line = verb.line or rules.second_line or dialog.line
        change = tickets.promoted(
            TicketId(Ids.draw()),
            work.number(t.ticket),
            dialog,
            verb.seqs,
            verb.title,
            line,
            dialog.line,
            verb.note,
            verb.priority,
            author(self.agent),
            work.now,
            rules,
        )
        ticket = change.ticket
        data = {"ticket": str(ticket.id), "number": ticket.number, "line": line, "seqs": list(verb.seqs)}
        said = f"Ticket {ticket.number}: {ticket.title} ({rules.line(line).title})."
        work.put(dialogs.quoted(dialog, self.agent.id, "promoted", said, work.now, rules, **data))
        if verb.tell:
            channel = rules.channel_of(dialog.channel)
            words = greeter.text(channel, dialog.language, "ticket", number=ticket.number)
            told = dialogs.announced(work.dialog(dialog.id), BOT, words, data, work.now, rules)
            work.put(told)
        work.put_ticket(change)
        return {"ticket": str(ticket.id), "number": ticket.number}

    def _wish(self, work: Work, dialog: Dialog, verb: a.FileWish) -> Json:
        said = _spoken(work, dialog.id, [verb.seq])[verb.seq]
        by = author(self.agent)
        if verb.wish is not None:
            change = wishes.asked_too(work.wish(verb.wish), dialog, verb.seq, by, work.now)
        else:
            change = wishes.filed(
                WishId(Ids.draw()),
                work.number(t.wish),
                verb.title,
                verb.text or said.text,
                dialog,
                verb.seq,
                by,
                work.now,
            )
        wish = change.wish
        words = f"Wish {wish.number}: {wish.title}."
        data = {"wish": str(wish.id), "number": wish.number, "seqs": [verb.seq]}
        work.put(dialogs.quoted(dialog, self.agent.id, "wished", words, work.now, work.rules, **data))
        work.put_wish(change)
        return {"wish": str(wish.id), "number": wish.number}


@dataclass(frozen=True, slots=True)
class ActOnTicket(Command[Json]):
    """An agent's verb on a ticket. `dialog` is the ticket's, known to the router before."""

    ticket: TicketId
    dialog: DialogId
    agent: a.Agent
    verb: a.TicketAction

    def needs(self, needs: Needs) -> None:
        needs.tickets.add(self.ticket)
        needs.dialogs.add(self.dialog)

    def fold(self, work: Work) -> Json:
        roles.check(self.agent, "ticket", self.verb)
        ticket, me, now = work.ticket(self.ticket), author(self.agent), work.now
        dialog = work.dialog(self.dialog)
        match self.verb:
            case a.Claim(force=force):
                allowed = force and roles.leads(self.agent)
                change = tickets.claimed(ticket, self.agent.id, self.agent.name, now, force=allowed)
            case a.Note(text=text):
                change = tickets.noted(ticket, me, text, now)
            case a.Quote(seqs=seqs):
                _spoken(work, dialog.id, seqs)
                change = tickets.added(ticket, seqs, me, now)
            case a.Pass(line=line, note=note, priority=priority):
                change = tickets.passed(ticket, line, note, priority, me, now, work.rules)
            case a.HandBack(draft=draft):
                change = tickets.handed_back(ticket, draft, me, now)
                self._say(work, "handed_back", f"Ticket {ticket.number} is back: ready to tell the contact.")
            case a.Answer(text=text, resolve=resolve):
                change = tickets.answered(ticket, me, now, text=text, resolve=resolve)
                if not work.is_latest(dialog):
                    raise Refused("the contact has a newer dialog: answer there")
                if not work.rules.line_of(dialog.channel, dialog.line).speaks:
                    raise NotAllowed(
                        "this line does not write to contacts: hand the ticket back with a draft"
                    )
                work.put(dialogs.replied(work.dialog(dialog.id), me, text, now, work.rules, mode="send"))
            case a.Resolve():
                change = tickets.resolved(ticket, me, now)
                self._say(work, "ticket_resolved", f"Ticket {ticket.number} is resolved.")
            case a.Reopen():
                change = tickets.reopened(ticket, me, now)
            case a.Prioritise(priority=priority):
                change = tickets.prioritised(ticket, priority, me, now)
            case a.SetDue(due_at=due_at):
                change = tickets.due_set(ticket, due_at, me, now)
            case _:
                assert_never(self.verb)
        work.put_ticket(change)
        return {"status": change.ticket.status, "version": change.ticket.version}

    def _say(self, work: Work, event: str, words: str) -> None:
        dialog = work.dialog(self.dialog)
        ticket = str(self.ticket)
        work.put(dialogs.quoted(dialog, self.agent.id, event, words, work.now, work.rules, ticket=ticket))


@dataclass(frozen=True, slots=True)
class ActOnWish(Command[Json]):
    """A developer's or an agent's verb on a wish. `dialog` is where it was asked for first, known to the router before."""

    wish: WishId
    agent: a.Agent
    verb: a.WishAction
    dialog: DialogId | None = None

    def needs(self, needs: Needs) -> None:
        needs.wishes.add(self.wish)
        if self.dialog is not None:
            needs.dialogs.add(self.dialog)

    def fold(self, work: Work) -> Json:
        roles.check(self.agent, "wish", self.verb)
        wish, me, now = work.wish(self.wish), author(self.agent), work.now
        if wish.created_by == wishes.NOBODY:
            roles.works(self.agent)
        match self.verb:
            case a.Accept(title=title):
                change = wishes.accepted(wish, me, now, title=title)
            case a.PickUp(deadline=deadline, priority=priority, force=force):
                name, allowed = self.agent.name, force and roles.leads(self.agent)
                change = wishes.picked_up(wish, self.agent.id, name, deadline, priority, now, force=allowed)
            case a.AskBack(text=text):
                change = wishes.questioned(wish, text, me, now)
                self._say(work, wish, "questioned", f"{me.name} asks about wish {wish.number}: {text}")
            case a.Clarify(text=text):
                change = wishes.clarified(wish, text, me, now)
                self._say(work, wish, "clarified", f"{me.name} answered about wish {wish.number}: {text}")
            case a.Ship(announcement=words):
                change = wishes.shipped(wish, self.agent.id, words, now, work.rules)
            case a.Approve(announcement=words):
                change = wishes.approved(wish, {**wish.announcement, **words}, me, now)
            case a.TellAgain():
                change = wishes.told_again(wish, me, now)
            case a.Decline(reason=reason):
                change = wishes.declined(wish, reason, me, now)
            case a.Reopen():
                change = wishes.reopened(wish, me, now)
            case _:
                assert_never(self.verb)
        work.put_wish(change)
        return {"status": change.wish.status, "announce": change.wish.announce}

    def _say(self, work: Work, wish: wishes.Wish, event: str, words: str) -> None:
        """Who works in the dialog sees what developers and agents say about it."""
        if self.dialog is not None:
            data = {"wish": str(wish.id), "number": wish.number, "by": self.agent.name}
            dialog = work.dialog(self.dialog)
            work.put(dialogs.quoted(dialog, self.agent.id, event, words, work.now, work.rules, **data))


@dataclass(frozen=True, slots=True)
class MakeTask(Command[Json]):
    """The developers set themselves a task, which stands beside the wishes."""

    agent: a.Agent
    title: str
    text: str
    priority: Priority

    def needs(self, needs: Needs) -> None:
        """Nothing: a task is new."""

    def fold(self, work: Work) -> Json:
        roles.builds(self.agent)
        me, number = author(self.agent), work.number(t.wish)
        change = wishes.made(WishId(Ids.draw()), number, self.title, self.text, self.priority, me, work.now)
        work.put_wish(change)
        return {"wish": str(change.wish.id), "number": number}


def author(agent: a.Agent) -> Author:
    """An agent as the author of what he does."""
    return Author("agent", AgentId(agent.id), agent.name)


def _spoken(work: Work, dialog: DialogId, seqs: tuple[int, ...] | list[int]) -> dict[int, Said]:
    """The messages chosen, all of this dialog and none of the bridge's own lines."""
    found = store.messages(work.connection, dialog, seqs)
    for seq in seqs:
        if seq not in found or found[seq].author.kind == "system":
            raise Missing(f"this dialog has no message {seq}")
    return found


def _all_unsent(work: Work, dialog: Dialog, seq: int) -> None:
    rows = [row for row in work.outgoing(dialog.id, seq) if row.reason != LEFT_OUT]
    if not rows:
        raise Missing(f"this dialog has no outgoing message {seq}")
    if any(row.state not in ("queued", "delayed") for row in rows):
        raise Refused("it has gone out already")


def _any_failed(work: Work, dialog: Dialog, seq: int) -> bool:
    """Whether the message that failed was a person's; refuses when none of its posts has failed."""
    rows = work.outgoing(dialog.id, seq)
    if not any(row.state == "failed" for row in rows):
        raise Refused("this message has not failed")
    return any(row.human for row in rows)
