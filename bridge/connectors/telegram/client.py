"""Calling the Bot API with aiogram's methods, and hearing exactly what became of each call.

Owns the session: one try, no repeat, the answer as it is. It must never validate an answer by a typed model (a message
that was sent would seem to have failed), nor let the token into an error.
"""

from __future__ import annotations

from typing import Any, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteWebhook,
    GetFile,
    GetMe,
    GetUpdates,
    GetWebhookInfo,
    SetWebhook,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType

from bridge import text
from bridge.connectors.telegram.refusals import refusal
from bridge.errors import Ambiguous, Rejected, Unreachable
from bridge.fields import UNBEARABLE, Fields, parsed

ANSWER = 30.0
"""Seconds to wait for an answer; a file may need longer to go out before."""
AT_ONCE = 100
"""Updates in one answer, at most."""


class Client:
    """One bot at one server. Every call raises a `SendError` when it was not done, or may not have been."""

    def __init__(self, token: str, api_url: str, http: aiohttp.ClientSession) -> None:
        self._server = TelegramAPIServer.from_base(api_url)
        self._token = token
        self._bot = Bot(token, session=_Session(http, api=self._server))

    async def call(self, method: TelegramMethod[Any], *, wait: float = 0) -> object:
        """What the server answers; `wait` seconds are asked of it, and given to it, before it does."""
        return await self._bot(method, request_timeout=int(ANSWER + wait))

    async def me(self) -> Fields:
        return Fields(await self.call(GetMe()))

    async def webhook(self) -> Fields:
        return Fields(await self.call(GetWebhookInfo()))

    async def set_webhook(self, url: str, secret: str, kinds: list[str]) -> None:
        await self.call(SetWebhook(url=url, secret_token=secret, allowed_updates=kinds))

    async def delete_webhook(self) -> None:
        """What waits to be fetched is kept."""
        await self.call(DeleteWebhook(drop_pending_updates=False))

    async def updates(self, offset: int | None, kinds: list[str], wait: int) -> list[object]:
        """What nobody has confirmed yet, the oldest first; an `offset` confirms all that is before it."""
        method = GetUpdates(offset=offset, limit=AT_ONCE, timeout=wait, allowed_updates=kinds)
        found = await self.call(method, wait=wait)
        return found if isinstance(found, list) else []

    async def answered(self, press: str) -> None:
        """The contact's button stops waiting."""
        await self.call(AnswerCallbackQuery(callback_query_id=press))

    async def file_url(self, ref: str) -> str:
        """Where a file can be fetched for an hour. The address holds the token: it must stay inside."""
        found = Fields(await self.call(GetFile(file_id=ref)))
        path = found.words("file_path")
        if not path:
            raise Rejected("Telegram cannot hand the file over")
        return self._server.file_url(self._token, path)


class _Session(AiohttpSession):
    """Calls over the bridge's own HTTP client."""

    def __init__(self, http: aiohttp.ClientSession, **options: Any) -> None:
        super().__init__(**options)
        self._http = http

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 -- the name that aiogram hands it over by
    ) -> TelegramType:
        url = self.api.api_url(token=bot.token, method=method.__api_method__)
        form = self.build_form_data(bot=bot, method=method)
        patience = aiohttp.ClientTimeout(total=None, connect=5, sock_read=timeout or ANSWER)
        try:
            # A redirect would carry the token to somebody else.
            async with self._http.post(url, data=form, timeout=patience, allow_redirects=False) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"Telegram cannot be reached: {_why(error)}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(f"Telegram did not say what became of it: {_why(error)}") from None
        answer = _answer(body)
        if response.status == 200 and answer.flag("ok"):
            return cast("TelegramType", answer.value("result"))
        raise refusal(response.status, answer, response.headers.get("Retry-After", ""))

    async def close(self) -> None:
        """The client is not ours to close."""


def _answer(body: bytes) -> Fields:
    try:
        return Fields(parsed(body, UNBEARABLE))
    except ValueError:
        return Fields(None)


def _why(error: BaseException) -> str:
    """What has happened, without the address that was called: the token is in it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return text.masked(error.strerror or type(error.os_error).__name__)
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
