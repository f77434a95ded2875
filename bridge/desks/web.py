"""The web desk: pages that read SQL and are woken by commits. Nothing has to be posted to it.

Owns only its place in the configuration; the pages are in bridge/web. It must never be given posts.
"""

from __future__ import annotations

from typing import ClassVar

from bridge.desk import Desk
from bridge.messages import Card, Message, NativeId, ThreadId


class WebDesk(Desk):
    """Shows every dialog at /desk."""

    reads: ClassVar[bool] = True

    async def open(self, card: Card, key: str) -> ThreadId:
        return ThreadId(card.subject)

    async def post(self, thread: ThreadId, message: Message) -> NativeId:
        return NativeId(str(message.seq))

    async def show(self, thread: ThreadId, card: Card, key: str) -> None:
        """The page reads it from SQL."""
