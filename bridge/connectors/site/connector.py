"""The site chat: sessions, messages, presence and events under /site/<channel>.

Owns the HTTP contract of the chat on one's own site. A reply is accepted when it is committed (the visitor's event
stream reads SQL) and delivered when the browser says so. It must never answer 200 before the commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bridge import stream
from bridge.connector import Connector, Surroundings
from bridge.connectors.site import identity
from bridge.connectors.site.files import SiteFiles, file_id
from bridge.connectors.site.form import Form
from bridge.connectors.site.gate import Gate
from bridge.connectors.site.requests import (
    Contact,
    Identity,
    NewMessage,
    NewSession,
    Pace,
    Problem,
    Receipts,
    body,
)
from bridge.connectors.site.session import Sessions, Visitor
from bridge.errors import Refused
from bridge.messages import (
    Address,
    ChannelName,
    EventKey,
    Incoming,
    Limits,
    Mark,
    Message,
    NativeId,
)
from bridge.views import MessageView

TYPING_PER_MINUTE = 40
CONTACTS_PER_MINUTE = 6


class SiteSettings(BaseModel):
    """What a site channel may set of its own."""

    model_config = ConfigDict(extra="forbid")

    origins: list[str] = []
    """Sites on which the chat may run besides our own, as https://shop.example."""
    identity_secret: SecretStr | None = Field(default=None, min_length=16)
    """Shared with the site's own pages, which sign with it who their customer is."""


class SiteConnector(Connector):
    """A chat that visitors use in their browser."""

    Settings: ClassVar[type[BaseModel]] = SiteSettings
    limits: ClassVar[Limits] = Limits(
        text=200_000,
        file_mb=25,
        edits=True,
        deletes=True,
        keyed=True,
        buttons=100,
        lasting=False,
        concurrent=256,
    )
    settings: SiteSettings

    def __init__(self, name: ChannelName, settings: SiteSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        self._sessions = Sessions(name, around.secret)
        self._bounds = around.bounds
        self._new_sessions = Pace(self._bounds.sessions_per_minute)
        self._messages = Pace(self._bounds.messages_per_minute)
        self._receipts_pace = Pace(self._bounds.messages_per_minute * 4)
        self._typing_pace = Pace(TYPING_PER_MINUTE)
        self._contacts = Pace(CONTACTS_PER_MINUTE)
        self._files = SiteFiles(name, around)
        self._form = Form(name, around, self._sessions, self._new_sessions)
        self._gate = Gate(settings.origins, around.public_url)

    def routes(self) -> Sequence[BaseRoute]:
        base, route = f"/site/{self.name}", self._gate.route
        return [
            route(f"{base}/session", self._session, "POST"),
            route(f"{base}/messages", self._message, "POST"),
            route(f"{base}/receipts", self._receipts, "POST"),
            route(f"{base}/contact", self._contact, "POST"),
            route(f"{base}/typing", self._typing, "POST"),
            route(f"{base}/files", self._upload, "POST"),
            route(f"{base}/files/{{file}}", self._download, "GET"),
            route(f"{base}/events", self._events, "GET"),
            *self._form.routes(base, self._gate),
        ]

    async def send(self, to: Address, message: Message) -> NativeId:
        """Nothing to call: the visitor's stream shows what SQL says is accepted."""
        return NativeId(str(message.seq))

    async def edit(self, to: Address, message: Message) -> None:
        """Nothing to call: the stream shows what the message says once this is settled."""

    async def delete(self, to: Address, native: NativeId) -> None:
        """Nothing to call either."""

    # -- what browsers call

    async def _session(self, request: Request) -> Response:
        """A token for the visitor, and what his dialog stands at, if he has one."""
        asked = await body(request, NewSession, self._bounds.body_kb * 1024)
        now = datetime.now(UTC)
        if asked.identity is not None:
            token = self._name(asked.identity, now)
        elif asked.token is not None and self._sessions.visitor(asked.token, now) is not None:
            token = asked.token
        else:
            self._new_sessions.check(_client(request), "new chats from your network")
            return JSONResponse({"token": self._sessions.issue(now), "dialog": None})
        visitor = self._sessions.visitor(token, now)
        assert visitor is not None, "a token we have just made or checked"
        dialog = await self.around.router.read.current(self.name, visitor.address)
        if dialog is None:
            return JSONResponse({"token": token, "dialog": None})
        if asked.identity is not None and (visitor.name, visitor.email) != (
            dialog.contact.name,
            dialog.contact.email,
        ):
            with contextlib.suppress(Refused):  # who he is does not hang on whether he can be written to
                await self._introduce(visitor.address, visitor.name, visitor.email)
        promise = dialog.promise
        return JSONResponse(
            {
                "token": token,
                "dialog": dialog.id,
                "due_at": promise.due_at.isoformat() if promise else None,
                "reachable": bool(dialog.contact.email or visitor.email),
            }
        )

    def _name(self, said: Identity, now: datetime) -> str:
        """A token for him whom the site's owner names; raises `Problem` 403 when he has not signed that."""
        secret = self.settings.identity_secret
        identity.check(None if secret is None else secret.get_secret_value(), self.name, said, now)
        return self._sessions.issue_for(said.id, said.name, said.email, now)

    async def _message(self, request: Request) -> Response:
        visitor = self._who(request)
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
        self._messages.check(visitor.address, "messages")
        incoming = Incoming(
            channel=self.name,
            address=visitor.address,
            event_key=EventKey(f"site:{self.name}:{visitor.address}:{said.client_id}"),
            text=said.text,
            name=visitor.name or said.name or "",
            language=self._language(said.language or request.headers.get("accept-language", "")),
            native=NativeId(said.client_id),
            command=said.command,
            asks_person=said.command == "person",
            email=visitor.email,
            page=_context(said.page, said.referrer),
        )
        receipt = await self.around.router.receive(incoming, files=[file_id(id) for id in said.attachments])
        return JSONResponse({"id": f"{receipt.dialog}.{receipt.seq}", "seq": receipt.seq})

    async def _receipts(self, request: Request) -> Response:
        address = self._who(request).address
        receipts = await body(request, Receipts, 4096)
        self._receipts_pace.check(address, "receipts")
        read, delivered = receipts.read or 0, receipts.delivered or 0
        if read:
            await self.around.router.reached(self.name, address, read, Mark.read)
        if delivered > read:
            await self.around.router.reached(self.name, address, delivered, Mark.delivered)
        return Response(status_code=204)

    async def _contact(self, request: Request) -> Response:
        """The visitor tells his name or e-mail, so that the answer can follow him."""
        address = self._who(request).address
        told = await body(request, Contact, 4096)
        self._contacts.check(address, "changes of your address")
        await self._introduce(address, told.name.strip(), (told.email or "").strip() or None)
        return Response(status_code=204)

    async def _introduce(self, address: Address, name: str, email: str | None) -> None:
        if name or email:
            await self.around.router.introduce(self.name, address, name=name, email=email)

    async def _typing(self, request: Request) -> Response:
        """The visitor types now; what comes too often changes nothing and is not worth a refusal."""
        address = self._who(request).address
        if self._typing_pace.allows(address):
            await self.around.router.presence.typing(self.name, address)
        return Response(status_code=204)

    async def _upload(self, request: Request) -> Response:
        address = self._who(request).address
        self._messages.check(address, "files")
        return await self._files.upload(request, address)

    async def _download(self, request: Request) -> Response:
        return await self._files.download(request, Address(request.query_params.get("for", "")))

    async def _events(self, request: Request) -> ASGIApp:
        address = self._who(request, in_query=True).address
        after = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            raise Problem(400, "malformed", "after must be a number", "after")
        return stream.EventStream(self._follow(address, int(after)), self._gate.headers(request))

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

    def _who(self, request: Request, *, in_query: bool = False) -> Visitor:
        """The visitor whose token the request bears; raises `Problem` 401.

        Only an event stream may bear it in its address: some browsers' streams cannot send headers.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query_params.get("token", "") if in_query else ""
        visitor = self._sessions.visitor(token.strip(), datetime.now(UTC))
        if visitor is None:
            raise Problem(401, "no_session", "open a session first: this token is unknown or too old")
        return visitor

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
            "attachments": [self._files.link(file, address) for file in message.attachments],
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
        data = message.data or {}
        if (quote := data.get("quote")) and not message.deleted_at:
            shown["quote"] = quote["text"]
        if buttons := data.get("buttons"):
            shown["buttons"] = [{"command": command, "label": label} for command, label in buttons]
        return shown


def _context(page: str | None, referrer: str | None) -> str | None:
    """The page the visitor is on, and where he came from, as agents read it."""
    return f"{page or ''} ← {referrer}".strip() if referrer else page


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
