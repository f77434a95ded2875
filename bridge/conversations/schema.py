"""The schema's way to its newest form, and the proof that it is what tables.py says.

Owns when migrations run: in one transaction, one process at a time, so that a kill leaves the database as it was and
the next start goes on. It must never know what a step does; steps lie in migrations/versions/.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bridge.conversations.database import Database
from bridge.conversations.tables import metadata
from bridge.errors import ConfigError

log = structlog.get_logger()

HEAD = "0006"
"""The newest step; told here, too, so that a start with nothing to do need not load Alembic."""
STEPS = Path(__file__).parent / "migrations"
_VERSIONS = "alembic_version"
_LOCK = 0x42524944  # any number, as long as all processes take the same
_SCRATCH = "bridge_drift"


def upgrade(database: Database) -> None:
    """Brings a database to the newest schema; harmless to repeat, and from several processes at once."""
    # Another process may be on its way through a long step: its end is waited for, however long that takes.
    with database.write(patience=math.inf) as connection:
        if version(connection) == HEAD:
            return
        if not database.sqlite:
            # One at a time, however long the step before takes; SQLite has the lock of `write`.
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = version(connection)
        if before != HEAD:
            _migrate(connection, before)
            log.info("database upgraded", before=before or "empty", now=HEAD)


def version(connection: Connection) -> str | None:
    """The step a database stands at; None when it is new."""
    if not sa.inspect(connection).has_table(_VERSIONS):
        return None
    stored: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()  # noqa: S608
    return stored


def _migrate(connection: Connection, before: str | None) -> None:
    import alembic.command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise ConfigError(
            "database.url",
            f"the database is at step {before}, which this version of the bridge does not know: "
            "start the newer version that made it",
        )
    alembic.command.upgrade(config, HEAD)


def drift(database: Database) -> list[str]:
    """What tables.py says and this database has not, or the other way round, in words; empty when they agree."""
    if database.sqlite:
        with database.read() as connection:
            stored = set(_shape(connection))
        scratch = sa.create_engine("sqlite://")
        with scratch.begin() as connection:
            metadata.create_all(connection)
            wanted = set(_shape(connection))
        scratch.dispose()
    else:
        with database.writer.connect() as connection:
            stored = set(_shape(connection))
            connection.exec_driver_sql(f"CREATE SCHEMA {_SCRATCH}")
            metadata.create_all(connection.execution_options(schema_translate_map={None: _SCRATCH}))
            wanted = set(_shape(connection, _SCRATCH))
            connection.rollback()
    missing = [f"tables.py says, the database has not: {fact}" for fact in sorted(wanted - stored)]
    return missing + [f"the database has, tables.py does not say: {fact}" for fact in sorted(stored - wanted)]


def _shape(connection: Connection, schema: str | None = None) -> Iterator[str]:
    """All there is to know about the tables of a database, one sentence a fact."""
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names(schema):
        if table == _VERSIONS:
            continue
        yield f"table {table}"
        for column in inspector.get_columns(table, schema):
            null = "" if column["nullable"] else " not null"
            default = "" if column["default"] is None else f" default {column['default']}"
            yield f"column {table}.{column['name']} {column['type']}{null}{default}"
        key = inspector.get_pk_constraint(table, schema)
        yield f"primary key {key['name']} of {table} on {', '.join(key['constrained_columns'])}"
        for unique in inspector.get_unique_constraints(table, schema):
            yield f"unique {unique['name']} of {table} on {', '.join(unique['column_names'])}"
        for foreign in inspector.get_foreign_keys(table, schema):
            columns, others = foreign["constrained_columns"], foreign["referred_columns"]
            yield f"foreign key {foreign['name']} of {table}: {columns} to {foreign['referred_table']}.{others}"
        for index in inspector.get_indexes(table, schema):
            options = sorted(index.get("dialect_options", {}).items())
            where = "".join(f" {name} {value}" for name, value in options if str(value) != "[]")
            yield (
                f"{'unique ' if index['unique'] else ''}index {index['name']} of {table} "
                f"on {', '.join(map(str, index['column_names']))}{where}"
            )
