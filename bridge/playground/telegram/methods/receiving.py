"""Methods by which a bot gets its updates and files."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from bridge.playground.telegram.ask import Ask
from bridge.playground.telegram.files import DOWNLOAD_BYTES
from bridge.playground.telegram.messages import Json
from bridge.playground.telegram.refusals import WRONG_FILE, bad, unable

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


async def get_updates(ask: Ask) -> list[Json]:
    """Long polling."""
    return await ask.bot.inbox.poll(
        ask.get("offset", 0), ask.get("limit", 100), ask.get("timeout", 0), ask.get("allowed_updates")
    )


async def set_webhook(ask: Ask) -> bool:
    """Opens, changes or (with an empty address) closes the webhook. Plain http is taken, as by a server run with --local."""
    url = ask.get("url", "").strip()
    if not url:
        ask.call.problems.clear()  # an empty address is the old way to say deleteWebhook
        return await delete_webhook(ask)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    secret = ask.get("secret_token", "")
    if secret and SECRET.fullmatch(secret) is None:
        raise bad("secret token contains unallowed characters")
    if ask.get("drop_pending_updates"):
        ask.bot.inbox.clear()
    ask.bot.inbox.terminate()
    ask.bot.inbox.allow(ask.get("allowed_updates"))
    most = min(max(ask.get("max_connections", 40), 1), 100)
    certificate = bool(ask.get("certificate"))
    ask.bot.webhook.open(url, secret, most, ask.get("ip_address", ""), certificate=certificate)
    return True


async def delete_webhook(ask: Ask) -> bool:
    """Closes the webhook."""
    if ask.get("drop_pending_updates"):
        ask.bot.inbox.clear()
    ask.bot.webhook.close()
    return True


async def get_webhook_info(ask: Ask) -> Json:
    """How the webhook is."""
    return ask.bot.webhook.info()


async def get_file(ask: Ask) -> Json:
    """The path of a file, for an hour and more."""
    file = ask.telegram.files.by_id(ask.bot.id, ask.get("file_id", ""))
    if file is None:
        raise unable(WRONG_FILE)
    if len(file.data) > DOWNLOAD_BYTES:
        raise bad("file is too big")
    return {
        "file_id": ask.get("file_id"),
        "file_unique_id": file.unique,
        "file_size": len(file.data),
        "file_path": file.path,
    }


METHODS: dict[str, Callable[[Ask], Awaitable[Any]]] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "getFile": get_file,
}
