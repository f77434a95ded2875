"""The Bot API's door: /bot<token>/<method> and /file/bot<token>/<path>.

Owns tokens, bodies, the verdict of a call and the form of an answer. It must never let a token into a record or a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from bridge.playground.body import Fields, TooLarge, Unreadable, fields
from bridge.playground.calls import Call
from bridge.playground.door import Answer, through
from bridge.playground.rules import check
from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.bots import Bot
from bridge.playground.telegram.files import UPLOAD_BYTES
from bridge.playground.telegram.methods import METHODS
from bridge.playground.telegram.rates import Rates
from bridge.playground.telegram.refusals import NO_METHOD, UNAUTHORIZED, Refusal, flood
from bridge.playground.telegram.rules import KINDS, RULES
from bridge.playground.telegram.specification import Specification

if TYPE_CHECKING:
    from bridge.playground.telegram.telegram import Telegram

KNOWN = {name.lower(): name for name in RULES}
LONGEST = 4500
"""Characters of a value that are kept in the list of calls: a message, and some."""


class Endpoint:
    """What answers a bot."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._rates = Rates(telegram.frame.clock)
        folder = telegram.frame.specifications
        self._specification = Specification.load(folder) if folder else None

    def routes(self) -> Sequence[BaseRoute]:
        """Its routes, below the playground's own address."""
        return [
            Route("/telegram/bot{token}/{method}", self._api, methods=["GET", "POST"]),
            Route("/telegram/file/bot{token}/{path:path}", self._file),
        ]

    async def _api(self, request: Request) -> ASGIApp:
        if request.headers.get("sec-fetch-site", "none") == "cross-site":
            return _refused(Refusal(403, "Forbidden: bots do not live in pages of other sites"))
        bot = self._bot(request.path_params["token"])
        if isinstance(bot, Answer):
            return bot
        try:
            found = await fields(request, UPLOAD_BYTES + 1_048_576)
        except TooLarge:
            return _refused(Refusal(413, "Request Entity Too Large"))
        except Unreadable as error:
            return _refused(Refusal(400, f"Bad Request: {error}"))
        method = request.path_params["method"]
        call = self._begin(bot, method, found)
        answer = through(
            self._telegram.frame.faults, _Tongue(), call, lambda: self._carry_out(bot, call, found)
        )
        try:
            return await answer
        finally:
            self._telegram.frame.calls.end(call)

    async def call(self, bot: Bot, method: str, found: Fields) -> Answer:
        """A call that came another way."""
        call = self._begin(bot, method, found)
        try:
            return await self._carry_out(bot, call, found)
        finally:
            self._telegram.frame.calls.end(call)

    def _bot(self, token: str) -> Bot | Answer:
        token = unquote(token)
        bot = self._telegram.bots.get(token)
        if bot is None and self._telegram.frame.open_doors:
            try:
                bot = self._telegram.bot(token)
            except ValueError:
                return _refused(Refusal(404, "Not Found"))
        if bot is None or bot.revoked:
            return _refused(Refusal(401, UNAUTHORIZED))
        return bot

    def _begin(self, bot: Bot, method: str, found: Fields) -> Call:
        frame = self._telegram.frame
        shown = {name: _short(value) for name, value in found.values.items()}
        shown |= {
            name: f"{file.name} ({file.type}, {len(file.data)} bytes)" for name, file in found.files.items()
        }
        name = KNOWN.get(method.lower(), method)
        call = frame.calls.begin(frame.clock.now(), "telegram", bot.username, name, shown)
        call.place = str(found.values.get("chat_id", ""))
        return call

    async def _carry_out(self, bot: Bot, call: Call, found: Fields) -> Answer:
        try:
            result = await self._result(bot, call, found)
        except Refusal as refusal:
            call.status, call.error = refusal.status, refusal.description
            if refusal.wrong and not call.problems:
                call.problems.append(refusal.description)
            return _refused(refusal)
        call.status, call.result = 200, result
        return Answer(200, {"ok": True, "result": result})

    async def _result(self, bot: Bot, call: Call, found: Fields) -> Any:
        if call.method not in METHODS:
            raise Refusal(404, NO_METHOD, wrong=True)
        rules = RULES[call.method]
        given = {name: value for name, value in found.values.items() if name != "method"}
        uploads = {name: f"attach://{name}" for name in found.files if name in rules}
        arguments, call.problems[:] = check(rules, uploads | given, KINDS)
        if self._specification is not None:
            call.problems += self._specification.compare(call.method, uploads | arguments)
        if self._telegram.frame.rates and (wait := self._rates.wait(bot, call.method, arguments)):
            raise flood(wait)
        return await METHODS[call.method](Ask(self._telegram, bot, call, arguments, found.files))

    async def _file(self, request: Request) -> ASGIApp:
        bot = self._bot(request.path_params["token"])
        if isinstance(bot, Answer):
            return bot
        path = request.path_params["path"]
        frame = self._telegram.frame
        call = frame.calls.begin(frame.clock.now(), "telegram", bot.username, "file", {"path": path})

        async def carry_out() -> Answer:
            file = self._telegram.files.by_path(path)
            if file is None:
                call.status, call.error = 404, "Not Found"
                return _refused(Refusal(404, "Not Found"))
            call.status = 200
            return _File(200, file.data)

        try:
            return await through(frame.faults, _Tongue(), call, carry_out)
        finally:
            frame.calls.end(call)


class _Tongue:
    def failure(self, status: int) -> Answer:
        words = {401: UNAUTHORIZED, 502: "Bad Gateway", 504: "Gateway Timeout"}
        return _refused(Refusal(status, words.get(status, "Internal Server Error")))

    def flood(self, seconds: float) -> Answer:
        return _refused(flood(max(1, round(seconds))))


class _File(Answer):
    """Bytes instead of JSON; only the whole way of an answer is the same."""

    __slots__ = ()

    async def __call__(self, *args: Any) -> None:
        await Response(self.body, self.status, media_type="application/octet-stream")(*args)


def _refused(refusal: Refusal) -> Answer:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": refusal.status,
        "description": refusal.description,
    }
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    wait = refusal.parameters.get("retry_after")
    return Answer(refusal.status, body, {"Retry-After": str(wait)} if wait else {})


def _short(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
