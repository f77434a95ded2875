"""Tickets and wishes over REST: lists, one, verbs.

Owns the operations under /v1/tickets and /v1/wishes. It must never decide what the router decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query

from bridge import views as v
from bridge.messages import TicketId, WishId
from bridge.ports import Router
from bridge.web.api import bodies
from bridge.web.api.dialogs import with_links
from bridge.web.api.parameters import Cursor, Filter, Id, IdFilter, Limit, Me

TicketStatus = Literal["open", "passed", "returned", "resolved"]
WishStatus = Literal["proposed", "new", "accepted", "scheduled", "shipped", "told", "declined"]


def routes(router: Router) -> APIRouter:
    """The operations on tickets and wishes."""
    api = APIRouter()

    @api.get("/tickets", tags=["tickets"])
    async def tickets(
        status: Annotated[list[TicketStatus], Query()] = [],  # noqa: B006 -- FastAPI copies it
        line: Filter = None,
        dialog: IdFilter = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> v.Page[v.TicketView]:
        """Tickets, latest change first."""
        return await router.read.tickets(status=status, line=line, dialog=dialog, cursor=cursor, limit=limit)

    @api.get("/tickets/{id}", tags=["tickets"])
    async def ticket(id: Id) -> v.TicketView:
        """One ticket with the messages it quotes and its story."""
        found = await router.read.ticket(TicketId(id))
        return replace(found, quotes=[with_links(message) for message in found.quotes])

    @api.post("/tickets/{id}/actions", tags=["tickets"])
    async def act_on_ticket(
        id: Id,
        body: Annotated[bodies.OnTicket, Body()],
        me: Me,
    ) -> dict[str, Any]:
        """Does something to a ticket; the answer names what came of it."""
        return await router.act(TicketId(id), "ticket", me, body.verb())

    @api.get("/wishes", tags=["wishes"])
    async def wishes(
        me: Me,
        status: Annotated[list[WishStatus], Query()] = [],  # noqa: B006
        dialog: IdFilter = None,
        order: v.WishOrder = "urgent",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> v.Page[v.WishView]:
        """Wishes and tasks, by priority and age, or the latest change first.

        Developers are shown only what an agent has filed or accepted, and their own tasks.
        """
        return await router.read.wishes(
            status=status,
            dialog=dialog,
            vouched=me.role == "developer",
            order=order,
            cursor=cursor,
            limit=limit,
        )

    @api.post("/wishes", tags=["wishes"])
    async def make_task(body: bodies.Task, me: Me) -> dict[str, Any]:
        """Puts a task of the developers' own beside the wishes; the answer names it."""
        return await router.make_task(me, body.title, body.text, body.priority)

    @api.get("/wishes/{id}", tags=["wishes"])
    async def wish(id: Id, me: Me) -> v.WishView:
        """One wish with those who asked for it."""
        return await router.read.wish(WishId(id), vouched=me.role == "developer")

    @api.post("/wishes/{id}/actions", tags=["wishes"])
    async def act_on_wish(id: Id, body: Annotated[bodies.OnWish, Body()], me: Me) -> dict[str, Any]:
        """Does something to a wish; the answer names what came of it."""
        return await router.act(WishId(id), "wish", me, body.verb())

    return api
