"""Whatever stands at api_url: a server that answers as it is told, keeps what it was asked, and knows VK's schema.

Owns single answers, word for word, the queue of Long Poll, and whether a call is one that VK's schema allows. Must never
know another rule of VK's; the playground does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web

from tests.connectors.vk.payloads import SHARED

SPECS = SHARED / "specs" / "vk" / "vk-api-schema"
OF_EVERY_CALL = {"access_token", "v"}


@dataclass
class Call:
    """One call: its method, its fields, and its files by their field."""

    method: str
    fields: dict[str, str]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def json(self, name: str) -> Any:
        """A field that holds JSON."""
        return json.loads(self.fields[name])


Answer = Any
"""What a method answers as `response`; an `Error` is answered as one."""


@dataclass(frozen=True)
class Error:
    """A refusal of VK's; `status` where it comes with another one than 200."""

    code: int
    words: str = "no"
    status: int = 200


@dataclass
class Server:
    """A server without a mind of its own."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """what the schema does not allow of what was asked"""
    answers: dict[str, Any] = field(default_factory=dict)
    """method → what it answers, a function of the call, or a tuple of such, the last of which stays"""
    polls: list[dict[str, str]] = field(default_factory=list)
    queue: Callable[[dict[str, str]], Any] = lambda asked: {"ts": asked["ts"], "updates": []}
    """what Long Poll answers to a question"""
    uploaded: Any = field(default_factory=lambda: {"server": 5, "photo": "[{}]", "hash": "h", "file": "f"})
    """what a server of files answers"""
    files: dict[str, bytes] = field(default_factory=dict)
    """what stands below /file/"""

    def named(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    async def hear(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/file/"):
            content = self.files.get(request.path.removeprefix("/file/"))
            return web.Response(status=404) if content is None else web.Response(body=content)
        if request.path.startswith("/poll"):
            return await self._polled(dict(request.query))
        call = Call(request.path.removeprefix("/method/"), {})
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                call.files[name] = (value.filename, value.file.read())
            else:
                call.fields[name] = str(value)
        self.calls.append(call)
        if request.path.startswith("/upload"):
            return web.json_response(self.uploaded)
        self.wrong += mistakes(call)
        return _answered(self._answer(call))

    async def _polled(self, asked: dict[str, str]) -> web.Response:
        self.polls.append(asked)
        answer = self.queue(asked)
        if isinstance(answer, dict) and answer.get("updates") == []:
            await asyncio.sleep(0.02)  # as long as VK keeps such a question open, in small
        return web.json_response(answer)

    def _answer(self, call: Call) -> Any:
        found = self.answers.get(call.method, DEFAULTS.get(call.method, 1))
        if isinstance(found, tuple):
            self.answers[call.method] = found[1:] if len(found) > 1 else found
            found = found[0]
        if callable(found):
            found = found(call)
        return self._placed(found)

    def _placed(self, answer: Any) -> Any:
        """This server's own address where an answer names it."""
        if isinstance(answer, dict):
            return {name: self._placed(value) for name, value in answer.items()}
        return answer.replace("HERE", self.url) if isinstance(answer, str) else answer


def _answered(answer: Any) -> web.Response:
    if isinstance(answer, Error):
        told = [{"key": "access_token", "value": "a secret that VK hands back"}]
        body = {"error": {"error_code": answer.code, "error_msg": answer.words, "request_params": told}}
        return web.json_response(body, status=answer.status)
    if isinstance(answer, web.Response):
        return answer
    return web.json_response({"response": answer})


def sent(call: Call) -> Any:
    """What VK answers to a message that it has taken."""
    peer = int(call.fields["peer_ids"])
    return [{"peer_id": peer, "message_id": 900, "conversation_message_id": 5}]


DEFAULTS: dict[str, Any] = {
    "messages.send": sent,
    "users.get": [],
    "groups.getById": {"groups": [{"id": 7, "name": "Shop", "screen_name": "shop"}], "profiles": []},
    "groups.getTokenPermissions": {
        "mask": 1,
        "permissions": [{"name": name, "setting": 1} for name in ("messages", "photos", "docs", "manage")],
    },
    "groups.getCallbackServers": {"count": 0, "items": []},
    "groups.addCallbackServer": {"server_id": 3},
    "groups.getCallbackSettings": {"api_version": "5.199", "events": {}},
    "groups.getCallbackConfirmationCode": {"code": "c0ffee"},
    "groups.getLongPollServer": {"server": "HERE/poll", "key": "k", "ts": "10"},
    "groups.getLongPollSettings": {"is_enabled": True, "api_version": "5.199", "events": {}},
    "messages.getConversations": {"count": 0, "items": []},
    "messages.getHistory": {"count": 0, "items": []},
    "messages.getByConversationMessageId": {"count": 0, "items": []},
    "photos.getMessagesUploadServer": {"upload_url": "HERE/upload", "album_id": -64, "group_id": 0},
    "docs.getMessagesUploadServer": {"upload_url": "HERE/upload"},
    "photos.saveMessagesPhoto": [{"id": 11, "owner_id": -7, "access_key": "pk"}],
    "docs.save": {"type": "doc", "doc": {"id": 12, "owner_id": -7, "access_key": "dk"}},
}


# -- the schema


@cache
def _methods() -> dict[str, Any]:
    found = {}
    for folder in ("messages", "groups", "photos", "docs", "users"):
        path = SPECS / folder / "methods.json"
        if path.exists():
            found |= {method["name"]: method for method in json.loads(path.read_text())["methods"]}
    return found


def mistakes(call: Call) -> list[str]:
    """What VK's schema does not allow of a call; nothing where the schema is not at hand."""
    if not _methods():
        return []
    method = _methods().get(call.method)
    if method is None:
        return [f"{call.method}: there is no such method"]
    if "group" not in method["access_token_type"]:
        return [f"{call.method}: not for a community"]
    known = {parameter["name"]: parameter for parameter in method.get("parameters", [])}
    given = {name: value for name, value in call.fields.items() if name not in OF_EVERY_CALL}
    found = [f"{call.method}: {name} is unknown" for name in given.keys() - known.keys()]
    found += [f"{call.method}: no {name}" for name in OF_EVERY_CALL - call.fields.keys()]
    for name, parameter in known.items():
        if name in given:
            found += [f"{call.method}: {name} {wrong}" for wrong in _wrong(given[name], parameter)]
        elif parameter.get("required"):
            found.append(f"{call.method}: {name} is missing")
    return found


def _wrong(value: str, parameter: dict[str, Any]) -> list[str]:
    return _TYPES.get(str(parameter.get("type")), lambda _value, _parameter: [])(value, parameter)


def _list(value: str, parameter: dict[str, Any]) -> list[str]:
    items = value.split(",")
    many = ["has too many items"] if len(items) > parameter.get("maxItems", 10**6) else []
    return [*many, *(wrong for item in items for wrong in _wrong(item, parameter.get("items", {})))]


def _number(value: str, parameter: dict[str, Any]) -> list[str]:
    if not value.lstrip("-").isdecimal():
        return [f"is no whole number: {value}"]
    bits = 31 if parameter.get("format") == "int32" else 63
    least, most = parameter.get("minimum", -(2**bits)), parameter.get("maximum", 2**bits - 1)
    return [] if least <= int(value) <= most else [f"is out of bounds: {value}"]


def _words(value: str, parameter: dict[str, Any]) -> list[str]:
    allowed = parameter.get("enum")
    long = ["is too long"] if len(value) > parameter.get("maxLength", 10**9) else []
    return long if not allowed or value in allowed else [*long, f"is none of those allowed: {value}"]


_TYPES: dict[str, Callable[[str, dict[str, Any]], list[str]]] = {
    "array": _list,
    "integer": _number,
    "string": _words,
    "boolean": lambda value, _: [] if value in ("0", "1") else [f"is no flag: {value}"],
}


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Starts one, and ends it; what the schema does not allow fails the test."""
    found = Server()
    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", found.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()
    assert found.wrong == []
