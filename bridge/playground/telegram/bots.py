"""A bot's account: its token, profile, settings, and where its updates go.

Owns what belongs to one bot. It must never know a method of the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.updates import Inbox
from bridge.playground.telegram.webhooks import Webhook

if TYPE_CHECKING:
    from bridge.playground.telegram.chats import Private
    from bridge.playground.telegram.telegram import Telegram


class Bot:
    """One bot; `name` and `username` as its owner has set them."""

    def __init__(self, telegram: Telegram, token: str, name: str, username: str) -> None:
        self.telegram = telegram
        self.token = token
        self.id = int(token.partition(":")[0])
        self.name = name
        self.username = username
        self.revoked = False
        """The token is not good any more: every call is answered 401."""
        self.reads_all = False
        """Privacy mode is off: in groups it gets every message without being an administrator."""
        self.topics = False
        """Whether private chats with it have topics."""
        self.profile: dict[tuple[str, str], Any] = {}
        """(what, language or scope) → commands, descriptions, menu button"""
        self.privates: dict[int, Private] = {}
        self.inbox = Inbox(telegram.frame, self)
        self.webhook = Webhook(telegram.frame, self)
        self._messages = 0

    def next_message(self) -> int:
        """The id of its next message: one counter for all private chats and basic groups of an account."""
        self._messages += 1
        return self._messages

    def user(self) -> Json:
        """The User object."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def me(self) -> Json:
        """What getMe answers."""
        return self.user() | {
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_all,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": self.topics,
            "allows_users_to_create_topics": self.topics,
            "can_manage_bots": False,
        }
