"""A message is found by its platform's id through an index, however much has been said."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.conversations import natives
from bridge.conversations.database import Database
from bridge.conversations.statements import Statement
from tests.conversations.samples import NOON

ASKED: dict[str, tuple[Statement, dict[str, Any], str]] = {
    "theirs": (natives._theirs, {"channel": "c", "addresses": ["a"], "natives": ["n"]}, "ix_message_native"),
    "ours": (natives._ours, {"channel": "c", "addresses": ["a"], "natives": ["n"]}, "ix_outbox_native"),
    "unsettled": (natives._unsettled, {"lane": "1>channel:c"}, "ix_outbox_unfinished"),
    "by key": (
        natives._by_key,
        {"identity": 1, "towards": ">channel:c", "key": "ab"},
        "outbox_lane_seq_part",
    ),
    "said until": (natives._said_until, {"dialog": 1, "upto": NOON}, "pk_message"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_by_a_platforms_id_is_answered_by_an_index(database: Database, name: str) -> None:
    statement, values, index = ASKED[name]
    with database.write() as connection:
        form = statement._form(connection, ())
        cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
        if database.sqlite:
            cursor.execute(f"EXPLAIN QUERY PLAN {form.sql}", form.values(values))
            plan = json.dumps([list(row) for row in cursor.fetchall()])
            index = index.replace("pk_message", "sqlite_autoindex_message_1")
            index = index.replace("outbox_lane_seq_part", "sqlite_autoindex_outbox")
        else:
            # Empty tables are read whole, whatever there is to read them by.
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            connection.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            cursor.execute(f"EXPLAIN {form.sql}", form.values(values))
            plan = json.dumps([list(row) for row in cursor.fetchall()])
        cursor.close()
    assert index in plan, plan
