"""Statements that go past SQLAlchemy's execution: the same values in and out, the same errors, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bridge.conversations import tables as t
from bridge.conversations.database import Database
from bridge.conversations.statements import Statement, one_of, together
from bridge.conversations.writes import Ids

NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
INTO = Statement(sa.insert(t.outbox))
FROM = Statement(sa.select(t.outbox).where(one_of(t.outbox.c.key, "keys")).order_by(t.outbox.c.id))
SEEN = Statement(sa.insert(t.seen))


def row(key: str, **fields: object) -> dict[str, object]:
    return {
        "id": Ids.draw(),
        "lane": f"lane of {key}",
        "seq": 1,
        "part": 0,
        "kind": "send",
        "destination": "channel:shop",
        "dialog": 2**62,
        "human": True,
        "payload": {"text": "10 % is :less than ' or ?", "list": [1, None]},
        "key": key,
        "state": "queued",
        "not_before": NOW,
        "attempts": 0,
        "doubled": False,
        "created_at": NOW,
    } | fields


def test_what_goes_in_comes_out_with_its_types(database: Database) -> None:
    meant = row("a")
    with database.write() as connection:
        INTO.write(connection, [meant, row("b")])
    with database.read() as connection:
        (found,) = FROM.ask(connection, keys=["a"])
    assert {name: getattr(found, name) for name in meant} == meant
    assert (found.human, found.doubled, found.settled_at) == (True, False, None)
    assert found.not_before.tzinfo is UTC


@pytest.mark.parametrize("count", [0, 1, 3, 700])
def test_any_number_of_values_may_be_asked_for(database: Database, count: int) -> None:
    keys = [f"k{n:04d}" for n in range(count)]
    with database.write() as connection:
        for key in keys:
            INTO.write(connection, [row(key)])
    with database.read() as connection:
        assert sorted(found.key for found in FROM.ask(connection, keys=[*keys, "none of them"])) == keys


def test_how_many_rows_were_touched_is_known_once_all_has_been_told(database: Database) -> None:
    change = Statement(sa.update(t.seen).where(one_of(t.seen.c.key, "b_keys")), ["seq"])
    with database.write() as connection:
        with together(connection):
            told = SEEN.write(connection, [{"key": key, "dialog": 1, "seq": 1} for key in "abc"])
            changed = change.write(
                connection, [{"b_keys": ["a", "c"], "seq": 7}, {"b_keys": ["x"], "seq": 7}]
            )
        assert (told.count, changed.count) == (3, 2)


def test_questions_that_are_put_together_are_answered_each_by_its_own(database: Database) -> None:
    asked = Statement(sa.select(t.seen).where(one_of(t.seen.c.seq, "seqs")))
    with database.write() as connection:
        SEEN.write(connection, [{"key": f"key {n}", "dialog": n, "seq": n} for n in range(5)])
    with database.read() as connection, together(connection):
        first, second = asked.ask(connection, seqs=[1]), asked.ask(connection, seqs=[2, 3])
        assert [found.dialog for found in first] == [1]
        assert sorted(found.dialog for found in second) == [2, 3]


def test_the_driver_s_error_is_sqlalchemy_s_and_tells_no_values(database: Database) -> None:
    twice = [{"key": "secret words", "dialog": 1, "seq": 1}] * 2
    with (
        pytest.raises(sa.exc.IntegrityError) as raised,
        database.write() as connection,
        together(connection),
    ):
        SEEN.write(connection, twice)
    assert "secret words" not in str(raised.value).splitlines()[0]
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.seen)).scalar() == 0


def test_a_refused_statement_leaves_the_connection_usable(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection, together(connection):  # noqa: PT012 -- both in one round trip
        SEEN.write(connection, [{"key": "a", "dialog": 1, "seq": 1}] * 2)
        SEEN.write(connection, [{"key": "b", "dialog": 1, "seq": 1}])
    with database.write() as connection:
        assert SEEN.write(connection, [{"key": "b", "dialog": 1, "seq": 1}]).count == 1
