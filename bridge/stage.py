"""The playground, set up within a running bridge or alone: its platforms' channels, its routes, its end.

Owns what the bridge and the playground know of each other: the address of the one, and where the other keeps the dialogs
of the customers who are played. It must never be there unless the configuration says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
PAGE = {
    "page_id": "100000000000001",
    "token": "EAAG-played-at-home-and-known-to-all",
    "app_id": "200000000000001",
    "app_secret": "played-at-home-and-known-to-all",
    "verify_token": "played-at-home-and-known-to-all",
}
"""The page that is made where no Facebook channel is set up, and its app."""
PAGE_HANDLE = "harbour.hosting"


@dataclass(frozen=True, slots=True)
class Stage:
    """One platform of the playground, and the channel that comes with it.

    `connector` names the connector, the platform and the channel; `settings` are the channel's own, but for `api_url`;
    `account` finds in a channel's settings whom customers write to; `prepare` makes the furnished channel's account in the
    playground, which calls back at the address given, if it calls.
    """

    connector: str
    settings: Mapping[str, Any]
    account: Callable[[Mapping[str, Any]], str]
    prepare: Callable[[Playground, str], None]


def _prepare_telegram(playground: Playground, _callback: str) -> None:
    from bridge.playground.telegram import Telegram

    playground.of(Telegram).bot(TOKEN, NAME, HANDLE)


def _prepare_facebook(playground: Playground, callback: str) -> None:
    from bridge.playground.facebook import Facebook

    facebook = playground.of(Facebook)
    app = facebook.app(PAGE["app_id"], PAGE["app_secret"])
    page = facebook.page(PAGE["page_id"], PAGE["token"], app, NAME, PAGE_HANDLE)
    page.get_started = "GET_STARTED"
    # The bridge has no public address here, so that it cannot register itself as it does at Facebook.
    page.listen(callback)


STAGES = (
    Stage(
        "telegram",
        {"token": TOKEN},
        lambda settings: str(settings.get("token", "")).partition(":")[0],
        _prepare_telegram,
    ),
    Stage(
        "facebook",
        {**PAGE, "human_agent": True},
        lambda settings: str(settings.get("page_id", "")),
        _prepare_facebook,
    ),
)


def furnished(config: Config) -> Config:
    """The configuration with a channel at each platform of the playground that has none, when it is on."""
    line = next((name for name, line in config.lines.items() if line.speaks), None)
    if not config.playground or line is None:
        return config
    channels = dict(config.channels)
    taken = {channel.connector for channel in channels.values()}
    for stage in STAGES:
        if stage.connector in taken:
            continue
        # It speaks as the first channel does: with its line, promises and menu.
        like = next(iter(config.channels.values()), ChannelSection(connector=stage.connector, line=line))
        own = {"connector": stage.connector, "settings": _own(stage, config)}
        name = stage.connector if stage.connector not in channels else f"{stage.connector}-playground"
        channels[name] = like.model_copy(update=own)
    return config.model_copy(update={"channels": channels})


def _own(stage: Stage, config: Config) -> dict[str, Any]:
    return {**stage.settings, "api_url": f"{_address(config)}/playground/{stage.connector}"}


def _address(config: Config) -> str:
    """How this very process reaches itself."""
    host = config.http.host
    return f"http://[{host}]:{config.http.port}" if ":" in host else f"http://{host}:{config.http.port}"


def opened(config: Config) -> Playground | None:
    """The playground, when it is on, with the accounts of the channels that came with it."""
    if not config.playground:
        return None
    from bridge.playground.frame import Playground

    made = Playground()
    for stage in STAGES:
        for name, channel in config.channels.items():
            if channel.connector == stage.connector and dict(channel.settings) == _own(stage, config):
                stage.prepare(made, f"{_address(config)}/hooks/{name}")
    return made


def routes(playground: Playground | None, config: Config, router: Router) -> Sequence[BaseRoute]:
    """Its own API and those of its platforms; it can tell in which dialog its customers' words stand."""
    if playground is None:
        return []
    from bridge.playground import control

    channels = {
        (stage.connector, stage.account(channel.settings)): name
        for stage in STAGES
        for name, channel in config.channels.items()
        if channel.connector == stage.connector
    }
    titles = {name: line.title or name for name, line in config.lines.items()}

    async def where(platform: str, account: str, customer: str) -> dict[str, Any] | None:
        name = channels.get((platform, account))
        if name is None:
            return None
        dialog = await router.read.current(ChannelName(name), Address(customer))
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
