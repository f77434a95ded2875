"""What happens to a wish: pure transitions `(wish, event, now) -> WishChange`.

Owns the way of an idea from the contacts who ask for it to the developers and back, and for each asker whether he has
been told. It must never write to a contact (that is the dialog's), await, read a clock or touch a store; what the
rules forbid raises `Refused` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bridge import text as texts
from bridge.conversations import greeter
from bridge.conversations.changes import Acted, Dialog
from bridge.conversations.lines import Channel, Rules
from bridge.errors import NotAllowed, Refused, Taken
from bridge.messages import AgentId, Author, DialogId, IdentityId, Json, Priority, WishId

Status = Literal["proposed", "new", "accepted", "scheduled", "shipped", "told", "declined"]
AskerState = Literal["asked", "queued", "told", "failed"]
Kind = Literal["wish", "task"]
"""A wish is what contacts ask for; a task is the developers' own: nobody asked for it, nobody is told."""
Announce = Literal["none", "review", "going", "done"]
"""How far the news is: none to tell yet, review = an agent reads it first, going out, done with every asker."""

UNSHIPPED = ("new", "accepted", "scheduled")
NOBODY = AgentId(0)
"""Who made a wish that a contact has told the bot, until an agent vouches for it."""
TITLE = 80
"""How many characters of a contact's words stand as the title of what he proposes."""
UNTOLD = ("asked", "queued")


@dataclass(frozen=True, slots=True)
class Asker:
    """One contact at one address who asked for the wish, with the message that says so, and whether he was told."""

    identity: IdentityId
    dialog: DialogId
    seq: int
    state: AskerState = "asked"
    told_dialog: DialogId | None = None
    told_seq: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What contacts ask for and developers make. `version` grows with every change and guards against other processes."""

    id: WishId
    number: int
    title: str
    text: str
    created_by: AgentId
    created_at: datetime
    changed_at: datetime
    kind: Kind = "wish"
    status: Status = "new"
    priority: Priority = Priority.normal
    deadline: datetime | None = None
    assignee: AgentId | None = None
    assignee_name: str = ""
    reason: str | None = None
    """why it was declined, or what a developer asks"""
    announcement: Mapping[str, str] = field(default_factory=dict)
    """language → the words that were written for this wish"""
    announce: Announce = "none"
    version: int = 0
    shipped_at: datetime | None = None
    askers: tuple[Asker, ...] = ()

    @property
    def subject(self) -> str:
        """The name of the wish among dialogs, tickets and wishes."""
        return f"wish:{self.id}"


@dataclass(frozen=True, slots=True)
class WishNote:
    """One line of a wish's story: what a person did, and the words he gave with it."""

    wish: WishId
    version: int
    author_id: int | None
    author_name: str
    event: str
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class WishChange:
    """All that one transition decided about a wish; `askers` are those who are new or stand differently."""

    wish: Wish
    askers: Sequence[Asker] = ()
    notes: Sequence[WishNote] = ()
    acted: Sequence[Acted] = ()


def filed(
    wish_id: WishId,
    number: int,
    title: str,
    text: str,
    dialog: Dialog,
    seq: int,
    author: Author,
    now: datetime,
) -> WishChange:
    """An agent finds an idea in a dialog good enough to be told to the developers."""
    if author.kind != "agent" or author.id is None:
        raise NotAllowed("only agents file wishes")
    if not title.strip():
        raise Refused("a wish needs a title")
    asker = _asker(dialog, seq)
    wish = Wish(
        id=wish_id,
        number=number,
        title=title.strip(),
        text=text,
        created_by=AgentId(author.id),
        created_at=now,
        changed_at=now,
    )
    return _moved(wish, "filed", author, now, changed=[asker])


def made(
    wish_id: WishId, number: int, title: str, text: str, priority: Priority, author: Author, now: datetime
) -> WishChange:
    """The developers set themselves a task."""
    if not title.strip():
        raise Refused("a task needs a title")
    task = Wish(
        id=wish_id,
        number=number,
        title=title.strip(),
        text=text,
        created_by=AgentId(author.id or 0),
        created_at=now,
        changed_at=now,
        kind="task",
        status="accepted",
        priority=priority,
    )
    return _moved(task, "made", author, now)


def proposed(wish_id: WishId, number: int, text: str, dialog: Dialog, seq: int, now: datetime) -> WishChange:
    """A contact has told the bot what he misses; developers see nothing of it before an agent has accepted it."""
    wish = Wish(
        id=wish_id,
        number=number,
        title=texts.excerpt(text, TITLE) or "…",
        text=text,
        created_by=NOBODY,
        created_at=now,
        changed_at=now,
        status="proposed",
    )
    contact = Author("contact", dialog.contact, dialog.name)
    return _moved(wish, "proposed", contact, now, changed=[_asker(dialog, seq)])


def asked_too(wish: Wish, dialog: Dialog, seq: int, author: Author, now: datetime) -> WishChange:
    """Another contact asks for the same; he too will be told. A task that a contact asks for is a wish."""
    if any(asker.identity == dialog.identity for asker in wish.askers):
        raise Refused("this contact has asked for it already")
    if wish.status == "told":
        raise Refused("the wish has shipped and everybody was told: answer the contact himself")
    return _moved(wish, "asked_too", author, now, changed=[_asker(dialog, seq)], kind="wish")


def accepted(wish: Wish, author: Author, now: datetime, *, title: str = "") -> WishChange:
    """The idea is good: a developer may pick it up. Of a proposal the agent makes a wish of his own, by this title."""
    if wish.status == "proposed":
        if author.kind != "agent" or author.id is None:
            raise NotAllowed("only agents file wishes")
        named = title.strip() or wish.title
        return _moved(wish, "accepted", author, now, status="new", created_by=AgentId(author.id), title=named)
    if wish.status != "new":
        raise Refused(f"the wish is {wish.status} already")
    return _moved(wish, "accepted", author, now, status="accepted")


def picked_up(
    wish: Wish,
    developer: AgentId,
    name: str,
    deadline: datetime,
    priority: Priority,
    now: datetime,
    *,
    force: bool = False,
) -> WishChange:
    """A developer takes the wish with a deadline and a priority; of two who press at once one wins.

    Who has it may pick it up again to move the deadline; `force` takes it from a colleague.
    """
    _unshipped(wish)
    if wish.assignee not in (None, developer) and not force:
        raise Taken(wish.assignee_name)
    if deadline <= now:
        raise Refused("the deadline has passed already")
    return _moved(
        wish,
        "picked_up",
        Author("agent", developer, name),
        now,
        status="scheduled",
        assignee=developer,
        assignee_name=name,
        deadline=deadline,
        priority=priority,
    )


def questioned(wish: Wish, text: str, author: Author, now: datetime) -> WishChange:
    """A developer asks the agent what is meant; the wish stays where it is and shows the question."""
    _unshipped(wish)
    if wish.kind == "task":
        raise Refused("nobody has asked for this task: there is no agent to answer")
    if not text.strip():
        raise Refused("write what you want to know")
    return _moved(wish, "questioned", author, now, text=text, reason=text)


def clarified(wish: Wish, text: str, author: Author, now: datetime) -> WishChange:
    """An agent answers the developer's question; both stay in the story of the wish."""
    _unshipped(wish)
    if wish.reason is None:
        raise Refused("no question waits for an answer")
    if not text.strip():
        raise Refused("write what is meant")
    return _moved(wish, "clarified", author, now, text=text, reason=None)


def shipped(
    wish: Wish, developer: AgentId, announcement: Mapping[str, str], now: datetime, rules: Rules
) -> WishChange:
    """The developer who has the wish says it is there: the news goes to an agent's eyes, or out at once.

    Of a task there is no news: it is done.
    """
    if wish.status in ("shipped", "told"):
        raise Refused("the wish is shipped already")
    if wish.status != "scheduled":
        raise Refused("pick the wish up first")
    if wish.assignee != developer:
        raise NotAllowed(f"{wish.assignee_name or 'somebody else'} works on this wish")
    by = Author("agent", developer, wish.assignee_name)
    if wish.kind == "task":
        return _moved(wish, "shipped", by, now, status="told", announce="done", shipped_at=now)
    return _moved(
        wish,
        "shipped",
        by,
        now,
        status="shipped",
        shipped_at=now,
        announcement=_words(announcement),
        announce="review" if rules.announce == "review" else "going",
        reason=None,
    )


def approved(wish: Wish, announcement: Mapping[str, str], author: Author, now: datetime) -> WishChange:
    """An agent has read the news and put it in these words, by language: it goes out to every asker."""
    if wish.announce != "review":
        raise Refused("there is no announcement to approve")
    return _moved(wish, "approved", author, now, announcement=_words(announcement), announce="going")


def told_again(wish: Wish, author: Author, now: datetime) -> WishChange:
    """Those whom the news did not reach are told once more."""
    if wish.announce not in ("going", "done"):
        raise Refused("nobody has been told yet")
    missed = [
        replace(asker, state="asked", told_dialog=None, told_seq=None, reason=None)
        for asker in wish.askers
        if asker.state == "failed"
    ]
    if not missed:
        raise Refused("the news has reached everybody, or is on its way")
    return _moved(wish, "told_again", author, now, changed=missed, status="shipped", announce="going")


def declined(wish: Wish, reason: str, author: Author, now: datetime) -> WishChange:
    """The wish will not be made, and this is why."""
    if wish.status != "proposed":
        _unshipped(wish)
    if not reason.strip():
        raise Refused("write why the wish is declined")
    return _moved(
        wish,
        "declined",
        author,
        now,
        text=reason,
        status="declined",
        reason=reason,
        assignee=None,
        assignee_name="",
        deadline=None,
    )


def reopened(wish: Wish, author: Author, now: datetime) -> WishChange:
    """A declined wish is thought over again."""
    if wish.status != "declined":
        raise Refused("only a declined wish can be reopened")
    status: Status = "new"
    if wish.created_by == NOBODY:
        status = "proposed"
    elif wish.kind == "task":
        status = "accepted"
    return _moved(wish, "reopened", author, now, status=status, reason=None)


def announcing(
    wish: Wish, identity: IdentityId, told_dialog: DialogId, told_seq: int, now: datetime
) -> WishChange:
    """The news for one asker is on its way, as this message of this dialog."""
    if wish.announce != "going":
        raise Refused("there is nothing to announce now")
    for asker in wish.askers:
        if asker.identity == identity:
            if asker.state != "asked":
                raise Refused(f"the asker is {asker.state} already")
            on_its_way = replace(asker, state="queued", told_dialog=told_dialog, told_seq=told_seq)
            return _moved(wish, None, None, now, changed=[on_its_way])
    raise Refused("this contact has not asked for the wish")


def told(
    wish: Wish, dialog: DialogId, seq: int, now: datetime, *, ok: bool, reason: str = ""
) -> WishChange | None:
    """What became of the news in message `seq` of this dialog; None when it told nobody anything new.

    A failure may still turn into success, since a failed message can be tried again, and the other way round, since
    mail bounces late.
    """
    state: AskerState = "told" if ok else "failed"
    for asker in wish.askers:
        if (asker.told_dialog, asker.told_seq) == (dialog, seq) and asker.state != state:
            return _moved(
                wish, None, None, now, changed=[replace(asker, state=state, reason=None if ok else reason)]
            )
    return None


def announcement_text(wish: Wish, channel: Channel, language: str) -> str:
    """What an asker is told: the words written for this wish in his language, else the channel's usual ones."""
    return wish.announcement.get(language) or greeter.text(
        channel, language, "announcement", title=wish.title
    )


def _unshipped(wish: Wish) -> None:
    if wish.status == "proposed":
        raise Refused("an agent has to accept this wish first")
    if wish.status not in UNSHIPPED:
        raise Refused(f"the wish is {wish.status} already")


def _asker(dialog: Dialog, seq: int) -> Asker:
    if not 1 <= seq <= dialog.seq:
        raise Refused(f"this dialog has no message {seq}")
    return Asker(dialog.identity, dialog.id, seq)


def _words(announcement: Mapping[str, str]) -> dict[str, str]:
    return {language: words for language, words in announcement.items() if words.strip()}


def _moved(
    wish: Wish,
    event: str | None,
    by: Author | None,
    now: datetime,
    *,
    text: str = "",
    changed: Sequence[Asker] = (),
    **fields: object,
) -> WishChange:
    """The wish after it, with note and audit row for what a person did; the last asker told ends the announcement."""
    after = replace(
        wish,
        version=wish.version + 1,
        changed_at=now,
        askers=_merged(wish.askers, changed),
        **fields,  # type: ignore[arg-type]
    )
    if after.announce == "going" and not any(asker.state in UNTOLD for asker in after.askers):
        after = replace(after, announce="done", status="told")
    notes: list[WishNote] = []
    acted: list[Acted] = []
    if event is not None and by is not None:
        notes.append(WishNote(wish.id, after.version, by.id, by.name, event, text, now))
        was, is_now = _audited(wish), _audited(after)
        diff = {name for name in is_now if was.get(name) != is_now[name]}
        acted.append(
            Acted(
                subject=wish.subject,
                name=event,
                agent=AgentId(by.id) if by.kind == "agent" and by.id is not None else None,
                at=now,
                before={name: was[name] for name in was if name in diff} or None,
                after={name: is_now[name] for name in is_now if name in diff} or None,
            )
        )
    return WishChange(after, askers=changed, notes=notes, acted=acted)


def _merged(askers: tuple[Asker, ...], changed: Sequence[Asker]) -> tuple[Asker, ...]:
    """Each asker once, in the order in which they asked."""
    by_identity = {asker.identity: asker for asker in (*askers, *changed)}
    return tuple(by_identity.values())


def _audited(wish: Wish) -> Json:
    """What an audit row compares, nothing of a wish that is not yet made; ids are text, to survive any JSON."""
    if wish.version == 0:
        return {}
    return {
        "status": wish.status,
        "title": wish.title,
        "priority": wish.priority.value,
        "deadline": None if wish.deadline is None else wish.deadline.isoformat(),
        "assignee": None if wish.assignee is None else str(wish.assignee),
        "reason": wish.reason,
        "announce": wish.announce,
        "askers": [str(asker.identity) for asker in wish.askers],
    }
