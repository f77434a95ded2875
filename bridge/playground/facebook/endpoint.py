"""The Graph API's door: /v<N>/<node>[/<edge>], and the files at /cdn.

Owns tokens, proofs, bodies, the verdict of a call and the form of an answer. It must never let a token into a record or a
log.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from bridge.playground.body import Fields, TooLarge, Unreadable, fields
from bridge.playground.calls import Call
from bridge.playground.door import Answer, through
from bridge.playground.facebook import nodes, refusals, sending, subscriptions
from bridge.playground.facebook.ask import Ask
from bridge.playground.facebook.files import UPLOAD_BYTES
from bridge.playground.facebook.pages import App, Page
from bridge.playground.facebook.rates import Rates
from bridge.playground.facebook.refusals import Refusal
from bridge.playground.facebook.shapes import parsed
from bridge.playground.facebook.specification import Specification

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook

Method = Callable[[Ask], Awaitable[dict[str, Any]]]
EDGES: dict[tuple[str, str], Method] = {
    ("POST", "messages"): sending.messages,
    ("POST", "message_attachments"): sending.attachments,
    ("GET", "subscribed_apps"): subscriptions.listed,
    ("POST", "subscribed_apps"): subscriptions.subscribe,
    ("DELETE", "subscribed_apps"): subscriptions.unsubscribe,
    ("GET", "messenger_profile"): nodes.profile,
    ("POST", "messenger_profile"): nodes.set_profile,
}
"""What can be asked of a page."""
SECRETS = frozenset({"access_token", "appsecret_proof", "verify_token"})
LONGEST = 4500
"""Characters of a value that are kept in the list of calls."""
_PATH = re.compile(r"(?:v\d{1,3}\.\d{1,2}/)?([\w.-]+)(?:/(\w+))?/?", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._-]{16,2048}", re.ASCII)


class Endpoint:
    """What answers apps."""

    def __init__(self, facebook: Facebook) -> None:
        self._facebook = facebook
        self._rates = Rates(facebook.frame.clock)
        folder = facebook.frame.specifications
        self._specification = Specification.load(folder) if folder else None

    def routes(self) -> Sequence[BaseRoute]:
        """Its routes, below the playground's own address."""
        return [
            Route("/facebook/cdn/{id}/{name}", self._file),
            Route("/facebook/{path:path}", self._api, methods=["GET", "POST", "DELETE"]),
        ]

    async def _api(self, request: Request) -> ASGIApp:
        if request.headers.get("sec-fetch-site", "none") == "cross-site":
            return Refusal("Apps do not live in pages of other sites", 200, status=403).answer()
        self._learn(request)
        path = _PATH.fullmatch(request.path_params["path"])
        if path is None:
            return refusals.no_path(request.path_params["path"]).answer()
        try:
            found = await fields(request, UPLOAD_BYTES + 1_048_576)
        except TooLarge:
            return refusals.parameter("Attachment size exceeds allowable limit", 2018109).answer()
        except Unreadable as error:
            return refusals.parameter(f"The request cannot be read: {error}").answer()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token:
            found.values.setdefault("access_token", token)
        call = self._begin(request.method, path[1], path[2] or "", found)
        try:
            return await through(
                self._facebook.frame.faults,
                _Tongue(),
                call,
                lambda: self._carry_out(call, request.method, path[1], path[2] or "", found),
            )
        finally:
            self._facebook.frame.calls.end(call)

    def _learn(self, request: Request) -> None:
        """Where the stand-in is reached, by whoever has reached it."""
        if not self._facebook.base:
            root = request.scope.get("root_path", "")
            self._facebook.base = f"{request.url.scheme}://{request.url.netloc}{root}/facebook"

    def _begin(self, verb: str, node: str, edge: str, found: Fields) -> Call:
        frame = self._facebook.frame
        shown = {name: _short(value) for name, value in found.values.items() if name not in SECRETS}
        shown |= {
            name: f"{file.name} ({file.type}, {len(file.data)} bytes)" for name, file in found.files.items()
        }
        page = self._facebook.page_of(str(found.values.get("access_token", "")))
        call = frame.calls.begin(frame.clock.now(), "facebook", page.id if page else node, "", shown)
        call.method = _name(verb, node, edge, found)
        recipient = parsed(found.values.get("recipient"))
        call.place = str(recipient.get("id", "")) if isinstance(recipient, dict) else ""
        return call

    async def _carry_out(self, call: Call, verb: str, node: str, edge: str, found: Fields) -> Answer:
        try:
            result = await self._result(call, verb, node, edge, found)
        except Refusal as refusal:
            call.status, call.error = refusal.status, refusal.message
            if refusal.wrong and not call.problems:
                call.problems.append(refusal.message)
            return refusal.answer()
        call.status, call.result = 200, result
        return Answer(200, result)

    async def _result(self, call: Call, verb: str, node: str, edge: str, found: Fields) -> dict[str, Any]:
        token = str(found.values.get("access_token", ""))
        if not token:
            words = "An access token is required to request this resource."
            raise Refusal(words, 104, wrong=True)
        if self._specification is not None:
            call.problems += self._specification.compare(verb, edge, found.values)
        if edge == "subscriptions":
            return await self._of_app(verb, node, token, found.values)
        page = self._page(node, token, str(found.values.get("appsecret_proof", "")))
        call.account = page.id
        ask = Ask(self._facebook, page, self._rates, found.values, found.files, call.problems)
        mine = node in {"me", page.id}
        if not edge and verb == "GET":
            return await (nodes.page(ask) if mine else nodes.person(ask, node))
        if not mine:
            raise refusals.no_object(node, verb)
        method = EDGES.get((verb, edge))
        if method is None:
            raise refusals.no_path(edge or node)
        return await method(ask)

    async def _of_app(self, verb: str, node: str, token: str, values: dict[str, Any]) -> dict[str, Any]:
        """What an app asks in its own name, with `<id>|<secret>` for its token."""
        id, _, secret = token.partition("|")
        app = self._facebook.apps.get(id)
        if app is None and secret and self._facebook.frame.open_doors:
            app = self._facebook.app(id, secret)
        if app is None or not hmac.compare_digest(app.secret.encode(), secret.encode()):
            raise refusals.no_token()
        if node != app.id:
            raise refusals.no_object(node, verb)
        if verb == "GET":
            return await subscriptions.of_app(app)
        if verb == "DELETE":
            return await subscriptions.delete_of_app(app)
        return await subscriptions.set_of_app(self._facebook, app, values)

    def _page(self, node: str, token: str, proof: str) -> Page:
        page = self._facebook.page_of(token) or self._newcomer(node, token, proof)
        if page is None:
            raise refusals.no_token()
        if proof and not hmac.compare_digest(page.app.proof(token).encode(), proof.encode()):
            raise refusals.no_proof()
        return page

    def _newcomer(self, node: str, token: str, proof: str) -> Page | None:
        """With open doors any well-formed token makes its page, at the first call that names the page's number.

        Its app is the one whose secret the call proves; without a proof, or with one of a stranger, nobody is called.
        """
        open_doors = self._facebook.frame.open_doors
        if (
            not open_doors
            or not node.isdecimal()
            or node in self._facebook.pages
            or not _TOKEN.fullmatch(token)
        ):
            return None
        apps = [app for app in self._facebook.apps.values() if app.proof(token) == proof]
        app = apps[0] if apps else App("0", "")
        return self._facebook.page(node, token, app)

    async def _file(self, request: Request) -> ASGIApp:
        frame = self._facebook.frame
        id = request.path_params["id"]
        call = frame.calls.begin(frame.clock.now(), "facebook", "", "file", {"path": id})

        async def carry_out() -> Answer:
            file = self._facebook.files.get(id)
            if file is None or file.path != f"{id}/{quote(request.path_params['name'])}":
                call.status, call.error = 404, "Not Found"
                return Answer(404, {})
            call.status = 200
            return _File(200, file.data, {"Content-Type": file.type})

        try:
            return await through(frame.faults, _Tongue(), call, carry_out)
        finally:
            frame.calls.end(call)


class _Tongue:
    def failure(self, status: int) -> Answer:
        return refusals.ill(status).answer()

    def flood(self, seconds: float) -> Answer:
        # Graph names no Retry-After: how long it will be stands in a header of its own, in minutes.
        answer = refusals.too_often().answer()
        if seconds < 60:
            return answer
        usage = f'{{"0":[{{"type":"messenger","estimated_time_to_regain_access":{round(seconds / 60)}}}]}}'
        return Answer(answer.status, answer.body, answer.headers | {"X-Business-Use-Case-Usage": usage})


class _File(Answer):
    """Bytes instead of JSON; only the whole way of an answer is the same."""

    __slots__ = ()

    async def __call__(self, *args: Any) -> None:
        headers = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
        await Response(self.body, self.status, headers, media_type=self.headers["Content-Type"])(*args)


def _name(verb: str, node: str, edge: str, found: Fields) -> str:
    """What mishaps and the list of calls name it by: what is sent by its edge, all else with its verb."""
    if edge == "messages":
        return "sender_action" if "sender_action" in found.values else "messages"
    return f"{verb} {edge or ('page' if node == 'me' else 'node')}"


def _short(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
