"""The sections of config.yaml one by one; the shipped config.yaml explains each key.

Owns the keys, their defaults and what is wrong with one section by itself. It must never look at another section.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from bridge.config.addresses import DatabaseUrl, FilesUrl, Network, RedisUrl
from bridge.config.mistakes import nearest
from bridge.config.values import (
    At,
    Count,
    Day,
    EdgeName,
    Environment,
    Flag,
    Language,
    Lease,
    Name,
    PositiveSpan,
    Role,
    Span,
    Text,
    refuse,
)
from bridge.messages import Priority


class Section(BaseModel):
    """A mapping of config.yaml: no key that is not known here."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, tree: Any) -> Any:
        """Tell of a mistyped key before a required one is missed."""
        if isinstance(tree, Mapping):
            known = cls.known()
            for key in tree:
                if key not in known:
                    refuse(f"unknown key{nearest(str(key), known)}", key)
        return tree

    @classmethod
    def known(cls) -> list[str]:
        """The keys as config.yaml writes them."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class EdgeSection(Section):
    """A channel or a desk: what the bridge reads itself, and `settings`, which belong to its connector or desk."""

    settings: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, tree: Any, info: ValidationInfo) -> Any:
        """Set aside every key that is not ours."""
        if not isinstance(tree, Mapping):
            return tree
        if "settings" in tree:
            refuse("its own settings stand directly beside the other keys", "settings")
        ours = {key: value for key, value in tree.items() if key in cls.known()}
        own = {key: value for key, value in tree.items() if key not in ours}
        return {
            **ours,
            "settings": info.context.expand(own) if isinstance(info.context, Environment) else own,
        }

    @classmethod
    def known(cls) -> list[str]:
        """The keys that the bridge reads itself."""
        return [key for key in super().known() if key != "settings"]


class Http(Section):
    """Where the pages and hooks are served."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(strict=True, ge=0, le=65535)] = 8080
    trusted_proxies: list[Network] = []


class Database(Section):
    """Where everything certain is kept."""

    url: DatabaseUrl = ""


class Redis(Section):
    """Where the live half runs; empty for the embedded server."""

    url: RedisUrl = ""


class Files(Section):
    """Where attachments are kept."""

    url: FilesUrl = ""


class HoursSection(Section):
    """When a line works."""

    always: Flag = False
    zone: Text | None = None
    week: dict[Text, list[Text]] = {}
    holidays: list[Day] = []
    country: Text | None = None


class LineSection(Section):
    """A team."""

    title: Text | None = None
    speaks: Flag
    hours: Name = "always"
    desks: list[Name] = []


class StepSection(Section):
    """A rung of the ladder."""

    at: At
    do: Literal["nudge", "mention", "requeue", "supervise"]


class TargetsSection(Section):
    """What is promised; None promises nothing."""

    first_response: PositiveSpan | None = None
    next_response: PositiveSpan | None = None


class ChannelTargets(TargetsSection):
    """What a channel promises unless it says otherwise."""

    first_response: PositiveSpan | None = timedelta(minutes=2)
    next_response: PositiveSpan | None = timedelta(minutes=5)


Words = dict[Language, Annotated[str, Field(min_length=1)]]
"""Language → words."""


class MenuSection(Section):
    """A choice in the bot's menu: what it says, the menu it opens, or what it asks the bot to do."""

    name: Name
    label: Annotated[Words, Field(min_length=1)]
    say: Words = {}
    menu: list[MenuSection] = []
    do: Literal["person", "wish", "contact"] | None = None


class ChannelSection(EdgeSection):
    """A channel: which connector it is, what it promises, what its bot says."""

    connector: EdgeName
    line: Name
    desks: list[Name] = []
    targets: ChannelTargets = ChannelTargets()
    by_priority: dict[Priority, TargetsSection] = {}
    by_plan: dict[Text, TargetsSection] = {}
    bot: Flag = True
    reopen_within: Span = timedelta(days=3)
    languages: Annotated[list[Language], Field(min_length=1)] | None = None
    texts: dict[Language, dict[str, str]] = {}
    menu: list[MenuSection] = []


class DeskSection(EdgeSection):
    """A desk: which one it is, and its own settings."""

    desk: EdgeName


class AgentSection(Section):
    """An agent who is made at the start when there is no such login."""

    login: Name
    name: Text
    role: Role = "agent"
    lines: list[Name] = []
    language: Language | None = None


class MacroSection(Section):
    """A saved answer with slots."""

    title: Text
    text: Annotated[dict[Language, Text], Field(min_length=1)]


class Wishes(Section):
    """What happens when a wish has shipped."""

    announce: Literal["review", "automatic"] = "review"


class LimitsSection(Section):
    """How much of everything is taken."""

    text: Count = 100_000
    body_kb: Count = 1024
    file_mb: Count = 25
    file_mb_per_day: Count = 500
    files_per_message: Count = 20
    messages_per_minute: Count = 30
    sessions_per_minute: Count = 30


class Workers(Section):
    """The processes for slow things."""

    count: Annotated[int, Field(strict=True, ge=0)] = 1


class Committer(Section):
    """How many commands share one transaction."""

    batch: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 200


class HandsSection(Section):
    """How posts are sent."""

    lease: Lease = timedelta(seconds=45)


class Chores(Section):
    """How often the clock asks for a chore."""

    announce: PositiveSpan = timedelta(seconds=2)
    audit: PositiveSpan = timedelta(seconds=60)
    tidy: PositiveSpan = timedelta(hours=1)


class Log(Section):
    """What the log looks like."""

    as_json: Flag = Field(default=False, alias="json")
    level: Literal["debug", "info", "warning", "error"] = "info"
