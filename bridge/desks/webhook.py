"""The webhook desk: every post goes to another system, signed; replies come back by the REST API.

Owns the form of our outgoing webhooks (Standard Webhooks 1.0: the id stays the same over retries, so the receiver can
drop repeats; https://www.standardwebhooks.com). It must never follow a redirect.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any, ClassVar

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, field_validator
from pydantic_core import from_json, to_json

from bridge import errors
from bridge.connector import Surroundings
from bridge.desk import Desk
from bridge.messages import Card, DeskName, Json, Limits, Message, NativeId, ThreadId

ANSWER_BYTES = 65_536
LONGEST_ID = 200


class WebhookSettings(BaseModel):
    """Where to post, and the secret both sides sign with."""

    model_config = ConfigDict(extra="forbid")

    url: HttpUrl
    secret: SecretStr = Field(min_length=16)
    timeout: float = Field(default=20.0, gt=0, le=30)

    @field_validator("secret")
    @classmethod
    def _signs(cls, secret: SecretStr) -> SecretStr:
        signing_key(secret.get_secret_value())
        return secret


class WebhookDesk(Desk):
    """Posts dialogs to one URL."""

    Settings: ClassVar[type[BaseModel]] = WebhookSettings
    limits: ClassVar[Limits] = Limits(text=200_000, keyed=True, concurrent=64)
    settings: WebhookSettings

    def __init__(self, name: DeskName, settings: WebhookSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        self._url = str(settings.url)
        # What errors call the other side: a user name, path or query may be a secret of its own.
        self._place = f"{settings.url.scheme}://{settings.url.host}:{settings.url.port}"
        self._secret = signing_key(settings.secret.get_secret_value())
        self._timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=settings.timeout)

    async def open(self, card: Card, key: str) -> ThreadId:
        answer = await self._call("open", key, dialog=_dialog(card.subject), card=_card(card))
        return ThreadId(_id(answer, card.subject))

    async def post(self, thread: ThreadId, message: Message) -> NativeId:
        answer = await self._call(
            "post", message.key, thread, dialog=str(message.dialog), message=_message(message)
        )
        return NativeId(_id(answer, str(message.seq)))

    async def show(self, thread: ThreadId, card: Card, key: str) -> None:
        await self._call("show", key, thread, dialog=_dialog(card.subject), card=_card(card))

    async def mark(self, thread: ThreadId, message: Message) -> None:
        mark = {"seq": message.seq, "mark": message.mark, "reason": message.data.get("reason")}
        await self._call("mark", message.key, thread, dialog=str(message.dialog), message=mark)

    async def edit(self, thread: ThreadId, message: Message) -> None:
        await self._call("edit", message.key, thread, dialog=str(message.dialog), message=_message(message))

    async def delete(self, thread: ThreadId, message: Message) -> None:
        await self._call(
            "delete", message.key, thread, dialog=str(message.dialog), message={"seq": message.seq}
        )

    async def _call(self, kind: str, key: str, thread: ThreadId | None = None, **content: Any) -> Json:
        body = to_json({"type": kind, "thread": thread, **content})
        moment = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": moment,
            "webhook-signature": sign(self._secret, key, moment, body),
        }
        try:
            async with self.around.http.post(
                self._url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                return await _answer(response, self._place)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise errors.Unreachable(f"no connection to {self._place}") from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise errors.Ambiguous(f"no answer from {self._place}: {type(error).__name__}") from error


async def _answer(response: aiohttp.ClientResponse, place: str) -> Json:
    """What the other side said, or the error that its status means."""
    status = response.status
    if status == 429:
        wait = response.headers.get("Retry-After", "")
        raise errors.Throttled(float(wait) if wait.isdecimal() else 5.0)
    if status in (401, 403, 404, 410) or 300 <= status < 400:
        raise errors.BadConfig(f"{place} answered {status}")
    if status in (408, 425):
        raise errors.Unreachable(f"{place} answered {status}")
    if status >= 500:
        raise errors.Ambiguous(f"{place} answered {status}")
    if status >= 400:
        raise errors.Rejected(f"{place} answered {status}")
    raw = b""
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > ANSWER_BYTES:
            return {}
    try:
        found = from_json(raw) if raw else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _id(answer: Json, otherwise: str) -> str:
    """The other side's own id, if it has one that can be kept."""
    found = str(answer.get("id") or "")
    return found if found and len(found) <= LONGEST_ID and found.isprintable() else otherwise


def signing_key(secret: str) -> bytes:
    """The bytes to sign with: "whsec_" announces base64, as the standard has it; anything else is taken as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("a secret that begins with whsec_ goes on in base64") from None


def sign(secret: bytes, key: str, moment: str, body: bytes) -> str:
    """The signature of one call: base64 of HMAC-SHA256 over "<id>.<timestamp>.<body>"."""
    digest = hmac.new(secret, f"{key}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _dialog(subject: str) -> str:
    return subject.partition(":")[2]


def _card(card: Card) -> Json:
    return {
        "subject": card.subject,
        "title": card.title,
        "channel": card.channel,
        "contact": card.contact,
        "language": card.language,
        "line": card.line,
        "status": card.status,
        "assignee": card.assignee,
        "priority": card.priority,
        "due_at": card.due_at.isoformat() if card.due_at else None,
    }


def _message(message: Message) -> Json:
    return {
        "seq": message.seq,
        "author": {"kind": message.author.kind, "id": message.author.id, "name": message.author.name},
        "text": message.text,
        "private": message.private,
        "event": message.event,
        "data": message.data,
        "mark": message.mark,
        "attachments": [
            {"id": str(file.id), "name": file.name, "type": file.type, "size": file.size}
            for file in message.attachments
        ],
        "doubled": message.doubled,
    }
