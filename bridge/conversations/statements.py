"""Statements of every transaction: compiled once, then handed to the driver itself.

SQLAlchemy spends a tenth of a millisecond on each execution of a statement, most of what a small transaction costs; here
it writes the SQL and converts the values, and the driver does the rest. Owns that shortcut, and that PostgreSQL is asked
many things in one round trip. It must never hold a statement of its own, nor decide anything.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine

Convert = Callable[[Any], Any]


class Many(TypeDecorator[Sequence[Any]]):
    """A parameter of any number of values: an array on PostgreSQL, a JSON text on SQLite."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.ARRAY(self.item))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


class one_of(sa.ColumnElement[bool]):  # noqa: N801 -- reads as the SQL it stands for
    """Whether a column's value is among those of a parameter; unlike IN, one text of SQL for any number of them."""

    type = sa.Boolean()
    inherit_cache = False

    def __init__(self, column: sa.Column[Any], name: str) -> None:
        self.column = column
        self.values = sa.bindparam(name, type_=Many(type(column.type)))

    def self_group(self, against: Any = None) -> one_of:
        """As it stands: compared with 1, as SQLAlchemy has it where truth is a number, SQLite reads the whole table."""
        return self


@compiles(one_of, "sqlite")
def _in_json(element: one_of, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 -- of a column's name and a parameter


@compiles(one_of)
def _any_of_array(element: one_of, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} = ANY({values})"


class Rows:
    """The answer to a question, fetched when it is looked at."""

    def __init__(self, connection: Connection, cursor: Any, form: _Form) -> None:
        self._connection = connection
        self._cursor = cursor
        self._form = form

    def __iter__(self) -> Iterator[Any]:
        with _translated(self._connection, self._form.sql):
            found = self._cursor.fetchall()
        return map(self._form.row, found)


class Written:
    """How many rows a statement touched, known once the transaction has been told so far."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def count(self) -> int:
        """Rows inserted or updated."""
        return int(self._cursor.rowcount)


class Statement:
    """One statement for both databases; `columns` are those that a row sets, where its own values do not say so."""

    def __init__(self, statement: Any, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = tuple(columns)
        self._forms: dict[tuple[str, tuple[str, ...]], _Form] = {}

    def ask(self, connection: Connection, **values: Any) -> Rows:
        """Runs it once; the rows bear the names of its columns."""
        form = self._form(connection, self._columns)
        cursor = _driver(connection).cursor()
        with _translated(connection, form.sql):
            cursor.execute(form.sql, form.values(values))
        return Rows(connection, cursor, form)

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Written:
        """Runs it for each of these rows, all of which have the same names."""
        form = self._form(connection, self._columns or tuple(rows[0]))
        cursor = _driver(connection).cursor()
        with _translated(connection, form.sql):
            cursor.executemany(form.sql, [form.values(row) for row in rows])
        return Written(cursor)

    def _form(self, connection: Connection, columns: tuple[str, ...]) -> _Form:
        key = (connection.dialect.name, columns)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _form(self._statement, columns, connection.dialect)
        return form


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """What is asked and written in this block crosses the network once; answers are there when they are looked at."""
    if connection.dialect.name == "sqlite":
        yield
    else:
        with _translated(connection, "several statements"), _driver(connection).pipeline():
            yield


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement in the words of one database: its SQL, and how values go in and come out."""

    sql: str
    values: Callable[[Mapping[str, Any]], Any]
    row: Callable[[Sequence[Any]], Any]


def _form(statement: Any, columns: tuple[str, ...], dialect: Dialect) -> _Form:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    constants = compiled.params
    converts = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
    }
    names: Sequence[str] = compiled.positiontup if compiled.positional else tuple(constants)
    binds = [(name, constants[name], converts.get(name)) for name in names]
    if compiled.positional:
        values: Callable[[Mapping[str, Any]], Any] = lambda row: _tuple(binds, row)  # noqa: E731
    else:
        values = lambda row: _dict(binds, row)  # noqa: E731
    return _Form(compiled.string, values, _reader(statement, dialect))


def _tuple(binds: Sequence[tuple[str, Any, Convert | None]], row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row.get(name, constant) if convert is None else convert(row.get(name, constant))
        for name, constant, convert in binds
    )


def _dict(binds: Sequence[tuple[str, Any, Convert | None]], row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: row.get(name, constant) if convert is None else convert(row.get(name, constant))
        for name, constant, convert in binds
    }


def _reader(statement: Any, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    columns = list(statement.exported_columns.items())
    make = _row(tuple(name for name, _ in columns))
    found = [column.type.dialect_impl(dialect).result_processor(dialect, None) for _, column in columns]
    converts = [(place, convert) for place, convert in enumerate(found) if convert is not None]

    def read(values: Sequence[Any]) -> Any:
        row = list(values)
        for place, convert in converts:
            row[place] = convert(row[place])
        return make(row)

    return read


def _row(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """What makes a tuple whose places have these names."""
    row: Any = namedtuple("Row", names)  # type: ignore[misc]
    make: Callable[[Sequence[Any]], Any] = row._make
    return make


def _driver(connection: Connection) -> Any:
    """The driver's own connection below SQLAlchemy's, in the same transaction."""
    return connection.connection.driver_connection


@contextmanager
def _translated(connection: Connection, sql: str) -> Iterator[None]:
    """The driver's errors become SQLAlchemy's, without the values; a connection that is lost is known to be."""
    dialect = connection.dialect
    try:
        yield
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, _driver(connection), None)
        if lost:
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            sql,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error
