"""How a Telegram channel is, in words, and what to do about it.

Owns what counts as wrong and how it is said, in English and in Russian. It must never show a token.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge import text
from bridge.errors import BadConfig, SendError
from bridge.fields import Fields
from bridge.messages import Health

FRESH = timedelta(minutes=10)
"""A delivery of Telegram's that failed longer ago says nothing of now."""
MANY = 100
"""So many updates wait only when they are not taken."""

_SAID: dict[str, dict[str, tuple[str, str]]] = {
    "token": {
        "en": (
            "Telegram does not accept the bot's token",
            "Ask @BotFather for the bot's token (/token) and set it as channels.{channel}.token.",
        ),
        "ru": (
            "Telegram не принимает токен бота",
            "Возьмите токен у @BotFather (/token) и впишите в channels.{channel}.token.",
        ),
    },
    "unreachable": {
        "en": (
            "Telegram cannot be reached: {reason}",
            "See whether this machine reaches {api_url}. Nothing is lost meanwhile.",
        ),
        "ru": (
            "Telegram недоступен: {reason}",
            "Проверьте, открывается ли с этой машины {api_url}. Пока ничего не теряется.",
        ),
    },
    "elsewhere": {
        "en": (
            "Telegram sends the bot's updates to another address",
            "The bridge registers its own again within five minutes. If that does not last, another program uses the same token: stop it, or get a new token from @BotFather.",
        ),
        "ru": (
            "Telegram отправляет сообщения бота на другой адрес",
            "Адрес восстановится сам в течение пяти минут. Если он снова собьётся, тем же токеном пользуется другая программа: остановите её или возьмите новый токен у @BotFather.",
        ),
    },
    "undelivered": {
        "en": (
            "Telegram could not deliver to us: {reason}",
            "public_url must be open to the internet by HTTPS on port 443, 80, 88 or 8443, with a valid certificate and without redirects. {pending} updates wait; Telegram keeps them for a day.",
        ),
        "ru": (
            "Telegram не может доставить нам сообщения: {reason}",
            "public_url должен открываться из интернета по HTTPS на порту 443, 80, 88 или 8443, с верным сертификатом и без перенаправлений. Ждут доставки: {pending}; Telegram хранит их сутки.",
        ),
    },
    "pending": {
        "en": (
            "{pending} updates wait at Telegram",
            "If the number does not fall, see the log of the bridge: what it takes is slower than what comes.",
        ),
        "ru": (
            "У Telegram ждут доставки сообщения: {pending}",
            "Если их не становится меньше, посмотрите журнал моста: приходит больше, чем он успевает принять.",
        ),
    },
    "trouble": {
        "en": (
            "no updates come: {reason}",
            "If another program or another bridge uses the same token, stop it, or get a new token from @BotFather.",
        ),
        "ru": (
            "сообщения не приходят: {reason}",
            "Если тем же токеном пользуется другая программа или второй мост, остановите их или возьмите новый токен у @BotFather.",
        ),
    },
}


def refused(error: SendError, channel: str, api_url: str) -> Health:
    """What it means that the bot's own name could not be asked for."""
    name = "token" if isinstance(error, BadConfig) else "unreachable"
    return _ill(name, channel=channel, api_url=api_url, reason=error.reason)


def hooked(info: Fields, url: str, now: datetime) -> Health | None:
    """What is wrong with the webhook; None when nothing is."""
    pending = info.number("pending_update_count") or 0
    if info.words("url") != url:
        return _ill("elsewhere")
    failed_at = info.moment("last_error_date")
    if failed_at is not None and now - failed_at < FRESH:
        reason = text.masked(text.excerpt(info.words("last_error_message") or "?", 200))
        return _ill("undelivered", reason=reason, pending=pending)
    return _ill("pending", pending=pending) if pending > MANY else None


def asked(info: Fields, trouble: str) -> Health | None:
    """What is wrong where the bridge asks for updates; None when nothing is."""
    if trouble:
        return _ill("trouble", reason=trouble)
    pending = info.number("pending_update_count") or 0
    return _ill("pending", pending=pending) if pending > MANY else None


def well(me: Fields, how: str, last_at: datetime | None) -> Health:
    """All is well: who the bot is, how its updates come, when the latest did."""
    latest = f", the latest at {last_at:%H:%M} UTC" if last_at else ""
    return Health(ok=True, reason=f"@{me.words('username') or me.number('id')}, {how}{latest}")


def _ill(name: str, **slots: object) -> Health:
    said = {
        language: (reason.format(**slots), repair.format(**slots))
        for language, (reason, repair) in _SAID[name].items()
    }
    reason, repair = said["en"]
    return Health(ok=False, reason=reason, repair=repair, said=said)
