"""Reports over REST: JSON, CSV, and what is wrongly asked."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.conversations import tables as t
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio
HERE = "/reports/first-response"


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


async def broken(server: Server, name: str = "Carl") -> str:
    """A question of an hour ago that was answered after five minutes."""
    dialog = (await server.hear()).dialog
    began = datetime.now(UTC) - timedelta(hours=1)
    row = {
        "dialog": dialog,
        "gen": 1,
        "name": "first_response",
        "started_at": began,
        "due_at": began + timedelta(minutes=2),
        "settled_at": began + timedelta(minutes=5),
        "outcome": "breached",
        "line": "first",
        "took": timedelta(minutes=5),
    }
    with server.database.write() as connection:
        connection.execute(sa.insert(t.promise).values(row))
        connection.execute(sa.update(t.contact).values(name=name))
    return str(dialog)


async def rows(server: Server, path: str, **params: Any) -> list[dict[str, str]]:
    answer = await server.get(path, params=params)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="first-response-')
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_a_report_says_how_promises_were_kept_of_the_last_thirty_days(server: Server) -> None:
    await broken(server)
    report = (await server.get(HERE)).body
    today = datetime.now(UTC).date()
    assert (report["promise"], report["zone"], report["by"]) == ("first_response", "UTC", "channel")
    assert (report["first"], report["last"]) == (str(today - timedelta(days=29)), str(today))
    [shop] = report["groups"]
    assert (shop["key"], shop["breached"], shop["running"]) == ("shop", 1, 1)
    assert (shop["met_percent"], shop["median_seconds"], shop["p95_seconds"]) == (0.0, 300.0, 300.0)
    assert (await server.get("/reports/next-response")).body["groups"] == []


@pytest.mark.parametrize("by", ["channel", "hour", "agent", "line"])
async def test_a_report_by_anything_is_the_same_as_csv(server: Server, by: str) -> None:
    await broken(server)
    params = {"by": by, "zone": "Europe/Moscow"}
    groups = (await server.get(HERE, params=params)).body["groups"]
    sheet = await rows(server, f"{HERE}.csv", **params)
    assert [row["title"] for row in sheet] == [group["title"] for group in groups]
    assert [row["p95_seconds"] for row in sheet] == [
        "" if group["p95_seconds"] is None else "300.0" for group in groups
    ]


async def test_breaches_are_told_with_their_cause_and_a_strangers_name_is_no_formula(server: Server) -> None:
    dialog = await broken(server, name="=1+1")
    report = (await server.get(f"{HERE}/breaches")).body
    assert sum(report["causes"].values()) == 1
    [item] = report["items"]
    assert (item["dialog"], item["contact"], item["answered_by"]) == (dialog, "=1+1", None)
    [row] = await rows(server, f"{HERE}/breaches.csv")
    assert (row["contact"], row["cause"]) == ("'=1+1", item["cause"])
    assert row["answered_by"] == ""
    assert (await server.get(f"{HERE}/breaches", params={"limit": 0})).body["items"] == []


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"from": "yesterday"}, "query.from"),
        ({"to": "1999-12-31"}, "query.to"),
        ({"to": "9999-12-31"}, "query.to"),
        ({"zone": "../../etc/passwd"}, "query.zone"),
        ({"zone": "Mars/Olympus"}, "query.zone"),
        ({"by": "password"}, "query.by"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, None),
        ({"from": "2020-01-01", "to": "2026-03-01"}, None),
    ],
)
async def test_what_is_wrongly_asked_is_told_in_words(
    server: Server, params: dict[str, str], path: str | None
) -> None:
    for where in (HERE, f"{HERE}.csv"):
        answer = await server.get(where, params=params)
        assert answer.status == 422
        assert answer.body["error"].get("path") == path
    assert (await server.get("/reports/resolution")).status == 404
    assert (await server.get(HERE, None)).status == 401
