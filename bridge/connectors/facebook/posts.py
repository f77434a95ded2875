"""Saying it on Messenger: from one message of ours to the one call that says it.

Owns what is asked of Facebook and what is tried instead where Facebook has surely not done it. It must never send again
what may have arrived: Facebook drops no repeat.
"""

from __future__ import annotations

from bridge.connector import Surroundings
from bridge.connectors.facebook import addresses, files, presses
from bridge.connectors.facebook.client import Client
from bridge.connectors.facebook.refusals import Unanswerable
from bridge.connectors.facebook.windows import AGENT, ANSWER, Windows
from bridge.errors import Ambiguous, Rejected, WindowClosed
from bridge.fields import Fields
from bridge.messages import Address, Json, Message, NativeId


class Posts:
    """What a page says."""

    def __init__(self, client: Client, windows: Windows, around: Surroundings) -> None:
        self._client = client
        self._windows = windows
        self._around = around

    async def send(self, to: Address, message: Message) -> NativeId:
        """Says it; its echo bears the key, so that what nobody knows of is known when that comes."""
        window = await self._windows.open(to, message.author)
        try:
            return await self._said(to, message, window)
        except WindowClosed:
            # It has closed on the way: a person's words may go all the same.
            if window != ANSWER or not self._windows.may_be_agent(message.author):
                raise
            return await self._said(to, message, AGENT)

    async def typing(self, to: Address) -> None:
        """Shows for some seconds that somebody types."""
        await self._client.post("me/messages", {"recipient": _recipient(to), "sender_action": "typing_on"})

    async def _said(self, to: Address, message: Message, window: Json) -> NativeId:
        said: Json = {"recipient": _recipient(to), **window, "message": _words(message)}
        if message.reply_to is None:
            return await self._posted(said, message)
        try:
            return await self._posted(said | {"reply_to": {"mid": message.reply_to}}, message)
        except Unanswerable:
            return await self._posted(said, message)

    async def _posted(self, said: Json, message: Message) -> NativeId:
        file = await files.stored(self._around, message.attachments[0]) if message.attachments else None
        return _native(await self._client.post("me/messages", said, file=file))


def _recipient(to: Address) -> Json:
    if not to:
        raise Rejected("this is no address of Facebook")
    return {"id": to}


def _words(message: Message) -> Json:
    """What is said. A file stands alone: Facebook has no caption."""
    said: Json = {"metadata": message.key}
    if message.attachments:
        said["attachment"] = {"type": files.kind(message.attachments[0]), "payload": {"is_reusable": False}}
    else:
        said["text"] = message.text
    if message.buttons:
        said["quick_replies"] = presses.replies(message.buttons)
    return said


def _native(answer: Fields) -> NativeId:
    native = addresses.native(answer.value("message_id"))
    if native is None and not answer:
        raise Ambiguous("Facebook did not say what became of it")
    return native or NativeId("")
