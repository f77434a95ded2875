"""When Facebook lets us write: a day after the contact's latest word to everybody, a week to people who answer him.

Owns the choice of what a message is sent as. It must never count what the page itself has said: an echo opens nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.connectors.facebook.refusals import CLOSED, CLOSED_AGENT
from bridge.errors import Missing, Unavailable, Unreachable, WindowClosed
from bridge.messages import Address, Author, ChannelName, Json
from bridge.ports import Reader

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
ANSWER: Json = {"messaging_type": "RESPONSE"}
AGENT: Json = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


class Windows:
    """The windows of one channel; `human_agent` where Facebook has granted the app that feature."""

    def __init__(self, channel: ChannelName, reader: Reader, *, human_agent: bool) -> None:
        self._channel = channel
        self._reader = reader
        self._human_agent = human_agent

    async def open(self, to: Address, author: Author) -> Json:
        """What this author's words to this contact are sent as now; raises `WindowClosed`.

        Who has said nothing that we know of may have written while the page was not subscribed: Facebook decides.
        """
        try:
            latest = await self._reader.last_word(self._channel, to)
        except Missing:
            latest = None
        except Unavailable as error:
            raise Unreachable(error.reason) from None
        since = datetime.now(UTC) - latest if latest is not None else timedelta()
        if since <= DAY:
            return ANSWER
        if not self.may_be_agent(author):
            raise WindowClosed(CLOSED)
        if since > WEEK:
            raise WindowClosed(CLOSED_AGENT)
        return AGENT

    def may_be_agent(self, author: Author) -> bool:
        """Whether these are a person's words, and such may be sent for a week."""
        return self._human_agent and author.kind == "agent"
