"""What VK has kept of the conversations: read again when its events may have missed us.

Owns finding what was said since a moment, on both sides. What was heard before is not heard twice, for a message has the
same event key however it is learnt of. It must never decide that something was lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from bridge.connectors.vk import speech
from bridge.connectors.vk.client import Client
from bridge.connectors.vk.intake import Intake
from bridge.connectors.vk.names import Names
from bridge.connectors.vk.speech import Event
from bridge.fields import Fields
from bridge.messages import EventKey, Heard

log = structlog.get_logger()

AT_ONCE = 200
"""Conversations, or messages of one, in one answer, at most."""
_MOST_PAGES = 100


class History:
    """The conversations of one community."""

    def __init__(self, client: Client, intake: Intake, names: Names) -> None:
        self._client = client
        self._intake = intake
        self._names = names

    async def catch_up(self, since: datetime) -> int:
        """Hands over all that was said since then, each conversation in its order; how many messages that were.

        Raises a `SendError` or `Unavailable` when it could not be done; what has been handed over by then stays.
        """
        count = 0
        async for peer in self._changed(since):
            found = await self._said(peer, since)
            await self._intake.hear(found)
            count += len(found)
        if count:
            log.info(
                "what VK has kept was read again", channel=self._intake.community.channel, messages=count
            )
        return count

    async def _changed(self, since: datetime) -> AsyncIterator[int]:
        """The conversations in which something was said, the latest first."""
        seen: set[int] = set()
        for page in range(_MOST_PAGES):
            answer = Fields(
                await self._client.call(
                    "messages.getConversations",
                    group_id=self._intake.community.id,
                    offset=page * AT_ONCE,
                    count=AT_ONCE,
                    extended=1,
                )
            )
            self._names.learn(answer)
            items = answer.many("items")
            for item in items:
                at = item.one("last_message").moment("date")
                if at is not None and at < since:
                    return
                peer = item.one("conversation").one("peer").number("id") or speech.peer_of(
                    item.one("last_message")
                )
                if peer and peer not in seen:
                    seen.add(peer)
                    yield peer
            if len(items) < AT_ONCE:
                return

    async def _said(self, peer: int, since: datetime) -> list[Heard]:
        """What was said in a conversation, the oldest first."""
        found: list[Fields] = []
        for page in range(_MOST_PAGES):
            answer = Fields(
                await self._client.call(
                    "messages.getHistory",
                    group_id=self._intake.community.id,
                    peer_id=peer,
                    offset=page * AT_ONCE,
                    count=AT_ONCE,
                    extended=1,
                )
            )
            self._names.learn(answer)
            items = answer.many("items")
            recent = [item for item in items if (item.moment("date") or since) >= since]
            found += recent
            if len(recent) < len(items) or len(items) < AT_ONCE:
                break
        return [event for item in reversed(found) for event in self._heard(item, peer)]

    def _heard(self, item: Fields, peer: int) -> list[Heard]:
        community = self._intake.community
        kind = "message_reply" if item.number("out") == 1 else "message_new"
        key = EventKey(f"vk:{community.id}:found:{peer}:{item.number('id') or 0}")
        found = speech.said(Event(kind, item, key, community))
        return found if isinstance(found, list) else []
