"""Sessions of visitors: a signed token in the browser, nothing at rest on the server.

Owns making and checking tokens. The address of a visitor is a hash of what his token holds, so that neither the
database nor a log can be used to speak for him. It must never accept a contact's id from a browser.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.messages import Address, ChannelName

SKEW = timedelta(minutes=5)
KNOWN = 10_000
AGAIN = timedelta(minutes=5)
"""A token found good is not computed again for so long: a visitor who writes is checked with every message."""
LIFETIMES = {b"": timedelta(days=180), b"identity": timedelta(hours=24)}
"""How long a token is good: one of a visitor nobody knows, and one whom the site's owner has named."""
_VISITOR, _MOMENT, _SIGNATURE = 16, 5, 16


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose token it is; name and e-mail are the word of the site's owner, empty when he has said nothing."""

    address: Address
    name: str = ""
    email: str | None = None


class Sessions:
    """The tokens of one channel."""

    def __init__(self, channel: ChannelName, secret: bytes) -> None:
        self._channel = channel
        self._known: dict[str, tuple[Visitor, datetime]] = {}
        self._key = hashlib.sha256(b"site:" + channel.encode() + b":" + secret).digest()

    def issue(self, now: datetime) -> str:
        """A token for a new visitor: 128 random bits, the moment, and our signature."""
        return self._token(b"", secrets.token_bytes(_VISITOR), now, b"")

    def issue_for(self, id: str, name: str, email: str, now: datetime) -> str:
        """A token for a customer the owner has named: the same address in each of his browsers."""
        who = hashlib.sha256(f"identity:{self._channel}:{id}".encode()).digest()[:_VISITOR]
        return self._token(b"identity", who, now, json.dumps([name, email], ensure_ascii=False).encode())

    def visitor(self, token: str, now: datetime) -> Visitor | None:
        """Whose token it is; None when we did not make it for this channel, or too long ago."""
        known = self._known.get(token)
        if known is not None and now < known[1]:
            return known[0]
        visitor = self._check(token, now)
        if visitor is not None:
            if len(self._known) > KNOWN:
                self._known.clear()
            self._known[token] = (visitor, now + AGAIN)
        return visitor

    def _token(self, kind: bytes, who: bytes, now: datetime, said: bytes) -> str:
        body = who + int(now.timestamp()).to_bytes(_MOMENT, "big") + said
        return base64.urlsafe_b64encode(body + self._sign(kind + body)).decode().rstrip("=")

    def _check(self, token: str, now: datetime) -> Visitor | None:
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError:
            return None
        if len(raw) < _VISITOR + _MOMENT + _SIGNATURE:
            return None
        body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        kind = b"identity" if len(body) > _VISITOR + _MOMENT else b""
        if not hmac.compare_digest(signature, self._sign(kind + body)):
            return None
        issued = int.from_bytes(body[_VISITOR : _VISITOR + _MOMENT], "big")
        # Another machine that made the token may be a little ahead of us.
        if not -SKEW.total_seconds() <= now.timestamp() - issued <= LIFETIMES[kind].total_seconds():
            return None
        address = Address(hashlib.sha256(b"visitor:" + body[:_VISITOR]).hexdigest()[:32])
        name, email = json.loads(body[_VISITOR + _MOMENT :]) if kind else ("", "")
        return Visitor(address, name, email or None)

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:_SIGNATURE]
