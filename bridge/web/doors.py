"""The doors in and out: one-time links, passwords, the demo's buttons, and leaving.

Owns the session's cookie and the forms that get or end one. A link is spent by a press of its button alone, since mail
scanners open every address they see. It must never say whether a login or its password was wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from html import escape
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge import errors
from bridge.actions import Agent
from bridge.ports import Access
from bridge.web.guard import session_cookie
from bridge.web.pages import Settings, page

MONTH = 30 * 24 * 60 * 60
FORM_BYTES = 4096


class Links(Access, Protocol):
    """Access that can also let an agent of the demo in without a link from the console."""

    def invite(self, login: str) -> str:
        """The secret of a link by which this agent can log in once."""


class Passwords(Protocol):
    """Coming in by password, and choosing one."""

    async def enter(self, login: str, password: str, address: str) -> tuple[str, Agent]:
        """Trades login and password for a new session; raises `NotAllowed` or `TooOften`."""

    async def change(self, who: Agent, old: str, new: str, address: str) -> str:
        """Chooses a password: every session of his ends, and this new one begins."""

    async def has(self, who: Agent) -> bool:
        """Whether he can come in by password."""


def routes(access: Links, passwords: Passwords, settings: Settings) -> list[Route]:
    """The routes of all doors."""
    doors = _Doors(access, passwords, settings)
    return [
        Route("/login", doors.ask),
        Route("/login", doors.enter, methods=["POST"]),
        Route("/logout", doors.leave, methods=["POST"]),
        Route("/password", doors.ask_password),
        Route("/password", doors.change_password, methods=["POST"]),
        Route("/demo/login", doors.enter_demo, methods=["POST"]),
    ]


class _Doors:
    def __init__(self, access: Links, passwords: Passwords, settings: Settings) -> None:
        self._access = access
        self._passwords = passwords
        self._settings = settings
        self._cookie = session_cookie(secure=settings.secure)

    async def ask(self, request: Request) -> Response:
        """Asks for login and password, or for a press where a one-time link has led."""
        return _login(request.query_params.get("link", ""))

    async def enter(self, request: Request) -> Response:
        """Trades a one-time link, or login and password, for a session."""
        form = await _form(request)
        if isinstance(form, Response):
            return form
        link, login = form.get("link", ""), form.get("login", "")
        try:
            if link:
                return await self._let_in(request, *await self._access.redeem(link))
            found = await self._passwords.enter(login, form.get("password", ""), _address(request))
            return await self._let_in(request, *found)
        except errors.TooOften as error:
            return _too_often(_login("", login, "login_often", status=429), error)
        except errors.NotAllowed:
            return _login("", login, "link_spent" if link else "login_wrong", status=403)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def leave(self, request: Request) -> Response:
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

    async def ask_password(self, request: Request) -> Response:
        """Where an agent chooses his password."""
        try:
            who = await self._access.by_session(request.cookies.get(self._cookie, ""))
            return RedirectResponse("/login", 303) if who is None else await self._password(who)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def change_password(self, request: Request) -> Response:
        """A new password: everybody who was in by the old one is out, and this browser is in anew."""
        form = await _form(request)
        if isinstance(form, Response):
            return form
        try:
            who = await self._access.by_session(request.cookies.get(self._cookie, ""))
            if who is None:
                return RedirectResponse("/login", 303)
            return await self._chosen(request, who, form)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def _chosen(self, request: Request, who: Agent, form: Mapping[str, str]) -> Response:
        try:
            old, new = form.get("old", ""), form.get("new", "")
            session = await self._passwords.change(who, old, new, _address(request))
        except errors.TooOften as error:
            return _too_often(await self._password(who, "login_often", 429), error)
        except errors.NotAllowed:
            return await self._password(who, "password_not_yours", 403)
        except errors.Refused:
            return await self._password(who, "password_weak", 422)
        return self._with_session(session, who)

    async def enter_demo(self, request: Request) -> Response:
        """Lets anybody be an agent of the demo."""
        form = await _form(request)
        if isinstance(form, Response):
            return form
        login = form.get("login", "")
        if not self._settings.demo or login not in {known for known, _, _ in self._settings.agents}:
            return _refusal(403, "forbidden", "nobody enters here without a link")
        try:
            link = await asyncio.to_thread(self._access.invite, login)
            return await self._let_in(request, *await self._access.redeem(link))
        except errors.Refused as error:
            return _refusal(403, "forbidden", error.reason)
        except errors.Unavailable as error:
            return _refusal(503, "unavailable", error.reason)

    async def _let_in(self, request: Request, session: str, agent: Agent) -> Response:
        """A session is always a new one; what this browser had before is over."""
        if before := request.cookies.get(self._cookie):
            await self._access.leave(before)
        return self._with_session(session, agent)

    def _with_session(self, session: str, agent: Agent) -> Response:
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

    async def _password(self, who: Agent, problem: str = "", status: int = 200) -> Response:
        has = await self._passwords.has(who)
        slots = {
            "problem": _alert(problem),
            "login": escape(who.login),
            "language": escape(who.language),
            "old": "" if has else "hidden",
            "required": "required" if has else "disabled",
        }
        return page("password.html", slots, status=status)


def _login(link: str, login: str = "", problem: str = "", *, status: int = 200) -> Response:
    slots = {
        "problem": _alert(problem),
        "link": escape(link),
        "login": escape(login[:100]),
        "by_link": "" if link else "hidden",
        "by_password": "hidden" if link else "",
    }
    response = page("login.html", slots, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


_PROBLEMS = {
    "link_spent": "This link has been used already or is too old.",
    "login_wrong": "This login and this password do not belong together.",
    "login_often": "Too many tries. Wait a minute.",
    "password_not_yours": "This is not your password.",
    "password_weak": "Choose another: 10 characters or more, not your login, not one key again and again.",
}


def _alert(problem: str) -> str:
    if not problem:
        return ""
    return f'<p class="problem" role="alert" data-t="{problem}">{escape(_PROBLEMS[problem])}</p>'


def _too_often(response: Response, error: errors.TooOften) -> Response:
    response.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return response


async def _form(request: Request) -> Mapping[str, str] | Response:
    """The fields of a small form or JSON object that a page of ours has sent, else the answer that says what is wrong."""
    if _foreign(request):
        return _refusal(403, "foreign_origin", "this must be sent from a page of the bridge")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return _refusal(413, "too_large", f"a form takes {FORM_BYTES} bytes at most")
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            found = json.loads(body)
            return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (ValueError, RecursionError):
        return {}


def _foreign(request: Request) -> bool:
    """Whether another site's page has made the browser send this."""
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _refusal(status: int, code: str, reason: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": {"code": code, "reason": reason}}, status, headers)
