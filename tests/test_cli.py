"""The command line as a person uses it: what it prints, where it says no, and how it exits."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.services import port

ROOT = Path(__file__).parent.parent
HOUSE: dict[str, Any] = {
    "secret": "in the tests only, long",
    "demo": True,
    "http": {"port": 0},
    "lines": {"first": {"speaks": True, "desks": ["web"]}, "second": {"speaks": False, "desks": ["web"]}},
    "channels": {"shop": {"connector": "site", "line": "first"}},
    "desks": {"web": {"desk": "web"}},
    "agents": [{"login": "ann", "name": "Ann", "lines": ["first"]}],
    "workers": {"count": 0},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(HOUSE | {"data": str(folder / "data")} | changes))
    return path


def bridge(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge", *words, "--config", str(config)]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=40)


def said(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What a command said, after it exited with this code and without a traceback."""
    told = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in told) == (code, False), told
    return told


def test_check_says_that_a_configuration_fits_and_what_it_amounts_to(config: Path) -> None:
    told = said(bridge(config, "check"), 0)
    assert "shop" in told
    assert f"{config} fits." in told.replace("\n", "")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"channels": {"shop": {"connector": "site", "line": "nosuch"}}}, "channels.shop.line"),
        (
            {
                "desks": {
                    "web": {"desk": "web"},
                    "crm": {"desk": "webhook", "url": "http://a/", "secret": "whsec_no base64 at all"},
                }
            },
            "desks.crm.secret",
        ),
        ({"log": {"level": "[/red]"}}, "log.level"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_check_names_the_place_of_a_mistake_and_exits_2(
    tmp_path: Path, changes: dict[str, Any], path: str
) -> None:
    told = said(bridge(written(tmp_path, **changes), "check"), 2)
    assert told.startswith(f"config {path}: ")
    assert "no base64 at all" not in told


def test_a_file_that_is_no_yaml_or_does_not_exist_is_told_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("log: {level: [1")
    assert str(broken) in said(bridge(broken, "check"), 2)
    assert "No such file" in said(bridge(tmp_path / "absent.yaml", "check"), 2)


def test_migrate_brings_a_database_up_to_date_and_may_be_repeated(config: Path) -> None:
    assert "up to date" in said(bridge(config, "migrate"), 0)
    assert (config.parent / "data" / "bridge.db").exists()
    assert "up to date" in said(bridge(config, "migrate"), 0)


def test_migrations_and_tables_agree_and_checking_that_touches_no_data(config: Path) -> None:
    assert "agree" in said(bridge(config, "migrate", "--check"), 0)
    assert not (config.parent / "data").exists()


def test_an_agent_is_added_listed_given_a_link_and_shut_out(config: Path) -> None:
    added = bridge(config, "agent", "add", "anna", "Anna", "--line", "first")
    said(added, 0)
    link = added.stdout
    assert re.fullmatch(r"http://\S+/login\?link=[\w-]{40,}\n", link)
    assert "anna" in said(bridge(config, "agent", "list"), 0)
    assert "already" in said(bridge(config, "agent", "add", "anna", "Anna"), 1)
    again = said(bridge(config, "agent", "link", "anna"), 0)
    assert again != link
    assert re.fullmatch(r"[\w-]{30,}\n", said(bridge(config, "token", "anna", "reports"), 0))
    assert "new password" in said(
        bridge(config, "agent", "password", "anna", "--password", "four good words"), 0
    )
    assert "10 to 200" in said(bridge(config, "agent", "password", "anna", "--password", "short"), 1)
    assert "lead" in said(bridge(config, "agent", "role", "anna", "lead"), 0)
    assert "out" in said(bridge(config, "agent", "disable", "anna"), 0)
    assert "no agent 'anna'" in said(bridge(config, "token", "anna", "reports"), 1)


def test_the_report_is_printed(config: Path) -> None:
    said(bridge(config, "migrate"), 0)
    printed = said(bridge(config, "report", "--from", "2026-01-01", "--to", "2026-01-31", "--by", "agent"), 0)
    assert "2026-01-01 to 2026-01-31, UTC" in printed
    assert "in all" in printed


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["agent", "add", "x", "X", "--role", "king"], 2, "agent, lead, developer, admin"),
        (["agent", "add", "x", "X", "--line", "nosuch"], 2, "first, second"),
        (["agent", "link", "nobody"], 1, "no agent 'nobody'"),
        (["agent", "role", "x", "king"], 2, "agent, lead, developer, admin"),
        (["report", "--by", "weather"], 2, "channel, hour, agent, line"),
        (["report", "--zone", "Mars/Olympus"], 2, "no time zone"),
        (["run", "--roles", "nonsense"], 2, "no role 'nonsense'"),
        (["worker"], 2, "redis.url"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused_in_words(
    config: Path, words: list[str], code: int, reason: str
) -> None:
    assert reason in said(bridge(config, *words), code)


# -- reset-demo, and a house that is already running


def test_a_demo_is_forgotten_and_a_real_house_is_not(tmp_path: Path) -> None:
    config = written(tmp_path)
    said(bridge(config, "agent", "add", "anna", "Anna"), 0)
    (tmp_path / "data" / "files").mkdir()
    assert "as new" in said(bridge(config, "reset-demo"), 0)
    assert {path.name for path in (tmp_path / "data").iterdir()} <= {"lock", "secret"}
    said(bridge(config, "agent", "add", "anna", "Anna"), 0)
    assert "demo" in said(bridge(written(tmp_path, demo=False), "reset-demo"), 2)
    assert "already" in said(bridge(config, "agent", "add", "anna", "Anna"), 1)


def test_a_running_house_lets_nobody_reset_it_nor_start_it_a_second_time(tmp_path: Path) -> None:
    number = port()
    config = written(tmp_path, http={"port": number})
    command = [sys.executable, "-m", "bridge", "run", "--config", str(config)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(number)
        for words in (["run"], ["reset-demo"]):
            told = said(bridge(config, *words), 2)
            assert f"in use by another bridge (process {running.pid})" in told
        other = tmp_path / "other"
        other.mkdir()
        told = said(bridge(written(other, http={"port": number}), "run"), 2)
        assert f"http.port: 127.0.0.1:{number} cannot be served: Address already in use" in told
        assert running.poll() is None
    finally:
        family = psutil.Process(running.pid).children(recursive=True)
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(20) == 0
        assert psutil.wait_procs(family, 5)[1] == []


def wait_for(number: int) -> None:
    """Until somebody listens at a port."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", number), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(number)
