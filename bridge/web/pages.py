"""The pages that people open: welcome, desk, board, report, the demo of a site, and the doors in and out.

Owns which file answers which address, and the session's cookie. It must never read or change a dialog: pages do that
through the API, like everybody else.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge import errors
from bridge.actions import Agent
from bridge.ports import Access, Router
from bridge.web.guard import session_cookie

STATIC = Path(__file__).parent / "static"
MONTH = 30 * 24 * 60 * 60
FORM_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Settings:
    """What pages know of the configuration; `agents` are (login, name, role) of those it makes."""

    channels: tuple[str, ...]
    languages: tuple[str, ...]
    demo: bool
    secure: bool
    """Whether the world reaches us by https: then the cookie is for nobody else."""
    agents: tuple[tuple[str, str, str], ...]


class Doors(Access, Protocol):
    """Access that can also let an agent of the demo in without a link from the console."""

    def invite(self, login: str) -> str:
        """The secret of a link by which this agent can log in once."""


def routes(router: Router, access: Doors, settings: Settings) -> list[Route]:
    """The routes of all pages."""
    pages = _Pages(router, access, settings)
    return [
        Route("/", pages.welcome),
        Route("/desk", pages.desk),
        Route("/board", pages.board),
        Route("/report", pages.report),
        Route("/site/{channel}", pages.site),
        Route("/login", pages.login),
        Route("/logout", pages.logout, methods=["POST"]),
        Route("/demo/login", pages.demo_login, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, router: Router, access: Doors, settings: Settings) -> None:
        self._router = router
        self._access = access
        self._settings = settings
        self._cookie = session_cookie(secure=settings.secure)

    async def welcome(self, _request: Request) -> Response:
        """What the bridge is; in a demo also who one can be."""
        if not self._settings.demo:
            return _page("index.html", {"demo": "", "hint": "hidden"})
        doors = [_customer_door(channel) for channel in self._settings.channels]
        try:
            silent = {line.name for line in await self._router.read.lines() if not line.speaks}
            known = {login for login, _, _ in self._settings.agents}
            agents = [agent for agent in await self._router.read.agents() if agent.login in known]
        except errors.Unavailable:
            silent, agents = set(), []
        order = [login for login, _, _ in self._settings.agents]
        doors += [
            _agent_door(agent, silent) for agent in sorted(agents, key=lambda one: order.index(one.login))
        ]
        return _page("index.html", {"demo": "".join(doors), "hint": ""})

    async def desk(self, request: Request) -> Response:
        """Where agents work."""
        return await self._for_agents(request, "desk.html")

    async def board(self, request: Request) -> Response:
        """Where developers find wishes."""
        return await self._for_agents(request, "board.html")

    async def report(self, request: Request) -> Response:
        """How promises were kept."""
        return await self._for_agents(request, "report.html")

    async def site(self, request: Request) -> Response:
        """A page of a site with the chat on it."""
        if request.path_params["channel"] not in self._settings.channels:
            return _page("missing.html", status=404)
        return _page("site.html")

    async def login(self, request: Request) -> Response:
        """Trades a one-time link for a session; without one says how to get in."""
        link = request.query_params.get("link")
        if link is None:
            return _page("login.html")
        try:
            return await self._enter(link)
        except errors.NotAllowed:
            return _page("login.html", status=403)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def logout(self, request: Request) -> Response:
        """Ends the session."""
        if _foreign(request):
            return _refusal(403, "foreign_origin", "this must be sent from a page of the bridge")
        if session := request.cookies.get(self._cookie):
            await self._access.leave(session)
        response = RedirectResponse("/", 303)
        response.delete_cookie(
            self._cookie, path="/", secure=self._settings.secure, httponly=True, samesite="lax"
        )
        return response

    async def demo_login(self, request: Request) -> Response:
        """Lets anybody be an agent of the demo."""
        if _foreign(request):
            return _refusal(403, "foreign_origin", "this must be sent from a page of the bridge")
        login = await _login_named(request)
        if login is None:
            return _refusal(413, "too_large", f"a login takes {FORM_BYTES} bytes at most")
        if not self._settings.demo or login not in {known for known, _, _ in self._settings.agents}:
            return _refusal(403, "forbidden", "nobody enters here without a link")
        try:
            return await self._enter(await asyncio.to_thread(self._access.invite, login))
        except errors.Refused as error:
            return _refusal(403, "forbidden", error.reason)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def _enter(self, link: str) -> Response:
        session, agent = await self._access.redeem(link)
        response = RedirectResponse("/board" if agent.role == "developer" else "/desk", 303)
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(
            self._cookie,
            session,
            max_age=MONTH,
            path="/",
            secure=self._settings.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def _for_agents(self, request: Request, name: str) -> Response:
        try:
            agent = await self._access.by_session(request.cookies.get(self._cookie, ""))
        except errors.Unavailable:
            return _page(name)  # the page itself tells what is out, and comes back with it
        return _page(name) if agent else RedirectResponse("/login", 303)


def _customer_door(channel: str) -> str:
    return (
        f'<a class="big" href="/site/{escape(channel)}"><b data-t="as_customer">Write as a customer</b>'
        f'<span><span data-t="as_customer_text">A page with the chat</span>: {escape(channel)}</span></a>'
    )


def _agent_door(agent: Agent, silent: set[str]) -> str:
    if agent.role != "agent":
        part = "developer" if agent.role == "developer" else "lead"
    else:
        part = "specialist" if agent.lines and silent.issuperset(agent.lines) else "agent"
    return (
        f'<button class="big" name="login" value="{escape(agent.login)}">'
        f'<b data-t="as_{part}" data-name="{escape(agent.name)}">{escape(agent.name)}</b>'
        f'<span data-t="as_{part}_text"></span></button>'
    )


def _page(name: str, slots: dict[str, str] | None = None, *, status: int = 200) -> Response:
    text = (STATIC / name).read_text(encoding="utf-8")
    for slot, words in (slots or {}).items():
        text = text.replace(f"{{{{{slot}}}}}", words)
    return HTMLResponse(text, status, {"Cache-Control": "no-cache"})


async def _login_named(request: Request) -> str | None:
    """The login in a small form or JSON object; "" when there is none, None when it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return None
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            found = json.loads(body)
            return str(found.get("login", "")) if isinstance(found, dict) else ""
        return parse_qs(body.decode()).get("login", [""])[0]
    except ValueError:
        return ""


def _foreign(request: Request) -> bool:
    """Whether another site's page has made the browser send this."""
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _refusal(status: int, code: str, reason: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": {"code": code, "reason": reason}}, status, headers)
