"""Files on their way to VK: they are handed to a server of VK's, saved there, and only then named in a message.

Owns the three calls of an upload, streamed out of the store. Nothing has been said to anybody by then, so that every
failure may be tried again from the start. It must never hold a whole file in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bridge import text
from bridge.connector import Surroundings
from bridge.connectors.vk.client import Client
from bridge.connectors.vk.refusals import NoPicture
from bridge.errors import Ambiguous, Missing, Rejected, Unreachable
from bridge.fields import Fields
from bridge.messages import Attachment

_MB = 1_048_576
PHOTO_BYTES = 50 * _MB
"""What is larger goes as a document. https://dev.vk.com/ru/api/upload"""
_PHOTOS = frozenset(("image/jpeg", "image/png", "image/webp"))
_VOICES = frozenset(("audio/ogg", "audio/opus"))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file of the store, begun: what cannot be read is known before anything is written."""

    first: bytes
    rest: AsyncIterator[bytes]

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.first
        async for chunk in self.rest:
            yield chunk


class Uploads:
    """What a community hands to VK."""

    def __init__(self, client: Client, around: Surroundings) -> None:
        self._client = client
        self._around = around

    async def named(self, peer: int, file: Attachment, *, alone: bool) -> str:
        """Uploads a file for this conversation; what a message calls it by.

        A voice message stands `alone`. What VK does not take for what it seems goes as a document.
        """
        type = file.type.partition(";")[0].strip().lower()
        try:
            if type in _PHOTOS and file.size <= PHOTO_BYTES:
                return await self._photo(peer, file)
            if type in _VOICES and alone:
                return await self._doc(peer, file, "audio_message")
        except NoPicture:
            pass
        try:
            return await self._doc(peer, file, "doc")
        except NoPicture:
            raise Rejected(
                "VK does not take this file: programs and music it refuses, an archive it takes"
            ) from None

    async def _photo(self, peer: int, file: Attachment) -> str:
        server = await self._server("photos.getMessagesUploadServer", peer_id=peer)
        said = await self._handed(server, "photo", file)
        photo = said.words("photo")
        if not photo or photo == "[]":
            raise NoPicture("VK does not take the file for a picture")
        saved = await self._call(
            "photos.saveMessagesPhoto", photo=photo, server=said.number("server"), hash=said.words("hash")
        )
        return _name("photo", saved)

    async def _doc(self, peer: int, file: Attachment, kind: str) -> str:
        server = await self._server("docs.getMessagesUploadServer", type=kind, peer_id=peer)
        said = await self._handed(server, "file", file)
        if not said.words("file"):
            raise NoPicture(text.excerpt(said.words("error"), 100) or "VK does not take the file")
        saved = await self._call("docs.save", file=said.words("file"), title=text.filename(file.name))
        return _name("doc", saved)

    async def _server(self, method: str, **parameters: str | int) -> str:
        url = Fields(await self._call(method, **parameters)).words("upload_url")
        if not url.startswith(("https://", "http://")):
            raise Unreachable("VK has named no server for the file")
        return url

    async def _handed(self, url: str, field: str, file: Attachment) -> Fields:
        stored = await self._stored(file)
        name = text.filename(file.name)
        said = await self._client.upload(url, field, name, file.type, stored.chunks())
        if not said:
            raise Unreachable("VK's server of files did not say what became of it")
        return said

    async def _call(self, method: str, **parameters: str | int | None) -> object:
        try:
            return await self._client.call(method, **parameters)
        except Ambiguous as error:
            raise Unreachable(error.reason) from None

    async def _stored(self, file: Attachment) -> _Stored:
        try:
            _, place, _ = await self._around.router.read.file(file.id)
            chunks = self._around.files.open(place)
            return _Stored(await anext(chunks, b""), chunks)
        except (Missing, FileNotFoundError):
            raise Rejected("the file is not in the store any more") from None
        except OSError as error:
            raise Unreachable(f"the store of files is out: {type(error).__name__}") from error


def _name(kind: str, saved: object) -> str:
    """What a message calls a file that VK has saved, in any of the shapes in which it says so."""
    one = Fields(saved[0] if isinstance(saved, list) and saved else saved)
    held = one.one(one.words("type")) or one
    found = reference(kind, held)
    if not found:
        raise Unreachable("VK has not said what the file is called")
    return found


def reference(kind: str, held: Fields) -> str:
    """How an attachment is named in a request; "" for one that has no number."""
    owner, id, key = held.number("owner_id"), held.number("id"), held.words("access_key")
    if owner is None or id is None:
        return ""
    return f"{kind}{owner}_{id}{'_' + key if key else ''}"
