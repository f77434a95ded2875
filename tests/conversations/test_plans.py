"""How SQLite finds its rows: what runs with every message or every two seconds must not read what was done long ago."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import conversations
from bridge.conversations import heal, reading
from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.statements import Statement
from tests.conversations.samples import NOON

PARTIAL = {"ix_outbox_unfinished", "ix_outbox_due", "ix_timer_armed"}
"""Indexes that hold only what is still to be done: to read them whole is to read little."""


def statements() -> Iterator[tuple[str, Any]]:
    """Everything that is written down as a statement in the shell, by its module's and its own name."""
    for package in (conversations, reading):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.ispkg:
                continue
            for name, value in vars(importlib.import_module(found.name)).items():
                for part in [value.get("sqlite")] if isinstance(value, dict) else [value]:
                    if isinstance(part, Statement):
                        yield f"{found.name.rpartition('.')[2]}.{name}", part


ASKED = dict(statements())
SWEPT = {name: value for name, value in vars(heal).items() if isinstance(value, sa.Select)}
VALUES = {"now": NOON, "before": NOON, "destination": "channel:shop", "dead": ["a"]}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    with database.write() as connection:
        t.metadata.create_all(connection)
    yield database
    database.close()


def scans(connection: sa.Connection, sql: str, values: Any) -> list[str]:
    """The tables that a statement reads from one end to the other."""
    plan = connection.connection.driver_connection.execute("EXPLAIN QUERY PLAN " + sql, values)  # type: ignore[union-attr]
    steps = [row[3] for row in plan]
    return [
        step for step in steps if step.startswith("SCAN") and "VIRTUAL" not in step and "CONSTANT" not in step
    ]


@pytest.mark.parametrize("name", ASKED)
def test_a_statement_of_every_message_reads_no_table_whole(empty: Database, name: str) -> None:
    with empty.write() as connection:
        form = ASKED[name]._form(connection, ASKED[name]._columns)
        assert scans(connection, form.sql, [None] * form.sql.count("?")) == []


@pytest.mark.parametrize("name", SWEPT)
def test_a_sweep_reads_only_what_is_still_to_be_done(empty: Database, name: str) -> None:
    with empty.read() as connection:
        sql = str(SWEPT[name].params(VALUES).compile(connection, compile_kwargs={"render_postcompile": True}))
        found = scans(connection, sql, [None] * sql.count("?"))
    assert [step for step in found if not any(index in step for index in PARTIAL)] == []
