"""What each platform posts when a customer has written, as the benchmark's generator posts it in its place.

Owns the shape and the proof of such a post, and the channel that takes it. Nobody is at the address of a platform's API
here: what is measured is the way in.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

SECRET = "what-the-benchmark-proves-itself-with"
NOBODY = "http://127.0.0.1:9"
GROUP, PAGE = 42, "42"


@dataclass(frozen=True, slots=True)
class Post:
    """One delivery of a platform; `headers` besides those of its body's type and length."""

    path: str
    body: bytes
    headers: dict[str, str]


def telegram(number: int, visitor: int, text: str) -> Post:
    """An update of the Bot API."""
    person = {"id": visitor + 1, "first_name": f"Visitor {visitor}"}
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": person | {"type": "private"},
        "from": person | {"is_bot": False, "language_code": "en"},
        "text": text,
    }
    body = {"update_id": number, "message": message}
    return Post("/hooks/bot", json.dumps(body).encode(), {"X-Telegram-Bot-Api-Secret-Token": SECRET})


def vk(number: int, visitor: int, text: str) -> Post:
    """An event of the Callback API."""
    message = {
        "id": number,
        "date": int(time.time()),
        "from_id": visitor + 1,
        "peer_id": visitor + 1,
        "conversation_message_id": number,
        "out": 0,
        "text": text,
        "attachments": [],
        "fwd_messages": [],
    }
    body = {
        "type": "message_new",
        "event_id": f"{number:040x}",
        "v": "5.199",
        "group_id": GROUP,
        "secret": SECRET,
        "object": {"message": message, "client_info": {"lang_id": 3}},
    }
    return Post("/hooks/community", json.dumps(body).encode(), {})


def facebook(number: int, visitor: int, text: str) -> Post:
    """A delivery of the Messenger Platform, with one message as most have."""
    now = int(time.time() * 1000)
    messaging = {
        "sender": {"id": str(visitor + 1)},
        "recipient": {"id": PAGE},
        "timestamp": now,
        "message": {"mid": f"m_{number:060d}", "text": text},
    }
    entry = {"id": PAGE, "time": now, "messaging": [messaging]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Post("/hooks/page", body, {"X-Hub-Signature-256": f"sha256={signature}"})


PLATFORMS: dict[str, Callable[[int, int, str], Post]] = {
    "telegram": telegram,
    "facebook": facebook,
    "vk": vk,
}

CHANNELS: dict[str, dict[str, object]] = {
    "bot": {
        "connector": "telegram",
        "line": "first",
        "bot": False,
        "token": "42:of-the-benchmark-only",
        "webhook_secret": SECRET,
        "api_url": NOBODY,
    },
    "page": {
        "connector": "facebook",
        "line": "first",
        "bot": False,
        "page_id": PAGE,
        "token": "of-the-benchmark-only",
        "app_secret": SECRET,
        "verify_token": SECRET,
        "api_url": NOBODY,
    },
    "community": {
        "connector": "vk",
        "line": "first",
        "bot": False,
        "group_id": GROUP,
        "token": "of-the-benchmark-only",
        "secret": SECRET,
        "api_url": NOBODY,
    },
}
