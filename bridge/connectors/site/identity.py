"""Who a visitor is by the word of the site's owner: signed by a secret that owner and bridge share.

Owns what is signed and how it is checked. It must never take a browser's own word for who somebody is.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from bridge.connectors.site.requests import Identity, Problem
from bridge.connectors.site.session import SKEW

LONGEST = timedelta(hours=24)


def signed(secret: str, channel: str, identity: Identity) -> str:
    """The signature: HMAC-SHA256 in hexadecimal over channel, id, name, email and expires, one a line."""
    lines = [channel, identity.id, identity.name, identity.email, str(identity.expires)]
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def check(secret: str | None, channel: str, identity: Identity, now: datetime) -> None:
    """Raises `Problem` 403 unless the owner has signed this, for this channel and for now."""
    if secret is None:
        raise Problem(403, "no_identities", "this channel knows no signed identities", "identity")
    if not hmac.compare_digest(signed(secret, channel, identity).encode(), identity.signature.encode()):
        raise Problem(
            403, "wrong_signature", "the signature does not fit this identity", "identity.signature"
        )
    left = identity.expires - now.timestamp()
    if left < 0:
        raise Problem(
            403, "identity_expired", "this identity has expired: reload the page", "identity.expires"
        )
    if left > (LONGEST + SKEW).total_seconds():
        raise Problem(
            403, "expires_too_late", "an identity may be good for 24 hours at most", "identity.expires"
        )
