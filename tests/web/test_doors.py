"""Coming in and going out by HTTP: cookies, sessions, foreign pages, and what is never believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.conversations.access import Access
from bridge.conversations.passwords import Passwords
from bridge.web import doors
from bridge.web.pages import Settings
from tests.services import RedisServer
from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio
GOOD = "four words are good"
CROSS = {"Sec-Fetch-Site": "cross-site"}


@pytest.fixture
async def server(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(f"sqlite:///{tmp_path / 'bridge.db'}", redis_server.url, tmp_path) as found:
        Passwords(found.access).set("ann", GOOD)
        yield found


class Seen:
    """An answer of a page, with its session."""

    def __init__(self, answer: aiohttp.ClientResponse, text: str) -> None:
        self.status, self.headers, self.text = answer.status, answer.headers, text
        self.cookie = SimpleCookie(answer.headers.get("Set-Cookie", "")).get("bridge_session")

    @property
    def session(self) -> str:
        assert self.cookie is not None, self.text
        return self.cookie.value


async def ask(
    server: Server, method: str, path: str, *, session: str = "", headers: Any = None, **form: str
) -> Seen:
    """What a browser gets that follows nothing and keeps nothing."""
    cookie = {"Cookie": f"bridge_session={session}"} if session else {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        options: Any = {"data": form} if method == "POST" else {}
        async with client.request(
            method, server.url + path, headers=cookie | (headers or {}), allow_redirects=False, **options
        ) as answer:
            return Seen(answer, await answer.text())


async def come_in(server: Server, **more: Any) -> Seen:
    return await ask(server, "POST", "/login", login="ann", password=GOOD, **more)


async def known(server: Server, session: str) -> bool:
    answer = await server.get("/me", None, headers={"Cookie": f"bridge_session={session}"})
    return answer.status == 200


async def test_a_password_opens_the_desk_and_its_cookie_is_for_the_browser_alone(server: Server) -> None:
    seen = await come_in(server)
    assert (seen.status, seen.headers["Location"]) == (303, "/desk")
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.cookie is not None
    assert (seen.cookie["httponly"], seen.cookie["samesite"], seen.cookie["path"]) == (True, "lax", "/")
    assert len(seen.session) >= 43, "256 bits of chance"
    assert await known(server, seen.session)


@pytest.mark.parametrize(("public_url", "name"), [(True, "__Host-bridge_session"), (False, "bridge_session")])
async def test_over_https_no_other_host_can_set_the_cookie(
    server: Server, public_url: bool, name: str
) -> None:
    settings = Settings((), ("en",), demo=False, secure=public_url, agents=())
    made = doors._Doors(server.access, Passwords(server.access), settings)
    cookie = made._with_session("x", server.access.one("ann")).headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=x;")
    assert ("Secure" in cookie) == public_url
    assert "Domain" not in cookie


async def test_what_was_in_the_browser_before_is_over_and_never_becomes_a_session(server: Server) -> None:
    planted = "chosen-by-somebody-else"
    seen = await come_in(server, session=planted)
    assert seen.session != planted
    assert not await known(server, planted)
    again = await come_in(server, session=seen.session)
    assert await known(server, again.session)
    assert not await known(server, seen.session)


async def test_a_link_is_spent_by_a_press_and_not_by_who_only_looks_at_it(server: Server) -> None:
    link = server.access.invite("dev")
    for method in ("GET", "HEAD", "GET"):
        seen = await ask(server, method, f"/login?link={link}")
        assert (seen.status, seen.cookie) == (200, None)
        assert seen.headers["Referrer-Policy"] == "no-referrer"
    pressed = await ask(server, "POST", "/login", link=link)
    assert (pressed.status, pressed.headers["Location"]) == (303, "/board")
    spent = await ask(server, "POST", "/login", link=link)
    assert (spent.status, spent.cookie) == (403, None)
    assert "used already or is too old" in spent.text


@pytest.mark.parametrize("link", ["", " ", "0", "null", "%", "x" * 3000, "' OR 1=1 --"])
async def test_no_other_link_lets_in(server: Server, link: str) -> None:
    seen = await ask(server, "POST", "/login", link=link)
    assert (seen.status, seen.cookie) == (403, None)


async def test_wrong_tries_are_told_alike_then_slowed_down(server: Server) -> None:
    texts = set()
    for login in ("ann", "nobody", "ann", "ann", "ann", "ann"):
        seen = await ask(server, "POST", "/login", login=login, password="wrong")
        assert (seen.status, seen.cookie) == (403, None)
        texts.add(seen.text.replace(f'value="{login}"', ""))
    assert len(texts) == 1
    slowed = await come_in(server)
    assert (slowed.status, slowed.cookie) == (429, None)
    assert 0 < int(slowed.headers["Retry-After"]) <= 60


async def test_what_a_stranger_typed_stays_text(server: Server) -> None:
    nasty = '"><script>alert(1)</script>{{link}}'
    for seen in (
        await ask(server, "POST", "/login", login=nasty, password="x"),
        await ask(server, "GET", "/login?link=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
    ):
        assert "<script>alert" not in seen.text


async def test_forms_are_taken_from_our_own_pages_alone(server: Server) -> None:
    session = (await come_in(server)).session
    for path, form in (
        ("/login", {"login": "ann", "password": GOOD}),
        ("/login", {"link": server.access.invite("ann")}),
        ("/logout", {}),
        ("/password", {"old": GOOD, "new": "another good one"}),
        ("/demo/login", {"login": "ann"}),
    ):
        for site in ("cross-site", "same-site"):
            seen = await ask(server, "POST", path, session=session, headers={"Sec-Fetch-Site": site}, **form)
            assert (seen.status, seen.cookie) == (403, None), path
    assert await known(server, session)
    large = await ask(server, "POST", "/login", login="x" * 5000)
    assert large.status == 413


async def test_a_password_is_changed_on_its_page_and_everybody_else_is_out(server: Server) -> None:
    elsewhere, here = (await come_in(server)).session, (await come_in(server)).session
    assert 'name="old"' in (await ask(server, "GET", "/password", session=here)).text
    for old, new, status in (("wrong", "another good one", 403), (GOOD, "short", 422)):
        refused = await ask(server, "POST", "/password", session=here, old=old, new=new)
        assert (refused.status, refused.cookie) == (status, None)
    changed = await ask(server, "POST", "/password", session=here, old=GOOD, new="another good one")
    assert await known(server, changed.session)
    assert not await known(server, here)
    assert not await known(server, elsewhere)
    for method in ("GET", "POST"):
        assert (await ask(server, method, "/password")).headers["Location"] == "/login"


async def test_leaving_ends_the_session_for_good(server: Server) -> None:
    session = (await come_in(server)).session
    await ask(server, "POST", "/logout", session=session)
    assert not await known(server, session)
    assert (await ask(server, "GET", "/desk", session=session)).headers["Location"] == "/login"


@pytest.mark.parametrize(
    "header", ["X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Webauth-User", "X-Real-Ip"]
)
async def test_no_header_says_who_somebody_is(server: Server, header: str) -> None:
    assert (await server.get("/me", None, headers={header: "ann"})).status == 401
    assert (await ask(server, "GET", "/desk", headers={header: "ann"})).status == 303


async def test_nothing_changes_by_looking(server: Server) -> None:
    """Whatever changes something is asked for by POST."""
    session = (await come_in(server)).session
    for path in ("/logout", "/demo/login"):
        assert (await ask(server, "GET", path, session=session)).status == 405
    assert await known(server, session)


async def test_doors_run_only_what_we_serve(server: Server) -> None:
    for path in ("/login", "/login?link=x", "/password"):
        seen = await ask(server, "GET", path, session=(await come_in(server)).session)
        assert "unsafe" not in seen.headers["Content-Security-Policy"]
        assert "<script>" not in seen.text
        assert "style=" not in seen.text


async def test_there_is_nothing_left_of_setting_up(server: Server) -> None:
    assert isinstance(server.access, Access)
    for path in ("/setup", "/register", "/api/v1/agents", "/api/v1/users"):
        assert (await ask(server, "POST", path, login="eve", role="admin")).status in (401, 404)
    seen = await ask(server, "POST", "/demo/login", login="ann")
    assert (seen.status, seen.cookie) == (403, None)
