"""Search over REST: dialogs by what was said in them, by whom, and by their tickets.

Owns the operation under /v1/search. It must never decide what counts as found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator

from bridge import text
from bridge import views as v
from bridge.ports import Router


@dataclass(frozen=True, slots=True)
class Found:
    """What search has found."""

    items: list[v.FoundView]


def routes(router: Router) -> APIRouter:
    """The operation that searches."""
    api = APIRouter(tags=["dialogs"])

    @api.get("/search")
    async def search(
        q: Annotated[str, BeforeValidator(text.clean), Query(max_length=200)],
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> Found:
        """Dialogs whose contact, words or ticket (its title, its #number) hold `q`, the latest first.

        Looks into the 2 000 dialogs that changed last, by comparing text; what is older is found by its ticket alone.
        """
        return Found(await router.read.search(q, limit=limit))

    return api
