"""A bot's updates until it has taken them: by getUpdates here, by its webhook elsewhere.

Owns update ids, what is pending, and long polling. It must never drop an update before it is confirmed or too old.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.playground.telegram.refusals import OTHER_POLL, POLLING_WITH_WEBHOOK, WEBHOOK_SET, Refusal

if TYPE_CHECKING:
    from bridge.playground.frame import Playground
    from bridge.playground.telegram.bots import Bot

DAY = 24 * 60 * 60
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "subscription",
)


@dataclass(slots=True)
class Update:
    """One update; `queue` names those that keep their order by webhook, `expires` is when it is dropped."""

    id: int
    kind: str
    payload: dict[str, Any]
    queue: str
    expires: float
    place: str = ""

    def wire(self) -> dict[str, Any]:
        """The Update object."""
        return {"update_id": self.id, self.kind: self.payload}


class Inbox:
    """What one bot has not taken yet, in order."""

    def __init__(self, frame: Playground, bot: Bot) -> None:
        self._frame = frame
        self._bot = bot
        # Drawn, as Telegram does after a quiet week: a number that comes twice would be a repeat to the bot.
        self._last = secrets.randbits(30)
        self._held: Update | None = None
        self._again: list[Update] = []
        self._doubled: set[int] = set()
        self._arrived = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None
        self._terminated = ""
        self.pending: dict[int, Update] = {}
        self.allowed: list[str] | None = None
        """The kinds that the bot wants; None is all but the three that must be asked for."""

    def wants(self, kind: str) -> bool:
        """Whether the bot is told of such updates."""
        return kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT

    def allow(self, kinds: Collection[str] | None) -> None:
        """Keeps the setting when none is given; an empty one means the default."""
        if kinds is not None:
            self.allowed = [kind for kind in kinds if kind in KINDS] or None

    def add(self, kind: str, payload: dict[str, Any], queue: str, at: float, place: str) -> None:
        """Something happened that the bot may want to know; `at` is when, by the playground's clock."""
        if not self.wants(kind):
            return
        self._last += 1
        self.put(Update(self._last, kind, payload, queue, at + DAY, place))

    def put(self, update: Update) -> None:
        """Files an update, or what a test has made up, unless a mishap holds it back or doubles it."""
        self._last = max(self._last, update.id)
        fault = self._frame.faults.take_for_update("telegram", self._bot.username, update.kind, update.place)
        if fault is not None and fault.kind == "reorder" and self._held is None:
            self._held = update
            return
        if fault is not None and fault.kind == "duplicate":
            self._doubled.add(update.id)
        self._file(update)
        if self._held is not None:
            held, self._held = self._held, None
            self._file(held)

    def _file(self, update: Update) -> None:
        self.pending[update.id] = update
        self._arrived.set()
        self._bot.webhook.news(update)

    def again(self, update: Update) -> bool:
        """Whether a taken update is to be delivered once more."""
        if update.id in self._doubled:
            self._doubled.discard(update.id)
            return True
        return False

    def drop(self, update: Update) -> None:
        """It has been taken, or is too old."""
        self.pending.pop(update.id, None)
        self._touch(update)

    def holds(self, chat: int, message: int) -> bool:
        """Whether the bot has not taken this message yet."""
        return any(
            update.payload.get("message_id") == message and update.payload["chat"]["id"] == chat
            for update in self.pending.values()
            if update.kind == "message"
        )

    def clear(self) -> None:
        """drop_pending_updates."""
        self.pending.clear()
        self._again.clear()
        self._held = None

    def _touch(self, update: Update) -> None:
        """The phone shows that the bot has taken it."""
        self._frame.changes.touch(f"telegram/{self._bot.id}/{update.place}")

    def terminate(self, reason: str = WEBHOOK_SET) -> None:
        """Ends a long poll that is under way."""
        if self._poll is not None and not self._poll.done():
            self._terminated = reason
            self._poll.set_result(None)

    async def poll(
        self, offset: int, limit: int, wait: float, kinds: Collection[str] | None
    ) -> list[dict[str, Any]]:
        """getUpdates: confirms what is below the offset, then gives what there is, waiting for it if asked to."""
        if self._bot.webhook.url:
            raise Refusal(409, POLLING_WITH_WEBHOOK)
        self.terminate(OTHER_POLL)
        self.allow(kinds)
        self._confirm(offset)
        limit = min(max(limit, 1), 100) if limit else 100
        found = self._due(limit)
        if not found and wait > 0:
            await self._wait(min(wait, 50))
            found = self._due(limit)
        return [update.wire() for update in found]

    def _confirm(self, offset: int) -> None:
        if offset < 0:  # keep only so many of the last
            offset = sorted(self.pending)[offset:][0] if len(self.pending) >= -offset else 0
        for id in [id for id in self.pending if id < offset]:
            update = self.pending[id]
            self.drop(update)
            if self.again(update):
                self._again.append(update)

    def _due(self, limit: int) -> list[Update]:
        now = self._frame.clock.now()
        for update in [update for update in self.pending.values() if update.expires < now]:
            self.drop(update)
        self._arrived.clear()
        again, self._again = self._again, []
        return (again + list(self.pending.values()))[:limit]

    async def _wait(self, seconds: float) -> None:
        self._poll = poll = asyncio.get_running_loop().create_future()
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({arrived, poll}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrived.cancel()
            if self._poll is poll:
                self._poll = None
        if poll.done():
            raise Refusal(409, self._terminated)
        poll.cancel()
