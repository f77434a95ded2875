"""The site chat: sessions, messages, files and events under /site/<channel>.

Owns the HTTP contract of the chat on one's own site. A reply is accepted when it is committed (the visitor's event
stream reads SQL) and delivered when the browser says so. It must never answer 200 before the commit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from bridge import stream, text
from bridge.connector import Connector, Surroundings
from bridge.connectors.site.requests import (
    NewMessage,
    NewSession,
    Pace,
    Problem,
    Receipts,
    body,
)
from bridge.connectors.site.session import Sessions
from bridge.errors import Missing, Refused, Unavailable
from bridge.messages import (
    Address,
    ChannelName,
    EventKey,
    FileId,
    Incoming,
    Limits,
    Mark,
    Message,
    NativeId,
)
from bridge.views import FileView, MessageView

LINK = timedelta(minutes=15)
TYPING_PER_MINUTE = 40
Handler = Callable[[Request], Awaitable[Any]]


class SiteSettings(BaseModel):
    """What a site channel may set of its own."""

    model_config = ConfigDict(extra="forbid")

    origins: list[str] = []
    """Sites on which the chat may run besides our own, as https://shop.example."""


class SiteConnector(Connector):
    """A chat that visitors use in their browser."""

    Settings: ClassVar[type[BaseModel]] = SiteSettings
    limits: ClassVar[Limits] = Limits(text=200_000, file_mb=25, edits=True, keyed=True, concurrent=256)
    settings: SiteSettings

    def __init__(self, name: ChannelName, settings: SiteSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        self._sessions = Sessions(name, around.secret)
        self._bounds = around.bounds
        self._new_sessions = Pace(self._bounds.sessions_per_minute)
        self._messages = Pace(self._bounds.messages_per_minute)
        self._receipts_pace = Pace(self._bounds.messages_per_minute * 4)
        self._typing_pace = Pace(TYPING_PER_MINUTE)
        self._origins = frozenset(settings.origins)

    def routes(self) -> Sequence[BaseRoute]:
        base = f"/site/{self.name}"
        return [
            self._route(f"{base}/session", self._session, "POST"),
            self._route(f"{base}/messages", self._message, "POST"),
            self._route(f"{base}/receipts", self._receipts, "POST"),
            self._route(f"{base}/typing", self._typing, "POST"),
            self._route(f"{base}/files", self._upload, "POST"),
            self._route(f"{base}/files/{{file}}", self._download, "GET"),
            self._route(f"{base}/events", self._events, "GET"),
        ]

    async def send(self, to: Address, message: Message) -> NativeId:
        """Nothing to call: the visitor's stream shows what SQL says is accepted."""
        return NativeId(str(message.seq))

    # -- what browsers call

    async def _session(self, request: Request) -> Response:
        asked = await body(request, NewSession, self._bounds.body_kb * 1024)
        now = datetime.now(UTC)
        token = asked.token
        address = self._sessions.address(token, now) if token else None
        if token is None or address is None:
            self._new_sessions.check(_client(request), "new chats from your network")
            return JSONResponse({"token": self._sessions.issue(now), "dialog": None})
        dialog = await self.around.router.read.current(self.name, address)
        return JSONResponse({"token": token, "dialog": dialog.id if dialog else None})

    async def _message(self, request: Request) -> Response:
        address = self._who(request)
        said = await body(request, NewMessage, self._bounds.body_kb * 1024)
        if len(said.text) > self._bounds.text:
            raise Problem(
                413, "too_long", f"a message may have {self._bounds.text} characters at most", "text"
            )
        if len(said.attachments) > self._bounds.files_per_message:
            many = self._bounds.files_per_message
            raise Problem(422, "too_many_files", f"a message may carry {many} files at most", "attachments")
        if not said.text.strip() and not said.attachments:
            raise Problem(422, "empty", "write something or attach a file", "text")
        self._messages.check(address, "messages")
        incoming = Incoming(
            channel=self.name,
            address=address,
            event_key=EventKey(f"site:{self.name}:{address}:{said.client_id}"),
            text=said.text,
            name=said.name or "",
            language=self._language(said.language or request.headers.get("accept-language", "")),
            native=NativeId(said.client_id),
            page=said.page,
        )
        receipt = await self.around.router.receive(incoming, files=[_file_id(id) for id in said.attachments])
        return JSONResponse({"id": f"{receipt.dialog}.{receipt.seq}", "seq": receipt.seq})

    async def _receipts(self, request: Request) -> Response:
        address = self._who(request)
        receipts = await body(request, Receipts, 4096)
        self._receipts_pace.check(address, "receipts")
        read, delivered = receipts.read or 0, receipts.delivered or 0
        if read:
            await self.around.router.reached(self.name, address, read, Mark.read)
        if delivered > read:
            await self.around.router.reached(self.name, address, delivered, Mark.delivered)
        return Response(status_code=204)

    async def _typing(self, request: Request) -> Response:
        """The visitor types now; what comes too often changes nothing and is not worth a refusal."""
        address = self._who(request)
        if self._typing_pace.allows(address):
            await self.around.router.presence.typing(self.name, address)
        return Response(status_code=204)

    async def _upload(self, request: Request) -> Response:
        address = self._who(request)
        self._messages.check(address, "files")
        limit = self._bounds.file_mb * 1_048_576
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            raise Problem(413, "too_large", f"a file may have {self._bounds.file_mb} MB at most")
        name = text.filename(unquote(request.headers.get("x-file-name", "file")))
        kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0][:100]
        url, size = await self.around.files.save(request.stream(), limit)
        owner = f"{self.name}/{address}"
        id = await self.around.router.store_file(owner, url, name, text.clean(kind), size)
        return JSONResponse({"id": str(id), "name": name, "type": kind, "size": size})

    async def _download(self, request: Request) -> Response:
        address = self._who(request, allow_signature=True)
        id = request.path_params["file"]
        until, signature = request.query_params.get("until", ""), request.query_params.get("sig", "")
        now = datetime.now(UTC)
        if (
            not until.isdecimal()
            or len(until) > 12
            or not self.around.files.may_read(id, address, int(until), signature, now)
        ):
            raise Problem(403, "link_expired", "this link is no longer good: reload the chat")
        view, url, _ = await self.around.router.read.file(_file_id(id))
        chunks = self.around.files.open(url)
        try:
            first = await anext(chunks, b"")
        except FileNotFoundError:
            raise Problem(404, "missing", "the file is no longer there") from None

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for chunk in chunks:
                yield chunk

        return StreamingResponse(whole(), headers=file_headers(view))

    async def _events(self, request: Request) -> ASGIApp:
        address = self._who(request, in_query=True)
        after = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            raise Problem(400, "malformed", "after must be a number", "after")
        return stream.EventStream(self._follow(address, int(after)), self._cors(request))

    async def _follow(self, address: Address, after: int) -> AsyncIterator[bytes]:
        """Everything this visitor may see that changed since `after`, now and for as long as he stays."""
        read, presence = self.around.router.read, self.around.router.presence
        typing = f"typing:{self.name}/{address}"
        async for touched in self.around.live.watch(f"address:{self.name}/{address}", typing):
            if typing in touched and (name := await presence.typist(self.name, address)):
                yield stream.event("typing", {"name": name})
            if touched == {typing}:
                continue
            quiet = True
            while messages := await read.visible(self.name, address, after=after, limit=200):
                for message in messages:
                    after = max(after, message.rev)
                    quiet = False
                    yield stream.event("message", self._shown(message, address), id=message.rev)
            if quiet:
                yield stream.BEAT

    # -- helpers, in the order of use

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        @wraps(handler)
        async def guarded(request: Request) -> Any:
            origin = request.headers.get("origin")
            try:
                self._check_origin(request, origin)
                if request.method == "OPTIONS":
                    return Response(status_code=204, headers=_decoded(self._cors(request, preflight=True)))
                response = await handler(request)
            except Problem as problem:
                response = JSONResponse(problem.body, problem.status)
            except Missing as error:
                response = JSONResponse({"error": {"code": "missing", "reason": error.reason}}, 404)
            except Refused as error:
                response = JSONResponse({"error": {"code": "refused", "reason": error.reason}}, 409)
            except Unavailable as error:
                response = JSONResponse(
                    {"error": {"code": "unavailable", "reason": error.reason}},
                    503,
                    headers={"Retry-After": "1"},
                )
            if isinstance(response, Response):
                response.headers.update(_decoded(self._cors(request)))
            return response

        return Route(path, guarded, methods=[method, "OPTIONS"])

    def _check_origin(self, request: Request, origin: str | None) -> None:
        """Welcomes our own pages, programs without an origin, and the sites the owner named."""
        own = {f"{request.url.scheme}://{request.url.netloc}", self.around.public_url}
        if origin is not None and "*" not in self._origins and origin not in self._origins | own:
            raise Problem(403, "foreign_origin", f"the chat does not run on {origin}")

    def _cors(self, request: Request, *, preflight: bool = False) -> list[tuple[bytes, bytes]]:
        origin = request.headers.get("origin")
        if origin is None:
            return []
        headers = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]
        if preflight:
            headers += [
                (b"access-control-allow-methods", b"GET, POST"),
                (b"access-control-allow-headers", b"authorization, content-type, x-file-name, last-event-id"),
                (b"access-control-max-age", b"600"),
            ]
        return headers

    def _who(self, request: Request, *, in_query: bool = False, allow_signature: bool = False) -> Address:
        """The visitor whose token the request bears; raises `Problem` 401.

        Only an event stream may bear it in its address: some browsers' streams cannot send headers.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query_params.get("token", "") if in_query else ""
        address = self._sessions.address(token.strip(), datetime.now(UTC))
        if address is None and allow_signature:
            address = Address(request.query_params.get("for", ""))
        if not address:
            raise Problem(401, "no_session", "open a session first: this token is unknown or too old")
        return address

    def _language(self, wanted: str) -> str | None:
        """The first language the browser names that we speak."""
        languages = self.around.languages
        for part in wanted.split(","):
            code = part.partition(";")[0].strip().lower().partition("-")[0]
            if code in languages:
                return code
        return None

    def _shown(self, message: MessageView, address: Address) -> dict[str, Any]:
        """A message as the visitor's browser gets it: nothing of agents but their names."""
        shown: dict[str, Any] = {
            "id": f"{message.dialog}.{message.seq}",
            "seq": message.seq,
            "rev": message.rev,
            "author": {"kind": message.author.kind, "name": message.author.name},
            "text": message.text,
            "said_at": message.said_at.isoformat(),
            "attachments": [self._link(file, address) for file in message.attachments],
        }
        if message.author.kind == "contact":
            shown["client_id"] = message.client_id
        if message.mark:
            shown["mark"] = message.mark
        if message.event:
            shown["event"] = message.event
        if message.edited_at:
            shown["edited"] = True
        if message.deleted_at:
            shown["deleted"] = True
        return shown

    def _link(self, file: FileView, address: Address) -> dict[str, Any]:
        until = datetime.now(UTC) + LINK
        signature = self.around.files.sign(file.id, address, until)
        url = (
            f"/site/{self.name}/files/{file.id}?for={address}&until={int(until.timestamp())}&sig={signature}"
        )
        return {"id": file.id, "name": file.name, "type": file.type, "size": file.size, "url": url}


def file_headers(file: FileView) -> dict[str, str]:
    """A file is always a download, never a page of ours."""
    return {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(file.size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


def _file_id(id: str) -> FileId:
    if not id.isdecimal() or len(id) > 18:
        raise Problem(404, "missing", "there is no such file")
    return FileId(int(id))


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _decoded(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode("latin-1") for name, value in headers}
