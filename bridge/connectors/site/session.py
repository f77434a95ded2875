"""Sessions of visitors: a signed token in the browser, nothing at rest on the server.

Owns making and checking tokens. The address of a visitor is a hash of his token's secret, so that neither the database
nor a log can be used to speak for him. It must never accept a contact's id from a browser.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from bridge.messages import Address, ChannelName

LIFETIME = timedelta(days=180)
SKEW = timedelta(minutes=5)
KNOWN = 10_000
AGAIN = timedelta(minutes=5)
"""A token found good is not computed again for so long: a visitor who writes is checked with every message."""
_VISITOR, _MOMENT, _SIGNATURE = 16, 5, 16


class Sessions:
    """The tokens of one channel."""

    def __init__(self, channel: ChannelName, secret: bytes) -> None:
        self._channel = channel
        self._known: dict[str, tuple[Address, datetime]] = {}
        self._key = hashlib.sha256(b"site:" + channel.encode() + b":" + secret).digest()

    def issue(self, now: datetime) -> str:
        """A token for a new visitor: 128 random bits, the moment, and our signature."""
        body = secrets.token_bytes(_VISITOR) + int(now.timestamp()).to_bytes(_MOMENT, "big")
        return base64.urlsafe_b64encode(body + self._sign(body)).decode().rstrip("=")

    def address(self, token: str, now: datetime) -> Address | None:
        """Whose token it is; None when we did not make it for this channel, or too long ago."""
        known = self._known.get(token)
        if known is not None and now < known[1]:
            return known[0]
        address = self._check(token, now)
        if address is not None:
            if len(self._known) > KNOWN:
                self._known.clear()
            self._known[token] = (address, now + AGAIN)
        return address

    def _check(self, token: str, now: datetime) -> Address | None:
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError:
            return None
        if len(raw) != _VISITOR + _MOMENT + _SIGNATURE:
            return None
        body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            return None
        issued = int.from_bytes(body[_VISITOR:], "big")
        # Another machine that made the token may be a little ahead of us.
        if not -SKEW.total_seconds() <= now.timestamp() - issued <= LIFETIME.total_seconds():
            return None
        return Address(hashlib.sha256(b"visitor:" + body[:_VISITOR]).hexdigest()[:32])

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:_SIGNATURE]
