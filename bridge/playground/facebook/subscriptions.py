"""What a page and an app are told of: /subscribed_apps of the page, /subscriptions of the app.

Owns the fields that can be subscribed to, and asking a server whether it wants to be called. It must never take an address
that does not answer with the challenge.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import aiohttp

from bridge.playground.facebook.ask import Ask
from bridge.playground.facebook.pages import App
from bridge.playground.facebook.refusals import Refusal, parameter

if TYPE_CHECKING:
    from bridge.playground.facebook.facebook import Facebook

Json = dict[str, Any]

TOLD = [
    "message_deliveries",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_reads",
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
]
"""Fields that something happens to here."""
FIELDS = frozenset(
    (
        *TOLD,
        *[
            "feed",
            "mention",
            "name",
            "standby",
            "messaging_account_linking",
            "messaging_customer_information",
            "messaging_feedback",
            "messaging_game_plays",
            "messaging_handovers",
            "messaging_in_thread_lead_form_submit",
            "messaging_optins",
            "messaging_optouts",
            "messaging_payments",
            "messaging_policy_enforcement",
            "message_context",
            "message_mention",
            "message_template_status_update",
            "messaging_integrity",
            "response_feedback",
            "send_cart",
            "calls",
            "inbox_labels",
        ],
    )
)
"""Fields that a page can be subscribed to, as far as they have to do with Messenger; one more is refused."""


async def listed(ask: Ask) -> Json:
    """GET /subscribed_apps."""
    if not ask.page.subscribed:
        return {"data": []}
    app = ask.page.app
    about = {"link": "https://example.org", "name": f"App {app.id}", "id": app.id}
    return {"data": [about | {"subscribed_fields": list(ask.page.subscribed)}]}


async def subscribe(ask: Ask) -> Json:
    """POST /subscribed_apps: the fields take the place of those before."""
    fields = _fields("subscribed_fields", ask.values.get("subscribed_fields"))
    if not fields:
        raise parameter("Param subscribed_fields must be non-empty.")
    ask.page.subscribed = fields
    ask.page.webhook.failing_since = None
    return {"success": True}


async def unsubscribe(ask: Ask) -> Json:
    """DELETE /subscribed_apps."""
    ask.page.unsubscribe()
    return {"success": True}


def _fields(name: str, given: Any) -> tuple[str, ...]:
    """Names in a list, or with commas between them."""
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            raise parameter(f"Param {name} must be an array.") from None
    named = given.split(",") if isinstance(given, str) else given or []
    if not isinstance(named, list):
        raise parameter(f"Param {name} must be an array.")
    found = tuple(dict.fromkeys(str(one).strip() for one in named if str(one).strip()))
    for number, one in enumerate(found):
        if one not in FIELDS:
            raise parameter(
                f"Param {name}[{number}] must be one of {{{', '.join(sorted(FIELDS))}}} - got {json.dumps(one)}."
            )
    return found


async def of_app(app: App) -> Json:
    """GET /<app>/subscriptions."""
    if not app.callback:
        return {"data": []}
    fields = [{"name": name, "version": "v23.0"} for name in app.fields]
    return {"data": [{"object": "page", "callback_url": app.callback, "active": True, "fields": fields}]}


async def set_of_app(facebook: Facebook, app: App, values: Json) -> Json:
    """POST /<app>/subscriptions: the server is asked first, and must repeat the challenge."""
    if values.get("object") != "page":
        raise parameter("Param object must be one of {page}")
    callback, token = str(values.get("callback_url", "")), str(values.get("verify_token", ""))
    fields = _fields("fields", values.get("fields"))
    if not callback.startswith(("https://", "http://127.0.0.1", "http://[::1]", "http://localhost")):
        raise Refusal("(#2200) Callback URL must be https", 2200, wrong=True)
    await _verified(facebook, callback, token)
    app.callback, app.verify_token = callback, token
    app.fields = fields or app.fields
    return {"success": True}


async def _verified(facebook: Facebook, callback: str, token: str) -> None:
    challenge = str(secrets.randbelow(10**10))
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
    try:
        async with facebook.frame.http.get(
            callback, params=asked, timeout=aiohttp.ClientTimeout(total=5), allow_redirects=False
        ) as answer:
            body = await answer.content.read(10_000)
            if answer.status == 200 and body == challenge.encode():
                return
            words = f"HTTP Status Code = {answer.status}; HTTP Message = {answer.reason}"
    except (aiohttp.ClientError, TimeoutError, OSError):
        words = "curl_errno = 7; curl_error = Failed to connect; HTTP Status Code = 0"
    raise Refusal(f"(#2200) Callback verification failed with the following errors: {words}", 2200)


async def delete_of_app(app: App) -> Json:
    """DELETE /<app>/subscriptions."""
    app.callback, app.fields = "", ()
    return {"success": True}
