"""Reports over REST: how promises were kept and why some broke, as JSON and as CSV.

Owns the operations under /v1/reports. It must never compute what the reader has computed.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Path, Query
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from bridge import views as v
from bridge.ports import Router
from bridge.sheet import csv_text

USUAL = timedelta(days=29)
"""How far behind the last day a report begins when nothing else is asked."""
MOST = 10_000
"""Breaches in one CSV file."""
KEPT = tuple(field.name for field in fields(v.KeptView))
BROKEN = (
    "dialog", "contact", "channel", "line", "started_at", "due_at", "answered_at", "took_seconds", "assignee",
    "answered_by", "cause",
)  # fmt: skip

Kind = Annotated[Literal["first-response", "next-response"], Path()]
Day = Annotated[date | None, Query()]
Zone = Annotated[str, Query(max_length=64)]
By = Annotated[v.ReportBy, Query()]
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@dataclass(frozen=True, slots=True)
class Days:
    """Which days of which zone are asked for; of the last 30 when nothing is said."""

    first: date
    last: date
    zone: ZoneInfo


async def _days(
    first: Annotated[Day, Query(alias="from")] = None,
    last: Annotated[Day, Query(alias="to")] = None,
    zone: Zone = "UTC",
) -> Days:
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        wrong = {"type": "zone", "loc": ("query", "zone"), "msg": "write a time zone like Europe/Stockholm"}
        raise RequestValidationError([wrong]) from error
    last = last or datetime.now(UTC).astimezone(known).date()
    if not date(2000, 1, 1) <= last <= date(2199, 12, 31):
        wrong = {"type": "day", "loc": ("query", "to"), "msg": "the day must lie between 2000 and 2200"}
        raise RequestValidationError([wrong])
    return Days(first or last - USUAL, last, known)


Asked = Annotated[Days, Depends(_days)]


def routes(router: Router) -> APIRouter:
    """The operations that report; the `.csv` ones first, for their names end like a longer kind."""
    api = APIRouter(tags=["reports"])
    read = router.read

    @api.get("/reports/{kind}.csv", response_class=Response, responses=_CSV)
    async def promises_csv(kind: Kind, days: Asked, by: By = "channel") -> Response:
        """How promises were kept, by channel, hour of the day, agent or line, as CSV."""
        found = await read.promises(_named(kind), days.first, days.last, days.zone, by)
        return _sheet(f"{kind}-by-{by}", days, csv_text(KEPT, map(astuple, found.groups)))

    @api.get("/reports/{kind}/breaches.csv", response_class=Response, responses=_CSV)
    async def breaches_csv(kind: Kind, days: Asked) -> Response:
        """The promises that broke, the latest 10 000 at most, as CSV."""
        found = await read.breaches(_named(kind), days.first, days.last, days.zone, limit=MOST)
        return _sheet(f"{kind}-breaches", days, csv_text(BROKEN, map(_row, found.items)))

    @api.get("/reports/{kind}")
    async def promises(kind: Kind, days: Asked, by: By = "channel") -> v.PromiseReport:
        """How promises were kept, by channel, hour of the day, agent or line, and in all."""
        return await read.promises(_named(kind), days.first, days.last, days.zone, by)

    @api.get("/reports/{kind}/breaches")
    async def breaches(
        kind: Kind, days: Asked, limit: Annotated[int, Query(ge=0, le=200)] = 50
    ) -> v.BreachReport:
        """Why promises broke, and the latest that did."""
        return await read.breaches(_named(kind), days.first, days.last, days.zone, limit=limit)

    return api


def _named(kind: Kind) -> v.PromiseName:
    return "first_response" if kind == "first-response" else "next_response"


def _row(breach: v.BreachView) -> list[object]:
    cells = [getattr(breach, name) for name in BROKEN]
    return [_cell(cell) for cell in cells]


def _cell(cell: object) -> object:
    match cell:
        case datetime():
            return cell.isoformat()
        case v.PersonView():
            return cell.name
        case _:
            return cell


def _sheet(name: str, days: Days, text: str) -> Response:
    disposition = f'attachment; filename="{name}-{days.first}-{days.last}.csv"'
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})
