"""How SQLite is opened: the log of what was written is moved beside the writers, not by them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.database import LOG_PAGES, Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    t.metadata.create_all(made.writer)
    return made


def fill(database: Database, count: int, mark: str) -> None:
    for number in range(count):
        with database.write() as connection:
            row = {"key": f"{mark} {number}", "dialog": 1, "seq": number}
            connection.execute(t.seen.insert(), row)


def test_a_checkpoint_moves_the_whole_log_while_nobody_reads(database: Database, tmp_path: Path) -> None:
    fill(database, 50, "before")
    assert (tmp_path / "bridge.db-wal").stat().st_size > 50 * 4096
    assert database.checkpoint() == 0
    grown = (tmp_path / "bridge.db-wal").stat().st_size
    fill(database, 20, "after")
    assert (tmp_path / "bridge.db-wal").stat().st_size == grown, "the log is written from its beginning again"
    database.close()


def test_a_checkpoint_neither_waits_for_a_writer_nor_stops_him(database: Database) -> None:
    fill(database, 10, "before")
    with database.write() as connection:
        connection.execute(t.seen.insert(), {"key": "meanwhile", "dialog": 1, "seq": 1})
        other = threading.Thread(target=database.checkpoint)
        other.start()
        other.join(timeout=2)
        assert not other.is_alive()
        connection.execute(t.seen.insert(), {"key": "and more", "dialog": 1, "seq": 2})
    with database.read() as connection:
        assert len(connection.execute(t.seen.select()).all()) == 12
    database.close()


def test_without_checkpoints_a_commit_keeps_the_log_within_its_bound(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == LOG_PAGES
    database.close()


def test_a_file_that_is_locked_is_out_of_reach_in_the_words_of_sqlalchemy(
    database: Database, tmp_path: Path
) -> None:
    locker = sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(sa.exc.OperationalError, match="locked"), database.write():
        pass
    locker.execute("ROLLBACK")
    locker.close()
    database.close()
