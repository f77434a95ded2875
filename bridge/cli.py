"""The command line: run, check, migrate, rebuild, agents, tokens, report.

Owns how commands read and what they print; a wrong configuration is told in words and exits 2. It must never do more
than call what others own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bridge import logs
from bridge.actions import Role
from bridge.config import Config, load
from bridge.errors import BridgeError, ConfigError
from bridge.messages import Health
from bridge.views import ReportBy

if TYPE_CHECKING:
    from bridge.conversations.access import Access

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
agents = typer.Typer(no_args_is_help=True, help="People of the house.")
cli.add_typer(agents, name="agent")
out, err = Console(), Console(stderr=True)

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
DEFAULT = Path("config.yaml")


def main() -> None:
    """The entry point of the `bridge` command."""
    try:
        cli()
    except ConfigError as error:
        _complain("config", str(error))
        raise SystemExit(2) from None
    except BridgeError as error:
        _complain("refused", error.reason)
        raise SystemExit(1) from None


def _complain(what: str, reason: str) -> None:
    # A value that is quoted may look like markup; a path that is broken over two lines cannot be searched for.
    err.print(f"[red]{what}[/red] {escape(reason)}", highlight=False, soft_wrap=True)


@cli.command()
def run(
    config: ConfigPath = DEFAULT,
    roles: Annotated[
        list[str] | None, typer.Option(help="web, hands, clock; all by default, repeatable.")
    ] = None,
    workers: Annotated[bool | None, typer.Option(help="Start worker processes beside this one.")] = None,
) -> None:
    """Run the bridge, or some roles of it."""
    from bridge import app

    loaded = _load(config)
    wanted = {role for word in roles or app.ROLES for role in word.split(",")}
    for role in wanted - set(app.ROLES):
        raise ConfigError("--roles", f"no role {role!r}; there are web, hands and clock")
    if "web" in wanted:
        _welcome(loaded)
    with asyncio.Runner(loop_factory=_loop) as runner:
        start_workers = not roles if workers is None else workers
        runner.run(app.run(loaded, config, wanted, workers=start_workers))


@cli.command()
def playground(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8090,
    rates: Annotated[bool, typer.Option("--rates", help="Keep to the platforms' real limits.")] = False,
    speed: Annotated[float, typer.Option(min=0.01, help="How fast the platforms' clocks go.")] = 1.0,
    specs: Annotated[
        Path | None,
        typer.Option(help="A folder of machine-readable specifications to compare calls with too."),
    ] = None,
) -> None:
    """Run the platforms' stand-ins alone: any token is a bot, and /playground has its customers' phones."""
    from bridge import stage
    from bridge.playground.frame import Playground

    logs.start(as_json=False, level="info", secrets=frozenset())
    address = f"http://{host}:{port}/playground"
    out.print(f"[bold]playground[/bold]  {address}", highlight=False)
    out.print(f"  telegram    api_url: {address}/telegram", highlight=False)
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(stage.alone(host, port, Playground(rates=rates, speed=speed, specifications=specs)))


@cli.command()
def worker(
    config: ConfigPath = DEFAULT,
    redis_url: Annotated[str, typer.Option(help="By default the configured one.")] = "",
) -> None:
    """Run one worker for slow and rare things."""
    from bridge import app

    loaded = _load(config)
    url = redis_url or loaded.redis.url
    if not url:
        raise ConfigError("redis.url", "a worker of its own needs the url of a shared Redis")
    app.run_worker(loaded, url)


@cli.command()
def check(
    config: ConfigPath = DEFAULT,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the platforms.")] = False,
) -> None:
    """Say whether the configuration fits, what it amounts to, and how each channel and desk is."""
    from bridge import app

    loaded = _load(config)
    made = app.parts(loaded)
    for name, connector in made.connectors.items():
        loaded.channel_settings(name, connector.Settings)
    for desk_name, desk in made.desks.items():
        loaded.desk_settings(desk_name, desk.Settings)
    table = Table("channel", "connector", "line", "first response", "next response")
    for channel in made.rules.channels.values():
        first, later = channel.targets.first_response, channel.targets.next_response
        table.add_row(channel.name, channel.connector, channel.line, str(first or "-"), str(later or "-"))
    out.print(table)
    out.print(f"{config} fits.")
    if not offline:
        _tell_health(asyncio.run(app.asked(loaded, made)))


def _tell_health(found: dict[str, Health]) -> None:
    """How each channel and desk is; exits 1 when one of them needs its operator."""
    table = Table("", "is", "what to do")
    for name, health in found.items():
        state = "[green]well[/green]" if health.ok else "[red]not well[/red]"
        table.add_row(escape(name), f"{state} {escape(health.reason)}", escape(health.repair))
    out.print(table)
    if not all(health.ok for health in found.values()):
        raise typer.Exit(1)


@cli.command()
def migrate(
    config: ConfigPath = DEFAULT,
    check: Annotated[bool, typer.Option("--check", help="Only compare migrations and tables.")] = False,
) -> None:
    """Bring the database to the newest schema; with --check, say where migrations and tables differ."""
    from bridge.conversations import schema
    from bridge.conversations.database import Database

    if check:
        with TemporaryDirectory() as folder:
            scratch = Database(f"sqlite:///{folder}/scratch.db")
            schema.upgrade(scratch)
            differences = schema.drift(scratch)
            scratch.close()
        for difference in differences:
            err.print(difference)
        out.print("migrations and tables differ" if differences else "migrations and tables agree")
        raise typer.Exit(1 if differences else 0)
    database = Database(_load(config).database.url)
    schema.upgrade(database)
    out.print("the database is up to date")


@cli.command()
def rebuild(config: ConfigPath = DEFAULT) -> None:
    """Tell Redis anew all that SQL knows; harmless at any moment."""
    from bridge import beside
    from bridge.conversations.database import Database
    from bridge.conversations.heal import Heal

    loaded = _load(config)
    if not loaded.redis.url:
        raise ConfigError("redis.url", "the embedded Redis is rebuilt at every start; there is nothing to do")

    async def again() -> None:
        client = beside.redis_client(loaded.redis.url or "")
        await Heal(Database(loaded.database.url), client).rebuild()
        await client.aclose()

    asyncio.run(again())
    out.print("Redis has been told everything")


@cli.command("reset-demo")
def reset_demo(config: ConfigPath = DEFAULT) -> None:
    """Forget all dialogs, tickets and wishes of the demo, and start anew; the bridge must not run meanwhile."""
    from sqlalchemy.engine import make_url

    from bridge.embedded import DataLock

    loaded = _load(config)
    if not loaded.demo:
        raise ConfigError("demo", "only a demo can be reset; a real house keeps what it knows")
    database = make_url(loaded.database.url)
    if database.get_backend_name() != "sqlite" or not database.database:
        raise ConfigError(
            "database.url", "only a SQLite file can be forgotten here; drop and make this database anew"
        )
    lock = DataLock(loaded.data)
    lock.take()
    file = Path(database.database)
    for found in file.parent.glob(f"{file.name}*"):
        found.unlink()
    shutil.rmtree(loaded.data / "files", ignore_errors=True)
    lock.release()
    out.print("the demo is as new")


@agents.command("list")
def list_agents(config: ConfigPath = DEFAULT) -> None:
    """Who works here."""
    with _access(config) as access:
        table = Table("login", "name", "role", "lines")
        for agent in access.agents():
            table.add_row(agent.login, agent.name, agent.role, ", ".join(agent.lines))
        out.print(table)


@agents.command("add")
def add_agent(
    login: str,
    name: str,
    role: Annotated[str, typer.Option(help="agent, lead, developer or admin")] = "agent",
    line: Annotated[list[str] | None, typer.Option(help="A line the agent works on; repeatable.")] = None,
    language: str = "en",
    config: ConfigPath = DEFAULT,
) -> None:
    """Add an agent and print a one-time link to log in with."""
    from bridge.conversations.access import Person
    from bridge.messages import LineName

    with _access(config) as access:
        lines = tuple(LineName(one) for one in line or ())
        known = _load(config).lines
        for one in lines:
            if one not in known:
                raise ConfigError("--line", f"no line {one!r}; there are: {', '.join(known)}")
        access.add(Person(login, name, _role(role), lines, language))
        _print_link(config, access.invite(login))


@agents.command("link")
def link_agent(login: str, config: ConfigPath = DEFAULT) -> None:
    """Print a new one-time link for an agent."""
    with _access(config) as access:
        _print_link(config, access.invite(login))


@agents.command("password")
def set_password(
    login: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    config: ConfigPath = DEFAULT,
) -> None:
    """Give an agent a password, asked for here; whoever was logged in as him is out."""
    from bridge.conversations.passwords import Passwords

    with _access(config) as access:
        Passwords(access).set(login, password)
        out.print(f"{login} has a new password")


@agents.command("role")
def change_role(login: str, role: str, config: ConfigPath = DEFAULT) -> None:
    """Give an agent another role: agent, lead, developer or admin; he logs in anew."""
    with _access(config) as access:
        access.change(login, role=_role(role))
        out.print(f"{login} is {role} now")


@agents.command("disable")
def disable_agent(login: str, config: ConfigPath = DEFAULT) -> None:
    """Shut an agent out at once."""
    with _access(config) as access:
        access.disable(login)
        out.print(f"{login} is out")


@cli.command()
def token(login: str, name: str, config: ConfigPath = DEFAULT) -> None:
    """Print a new API token that acts as this agent; it is shown only now."""
    with _access(config) as access:
        out.print(access.issue_token(login, name), highlight=False)


@cli.command()
def report(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    by: Annotated[str, typer.Option(help="channel, hour, agent or line")] = "channel",
    zone: Annotated[str, typer.Option(help="Whose days and hours: a time zone like Europe/Moscow.")] = "UTC",
    config: ConfigPath = DEFAULT,
) -> None:
    """Say how the promise of a first answer was kept, of the last 30 days by default."""
    from bridge import app
    from bridge.conversations.database import Database
    from bridge.conversations.reading import reports

    if by not in get_args(ReportBy):
        raise ConfigError("--by", f"one of {', '.join(get_args(ReportBy))}")
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError("--zone", f"no time zone {zone!r}; write one like Europe/Stockholm") from error
    loaded = _load(config)
    until = last.date() if last else datetime.now(known).date()
    since = first.date() if first else until - timedelta(days=29)
    asked = reports.Asked("first_response", since, until, known)
    lines = app.parts(loaded).rules.lines
    database = Database(loaded.database.url)
    with database.read() as connection:
        found = reports.report(connection, asked, cast("ReportBy", by), lines)
        why = reports.breaches(connection, asked, lines, 0)
    database.close()
    table = Table(by, "kept", "met", "broken", "void", "running", "median", "95 %")
    for group in (*found.groups, replace(found.total, title="in all")):
        table.add_row(
            group.title or "nobody",
            "-" if group.met_percent is None else f"{group.met_percent} %",
            *(str(number) for number in (group.met, group.breached, group.void, group.running)),
            *("-" if took is None else f"{took:.0f} s" for took in (group.median_seconds, group.p95_seconds)),
        )
    out.print(f"First answers from {since} to {until}, {zone}")
    out.print(table)
    for cause, number in why.causes.items():
        out.print(f"  {number} broken: {cause}", highlight=False)


@contextmanager
def _access(config: Path) -> Iterator[Access]:
    from bridge.conversations import schema
    from bridge.conversations.access import Access
    from bridge.conversations.database import Database

    database = Database(_load(config).database.url)
    schema.upgrade(database)
    access = Access(database, {})
    try:
        yield access
    finally:
        access.close()
        database.close()


def _role(word: str) -> Role:
    if word not in get_args(Role):
        raise ConfigError("--role", f"one of {', '.join(get_args(Role))}")
    return cast("Role", word)


def _load(path: Path) -> Config:
    config = load(path, os.environ)
    logs.start(as_json=config.log.as_json, level=config.log.level, secrets=config.secrets())
    return config


def _print_link(config: Path, secret: str) -> None:
    out.print(f"{_address(_load(config))}/login?link={secret}", highlight=False, soft_wrap=True)


def _address(config: Config) -> str:
    return config.public_url or f"http://{config.http.host}:{config.http.port}"


def _welcome(config: Config) -> None:
    address = _address(config)
    out.print(f"[bold]bridge[/bold]  {address}", highlight=False)
    for name, channel in config.channels.items():
        if channel.connector == "site":
            out.print(f"  customers   {address}/site/{name}", highlight=False)
    if config.playground:
        out.print(f"  phones      {address}/playground", highlight=False)
    out.print(f"  agents      {address}/desk", highlight=False)
    out.print(f"  developers  {address}/board", highlight=False)
    if config.demo:
        people = ", ".join(agent.login for agent in config.agents)
        out.print(
            f"  demo        {address}/  a press lets you in as {people}", highlight=False, soft_wrap=True
        )


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
