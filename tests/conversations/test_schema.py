"""Any database comes to the newest schema, whoever starts, however often, and whatever is killed meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from bridge.conversations import schema
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.errors import ConfigError

UPGRADE = """
import sys
from bridge.conversations import schema
from bridge.conversations.database import Database
schema.upgrade(Database(sys.argv[1]))
"""
STUCK = """
import sys, time
import sqlalchemy as sa
from bridge.conversations import schema
from bridge.conversations.database import Database

def stuck(connection, cursor, statement, *rest):
    if "CREATE TABLE ticket_note" in statement:
        print("half way", flush=True)
        time.sleep(60)

database = Database(sys.argv[1])
sa.event.listen(database.writer, "before_cursor_execute", stuck)
schema.upgrade(database)
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    """Runs a program on the database in a process of its own; none outlives the test."""
    with ExitStack() as running:

        def begin(program: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield begin


def half_way(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def run(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_new_database_gets_exactly_what_tables_py_says(database: Database) -> None:
    schema.upgrade(database)
    assert tables(database) == {*t.metadata.tables, "alembic_version"}
    assert schema.drift(database) == []


def test_the_newest_step_is_the_one_that_a_start_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.STEPS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_a_start_with_nothing_to_do_is_quick_and_keeps_all_rows(database: Database) -> None:
    schema.upgrade(database)
    run(database, "INSERT INTO seen (key, dialog, seq) VALUES ('a', 1, 1)")
    took = []
    for _ in range(5):
        started_at = time.perf_counter()
        schema.upgrade(database)
        took.append(time.perf_counter() - started_at)
    assert min(took) < 0.05
    with database.read() as connection:
        assert connection.execute(sa.select(t.seen.c.key)).scalars().all() == ["a"]


def test_a_start_with_nothing_to_do_does_not_load_alembic(database: Database, start: Start) -> None:
    schema.upgrade(database)
    program = UPGRADE + "\nassert not any(name.startswith('alembic') for name in sys.modules)"
    assert start(program).wait(60) == 0


def test_processes_that_start_at_once_do_not_meet(database: Database, start: Start) -> None:
    processes = [start(UPGRADE) for _ in range(6)]
    assert [process.wait(60) for process in processes] == [0] * 6
    assert schema.drift(database) == []


def test_threads_that_start_at_once_do_not_meet(database: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: schema.upgrade(database), range(4)))
    assert schema.drift(database) == []


@pytest.mark.faults
def test_what_a_kill_leaves_behind_is_repaired_by_the_next_start(database: Database, start: Start) -> None:
    process = start(STUCK)
    half_way(process)
    process.kill()
    process.wait(10)
    schema.upgrade(database)
    assert schema.drift(database) == []


@pytest.mark.faults
def test_a_start_waits_for_the_step_that_another_runs(database: Database, start: Start) -> None:
    first = start(STUCK)
    half_way(first)
    second = start(UPGRADE)
    # Longer than the lock_timeout of ordinary statements.
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(6)
    first.kill()
    assert second.wait(30) == 0
    first.wait(10)
    assert schema.drift(database) == []


def test_a_database_of_a_newer_bridge_is_refused_and_left_alone(database: Database) -> None:
    schema.upgrade(database)
    run(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"database\.url: the database is at step 9999"):
        schema.upgrade(database)
    assert schema.drift(database) == []


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["DROP INDEX ix_timer_armed"], ["has not: index ix_timer_armed of timer on due_at"]),
        (["ALTER TABLE seen ADD COLUMN more TEXT"], ["does not say: column seen.more TEXT"]),
        (["DROP TABLE finding"], ["has not: table finding"]),
        (["CREATE TABLE extra (id TEXT)"], ["does not say: table extra"]),
        (
            ["DROP INDEX ix_timer_armed", "CREATE INDEX ix_timer_armed ON timer (due_at)"],
            ["has not: index ix_timer_armed of timer on due_at ", "does not say: index ix_timer_armed"],
        ),
        (
            [
                "DROP INDEX uq_dialog_identity_unresolved",
                "CREATE INDEX uq_dialog_identity_unresolved ON dialog (identity) WHERE status != 'resolved'",
            ],
            ["has not: unique index uq_dialog_identity_unresolved", "does not say: index uq_dialog_identity"],
        ),
    ],
)
def test_a_difference_is_told_in_words(database: Database, statements: list[str], told: list[str]) -> None:
    schema.upgrade(database)
    run(database, *statements)
    differences = schema.drift(database)
    for words in told:
        assert any(words in difference for difference in differences)
    assert tables(database) >= {"alembic_version", "dialog"}


def test_an_empty_database_lacks_every_table(database: Database) -> None:
    differences = schema.drift(database)
    for table in t.metadata.tables:
        assert f"tables.py says, the database has not: table {table}" in differences


def test_looking_for_differences_leaves_nothing_behind(database: Database) -> None:
    schema.upgrade(database)
    with database.read() as connection:
        before = sa.inspect(connection).get_schema_names()
    schema.drift(database)
    with database.read() as connection:
        assert sa.inspect(connection).get_schema_names() == before


def test_one_address_has_one_unresolved_dialog_at_most(database: Database) -> None:
    schema.upgrade(database)
    run(
        database,
        "INSERT INTO contact (id, name, language, created_at) VALUES (1, 'Carl', 'en', 0)",
        "INSERT INTO identity (id, channel, address, contact, created_at) VALUES (1, 'shop', 'a', 1, 0)",
        dialog(1, "resolved"),
        dialog(2, "resolved"),
        dialog(3, "waiting"),
    )
    with pytest.raises(IntegrityError):
        run(database, dialog(4, "open"))


def dialog(number: int, status: str) -> str:
    numbers = [column.name for column in t.dialog.c if not column.nullable and column.name not in TEXTS]
    values = [
        f"'{status}'",
        "'first'",
        "'normal'",
        "''",
        *(str(number if name == "id" else 1) for name in numbers),
    ]
    return f"INSERT INTO dialog ({', '.join([*TEXTS, *numbers])}) VALUES ({', '.join(values)})"


TEXTS = ["status", "line", "priority", "preview"]
