"""The bot in front: what it makes of a contact's message, and the one thing that it answers. Pure.

Owns which words are a press, a wish or an e-mail address, and which answer each gets. It answers a message once or not
at all, never stops a clock and never claims: what it has settled is only what nobody else was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bridge import text as texts
from bridge.conversations import contacts, greeter, menu, posts
from bridge.conversations.changes import Dialog, Draft
from bridge.conversations.lines import Channel, Line, MenuItem, Rules
from bridge.messages import BOT, Incoming, Status

AWAY_AGAIN = timedelta(hours=3)
"""How long it is not repeated that nobody is there."""

Kind = Literal["words", "person", "start", "menu", "say", "ask_wish", "ask_email", "wished", "email", "yes"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message means to the bot; only `words` and `person` want a person's answer."""

    kind: Kind
    item: MenuItem | None = None
    email: str | None = None

    @property
    def wants_answer(self) -> bool:
        return self.kind in ("words", "person")

    @property
    def event(self) -> str | None:
        """How the message is marked for agents."""
        names = {"words": None, "person": None, "wished": "wish", "email": "email"}
        return names.get(self.kind, "press")


@dataclass(frozen=True, slots=True)
class Saying:
    """The bot's answer; `asks` is what it asks thereby, with the buttons that belong to it."""

    text: str
    asks: str | None = None
    away: bool = False


def hear(dialog: Dialog, incoming: Incoming, channel: Channel) -> Heard:
    """What the contact means: a press, typed or pressed; what the bot has asked him for; or words for a person."""
    command = incoming.command
    if incoming.asks_person or command == menu.PERSON:
        return Heard("person")
    if not channel.bot:
        return Heard("start" if command == "start" else "words")
    words = incoming.text.strip()
    if command is not None and words[:1] not in ("", "/") and not menu.is_ours(command, channel):
        command = None  # a button of another program, with a sentence on it: that is what he has said
    if (
        command is None
        and words
        and not (incoming.attachments or incoming.remote)
        and dialog.assignee is None
    ):
        command = menu.typed(words, dialog.bot_asks, channel, dialog.language)
    if command is not None:
        return _pressed(command, channel)
    if dialog.bot_asks == menu.WISH and words:
        return Heard("wished")
    if dialog.bot_asks == menu.EMAIL and (address := contacts.email(words)):
        return Heard("email", email=address)
    return Heard("words")


def language(dialog: Dialog, incoming: Incoming, channel: Channel) -> str:
    """The language to answer in. Words in another script tell more than the settings of a browser do."""
    if incoming.command is not None or incoming.text.isascii():
        return dialog.language
    return texts.language(incoming.text, channel.languages, dialog.language)


def answer(draft: Draft, heard: Heard, now: datetime, rules: Rules, *, opening: bool, on_duty: bool) -> None:
    """Says to the contact what there is to say, if anything, and does what he has asked the bot for."""
    channel = rules.channel_of(draft.dialog.channel)
    if not channel.bot:
        return
    line = rules.line_of(draft.dialog.channel, draft.dialog.line)
    if heard.email is not None:
        contacts.introduce(draft, "", heard.email, rules)
    saying = _saying(draft.dialog, heard, now, channel, line, opening=opening, on_duty=on_duty)
    if saying is not None:
        _say(draft, saying, now, channel, rules)
    if heard.kind == "yes":
        _settle(draft, now, rules)


def is_away(dialog: Dialog, now: datetime, line: Line, *, on_duty: bool) -> bool:
    """True when nobody is there to answer; who has claimed the dialog is there, whatever the list of duty says."""
    return not line.hours.is_open(now) or (not on_duty and dialog.assignee is None)


def _pressed(command: str, channel: Channel) -> Heard:
    match command:
        case menu.PERSON | menu.NO:
            return Heard("person")
        case menu.YES:
            return Heard("yes")
        case "start":
            return Heard("start")
    item = menu.item(command, channel)
    if item is None:
        return Heard("menu")
    return Heard(_DOES[item.do], item)


_DOES: dict[str, Kind] = {
    "say": "say",
    "menu": "menu",
    "person": "person",
    "wish": "ask_wish",
    "contact": "ask_email",
}
"""What a press of a menu item asks the bot for."""


def _saying(
    dialog: Dialog,
    heard: Heard,
    now: datetime,
    channel: Channel,
    line: Line,
    *,
    opening: bool,
    on_duty: bool,
) -> Saying | None:
    away = is_away(dialog, now, line, on_duty=on_duty)
    if heard.wants_answer and away and _tells_again(dialog, now):
        return _absence(dialog, now, channel, line, opening=opening)
    if heard.kind in ("words", "start"):
        return _greeting(dialog, channel, asked=heard.wants_answer, opening=opening, promised=not away)
    if heard.item is not None and heard.kind in ("menu", "say"):
        return _item(dialog, heard.item, channel)
    name, asks = _SAID[heard.kind]
    words = greeter.text(channel, dialog.language, name, email=heard.email)
    if heard.kind == "wished" and _may_ask_email(dialog, channel):
        return Saying(f"{words} {greeter.text(channel, dialog.language, 'email')}", menu.EMAIL)
    return Saying(words, asks)


_SAID: dict[Kind, tuple[str, str | None]] = {
    "person": ("person", None),
    "menu": ("menu", menu.MENU),
    "ask_wish": ("wish", menu.WISH),
    "wished": ("wish_kept", menu.MENU),
    "ask_email": ("contact", menu.EMAIL),
    "email": ("email_kept", None),
    "yes": ("glad", None),
}
"""What is heard → the text that answers it, and what the bot asks thereby."""


def _greeting(
    dialog: Dialog, channel: Channel, *, asked: bool, opening: bool, promised: bool
) -> Saying | None:
    """Once to who has asked, whenever he likes to who has not."""
    if not asked:
        return Saying(greeter.greeting(dialog, channel, promised=promised), menu.MENU)
    if not opening:
        return None
    words = greeter.greeting(dialog, channel, "heard", promised=promised)
    return Saying(words, menu.MENU if channel.menu else None)


def _absence(dialog: Dialog, now: datetime, channel: Channel, line: Line, *, opening: bool) -> Saying:
    """Nobody is there: when somebody will be, and the question where else the answer may go."""
    parts = [greeter.text(channel, dialog.language, "hello")] if opening else []
    parts.append(greeter.absence(dialog, now, channel, line))
    asks = menu.MENU if opening and channel.menu else None
    if _may_ask_email(dialog, channel):
        parts.append(greeter.text(channel, dialog.language, "email"))
        asks = menu.EMAIL
    return Saying(" ".join(parts), asks, away=True)


def _item(dialog: Dialog, item: MenuItem, channel: Channel) -> Saying:
    """A choice of the menu: a further menu, or an answer and whether it helped."""
    words = menu.answer(item, channel, dialog.language)
    if item.do == "menu":
        return Saying(words, menu.command(item))
    return Saying(f"{words}\n\n{greeter.text(channel, dialog.language, 'helped')}", menu.HELPED)


def _tells_again(dialog: Dialog, now: datetime) -> bool:
    return dialog.away_at is None or now - dialog.away_at >= AWAY_AGAIN


def _may_ask_email(dialog: Dialog, channel: Channel) -> bool:
    """Once, and only where a contact who has gone away would not find the answer."""
    return dialog.email is None and dialog.email_asked_at is None and not channel.limits.lasting


def _say(draft: Draft, saying: Saying, now: datetime, channel: Channel, rules: Rules) -> None:
    language = draft.dialog.language
    options = menu.offered(saying.asks, channel, language)
    parts = [saying.text, menu.numbered(options, channel, language)]
    data = {"buttons": [list(option) for option in options]} if options else None
    posts.send(draft, BOT, "\n\n".join(filter(None, parts)), rules, data=data)
    draft.set(bot_asks=saying.asks)
    if saying.away:
        draft.set(away_at=now)
    if saying.asks == menu.EMAIL:
        draft.set(email_asked_at=now)


def _settle(draft: Draft, now: datetime, rules: Rules) -> None:
    """The bot's answer was enough: the dialog is over, unless a person has it or owes an answer in it."""
    dialog = draft.dialog
    owed = dialog.promise is not None or dialog.contact_seq > dialog.answered_seq
    if owed or dialog.assignee is not None or dialog.status not in (Status.open, Status.waiting):
        return
    draft.set(status=Status.resolved, resolved_at=now)
    draft.tell_inside("helped", "The bot's answer has helped: resolved.")
    draft.act("resolved", None, by="bot")
    posts.show(draft, rules)
