"""The house rules as data: lines, targets, ladders and what each channel promises.

Owns the frozen rules that the pure transitions are given; config.yaml is turned into them once, at the start.
It must never read a file, a clock or a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bridge.conversations.hours import Hours
from bridge.errors import Missing
from bridge.messages import ChannelName, DeskName, Limits, LineName, Priority

PromiseName = Literal["first_response", "next_response"]
StepName = Literal["nudge", "mention", "requeue", "supervise"]


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: at `share` of the target plus `after`, do `do`."""

    do: StepName
    share: float = 1.0
    after: timedelta = timedelta()

    @property
    def is_due(self) -> bool:
        """True for the rung at which the promise itself falls due."""
        return self.share == 1.0 and not self.after


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in the order of time; the last moment to answer always has one."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not any(step.is_due for step in self.steps):
            raise ValueError("a ladder needs a step at 100%, when the promise falls due")
        if list(self.steps) != sorted(self.steps, key=lambda step: (step.share, step.after)):
            raise ValueError("the steps of a ladder stand in the order of time")

    def moment(self, index: int, started_at: datetime, target: timedelta, hours: Hours) -> datetime:
        """When rung `index` is reached, in business time."""
        step = self.steps[index]
        return hours.add(started_at, target * step.share + step.after)


@dataclass(frozen=True, slots=True)
class Line:
    """A team: whether it may speak to the contact, when it works, which desks show its dialogs."""

    name: LineName
    title: str
    speaks: bool
    hours: Hours
    desks: tuple[DeskName, ...] = ()


@dataclass(frozen=True, slots=True)
class Targets:
    """How long an answer may take, in business time; None where nothing is promised."""

    first_response: timedelta | None
    next_response: timedelta | None

    def of(self, name: PromiseName) -> timedelta | None:
        return self.first_response if name == "first_response" else self.next_response


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A choice in the bot's menu: `label` and `say` are language → words, `do` is what its press does."""

    name: str
    label: Mapping[str, str]
    do: Literal["say", "menu", "person", "wish", "contact"]
    say: Mapping[str, str] = field(default_factory=dict)
    items: tuple[MenuItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """What one configured channel promises and says by itself; `texts` are language → name → words."""

    name: ChannelName
    connector: str
    line: LineName
    targets: Targets
    desks: tuple[DeskName, ...] = ()
    by_priority: Mapping[Priority, Targets] = field(default_factory=dict)
    by_plan: Mapping[str, Targets] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    bot: bool = True
    reopen_within: timedelta = timedelta(days=3)
    languages: tuple[str, ...] = ("en",)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    menu: tuple[MenuItem, ...] = ()

    def target(self, name: PromiseName, priority: Priority, plan: str) -> timedelta | None:
        """The shortest of what the channel, the contact's plan and the dialog's priority promise."""
        promised = [self.targets.of(name)]
        if plan in self.by_plan:
            promised.append(self.by_plan[plan].of(name))
        if priority in self.by_priority:
            promised.append(self.by_priority[priority].of(name))
        return min((span for span in promised if span is not None), default=None)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the transitions need to know of the configuration."""

    channels: Mapping[ChannelName, Channel]
    lines: Mapping[LineName, Line]
    ladder: Ladder
    hold: timedelta = timedelta(seconds=10)
    announce: Literal["review", "automatic"] = "review"
    second_line: LineName | None = None

    def channel(self, name: ChannelName) -> Channel:
        try:
            return self.channels[name]
        except KeyError:
            raise Missing(f"no channel {name!r} is configured") from None

    def line(self, name: LineName) -> Line:
        try:
            return self.lines[name]
        except KeyError:
            raise Missing(f"no line {name!r} is configured; there are: {', '.join(self.lines)}") from None

    def channel_of(self, name: ChannelName) -> Channel:
        """The channel of a dialog that is there: one that was taken out of the configuration promises nothing."""
        known = self.channels.get(name)
        if known is None:
            first = next(iter(self.lines))
            return Channel(name, connector="", line=first, targets=Targets(None, None), bot=False)
        return known

    def line_of(self, channel: ChannelName, name: LineName) -> Line:
        """The line of a dialog that is there: one that was taken out is stood in for by the channel's."""
        return self.lines.get(name) or self.lines[self.channel_of(channel).line]

    def desks(self, channel: ChannelName, line: LineName) -> tuple[DeskName, ...]:
        """Where a dialog of this channel on this line is shown, each desk once."""
        return tuple(dict.fromkeys((*self.channel_of(channel).desks, *self.line_of(channel, line).desks)))
