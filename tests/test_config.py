"""config.yaml: what is read from it, and how each mistake in it is told."""

from __future__ import annotations

import importlib
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

import bridge
from bridge.config import Config, edge_class, load
from bridge.config.edges import Kind, shipped
from bridge.config.mistakes import checked
from bridge.config.sections import EdgeSection, Section
from bridge.connector import Connector
from bridge.conversations import greeter
from bridge.desk import Desk
from bridge.errors import BridgeError, ConfigError
from bridge.messages import ChannelName, DeskName, Limits, LineName, Priority

SHIPPED = Path(__file__).parent.parent / "config.yaml"
SHOP = ChannelName("shop")

BASE = """
lines: {first: {speaks: true, desks: [web]}}
channels: {shop: {connector: site, line: first}}
desks: {web: {desk: web}}
"""


def read(folder: Path, text: str, **env: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    return load(file, env)


def with_base(changes: str) -> str:
    """The smallest whole configuration, with these top-level keys put in or replaced."""
    changed = yaml.safe_load(changes)
    kept = {key: value for key, value in yaml.safe_load(BASE).items() if key not in changed}
    return f"{changes}\n{yaml.safe_dump(kept)}"


def shop(text: str) -> str:
    return f"channels: {{shop: {{connector: site, line: first, {text}}}}}"


def asks(items: str) -> str:
    """A channel with this menu."""
    return shop(f"menu: [{items}]")


SECOND = "channels: {shop: {connector: site, line: second}}"

BROKEN = [
    # --- keys
    ("chanels: {}", "chanels", r"unknown key; did you mean channels\? \(known: data, secret, public_url,"),
    (
        "http: {prot: 80}",
        "http.prot",
        r"unknown key; did you mean port\? \(known: host, port, trusted_proxies\)",
    ),
    ("lines: {first: {speeks: true}}", "lines.first.speeks", "did you mean speaks"),
    ("lines: {first: {title: First}}", "lines.first.speaks", "is required"),
    ("lines: {}", "lines", "must not be empty"),
    ("lines:", "lines", "is required"),
    ("lines: [first]", "lines", "must be keys with values"),
    ("http: 8080", "http", "must be keys with values"),
    ("agents: {kristina: {}}", "agents", "must be a list"),
    ("agents: [{name: K}]", "agents[0].login", "is required"),
    ("desks: {web: {}}", "desks.web.desk", "is required"),
    ("lines: {Первая: {speaks: true}}", "lines.Первая", "a name is made of a-z"),
    (
        "lines: {1: {speaks: true}}",
        "lines.1",
        "line 1: YAML does not read this key as text; put it in quotes",
    ),
    ("lines: {on: {speaks: true}}", "lines.on", "put it in quotes"),
    ("http: {port: 1}\nhttp: {port: 2}", "http", "given twice, in line 1 and in line 2"),
    (
        "channels:\n  shop: {connector: site, line: first}\n  shop: {connector: site, line: first}",
        "channels.shop",
        "given twice, in line 2 and in line 3",
    ),
    (shop("settings: {x: 1}"), "channels.shop.settings", "stand directly beside"),
    # --- kinds of values
    ("http: {port: 70000}", "http.port", "less than or equal to 65535"),
    ("http: {port: web}", "http.port", "must be a whole number"),
    ("http: {trusted_proxies: [10.0.0.0/99]}", "http.trusted_proxies[0]", "an IP address or network"),
    ("workers: {count: yes}", "workers.count", "must be a whole number"),
    ("lines: {first: {speaks: sometimes}}", "lines.first.speaks", "must be true or false"),
    ("lines: {first: {speaks: true, title: no}}", "lines.first.title", "must be text; put it in quotes"),
    ("lines: {first: {speaks: true, title: ''}}", "lines.first.title", "must not be empty"),
    ("languages: [no]", "languages[0]", "must be text; put it in quotes"),
    ("languages: []", "languages", "must not be empty"),
    ("languages: [English]", "languages[0]", "like en or ru"),
    ("hold: 10", "hold", "like 90s, 2m, 1h or 3d"),
    ("hold: 10 minutes", "hold", "like 90s, 2m, 1h or 3d"),
    ("hold: -1s", "hold", "like 90s, 2m, 1h or 3d"),
    ("hold: 999999d", "hold", "longer than ten years"),
    ("chores: {audit: 0s}", "chores.audit", "longer than nothing"),
    ("committer: {batch: 0}", "committer.batch", "greater than or equal to 1"),
    ("hands: {lease: 1s}", "hands.lease", "from 2s to 5m"),
    ("hands: {lease: 1h}", "hands.lease", "from 2s to 5m"),
    ("wishes: {announce: auto}", "wishes.announce", "must be 'review' or 'automatic'"),
    ("log: {level: verbose}", "log.level", "must be 'debug', 'info', 'warning' or 'error'"),
    (
        "agents: [{login: k, name: K, role: boss}]",
        "agents[0].role",
        "must be 'agent', 'lead', 'developer' or 'admin'",
    ),
    # --- the environment
    ("tokens: {api: '${API_TOKEN}'}", "tokens.api", "no variable API_TOKEN"),
    ("tokens: {api: '${EMPTY}'}", "tokens.api", "variable EMPTY of the environment is empty"),
    ("tokens: {api: '${API-TOKEN}'}", "tokens.api", r"is written \$\{NAME\}"),
    ("tokens: {api: short}", "tokens.api", "at least 16 characters"),
    ("tokens: {api: '${TOKEN}', other: '${TOKEN}'}", "tokens.other", "the same as tokens.api"),
    ("secret: hunter2", "secret", "at least 16 characters"),
    (shop("keys: {vk: [a, '${VK_TOKEN}']}"), "channels.shop.keys.vk[1]", "no variable VK_TOKEN"),
    ("public_url: 'https://${TOKEN}'", "public_url", "taken only for secrets"),
    ("lines: {first: {speaks: true, title: '${TOKEN}'}}", "lines.first.title", "taken only for secrets"),
    # --- addresses
    ("public_url: help.example.com", "public_url", "like https://support.example.com"),
    ("public_url: https://h/?x=1", "public_url", "like https://support.example.com"),
    (
        "database: {url: 'mysql://localhost/x'}",
        "database.url",
        "unknown kind of database 'mysql'; known: sqlite",
    ),
    ("database: {url: bridge.db}", "database.url", "no database address; write postgresql://"),
    ("database: {url: 'sqlite://'}", "database.url", "needs a file"),
    ("database: {url: 'sqlite:///:memory:'}", "database.url", "needs a file"),
    ("redis: {url: 'localhost:6379'}", "redis.url", "must begin with redis://"),
    ("files: {url: 'floppy://a'}", "files.url", "unknown kind of storage 'floppy'"),
    ("files: {url: 'abfs://a'}", "files.url", "needs a package that is not installed"),
    (
        "demo: true\npublic_url: https://h",
        "demo",
        "public_url lets others reach the bridge; write demo: false",
    ),
    (
        "playground: true\npublic_url: https://h",
        "playground",
        "public_url lets others reach the bridge; write playground: false",
    ),
    ("playground: true\nhttp: {host: 0.0.0.0}", "playground", "http.host lets others reach"),
    ("playground: true\nhttp: {port: 0}", "playground", "needs a port that is known beforehand"),
    ("demo: true\nhttp: {host: 0.0.0.0}", "demo", "http.host lets others reach"),
    ("demo: true\nhttp: {host: my.host}", "demo", "http.host lets others reach"),
    ("demo: true\nhttp: {trusted_proxies: [10.0.0.1]}", "demo", "http.trusted_proxies lets others reach"),
    # --- hours
    ("hours: {office: {}}", "hours.office", "needs always: true, or zone and week"),
    ("hours: {office: {always: true, zone: UTC}}", "hours.office", "leave out one or the other"),
    (
        "hours: {office: {zone: Mars/Base, week: {mon: ['09:00-18:00']}}}",
        "hours.office.zone",
        "unknown time zone",
    ),
    ("hours: {office: {zone: UTC, week: {mo: ['09:00-18:00']}}}", "hours.office.week", "days are mon, tue"),
    ("hours: {office: {zone: UTC, week: {mon: [9-18]}}}", "hours.office.week", "no period like 09:00-18:00"),
    ("hours: {office: {zone: UTC, week: {mon: 09:00-18:00}}}", "hours.office.week.mon", "must be a list"),
    (
        "hours: {office: {zone: UTC, week: {mon: ['09:00-18:00']}, holidays: [20261231]}}",
        "hours.office.holidays[0]",
        "like 2026-12-31",
    ),
    (
        "hours: {office: {zone: UTC, week: {mon: ['09:00-18:00']}, country: Atlantis}}",
        "hours.office.country",
        "like RU or SE",
    ),
    (
        "hours: {office: {zone: UTC, week: {mon: ['09:00-18:00']}, country: DE-BX}}",
        "hours.office.country",
        "no part of DE",
    ),
    # --- names that lead nowhere
    (
        "lines: {first: {speaks: true, hours: offise}}\nhours: {office: {always: true}}",
        "lines.first.hours",
        r"did you mean office\? \(known: always, office\)",
    ),
    (
        "lines: {first: {speaks: true, desks: [slack]}}",
        "lines.first.desks[0]",
        r"no desk 'slack'.*\(known: web\)",
    ),
    ("channels: {shop: {connector: site, line: frist}}", "channels.shop.line", r"did you mean first\?"),
    (shop("desks: [wep]"), "channels.shop.desks[0]", r"no desk 'wep' is configured; did you mean web\?"),
    (
        "lines: {first: {speaks: true, desks: [web]}, second: {speaks: false, desks: [web]}}\n" + SECOND,
        "channels.shop.line",
        "may not speak to the contact; those that may: first",
    ),
    (
        "lines: {first: {speaks: true, desks: [web]}, second: {speaks: false}}",
        "lines.second.desks",
        "nobody would see its dialogs",
    ),
    ("channels: {shop: {connector: Si te, line: first}}", "channels.shop.connector", "dotted.module:Class"),
    (
        "channels: {shop: {connector: sit, line: first}}",
        "channels.shop.connector",
        r"no such connector; did you mean site\?",
    ),
    (
        "desks: {web: {desk: wbe}}",
        "desks.web.desk",
        r"no such desk; did you mean web\? \(known: .*web.*\); for one",
    ),
    ("desks: {web: {desk: commands}}", "desks.web.desk", "no such desk"),
    ("desks: {web: {desk: my/desk}}", "desks.web.desk", "dotted.module:Class"),
    ("agents: [{login: k, name: K, lines: [third]}]", "agents[0].lines[0]", "no line 'third'"),
    ("agents: [{login: k, name: K, language: sv}]", "agents[0].language", "no language 'sv'"),
    ("agents: [{login: k, name: K}, {login: k, name: L}]", "agents", "2 agents have the login k"),
    # --- promises
    (shop("targets: {first: 2m}"), "channels.shop.targets.first", "did you mean first_response"),
    (shop("targets: {first_response: 2}"), "channels.shop.targets.first_response", "like 90s, 2m"),
    (shop("targets: {first_response: 0m}"), "channels.shop.targets.first_response", "longer than nothing"),
    (
        shop("by_priority: {asap: {first_response: 1m}}"),
        "channels.shop.by_priority.asap",
        "must be 'urgent', 'high'",
    ),
    (shop("by_plan: {vip: 1m}"), "channels.shop.by_plan.vip", "must be keys with values"),
    ("ladder: []", "ladder", "must not be empty"),
    ("ladder: [{at: 50%, do: nudge}]", "ladder", "needs a step at 100%"),
    ("ladder: [{at: 100%, do: nudge}, {at: 50%, do: mention}]", "ladder", "in the order of time"),
    ("ladder: [{at: half, do: nudge}]", "ladder[0].at", r'"50%", "100% \+1m" or "\+1m"'),
    (
        "ladder: [{at: 100%, do: fire}]",
        "ladder[0].do",
        "must be 'nudge', 'mention', 'requeue' or 'supervise'",
    ),
    # --- what the bot says
    (shop("texts: {sv: {greeting: Hej}}"), "channels.shop.texts.sv", "not among the languages"),
    (shop("texts: {en: {greetings: Hi}}"), "channels.shop.texts.en.greetings", "did you mean greeting"),
    (shop("texts: {en: {greeting: ' '}}"), "channels.shop.texts.en.greeting", "bot: false"),
    (
        shop("texts: {en: {greeting: 'In {time}!'}}"),
        "channels.shop.texts.en.greeting",
        r"\{time\}; slots .*\{target\}",
    ),
    (shop("texts: {en: {greeting: 'In {target'}}"), "channels.shop.texts.en.greeting", "a brace is alone"),
    (shop("texts: {en: {greeting: 'In {}'}}"), "channels.shop.texts.en.greeting", r"unknown slot \{\}"),
    (
        shop("texts: {en: {greeting: '{target.__class__}'}}"),
        "channels.shop.texts.en.greeting",
        r"unknown slot \{target\.__class__\}",
    ),
    (shop("texts: {en: {greeting: '{target:>9}'}}"), "channels.shop.texts.en.greeting", "unknown slot"),
    (shop("texts: {en: {greeting: '{target:{x}}'}}"), "channels.shop.texts.en.greeting", "unknown slot"),
    (asks("{name: A B, label: {en: A, ru: A}, do: wish}"), "channels.shop.menu[0].name", "made of a-z"),
    (asks("{name: a, label: {en: A}, do: wish}"), "channels.shop.menu[0].label", "no words in ru"),
    (asks("{name: a, label: {en: A, ru: ' '}, do: wish}"), "channels.shop.menu[0].label", "no words in ru"),
    (
        asks("{name: a, label: {en: A, ru: A, sv: A}, do: wish}"),
        "channels.shop.menu[0].label.sv",
        "not among",
    ),
    (
        asks(f"{{name: a, label: {{en: {'A' * 41}, ru: A}}, do: wish}}"),
        "channels.shop.menu[0].label.en",
        "40",
    ),
    (asks("{name: a, label: {en: A, ru: A}}"), "channels.shop.menu[0]", "needs say: .* menu: .* or do:"),
    (
        asks("{name: a, label: {en: A, ru: A}, do: fly}"),
        "channels.shop.menu[0].do",
        "'person', 'wish' or 'contact'",
    ),
    (asks("{name: a, label: {en: A, ru: A}, say: {en: B}}"), "channels.shop.menu[0].say", "no words in ru"),
    (
        asks("{name: a, label: {en: A, ru: A}, do: wish, say: {en: B, ru: B}}"),
        "channels.shop.menu[0]",
        "has do: and further words",
    ),
    (
        asks("{name: a, label: {en: A, ru: A}, do: wish}, {name: b, label: {en: a, ru: B}, do: wish}"),
        "channels.shop.menu[1].label.en",
        "look the same",
    ),
    (
        asks("{name: a, label: {en: A, ru: A}, menu: [{name: a, label: {en: B, ru: B}, do: wish}]}"),
        "channels.shop.menu[0].menu[0].name",
        "already",
    ),
]


@pytest.mark.parametrize(
    ("changes", "path", "reason"), BROKEN, ids=[f"{path}-{n}" for n, (_, path, _) in enumerate(BROKEN)]
)
def test_a_mistake_names_its_path_what_is_wrong_and_what_is_allowed(
    tmp_path: Path, changes: str, path: str, reason: str
) -> None:
    # A key given twice would be lost on the way through with_base.
    text = changes + BASE.replace("channels", "# channels") if "twice" in reason else with_base(changes)
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text, TOKEN="t" * 20, EMPTY="")
    assert refused.value.path == path
    assert re.search(reason, refused.value.reason)
    assert not (tmp_path / "data").exists()


BROKEN_FILES = [
    (b"", "config.yaml", "is empty"),
    (b"# nothing\n", "config.yaml", "is empty"),
    (b"- a\n- b\n", "config.yaml", "must be keys with values"),
    (b"just words", "config.yaml", "must be keys with values"),
    (b"lines: [\n", "config.yaml:2:1", "is no YAML"),
    (b"lines:\n\tfirst: 1\n", "config.yaml:2:1", "is no YAML"),
    (b"lines: {}\n---\nlines: {}\n", "config.yaml:2:1", "is no YAML"),
    (b"lines: !!python/object:os.system x\n", "config.yaml:1:8", "is no YAML"),
    (b"lines: \x00\n", "config.yaml", "is no YAML"),
    (b"lines: \xff\n", "config.yaml", "UTF-8"),
    (b"? [a, b]\n: 1\n", "config", "line 1: a key must be one word"),
    (b"lines: &x {first: *x}\n", "lines.first", "an anchor may not contain itself"),
    (b"lines: *gone\n", "config.yaml:1:8", "is no YAML"),
]


@pytest.mark.parametrize(("content", "path", "reason"), BROKEN_FILES)
def test_a_file_that_is_no_configuration_is_told_by_file_and_place(
    tmp_path: Path, content: bytes, path: str, reason: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    assert refused.value.path.removeprefix(f"{tmp_path}/") == path
    assert reason in refused.value.reason


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read") as refused:
            load(path, {})
        assert refused.value.path == str(path)


@pytest.mark.parametrize(
    "changes",
    [
        "database: {url: 'oracle://u:${CANARY}@h/x'}",
        "redis: {url: 'http://:${CANARY}@h'}",
        "files: {url: 'floppy://${CANARY}'}",
        "tokens: {api: {x: '${CANARY}'}}",
        "tokens: {a: '${CANARY}', b: '${CANARY}'}",
        "secret: ['${CANARY}']",
        shop("targets: '${CANARY}'"),
    ],
)
def test_a_mistake_never_tells_the_value_of_a_secret_not_even_in_its_traceback(
    tmp_path: Path, changes: str
) -> None:
    program = (
        "import os, sys; from pathlib import Path; from bridge.config import load\n"
        "load(Path(sys.argv[1]), {'CANARY': 'canary-' * 3})"
    )
    (tmp_path / "config.yaml").write_text(with_base(changes))
    died = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "config.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ConfigError" in died.stderr
    assert "canary-canary" not in died.stderr


# --- what a right one gives ----------------------------------------------------------------------


def test_the_shipped_configuration_works_with_no_account_and_no_token() -> None:
    config = load(SHIPPED, {})
    rules = config.rules({})

    promised = rules.channel(SHOP)
    assert (promised.connector, promised.line) == ("site", "first")
    assert promised.target("first_response", Priority.normal, "") == timedelta(minutes=2)
    assert promised.target("next_response", Priority.normal, "") == timedelta(minutes=5)
    assert [(line.name, line.speaks) for line in rules.lines.values()] == [("first", True), ("second", False)]
    assert rules.second_line == "second"
    assert rules.desks(SHOP, LineName("first")) == ("web",)
    assert [(step.do, step.share, step.after) for step in rules.ladder.steps] == [
        ("nudge", 0.5, timedelta()),
        ("mention", 0.8, timedelta()),
        ("requeue", 1.0, timedelta()),
        ("supervise", 1.0, timedelta(minutes=1)),
    ]
    assert [(agent.name, agent.role) for agent in config.agents] == [
        ("Kristina", "agent"),
        ("Lisa", "agent"),
        ("Tom", "agent"),
        ("Dana", "developer"),
        ("Sam", "lead"),
    ]
    assert config.secrets() == frozenset()
    assert config.data == SHIPPED.parent / "data"


def test_the_defaults_of_the_models_are_those_the_shipped_file_shows(tmp_path: Path) -> None:
    shipped, least = load(SHIPPED, {}), read(tmp_path, BASE)
    shown = set(Config.model_fields) - {
        "data",
        "demo",
        "playground",
        "database",
        "files",
        "hours",
        "lines",
        "channels",
        "agents",
        "macros",
    }
    for name in shown:
        assert getattr(least, name) == getattr(shipped, name), name
    ours, theirs = least.channels["shop"], shipped.channels["shop"]
    for name in ("desks", "targets", "by_plan", "bot", "reopen_within", "texts", "settings"):
        assert getattr(ours, name) == getattr(theirs, name), name


def test_the_smallest_configuration_puts_everything_into_its_own_data_folder(tmp_path: Path) -> None:
    config = read(tmp_path, BASE)
    assert config.data == tmp_path / "data"
    assert config.database.url == f"sqlite:///{tmp_path}/data/bridge.db"
    assert config.files.url == f"file://{tmp_path}/data/files"
    assert config.redis.url == ""
    assert not (tmp_path / "data").exists()


def test_relative_places_begin_at_the_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    relative = "data: var\ndatabase: {url: 'sqlite:///x.db'}\nfiles: {url: store}"
    config = read(tmp_path, with_base(relative))
    assert (config.data, config.database.url) == (tmp_path / "var", f"sqlite:///{tmp_path}/x.db")
    assert config.files.url == f"file://{tmp_path}/store"

    absolute = "data: /var/bridge\ndatabase: {url: 'sqlite:////srv/x.db'}\nfiles: {url: 'file:///srv/files'}"
    config = read(tmp_path, with_base(absolute))
    assert (config.data, config.database.url) == (Path("/var/bridge"), "sqlite:////srv/x.db")
    assert config.files.url == "file:///srv/files"
    assert read(tmp_path, with_base("files: {url: 'memory://files'}")).files.url == "memory://files"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg_with_the_password_of_the_environment(
    tmp_path: Path, scheme: str
) -> None:
    config = read(
        tmp_path,
        with_base(f"database: {{url: '{scheme}://u:${{PW}}@h/bridge?sslmode=require'}}"),
        PW="p%40ss",
    )
    assert config.database.url == "postgresql+psycopg://u:p%40ss@h/bridge?sslmode=require"


def test_the_environment_fills_secrets_and_own_settings_however_deep(tmp_path: Path) -> None:
    text = with_base(
        "secret: ${SECRET}\ntokens: {api: 'pre-${TOKEN}'}\nredis: {url: 'redis://:${PW}@h'}\n"
        + shop("token: '${VK}', deep: {list: [1, '${VK}!']}")
    )
    env = {"SECRET": "s" * 20, "TOKEN": "t" * 20, "PW": "redis-password", "VK": "vk: {yaml: no}"}
    config = read(tmp_path, text, **env)

    assert config.signing_secret() == "s" * 20
    assert config.tokens["api"].get_secret_value() == "pre-" + "t" * 20
    assert config.redis.url == "redis://:redis-password@h"
    assert config.channels["shop"].settings == {
        "token": "vk: {yaml: no}",
        "deep": {"list": [1, "vk: {yaml: no}!"]},
    }
    assert config.secrets() == {*env.values(), "pre-" + "t" * 20}
    assert not [value for value in env.values() if value in repr(config)]


def test_values_of_the_environment_are_never_read_as_variables_again(tmp_path: Path) -> None:
    config = read(tmp_path, with_base("tokens: {api: '${A}'}"), A="${B}" + "x" * 16, B="leak")
    assert config.tokens["api"].get_secret_value() == "${B}" + "x" * 16


def test_a_section_with_nothing_but_comments_counts_as_absent(tmp_path: Path) -> None:
    assert read(tmp_path, with_base("tokens:\nhttp:\nladder:\nagents:")).http.port == 8080


def test_anchors_and_merged_keys_may_save_typing(tmp_path: Path) -> None:
    text = (
        "channels:\n"
        "  shop: &usual {connector: site, line: first, bot: false}\n"
        "  forum: {<<: *usual, bot: true}\n"
    )
    config = read(tmp_path, with_base(text))
    assert [section.bot for section in config.channels.values()] == [False, True]


def test_a_secret_is_made_once_for_its_owner_only_and_the_same_for_every_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bridge.config import load\n"
        "print(load(Path(sys.argv[1]), {}).signing_secret())"
    )
    read(tmp_path, BASE)
    command = [sys.executable, "-c", program, str(tmp_path / "config.yaml")]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    secrets = {process.communicate()[0].strip() for process in racing}

    assert secrets == {read(tmp_path, BASE).signing_secret()}
    assert len(secrets.pop()) >= 40
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]


def test_a_kept_secret_that_is_damaged_is_refused(tmp_path: Path) -> None:
    config = read(tmp_path, BASE)
    config.data.mkdir()
    (config.data / "secret").touch()
    with pytest.raises(ConfigError, match="delete the file") as refused:
        config.signing_secret()
    assert refused.value.path == "secret"


# --- the rules -----------------------------------------------------------------------------------


def test_hours_know_their_zone_their_lunch_break_and_the_holidays_of_their_country(tmp_path: Path) -> None:
    office = (
        "hours: {office: {zone: Europe/Moscow, week: {mon-fri: ['09:00-13:00', '14:00-18:00']},"
        " holidays: [2030-06-03, '2030-06-04'], country: RU}}\n"
        "lines: {first: {speaks: true, hours: office, desks: [web]}}"
    )
    hours = read(tmp_path, with_base(office)).rules({}).line(LineName("first")).hours
    assert hours.is_open(datetime(2030, 6, 5, 6, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2030, 6, 5, 10, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2030, 6, 3, 6, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2030, 6, 4, 6, 0, tzinfo=UTC))
    assert date(2030, 1, 7) in hours.holidays


def test_targets_are_the_channels_the_priorities_and_the_plans(tmp_path: Path) -> None:
    text = shop(
        "targets: {first_response: 10m, next_response: null}, by_priority: {urgent: {first_response: 3m}},"
        " by_plan: {vip: {first_response: 1m, next_response: 2h}}"
    )
    channel = read(tmp_path, with_base(text)).rules({}).channel(SHOP)
    assert channel.target("first_response", Priority.normal, "") == timedelta(minutes=10)
    assert channel.target("first_response", Priority.urgent, "") == timedelta(minutes=3)
    assert channel.target("first_response", Priority.urgent, "vip") == timedelta(minutes=1)
    assert channel.target("next_response", Priority.urgent, "") is None
    assert channel.target("next_response", Priority.low, "vip") == timedelta(hours=2)


def test_a_menu_becomes_the_choices_of_its_channel(tmp_path: Path) -> None:
    days = "{name: days, label: {en: Days, ru: Дни}, say: {en: Two., ru: Два.}}"
    menu = (
        f"{{name: more, label: {{en: More, ru: Ещё}}, menu: [{days}]}},"
        "{name: us, label: {en: Us, ru: Мы}, do: person}"
    )
    config = read(tmp_path, with_base(asks(menu)))
    more, us = config.rules({}).channel(ChannelName("shop")).menu
    assert (more.name, more.do, us.do) == ("more", "menu", "person")
    (item,) = more.items
    assert (item.do, item.label["ru"], item.say["en"]) == ("say", "Дни", "Two.")


def test_the_moments_of_a_ladder_are_shares_times_after_the_target_or_both(tmp_path: Path) -> None:
    text = (
        "ladder: [{at: 50%, do: nudge}, {at: 50% +30s, do: mention}, {at: 100%, do: requeue}, {at: +1m, do: mention},"
        " {at: 100% + 2m, do: supervise}, {at: 200%, do: supervise}]"
    )
    steps = read(tmp_path, with_base(text)).rules({}).ladder.steps
    assert [(step.share, step.after.seconds) for step in steps] == [
        (0.5, 0),
        (0.5, 30),
        (1, 0),
        (1, 60),
        (1, 120),
        (2, 0),
    ]


def test_rules_bear_the_limits_of_each_connector_and_the_words_of_each_channel(tmp_path: Path) -> None:
    text = shop(
        "bot: false, reopen_within: 0s, languages: [ru], texts: {ru: {greeting: 'Ответим за {target} {{}}'}}"
    )
    rules = read(tmp_path, with_base(f"hold: 0s\nwishes: {{announce: automatic}}\n{text}")).rules(
        {SHOP: Limits(text=100)}
    )
    channel = rules.channel(SHOP)
    assert (channel.limits.text, channel.bot, channel.reopen_within) == (100, False, timedelta())
    assert channel.languages == ("ru",)
    assert greeter.text(channel, "ru", "greeting", target="час") == "Ответим за час {}"
    assert (rules.hold, rules.announce) == (timedelta(), "automatic")


def test_the_second_line_is_that_of_the_specialists_else_the_next_else_none(tmp_path: Path) -> None:
    def second(lines: str) -> str | None:
        return read(tmp_path, with_base(f"lines: {{{lines}}}")).rules({}).second_line

    first = "first: {speaks: true, desks: [web]}"
    assert second(first) is None
    assert second(f"{first}, next: {{speaks: true, desks: [web]}}") == "next"
    assert (
        second(f"{first}, next: {{speaks: true, desks: [web]}}, depth: {{speaks: false, desks: [web]}}")
        == "depth"
    )


# --- connectors and desks ------------------------------------------------------------------------


class Base:
    """Stands for the contract that classes of one's own must fulfil."""


class Own(Base):
    class Settings(BaseModel):
        token: str
        port: int = 5
        nested: dict[str, int] = {}


def test_a_class_of_ones_own_is_found_and_gets_its_settings(tmp_path: Path) -> None:
    name = f"{__name__}:Own"
    config = read(
        tmp_path, with_base(f"channels: {{shop: {{connector: '{name}', line: first, token: abc}}}}")
    )
    made = edge_class("channels.shop.connector", "connector", config.channels["shop"].connector, Base)
    assert made is Own
    assert config.channel_settings(SHOP, Own.Settings) == Own.Settings(token="abc")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sitee", "no such connector"),
        ("no.such.module:Own", "cannot import no.such.module"),
        (f"{__name__}:Missing", "must have a class Missing that is a Base"),
        (f"{__name__}:SHIPPED", "must have a class SHIPPED that is a Base"),
        ("bridge.errors:BridgeError", "must have a class BridgeError that is a Base"),
    ],
)
def test_a_class_that_is_none_is_refused_where_it_is_named(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as refused:
        edge_class("channels.shop.connector", "connector", name, Base)
    assert refused.value.path == "channels.shop.connector"


@pytest.fixture
def shipped_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bridge with one shipped desk, and beside it a file that is none."""
    folder = tmp_path / "desks"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "commands.py").touch()
    (folder / "paper.py").write_text(
        "from bridge.errors import BridgeError, Refused\nclass Paper(BridgeError):\n    pass\n"
    )
    monkeypatch.setattr(bridge, "__path__", [str(tmp_path)])
    for name in [name for name in sys.modules if name.startswith("bridge.desks")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(bridge, "desks", None, raising=False)  # so that the real one comes back afterwards
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.startswith("bridge.desks")]:
        del sys.modules[name]


@pytest.mark.usefixtures("shipped_desk")
def test_a_file_in_the_folder_is_all_that_a_shipped_desk_needs() -> None:
    assert edge_class("desks.x.desk", "desk", "paper", BridgeError).__name__ == "Paper"
    with pytest.raises(ConfigError, match=r"no such desk; did you mean paper\?"):
        edge_class("desks.x.desk", "desk", "papre", BridgeError)
    with pytest.raises(ConfigError, match=r"no such desk"):
        edge_class("desks.x.desk", "desk", "commands", BridgeError)


@pytest.mark.parametrize(
    ("own", "path", "reason"),
    [
        ("tokn: abc", "channels.shop.tokn", r"did you mean token\? \(known: .*line.*token, port"),
        ("port: 7", "channels.shop.token", "is required"),
        ("token: abc, port: many", "channels.shop.port", "must be a valid integer"),
        ("token: abc, nested: {a: b}", "channels.shop.nested.a", "must be a valid integer"),
    ],
)
def test_a_mistake_in_own_settings_keeps_its_path(tmp_path: Path, own: str, path: str, reason: str) -> None:
    config = read(tmp_path, with_base(shop(own)))
    with pytest.raises(ConfigError, match=reason) as refused:
        config.channel_settings(SHOP, Own.Settings)
    assert refused.value.path == path


def test_own_settings_of_a_desk_are_read_the_same_way(tmp_path: Path) -> None:
    config = read(tmp_path, with_base("desks: {web: {desk: web, token: '${T}'}}"), T="x")
    assert config.desk_settings(DeskName("web"), Own.Settings).token == "x"
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, BASE).desk_settings(DeskName("web"), Own.Settings)
    assert refused.value.path == "desks.web.token"


# --- the manual ----------------------------------------------------------------------------------


def keys_of(model: type[Section]) -> Iterator[str]:
    """Every key below a model, those of sections within it included."""
    for name, field in model.model_fields.items():
        if not (issubclass(model, EdgeSection) and name == "settings"):
            yield field.alias or name
        for section in sections_in(field.annotation):
            if section is not model:  # a menu in a menu has the same keys
                yield from keys_of(section)


def sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from sections_in(argument)


def part(manual: str, top: str) -> str:
    """What the manual says from one top-level key to the next."""
    parts = re.split(r"^(?:# )?([a-z_]+):", manual, flags=re.MULTILINE)
    texts = {name: f"{name}:{text}" for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    return texts.get(top, "")


def explains(text: str, key: str) -> bool:
    """True when a line says `key: …  # at least two words`."""
    return (
        re.search(rf"^(?:.*[ #-])?{key}:(?: [^#\n]*)? # *(?:\S+ *){{2,}}", text, flags=re.MULTILINE)
        is not None
    )


def undocumented(manual: str) -> list[str]:
    """The keys that their section of the manual does not explain."""
    missing = []
    for top, field in Config.model_fields.items():
        keys = {key for section in sections_in(field.annotation) for key in keys_of(section)}
        text = part(manual, top)
        missing += [f"{top}.{key}" for key in sorted(keys) if not explains(text, key)]
        if not keys and not explains(text, top):
            missing.append(top)
    return missing


def test_every_key_is_explained_in_the_shipped_file() -> None:
    assert undocumented(SHIPPED.read_text("utf-8")) == []


def edge(kind: Kind, name: str) -> type[Connector] | type[Desk]:
    if kind == "connector":
        return edge_class(name, kind, name, Connector)
    return edge_class(name, kind, name, Desk)


def shipped_settings() -> Iterator[tuple[str, type[BaseModel]]]:
    for kind in get_args(Kind):
        for name in shipped(kind):
            yield ("channels" if kind == "connector" else "desks"), edge(kind, name).Settings


def test_every_setting_of_a_shipped_connector_or_desk_is_explained_there_too() -> None:
    manual = SHIPPED.read_text("utf-8")
    keys = [(top, key) for top, settings in shipped_settings() for key in settings.model_fields]
    assert ("channels", "origins") in keys
    assert [(top, key) for top, key in keys if not explains(part(manual, top), key)] == []


def test_a_key_that_is_not_explained_is_noticed() -> None:
    manual = SHIPPED.read_text("utf-8")
    assert undocumented(re.sub("# address to listen on.*", "", manual)) == ["http.host"]
    assert undocumented(manual.replace("  country: RU", "  land: RU")) == ["hours.country"]
    assert undocumented(manual.replace("# secret: ", "# secrets: ")) == ["secret"]


def test_what_stands_behind_a_hash_in_the_shipped_file_is_right_too(tmp_path: Path) -> None:
    manual = SHIPPED.read_text("utf-8")
    used = re.sub(r"^( *)# (?=(  )?[a-z_]+:(?! [a-z]+ [a-z]+ ))", r"\1", manual, flags=re.MULTILINE)
    used = (
        used.replace("s3://bucket/folder", "memory://folder")
        .replace("demo: true", "demo: false")
        .replace("playground: true", "playground: false")
    )
    env = {"BRIDGE_SECRET": "s" * 16, "DB_PASSWORD": "p", "REPORTS_TOKEN": "r" * 16, "CRM_SECRET": "c" * 16}
    env |= {"SHOP_IDENTITY": "i" * 16, "TELEGRAM_TOKEN": "7:AA", "TELEGRAM_WEBHOOK": "w" * 16}
    env |= {"VK_TOKEN": "vk1.a.token", "VK_SECRET": "v" * 16}
    env |= {"FACEBOOK_TOKEN": "EAAtoken", "FACEBOOK_APP_SECRET": "f" * 32, "FACEBOOK_VERIFY_TOKEN": "v" * 16}
    config = read(tmp_path, used, **env)
    assert config.public_url == "https://help.example.com"
    assert config.database.url.startswith("postgresql+psycopg://")
    assert config.redis.url
    assert config.hours["office"].country == "RU"
    assert list(config.tokens) == ["reports"]
    for kind, name, settings in own_settings(config):
        checked(edge(kind, name).Settings, settings)


def own_settings(config: Config) -> Iterator[tuple[Kind, str, dict[str, Any]]]:
    for channel in config.channels.values():
        yield "connector", channel.connector, channel.settings
    for desk in config.desks.values():
        yield "desk", desk.desk, desk.settings
