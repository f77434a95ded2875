"""The pages that people open: welcome, desk, board, report, and the demo of a site.

Owns which file answers which address. It must never read or change a dialog: pages do that through the API, like
everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bridge import errors
from bridge.actions import Agent
from bridge.ports import Access, Router
from bridge.web.guard import session_cookie

STATIC = Path(__file__).parent / "static"
CHAT_TITLES = {"en": "Write to us", "ru": "Напишите нам"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What pages know of the configuration; `channels` are those of sites, `agents` (login, name, role) of those it makes."""

    channels: tuple[str, ...]
    languages: tuple[str, ...]
    demo: bool
    secure: bool
    """Whether the world reaches us by https: then the cookie is for nobody else."""
    agents: tuple[tuple[str, str, str], ...]
    playground: bool = False
    """Whether customers can be played here."""


def routes(router: Router, access: Access, settings: Settings) -> list[Route]:
    """The routes of all pages."""
    pages = _Pages(router, access, settings)
    played = [Route("/playground", pages.playground)] if settings.playground else []
    return [
        *played,
        Route("/", pages.welcome),
        Route("/desk", pages.desk),
        Route("/board", pages.board),
        Route("/report", pages.report),
        Route("/site/{channel}", pages.site),
        Route("/site/{channel}/chat", pages.chat),
        Route("/site/{channel}/widget.js", pages.widget),
    ]


class _Pages:
    def __init__(self, router: Router, access: Access, settings: Settings) -> None:
        self._router = router
        self._access = access
        self._settings = settings
        self._cookie = session_cookie(secure=settings.secure)

    async def welcome(self, _request: Request) -> Response:
        """What the bridge is; in a demo also who one can be."""
        if not self._settings.demo:
            return page("index.html", {"demo": "", "hint": "hidden"})
        doors = [_customer_door(channel) for channel in self._settings.channels]
        doors += [_PHONES_DOOR] if self._settings.playground else []
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
        return page("index.html", {"demo": "".join(doors), "hint": ""})

    async def playground(self, _request: Request) -> Response:
        """Phones in which anybody can be a customer."""
        return page("playground.html", {"agents": "".join(map(_agent_button, self._played()))})

    def _played(self) -> list[tuple[str, str, str]]:
        return list(self._settings.agents) if self._settings.demo else []

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
        return self._with_chat(request, "site.html")

    async def chat(self, request: Request) -> Response:
        """The chat on a page of its own, to be linked to."""
        return self._with_chat(request, "chat.html")

    def _with_chat(self, request: Request, name: str) -> Response:
        channel = request.path_params["channel"]
        if channel not in self._settings.channels:
            return page("missing.html", status=404)
        language = _language(request)
        slots = {"language": language, "channel": quote(channel), "title": CHAT_TITLES[language]}
        return page(name, slots | {"origin": escape(f"{request.url.scheme}://{request.url.netloc}")})

    async def widget(self, request: Request) -> Response:
        """The script whose tag puts the chat on a site."""
        if request.path_params["channel"] not in self._settings.channels:
            return Response("there is no such channel", 404, media_type="text/plain")
        script = (STATIC / "widget" / "load.js").read_text(encoding="utf-8")
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _for_agents(self, request: Request, name: str) -> Response:
        try:
            agent = await self._access.by_session(request.cookies.get(self._cookie, ""))
        except errors.Unavailable:
            return page(name)  # the page itself tells what is out, and comes back with it
        return page(name) if agent else RedirectResponse("/login", 303)


def _customer_door(channel: str) -> str:
    return (
        f'<a class="big" href="/site/{escape(channel)}"><b data-t="as_customer">Write as a customer</b>'
        f'<span><span data-t="as_customer_text">A page with the chat</span>: {escape(channel)}</span></a>'
    )


_PHONES_DOOR = (
    '<a class="big" href="/playground"><b data-t="as_phones">Write from a phone</b>'
    '<span data-t="as_phones_text">A messenger, played in the browser</span></a>'
)


def _agent_button(agent: tuple[str, str, str]) -> str:
    """A press that opens the desk, or a developer's board, as somebody of the demo, beside the phone."""
    login, name, _ = agent
    return f'<button name="login" value="{escape(login)}">{escape(name)}</button>'


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


def page(name: str, slots: dict[str, str] | None = None, *, status: int = 200) -> Response:
    """A page from its file, with markup of ours in its slots."""
    text = (STATIC / name).read_text(encoding="utf-8")
    for slot, words in (slots or {}).items():
        text = text.replace(f"{{{{{slot}}}}}", words)
    return HTMLResponse(text, status, {"Cache-Control": "no-cache"})


def _language(request: Request) -> str:
    """What the address asks for, else the first of the browser's languages that our pages speak."""
    wanted = [request.query_params.get("lang", ""), *request.headers.get("accept-language", "").split(",")]
    codes = [part.partition(";")[0].strip().lower().partition("-")[0] for part in wanted]
    return next((code for code in codes if code in CHAT_TITLES), "en")
