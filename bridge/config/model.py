"""The whole of config.yaml and what the rest of the bridge asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, Field, PrivateAttr, ValidationInfo, model_validator

from bridge.config import rules
from bridge.config.addresses import PublicUrl
from bridge.config.mistakes import checked, joined, nearest
from bridge.config.secret import kept_secret
from bridge.config.sections import (
    AgentSection,
    ChannelSection,
    Chores,
    Committer,
    Database,
    DeskSection,
    EdgeSection,
    Files,
    HandsSection,
    HoursSection,
    Http,
    LimitsSection,
    LineSection,
    Log,
    MacroSection,
    Redis,
    Section,
    StepSection,
    Wishes,
    Workers,
)
from bridge.config.values import Environment, Flag, Language, Moment, Name, Secret, Span
from bridge.conversations.lines import Rules
from bridge.errors import ConfigError
from bridge.messages import ChannelName, DeskName, Limits

M = TypeVar("M", bound=BaseModel)


def _ladder() -> list[StepSection]:
    return [
        StepSection(at=Moment(0.5, timedelta()), do="nudge"),
        StepSection(at=Moment(0.8, timedelta()), do="mention"),
        StepSection(at=Moment(1.0, timedelta()), do="requeue"),
        StepSection(at=Moment(1.0, timedelta(minutes=1)), do="supervise"),
    ]


class Config(Section):
    """The whole of config.yaml; paths in it are absolute, addresses complete."""

    data: Path = Path("data")
    secret: Secret | None = None
    public_url: PublicUrl | None = None
    demo: Flag = False
    playground: Flag = False
    http: Http = Http()
    database: Database = Database()
    redis: Redis = Redis()
    files: Files = Files()
    languages: list[Language] = Field(default=["en", "ru"], min_length=1)
    hours: dict[Name, HoursSection] = Field(default_factory=dict)
    lines: dict[Name, LineSection] = Field(min_length=1)
    ladder: list[StepSection] = Field(default_factory=_ladder, min_length=1)
    hold: Span = timedelta(seconds=10)
    channels: dict[Name, ChannelSection] = Field(default_factory=dict)
    desks: dict[Name, DeskSection] = Field(default_factory=dict)
    tokens: dict[Name, Secret] = Field(default_factory=dict)
    agents: list[AgentSection] = Field(default_factory=list)
    macros: dict[Name, MacroSection] = Field(default_factory=dict)
    wishes: Wishes = Wishes()
    limits: LimitsSection = LimitsSection()
    workers: Workers = Workers()
    committer: Committer = Committer()
    hands: HandsSection = HandsSection()
    chores: Chores = Chores()
    log: Log = Log()

    _taken: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="before")
    @classmethod
    def _present(cls, tree: Any) -> Any:
        """A section of which nothing but comments is left counts as absent."""
        if isinstance(tree, Mapping):
            return {key: section for key, section in tree.items() if section is not None}
        return tree

    @model_validator(mode="after")
    def _remember(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, Environment):
            self._taken = frozenset(info.context.taken)
        return self

    def rules(self, limits: Mapping[ChannelName, Limits]) -> Rules:
        """The frozen rules for the transitions; `limits` is what each channel's connector declares."""
        return rules.build(self, limits)

    def channel_settings(self, name: ChannelName, model: type[M]) -> M:
        """The own settings of a channel, as its connector's `Settings`."""
        return _own_settings(f"channels.{name}", self.channels[name], model)

    def desk_settings(self, name: DeskName, model: type[M]) -> M:
        """The own settings of a desk, as its class's `Settings`."""
        return _own_settings(f"desks.{name}", self.desks[name], model)

    def signing_secret(self) -> str:
        """The configured secret, or the one kept in data/secret, which the first call makes."""
        return self.secret.get_secret_value() if self.secret else kept_secret(self.data)

    def secrets(self) -> frozenset[str]:
        """Every value that must never be shown: tokens, and whatever came from the environment."""
        tokens = {token.get_secret_value() for token in self.tokens.values()}
        return self._taken | tokens | ({self.secret.get_secret_value()} if self.secret else set())


def _own_settings(path: str, section: EdgeSection, model: type[M]) -> M:
    own = [field.alias or name for name, field in model.model_fields.items()]
    if model.model_config.get("extra") != "allow":
        for key in section.settings:
            if key not in own:
                raise ConfigError(joined(path, key), f"unknown key{nearest(key, [*section.known(), *own])}")
    return checked(model, section.settings, path)
