"""The playground's own API, below /playground/api: what its page, tests and load ask of it.

Owns its routes and what is wrong with a request. It must never be taken for a platform's: those stand in their folders.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from bridge.media.names import INLINE, media_type
from bridge.playground.body import TooLarge, Unreadable, fields
from bridge.playground.calls import Call
from bridge.playground.faults import Fault, Kind
from bridge.playground.frame import Playground
from bridge.playground.platform import Impossible, Json, Platform
from bridge.stream import BEAT, EventStream, event

Where = Callable[[str, str, str], Awaitable[Json | None]]
"""(platform, account, customer) → the dialog of the bridge in which that stands, if somebody knows."""


class FaultAsked(BaseModel):
    """A mishap to be scripted; see `Fault`."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: Annotated[str, Field(max_length=64)] = "*"
    place: Annotated[str, Field(max_length=64)] = "*"
    platform: Annotated[str, Field(max_length=64)] = "*"
    account: Annotated[str, Field(max_length=64)] = "*"
    times: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    status: Annotated[int, Field(ge=400, le=599)] = 500
    seconds: Annotated[float, Field(ge=0, le=3600)] = 1.0
    taken: bool = False


class Arriving(BaseModel):
    """A new customer."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=64)]
    language: Literal["en", "ru"] = "en"


class Switches(BaseModel):
    """What holds for the whole playground; `skip` puts its clock forward, in seconds."""

    model_config = ConfigDict(extra="forbid")

    rates: bool | None = None
    skip: Annotated[float, Field(ge=0, le=10_000_000)] = 0.0


def routes(playground: Playground, where: Where | None = None) -> list[BaseRoute]:
    """The platforms' own APIs and the playground's, below /playground."""
    control = Control(playground, where)
    platforms = [route for platform in playground.platforms.values() for route in platform.routes()]
    return [Mount("/playground", routes=[Mount("/api", routes=control.routes()), *platforms])]


class Control:
    """What answers the page."""

    def __init__(self, playground: Playground, where: Where | None) -> None:
        self._playground = playground
        self._where = where

    def routes(self) -> list[BaseRoute]:
        """Its routes, below /playground/api."""
        chat = "/{platform}/{account}/{customer}"
        return [
            Route("/state", self.state),
            Route("/events", self.events),
            Route("/calls", self.calls),
            Route("/record/{customer}", self.record),
            Route("/switches", _own(self.switch), methods=["POST"]),
            Route("/faults", _own(self.script), methods=["POST"]),
            Route("/faults", _own(self.calm), methods=["DELETE"]),
            Route("/faults/{number:int}", _own(self.strike), methods=["DELETE"]),
            Route("/{platform}/customers", _own(self.arrive), methods=["POST"]),
            Route("/{platform}/outcome/{thing}", self.outcome),
            Route("/{platform}/file/{customer}/{file}", self.file),
            Route(chat, self.chat),
            Route(chat + "/dialog", self.dialog),
            Route(chat + "/{action}", _own(self.act), methods=["POST"]),
        ]

    async def state(self, _request: Request) -> Response:
        """What all platforms can do, their accounts and customers; what is to befall."""
        platforms = {
            name: {
                "about": platform.about(),
                "accounts": platform.accounts(),
                "customers": platform.customers(),
            }
            for name, platform in self._playground.platforms.items()
        }
        faults = [asdict(fault) for fault in self._playground.faults.waiting]
        return _json({"platforms": platforms, "faults": faults, "rates": self._playground.rates})

    async def events(self, _request: Request) -> ASGIApp:
        """Wake-ups: the keys of what has changed."""
        return EventStream(self._events())

    async def _events(self) -> AsyncIterator[bytes]:
        first = True
        async for keys in self._playground.changes.follow():
            yield event("changed", sorted(keys)) if keys or first else BEAT
            first = False

    async def calls(self, request: Request) -> Response:
        """The calls after a number, at most a hundred, the latest last."""
        after = request.query_params.get("after", "0")
        later = [
            call for call in self._playground.calls if call.number > int(after if after.isdecimal() else 0)
        ]
        found = {
            "items": [_call(call) for call in later[-100:]],
            "invalid": self._playground.calls.invalid_count,
        }
        return _json(found)

    async def record(self, request: Request) -> Response:
        """What a customer has seen, apart from what the stand-in believes."""
        return _json([asdict(seen) for seen in self._playground.record.seen(request.path_params["customer"])])

    async def switch(self, request: Request) -> Response:
        """Turns real rate limits on and off, and puts the clock forward."""
        asked = Switches.model_validate_json(await request.body())
        if asked.rates is not None:
            self._playground.rates = asked.rates
        if asked.skip:
            self._playground.clock.skip(asked.skip)
        self._playground.changes.touch("switches")
        return _json({"rates": self._playground.rates, "now": self._playground.clock.now()})

    async def script(self, request: Request) -> Response:
        """Scripts a mishap."""
        asked = FaultAsked.model_validate_json(await request.body())
        return _json(asdict(self._playground.faults.script(Fault(**asked.model_dump()))), 201)

    async def calm(self, _request: Request) -> Response:
        """No mishap is to come any more."""
        self._playground.faults.forget()
        return Response(status_code=204)

    async def strike(self, request: Request) -> Response:
        """Takes one mishap out of the book."""
        self._playground.faults.strike(request.path_params["number"])
        return Response(status_code=204)

    async def arrive(self, request: Request) -> Response:
        """A new customer picks up a phone."""
        asked = Arriving.model_validate_json(await request.body())
        return _json({"id": self._platform(request).arrive(asked.name, asked.language)}, 201)

    async def chat(self, request: Request) -> Response:
        """One chat as its customer sees it."""
        try:
            found = self._platform(request).chat(*_who(request))
        except Impossible as error:
            return _json({"problem": str(error)}, 404)
        return _json(found)

    async def dialog(self, request: Request) -> Response:
        """Where the bridge has it."""
        who = (request.path_params["platform"], *reversed(_who(request)))
        return _json(await self._where(*who) if self._where else None)

    async def act(self, request: Request) -> Response:
        """What a customer does."""
        found = await fields(request)
        return _json(self._platform(request).act(*_who(request), request.path_params["action"], found))

    async def outcome(self, request: Request) -> Response:
        """What came of a pressed button, once it is known."""
        return _json(await self._platform(request).outcome(request.path_params["thing"]))

    async def file(self, request: Request) -> Response:
        """A file that a customer has before him."""
        found = self._platform(request).file(request.path_params["customer"], request.path_params["file"])
        if found is None:
            return _json({"problem": "there is no such file any more"}, 404)
        data, name, kind = found
        shown = media_type(kind) in INLINE
        headers = {
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=utf-8''{quote(name)}",
            "Cache-Control": "private, max-age=3600, immutable",
            "Content-Security-Policy": "sandbox",
        }
        return Response(data, media_type=kind if shown else "application/octet-stream", headers=headers)

    def _platform(self, request: Request) -> Platform:
        name = request.path_params["platform"]
        if name not in self._playground.platforms:
            raise Impossible(f"there is no platform {name}")
        return self._playground.platforms[name]


def _who(request: Request) -> tuple[str, str]:
    return request.path_params["customer"], request.path_params["account"]


def _own(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Only a page of ours, or a program, may change something; what is wrong with its request is told in words."""

    async def checked(request: Request) -> Response:
        site = request.headers.get("sec-fetch-site", "none")
        if request.headers.get("x-bridge") != "1" or site not in {"same-origin", "none"}:
            return _json({"problem": "this request does not come from a page of the bridge"}, 403)
        try:
            return await answer(request)
        except Impossible as error:
            return _json({"problem": str(error)}, 409)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return _json({"problem": f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"}, 422)
        except TooLarge:
            return _json({"problem": "this is larger than the playground takes"}, 413)
        except Unreadable as error:
            return _json({"problem": str(error)}, 400)

    return checked


def _call(call: Call) -> dict[str, Any]:
    return {**asdict(call), "verdict": call.verdict, "result": None}


def _json(value: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(to_json(value, fallback=str), status, headers, media_type="application/json")
