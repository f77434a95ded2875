"""The playground, set up within a running bridge or alone: its bot's channel, its routes, its end.

Owns what the bridge and the playground know of each other: the address of the one, and where the other keeps the dialogs
of the customers who are played. It must never be there unless the configuration says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.routing import BaseRoute, Route

from bridge.config import Config
from bridge.config.sections import ChannelSection
from bridge.messages import Address, ChannelName
from bridge.ports import Router
from bridge.web import pages, site

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from bridge.playground.frame import Playground

TOKEN = "1000000001:played-at-home-and-known-to-all"  # noqa: S105 -- it guards nothing
"""Of the bot that is made where no Telegram channel is set up. It opens nothing but the playground."""
NAME, HANDLE = "Harbour Hosting", "harbour_hosting_bot"


def furnished(config: Config) -> Config:
    """The configuration with a Telegram channel at the playground, when it is on and no other one is there."""
    taken = any(channel.connector == "telegram" for channel in config.channels.values())
    line = next((name for name, line in config.lines.items() if line.speaks), None)
    if not config.playground or taken or line is None:
        return config
    own = {"token": TOKEN, "api_url": f"{_address(config)}/playground/telegram"}
    # It speaks as the first channel does: with its line, promises and menu.
    like = next(iter(config.channels.values()), ChannelSection(connector="telegram", line=line))
    channel = like.model_copy(update={"connector": "telegram", "settings": own})
    name = "telegram" if "telegram" not in config.channels else "telegram-playground"
    return config.model_copy(update={"channels": {**config.channels, name: channel}})


def _address(config: Config) -> str:
    """How this very process reaches itself."""
    host = config.http.host
    return f"http://[{host}]:{config.http.port}" if ":" in host else f"http://{host}:{config.http.port}"


def opened(config: Config) -> Playground | None:
    """The playground, when it is on."""
    if not config.playground:
        return None
    from bridge.playground.frame import Playground
    from bridge.playground.telegram import Telegram

    made = Playground()
    if any(_own_token(channel) == TOKEN for channel in config.channels.values()):
        made.of(Telegram).bot(TOKEN, NAME, HANDLE)
    return made


def _own_token(channel: ChannelSection) -> str:
    return str(channel.settings.get("token", ""))


def routes(playground: Playground | None, config: Config, router: Router) -> Sequence[BaseRoute]:
    """Its own API and those of its platforms; it can tell in which dialog its customers' words stand."""
    if playground is None:
        return []
    from bridge.playground import control

    channels = {
        _own_token(channel).partition(":")[0]: name
        for name, channel in config.channels.items()
        if channel.connector == "telegram"
    }
    titles = {name: line.title or name for name, line in config.lines.items()}

    async def where(_platform: str, account: str, customer: str) -> dict[str, Any] | None:
        if account not in channels:
            return None
        dialog = await router.read.current(ChannelName(channels[account]), Address(customer))
        if dialog is None:
            return None
        return {
            "id": dialog.id,
            "channel": dialog.channel,
            "status": dialog.status,
            "line": titles.get(dialog.line, dialog.line),
            "assignee": dialog.assignee.name if dialog.assignee else None,
            "started_at": dialog.promise.started_at if dialog.promise else None,
            "due_at": dialog.promise.due_at if dialog.promise else None,
            "unreachable": dialog.unreachable,
        }

    return control.routes(playground, where)


async def alone(host: str, port: int, playground: Playground) -> None:
    """Serves nothing but the playground, until it is told to end."""
    from bridge.playground import control

    async def page(_request: Request) -> Response:
        return pages.page("playground.html", {"agents": ""})

    app = site.application([Route("/playground", page), *control.routes(playground)], _nothing, {})
    server = _Server(
        playground,
        uvicorn.Config(
            app, host, port, lifespan="off", log_config=None, server_header=False, timeout_graceful_shutdown=3
        ),
    )
    await server.serve()


class _Server(uvicorn.Server):
    """Lets whoever waits at the playground go before it ends."""

    def __init__(self, playground: Playground, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._playground = playground

    async def shutdown(self, sockets: Any = None) -> None:
        await self._playground.close()
        await super().shutdown(sockets)


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    """There is no API of a bridge here."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})
