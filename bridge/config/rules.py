"""From config.yaml to the frozen rules of the conversations: what each name in it refers to must exist.

Owns the checks across sections. It must never be needed for one section by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from ipaddress import ip_address
from string import Formatter
from typing import TYPE_CHECKING

from bridge.config import menus
from bridge.config.edges import check_name
from bridge.config.mistakes import joined, nearest
from bridge.conversations import greeter
from bridge.conversations.hours import Hours
from bridge.conversations.lines import Channel, Ladder, Line, Rules, Step, Targets
from bridge.errors import ConfigError
from bridge.messages import ChannelName, DeskName, Limits, LineName

if TYPE_CHECKING:
    from bridge.config.model import Config
    from bridge.config.sections import ChannelSection, HoursSection, TargetsSection

ALWAYS = "always"
"""Hours that need not be configured: open around the clock."""
_YEARS = 12  # of public holidays to know in advance


def build(config: Config, limits: Mapping[ChannelName, Limits]) -> Rules:
    """The rules that config.yaml describes, or the ConfigError of the first thing that does not fit."""
    for name, desk in config.desks.items():
        check_name(f"desks.{name}.desk", "desk", desk.desk)
    hours = {ALWAYS: Hours.always()}
    hours |= {name: _hours(f"hours.{name}", section) for name, section in config.hours.items()}
    lines = _lines(config, hours)
    channels = _channels(config, lines, limits)
    _check_shown(channels, lines)
    _check_agents(config)
    _check_tokens(config)
    _check_demo(config)
    return Rules(
        channels=channels,
        lines=lines,
        ladder=_ladder(config),
        hold=config.hold,
        announce=config.wishes.announce,
        second_line=_second_line(lines),
    )


def _hours(path: str, section: HoursSection) -> Hours:
    if section.always:
        if section.model_fields_set != {"always"}:
            raise ConfigError(path, "has always: true and further keys; leave out one or the other")
        return Hours.always()
    if section.zone is None or not section.week:
        raise ConfigError(path, 'needs always: true, or zone and week: {"mon-fri": ["09:00-18:00"]}')
    try:
        Hours.parse(section.zone, {"mon": ["00:00-24:00"]})
    except ValueError as error:
        raise ConfigError(joined(path, "zone"), str(error)) from error
    days = {*section.holidays, *_public_holidays(joined(path, "country"), section.country)}
    try:
        return Hours.parse(section.zone, section.week, days)
    except ValueError as error:
        raise ConfigError(joined(path, "week"), str(error)) from error


def _public_holidays(path: str, country: str | None) -> Iterable[date]:
    if country is None:
        return ()
    import holidays  # of all countries: nothing loads them unless a country is configured

    code, _, part = country.partition("-")
    known = holidays.list_supported_countries()
    if code not in known:
        raise ConfigError(path, "no country whose holidays are known; write its code, like RU or SE")
    if part and part not in known[code]:
        raise ConfigError(path, f"no part of {code} whose holidays are known{nearest(part, known[code])}")
    this_year = datetime.now(UTC).year
    return holidays.country_holidays(
        code, subdiv=part or None, years=range(this_year - 1, this_year + _YEARS)
    )


def _lines(config: Config, hours: Mapping[str, Hours]) -> dict[LineName, Line]:
    lines = {}
    for name, section in config.lines.items():
        path = f"lines.{name}"
        _check_known(joined(path, "hours"), "hours", section.hours, hours)
        lines[LineName(name)] = Line(
            name=LineName(name),
            title=section.title or name.capitalize(),
            speaks=section.speaks,
            hours=hours[section.hours],
            desks=_desks(config, path, section.desks),
        )
    return lines


def _channels(
    config: Config, lines: Mapping[LineName, Line], limits: Mapping[ChannelName, Limits]
) -> dict[ChannelName, Channel]:
    channels = {}
    for text, section in config.channels.items():
        name, path = ChannelName(text), f"channels.{text}"
        check_name(joined(path, "connector"), "connector", section.connector)
        _check_known(joined(path, "line"), "line", section.line, lines)
        line = LineName(section.line)
        if not lines[line].speaks:
            speaking = ", ".join(other for other, known in lines.items() if known.speaks) or "none"
            raise ConfigError(
                joined(path, "line"), f"line {line} may not speak to the contact; those that may: {speaking}"
            )
        languages = tuple(section.languages or config.languages)
        _check_texts(joined(path, "texts"), section, languages)
        channels[name] = Channel(
            name=name,
            connector=section.connector,
            line=line,
            targets=_targets(section.targets),
            desks=_desks(config, path, section.desks),
            by_priority={priority: _targets(targets) for priority, targets in section.by_priority.items()},
            by_plan={plan: _targets(targets) for plan, targets in section.by_plan.items()},
            limits=limits.get(name, Limits()),
            bot=section.bot,
            reopen_within=section.reopen_within,
            languages=languages,
            texts=section.texts,
            menu=menus.build(joined(path, "menu"), section.menu, languages),
        )
    return channels


def _targets(section: TargetsSection) -> Targets:
    return Targets(section.first_response, section.next_response)


def _desks(config: Config, path: str, names: Iterable[str]) -> tuple[DeskName, ...]:
    for index, name in enumerate(names):
        _check_known(joined(path, "desks", index), "desk", name, config.desks)
    return tuple(DeskName(name) for name in names)


def _ladder(config: Config) -> Ladder:
    try:
        return Ladder(tuple(Step(step.do, step.at.share, step.at.after) for step in config.ladder))
    except ValueError as error:
        raise ConfigError("ladder", str(error)) from error


def _second_line(lines: Mapping[LineName, Line]) -> LineName | None:
    """Where a first line passes what it cannot solve: the line of specialists, else the next one."""
    silent = [name for name, line in lines.items() if not line.speaks]
    return next(iter([*silent, *list(lines)[1:]]), None)


def _check_known(path: str, kind: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise ConfigError(path, f"no {kind} {name!r} is configured{nearest(name, names)}")


def _check_texts(path: str, section: ChannelSection, languages: Iterable[str]) -> None:
    spoken = {*languages, "en"}  # English stands in for a language that lacks a text
    for language, texts in section.texts.items():
        if language not in spoken:
            raise ConfigError(
                joined(path, language),
                f"not among the languages of this channel{nearest(language, sorted(spoken))}",
            )
        for name, text in texts.items():
            place = joined(path, language, name)
            if name not in greeter.TEXTS["en"]:
                raise ConfigError(place, f"the bot says no such thing{nearest(name, greeter.TEXTS['en'])}")
            if not text.strip():
                raise ConfigError(place, "must not be empty; bot: false silences the bot")
            _check_slots(place, text, _slots(greeter.TEXTS["en"][name]))


def _check_slots(path: str, text: str, known: set[str]) -> None:
    slots = " ".join(f"{{{slot}}}" for slot in sorted(known)) or "none"
    try:
        unknown = sorted(_slots(text) - known)
    except ValueError as error:
        raise ConfigError(
            path, f"a brace is alone (write {{{{ for one that is no slot); slots: {slots}"
        ) from error
    if unknown:
        raise ConfigError(path, f"unknown slot {{{unknown[0]}}}; slots of this text: {slots}")


def _slots(text: str) -> set[str]:
    """The slots of a text just as they are written, so that {target.year} and {target!r} are no {target}."""
    return {
        f"{slot}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
        for _, slot, form, conversion in Formatter().parse(text)
        if slot is not None
    }


def _check_shown(channels: Mapping[ChannelName, Channel], lines: Mapping[LineName, Line]) -> None:
    """A dialog passed to any line must still be shown to somebody."""
    for channel in channels.values():
        for line in lines.values():
            if not channel.desks and not line.desks:
                raise ConfigError(
                    f"lines.{line.name}.desks",
                    f"names no desk, and neither does channels.{channel.name}.desks: nobody would see its dialogs",
                )


def _check_agents(config: Config) -> None:
    for index, agent in enumerate(config.agents):
        for at, line in enumerate(agent.lines):
            _check_known(joined("agents", index, "lines", at), "line", line, config.lines)
        if agent.language:
            _check_known(joined("agents", index, "language"), "language", agent.language, config.languages)
    for login, count in Counter(agent.login for agent in config.agents).items():
        if count > 1:
            raise ConfigError("agents", f"{count} agents have the login {login}; each needs its own")


def _check_tokens(config: Config) -> None:
    owners: dict[str, str] = {}
    for name, token in config.tokens.items():
        other = owners.setdefault(token.get_secret_value(), name)
        if other != name:
            raise ConfigError(f"tokens.{name}", f"is the same as tokens.{other}; each needs its own")


def _check_demo(config: Config) -> None:
    reachable = {
        "public_url": config.public_url is not None,
        "http.host": not _is_local(config.http.host),
        "http.trusted_proxies": bool(config.http.trusted_proxies),
    }
    for key, given in reachable.items():
        if config.demo and given:
            raise ConfigError(
                "demo",
                f"lets anyone in as any agent, and {key} lets others reach the bridge; write demo: false",
            )
        if config.playground and given:
            raise ConfigError(
                "playground",
                f"lets anyone play a customer, and {key} lets others reach the bridge; write playground: false",
            )
    if config.playground and not config.http.port:
        raise ConfigError("playground", "needs a port that is known beforehand; write http.port")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
