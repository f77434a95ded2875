"""Reactions of Messenger: the emojis that its applications offer first, and Facebook's words for them.

Owns the two lists. It must never refuse an emoji: people can put any.
"""

from __future__ import annotations

NAMES = {"❤": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry", "👍": "like", "👎": "dislike"}
"""Emoji → `reaction` of the event; all others are `other`."""
OFFERED = ("❤", "😆", "😮", "😢", "😠", "👍")
