"""The engines: how the bridge opens SQLite and PostgreSQL.

Owns pragmas, transaction modes and the file lock that lets several processes write one SQLite file. It must never
know a table.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.engine import URL, Connection, Engine, make_url


def _dumps(value: Any) -> str:
    """JSON for a column; pydantic's writer takes a fifth of the standard library's time."""
    return to_json(value).decode()


BUSY = 2
"""Seconds to wait for an SQLite file that somebody else has locked; our own processes wait in line for their turn."""


LOG_PAGES = 16_000
"""Pages (of 4 kB) of SQLite's write-ahead log at which a commit has to move it into the database by itself; that takes
tens of milliseconds in which nobody is acknowledged, so `checkpoint` is called long before."""
LONGEST_TURN = 5.0
"""Seconds to wait in line for the one process that writes SQLite."""


class Database:
    """One database: an engine to write by (one connection) and one to read by (a small pool)."""

    def __init__(self, url: str) -> None:
        self.url: URL = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.writer = _engine(self.url, "BEGIN IMMEDIATE", size=2)
        self.reader = _engine(self.url, "BEGIN", size=8)
        self._lock_path: Path | None = None
        if self.sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self._lock_path = Path(self.url.database + ".lock")

    @contextmanager
    def write(self, *, patience: float = LONGEST_TURN) -> Iterator[Connection]:
        """A transaction that writes; it commits when the block ends well.

        SQLite lets one process write at a time: waiting in line at a file lock is fair and short, waiting inside
        SQLite is neither.
        """
        with self._turn(patience), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot to read from."""
        with self.reader.connect() as connection:
            yield connection

    @contextmanager
    def _turn(self, patience: float) -> Iterator[None]:
        if self._lock_path is None:
            yield
            return
        with self._lock_path.open("w") as handle:
            _wait_for(handle, patience)
            yield

    def checkpoint(self) -> int:
        """Moves SQLite's write-ahead log into the database beside those who write; returns the pages it could not.

        https://www.sqlite.org/pragma.html#pragma_wal_checkpoint: PASSIVE waits for nobody and stops nobody.
        """
        if not self.sqlite:
            return 0
        connection = self.reader.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            [(_, pages, moved)] = cursor.fetchall()
        finally:
            connection.close()
        return int(pages - moved)

    def answers(self) -> None:
        """Returns when the database can be read; raises SQLAlchemy's error when not."""
        with self.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def _wait_for(handle: IO[str], patience: float) -> None:
    """Takes the lock; a process that was stopped while it held it must not hold us for ever."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError("another process keeps the lock of the database") from None
            time.sleep(0.0005)
        else:
            return


def _engine(url: URL, begin: str, *, size: int) -> Engine:
    options: dict[str, Any] = {
        "json_serializer": _dumps,
        "json_deserializer": from_json,
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": 10,
    }
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        options["poolclass"] = sa.pool.QueuePool
        options["connect_args"] = {"check_same_thread": False, "timeout": BUSY}
    else:
        options["pool_pre_ping"] = begin == "BEGIN"
        options["connect_args"] = {
            "connect_timeout": 5,
            # A peer that hangs must not hold us: neither one that keeps a row, nor a server that is gone.
            "options": "-c statement_timeout=15000 -c lock_timeout=2000"
            " -c idle_in_transaction_session_timeout=10000 -c timezone=UTC",
            "tcp_user_timeout": 10000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "application_name": "bridge",
        }
    engine = sa.create_engine(url, **options)
    if url.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        # By SQLAlchemy, so that a file that is locked raises the error that everybody above knows.
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # The driver's own idea of when to begin is switched off: our "begin" hook says BEGIN IMMEDIATE or BEGIN.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY * 1000}")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA cache_size=-32000")
    cursor.close()
