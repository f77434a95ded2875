"""Dialogs over REST: lists, one, its messages, replies, verbs, and who did what.

Owns the operations under /v1/dialogs and /v1/lines. It must never decide what the router decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Path, Query
from pydantic import AfterValidator, TypeAdapter
from starlette.responses import Response

from bridge import text
from bridge import views as v
from bridge.messages import Author, DialogId, FileId, LineName, Status
from bridge.ports import Router
from bridge.web.api import bodies
from bridge.web.api.parameters import LARGEST, Cursor, Filter, Id, IdFilter, Limit, Me, Worker
from bridge.web.api.shared import Shared

IdempotencyKey = Annotated[str, Header(pattern=r"^[\x21-\x7e]{1,200}$")]
Assignee = Annotated[str | None, Query(pattern=r"^(me|[1-9][0-9]{0,17})$")]
PAGE: TypeAdapter[v.Page[v.DialogView]] = TypeAdapter(v.Page[v.DialogView])
LineInPath = Annotated[str, AfterValidator(text.clean), Path(max_length=300)]


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages in the order of rev; the last one's rev is where to go on."""

    items: list[v.MessageView]


@dataclass(frozen=True, slots=True)
class Actions:
    """Who did what, the latest first."""

    items: list[v.ActionView]


@dataclass(frozen=True, slots=True)
class Replied:
    """Where the reply stands; `new` is false when this key was used before."""

    dialog: str
    seq: int
    new: bool
    mark: str | None
    private: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """The dialog that was claimed; null when nobody waits."""

    dialog: str | None


@dataclass(frozen=True, slots=True)
class Here:
    """Who has the dialog before him now."""

    here: list[v.HereView]


def routes(router: Router) -> APIRouter:
    """The operations on dialogs and on the lines they wait on."""
    api = APIRouter(tags=["dialogs"])
    pages: Shared[bytes] = Shared()

    @api.get("/lines")
    async def lines() -> list[v.LineView]:
        """The lines and how much waits there."""
        return await router.read.lines()

    @api.post("/lines/{line}/next")
    async def next_dialog(line: LineInPath, me: Worker) -> Claimed:
        """Claims the most urgent dialog of a line that nobody has claimed."""
        dialog = await router.next(LineName(line), me)
        return Claimed(None if dialog is None else str(dialog))

    @api.get("/dialogs", response_model=v.Page[v.DialogView])
    async def dialogs(
        me: Me,
        *,
        status: Annotated[list[Status], Query()] = [],  # noqa: B006 -- FastAPI copies it
        line: Filter = None,
        channel: Filter = None,
        assignee: Assignee = None,
        contact: IdFilter = None,
        search: Filter = None,
        cursor: Cursor = None,
        unclaimed: bool = False,
        order: Literal["due", "changed"] = "changed",
        limit: Limit = 50,
    ) -> Response:
        """Dialogs, by due time (soonest first) or by their latest change (latest first)."""
        whose = None
        if assignee is not None:
            whose = int(me.id) if assignee == "me" else int(assignee)

        filters = {
            "status": tuple(one.value for one in status),
            "line": line,
            "channel": channel,
            "assignee": whose,
            "contact": contact,
            "unclaimed": unclaimed,
            "search": search,
            "order": order,
            "cursor": cursor,
            "limit": limit,
        }
        body = await pages.ask(tuple(filters.values()), partial(_page, router, filters))
        return Response(body, media_type="application/json")

    @api.get("/dialogs/{id}")
    async def dialog(id: Id) -> v.DialogView:
        """One dialog."""
        return await router.read.dialog(DialogId(id))

    @api.get("/dialogs/{id}/messages")
    async def messages(
        id: Id,
        after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    ) -> Messages:
        """What was said, or has changed, since rev `after`; everything from 0 on."""
        found = await router.read.messages(DialogId(id), after=after, limit=limit)
        return Messages([with_links(message) for message in found])

    @api.post("/dialogs/{id}/reply")
    async def reply(
        id: Id,
        body: bodies.Reply,
        me: Worker,
        idempotency_key: IdempotencyKey,
    ) -> Replied:
        """Says something in a dialog; repeated with the same key it is said once."""
        receipt = await router.reply(
            DialogId(id),
            Author("agent", me.id, me.name),
            body.text,
            key=f"{me.id}:{id}:{idempotency_key}",
            mode=body.mode,
            files=[FileId(int(file)) for file in dict.fromkeys(body.attachments)],
            reply_to=body.reply_to,
        )
        mark = None if receipt.mark is None else receipt.mark.value
        return Replied(str(receipt.dialog), receipt.seq, receipt.new, mark, receipt.private)

    @api.post("/dialogs/{id}/actions")
    async def act(id: Id, body: Annotated[bodies.OnDialog, Body()], me: Me) -> dict[str, Any]:
        """Does something to a dialog; the answer names what came of it."""
        return await router.act(DialogId(id), "dialog", me, body.verb())

    @api.get("/dialogs/{id}/actions")
    async def actions(id: Id, limit: Limit = 100) -> Actions:
        """Who did what to a dialog."""
        await router.read.dialog(DialogId(id))
        return Actions(await router.read.actions(f"dialog:{id}", limit=limit))

    @api.post("/dialogs/{id}/here")
    async def view(id: Id, body: bodies.Here, me: Worker) -> Here:
        """Says that you view (and type in) a dialog; it counts for ten seconds. Answers who else is there."""
        await router.presence.view(DialogId(id), me, typing=body.typing, private=body.private)
        return Here(await router.presence.here(DialogId(id)))

    @api.get("/dialogs/{id}/here")
    async def here(id: Id) -> Here:
        """Who views a dialog now, and who types in it."""
        return Here(await router.presence.here(DialogId(id)))

    return api


async def _page(router: Router, filters: dict[str, Any]) -> bytes:
    return PAGE.dump_json(await router.read.dialogs(**filters))


def with_links(message: v.MessageView) -> v.MessageView:
    """The message with the addresses at which an agent finds its files."""
    files = [
        replace(file, url=f"/api/v1/files/{file.id}") if file.state == "stored" else file
        for file in message.attachments
    ]
    return replace(message, attachments=files)
