"""Calling VK's API over the bridge's own HTTP client, and hearing exactly what became of each call.

Owns one call: one try, no repeat, the answer as it is. It must never let the token into an error, a log or an address,
nor follow a redirect with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from bridge import text
from bridge.connectors.vk.refusals import NoPicture, broken, refusal
from bridge.errors import Ambiguous, Unreachable
from bridge.fields import UNBEARABLE, Fields, parsed

VERSION = "5.199"
"""The version of the API that is spoken, and that VK is asked to write its events in."""
ANSWER = 20.0
"""Seconds to wait for an answer."""
UPLOAD = 60.0
"""Seconds of silence that a file's server may take."""
PER_SECOND = 20
"""Calls that VK takes from one community's token. https://dev.vk.com/ru/api/api-requests"""

Value = str | int | None


class Client:
    """One community at one server. Every call raises a `SendError` when it was not done, or may not have been."""

    def __init__(self, token: str, api_url: str, http: aiohttp.ClientSession) -> None:
        self._token = token
        self._methods = f"{api_url}/method/"
        self._http = http
        self._turn_at = 0.0

    async def call(self, method: str, /, **parameters: Value) -> object:
        """What VK answers as `response`."""
        fields = {name: str(value) for name, value in parameters.items() if value is not None}
        await self._turn()
        answer = await self._ask(
            "POST", self._methods + method, fields | {"access_token": self._token, "v": VERSION}
        )
        if "error" in answer:
            raise refusal(answer.one("error"))
        if answer.value("response") is None:
            raise Ambiguous("VK did not say what became of it")
        return answer.value("response")

    async def poll(self, server: str, key: str, ts: str, wait: int) -> Fields:
        """What has happened since `ts`, of a server that was named by VK; it keeps the question open for `wait` seconds."""
        if "://" not in server:
            server = f"https://{server}"
        question = {"act": "a_check", "key": key, "ts": ts, "wait": str(wait)}
        return await self._ask("GET", server, question, ANSWER + wait)

    async def upload(
        self, url: str, field: str, name: str, type: str, chunks: AsyncIterator[bytes]
    ) -> Fields:
        """What a file's server says of a file; nothing has been said to anybody by then, so no error is ambiguous."""
        form = aiohttp.FormData()
        form.add_field(field, chunks, filename=name, content_type=type or "application/octet-stream")
        patience = aiohttp.ClientTimeout(total=None, connect=5, sock_read=UPLOAD)
        try:
            async with self._http.post(url, data=form, timeout=patience, allow_redirects=False) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"VK's server of files did not answer: {_why(error)}") from None
        if status == 413:
            raise NoPicture("the file is too big for VK")
        if status != 200:
            raise Unreachable(f"VK's server of files has an error ({status})")
        return _answer(body)

    async def _ask(self, method: str, url: str, fields: dict[str, str], seconds: float = ANSWER) -> Fields:
        patience = aiohttp.ClientTimeout(total=None, connect=5, sock_read=seconds)
        where = {"data": fields} if method == "POST" else {"params": fields}
        try:
            # A redirect would carry the token to somebody else.
            async with self._http.request(
                method,
                url,
                timeout=patience,
                allow_redirects=False,
                **where,  # type: ignore[arg-type]
            ) as response:
                body, status = await response.read(), response.status
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"VK cannot be reached: {_why(error)}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(f"VK did not say what became of it: {_why(error)}") from None
        except ValueError:
            raise Unreachable("VK has named no server that can be asked") from None
        answer = _answer(body)
        if status != 200 and "error" not in answer:
            raise broken(status)
        return answer

    async def _turn(self) -> None:
        """Spreads calls over the second as far as VK takes them."""
        now = asyncio.get_running_loop().time()
        self._turn_at = max(self._turn_at, now - 1) + 1 / PER_SECOND
        await asyncio.sleep(max(self._turn_at - now, 0))


def _answer(body: bytes) -> Fields:
    try:
        return Fields(parsed(body.removeprefix(b"\xef\xbb\xbf"), UNBEARABLE))
    except ValueError:
        return Fields(None)


def _why(error: BaseException) -> str:
    """What has happened, without the address that was called: keys are in it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return text.masked(error.strerror or type(error.os_error).__name__)
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
