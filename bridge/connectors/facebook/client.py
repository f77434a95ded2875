"""Calling the Graph API over the bridge's own HTTP client, and hearing exactly what became of each call.

Owns one call: one try, no repeat, the answer as it is. It must never let a token into an error or a log, nor follow a
redirect with it.
"""

from __future__ import annotations

import hashlib
import hmac
import json as json_of
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from bridge import text
from bridge.connectors.facebook.refusals import broken, refusal
from bridge.errors import Ambiguous, Unreachable
from bridge.fields import UNBEARABLE, Fields, parsed, whole
from bridge.messages import Json

ANSWER = 20.0
"""Seconds to wait for an answer."""
UPLOAD = 60.0
"""Seconds of silence that the taking of a file may take."""
_LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes along with a call."""

    name: str
    type: str
    size: int
    chunks: AsyncIterator[bytes]


class _Sized(aiohttp.payload.AsyncIterablePayload):
    """A file whose length is told beforehand: a form that comes without is not taken everywhere."""

    def __init__(self, file: File) -> None:
        super().__init__(file.chunks, content_type=file.type)
        self._size = file.size


class Client:
    """One page at one server. Every call raises a `SendError` when it was not done, or may not have been."""

    def __init__(
        self, token: str, app_secret: str, api_url: str, version: str, http: aiohttp.ClientSession
    ) -> None:
        self._token = token
        self._app_secret = app_secret
        self._root = f"{api_url}/{version}/"
        self._http = http

    async def get(self, path: str, *, app: str | None = None, **asked: str) -> Fields:
        """What is there; `app` asks in the name of the app with this number instead of the page's."""
        return await self._call("GET", path, self._who(app) | asked)

    async def post(
        self,
        path: str,
        said: Json,
        *,
        file: File | None = None,
        app: str | None = None,
    ) -> Fields:
        """Does something: `said` as JSON, or as the fields of a form where a file goes along."""
        who = self._who(app)
        if file is None:
            return await self._call("POST", path, who, json=said)
        form = aiohttp.FormData(quote_fields=False)
        for name, value in said.items():
            form.add_field(
                name, value if isinstance(value, str) else json_of.dumps(value, ensure_ascii=False)
            )
        form.add_field("filedata", _Sized(file), filename=file.name, content_type=file.type)
        return await self._call("POST", path, who, form=form, seconds=UPLOAD)

    def _who(self, app: str | None) -> dict[str, str]:
        """Who asks, and the proof that he holds the app's secret, which an app may demand of its callers."""
        if app is not None:
            return {"access_token": f"{app}|{self._app_secret}"}
        proof = hmac.new(self._app_secret.encode(), self._token.encode(), hashlib.sha256).hexdigest()
        return {"access_token": self._token, "appsecret_proof": proof}

    async def _call(
        self,
        method: str,
        path: str,
        asked: dict[str, str],
        *,
        json: Json | None = None,
        form: aiohttp.FormData | None = None,
        seconds: float = ANSWER,
    ) -> Fields:
        patience = aiohttp.ClientTimeout(total=None, connect=5, sock_read=seconds)
        try:
            # A redirect would carry the token to somebody else.
            async with self._http.request(
                method,
                self._root + path,
                params=asked,
                json=json,
                data=form,
                timeout=patience,
                allow_redirects=False,
            ) as response:
                body, status, wait = await response.read(), response.status, _wait(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"Facebook cannot be reached: {_why(error)}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(f"Facebook did not say what became of it: {_why(error)}") from None
        answer = _answer(body)
        if "error" in answer:
            raise refusal(answer.one("error"), wait)
        if status != 200:
            raise broken(status, wait)
        return answer


def _wait(response: aiohttp.ClientResponse) -> float | None:
    """How many seconds Facebook wants to be left alone, as far as it says so."""
    seconds = response.headers.get("Retry-After", "")
    if seconds.isascii() and seconds.isdecimal() and len(seconds) < 8:
        return min(float(seconds), _LONGEST)
    usage = _answer(response.headers.get("X-Business-Use-Case-Usage", "").encode(errors="replace"))
    minutes = [
        whole(one.value("estimated_time_to_regain_access")) or 0
        for name in usage.names()
        for one in usage.many(name)
    ]
    longest = max(minutes, default=0)
    return min(longest * 60.0, _LONGEST) if longest > 0 else None


def _answer(body: bytes) -> Fields:
    try:
        return Fields(parsed(body.removeprefix(b"\xef\xbb\xbf"), UNBEARABLE))
    except ValueError:
        return Fields(None)


def _why(error: BaseException) -> str:
    """What has happened, without the address that was called: the token is in it."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return text.masked(error.strerror or type(error.os_error).__name__)
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
