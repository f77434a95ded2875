"""A topic of a forum, or of a private chat with a bot that has them.

Owns the dataclass and its ForumTopic object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
ICONS = {
    "5312536423851630001": "💡",
    "5312016608254762256": "⚡️",
    "5377544228505134960": "🎙",
    "5418085807791545980": "🔝",
    "5370870893004203704": "🗣",
    "5420216386448270341": "🆒",
    "5379748062124056162": "❗️",
    "5373251851074415873": "📝",
    "5433614043006903194": "📆",
    "5357315181649076022": "📁",
    "5309965701241379366": "🔎",
    "5309984423003823246": "📣",
    "5312241539987020022": "🔥",
    "5312138559556164615": "❤️",
    "5377316857231450742": "❓",
    "5350305691942788490": "📈",
    "5350713563512052787": "📉",
    "5309958691854754293": "💎",
    "5350452584119279096": "💰",
    "5309929258443874898": "💸",
}


@dataclass(slots=True)
class Topic:
    """`id` is the message_thread_id: that of the message that made it."""

    id: int
    name: str
    color: int
    icon: str = ""
    closed: bool = False
    creator: int = 0

    def wire(self) -> dict[str, Any]:
        """The ForumTopic object."""
        icon = {"icon_custom_emoji_id": self.icon} if self.icon else {}
        return {"message_thread_id": self.id, "name": self.name, "icon_color": self.color, **icon}
