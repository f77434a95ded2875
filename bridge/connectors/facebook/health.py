"""How a Facebook channel is, in words, and what to do about it.

Owns what counts as wrong and how it is said, in English and in Russian. It must never show a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bridge import text
from bridge.connectors.facebook.refusals import NoMethod, NoRight, NoToken
from bridge.connectors.facebook.subscription import NEEDED
from bridge.errors import SendError
from bridge.fields import Fields
from bridge.messages import Health

_WHERE = "developers.facebook.com → your app → Messenger → Messenger API settings"
_WHERE_RU = "developers.facebook.com → ваше приложение → Messenger → Настройки API Messenger"

_SAID: dict[str, dict[str, tuple[str, str]]] = {
    "token": {
        "en": (
            "Facebook does not accept the page's token: {reason}",
            f"Generate a token for the page at {_WHERE}, and set it as channels.{{channel}}.token. If it is good, see whether channels.{{channel}}.app_secret is of the same app.",
        ),
        "ru": (
            "Facebook не принимает маркер доступа страницы: {reason}",
            f"Создайте маркер для страницы: {_WHERE_RU} — и впишите его в channels.{{channel}}.token. Если он верен, проверьте, от того же ли приложения channels.{{channel}}.app_secret.",
        ),
    },
    "rights": {
        "en": (
            "a right is missing: {reason}",
            f"The token needs pages_messaging and pages_manage_metadata: generate it anew at {_WHERE} with both, and set it as channels.{{channel}}.token.",
        ),
        "ru": (
            "не хватает прав: {reason}",
            f"Маркеру нужны права pages_messaging и pages_manage_metadata: создайте его заново ({_WHERE_RU}) с обоими и впишите в channels.{{channel}}.token.",
        ),
    },
    "unknown": {
        "en": (
            "what answers is not the Graph API: {reason}",
            "Set channels.{channel}.api_url to https://graph.facebook.com, and channels.{channel}.version to one that Facebook still speaks.",
        ),
        "ru": (
            "отвечает не Graph API: {reason}",
            "Впишите https://graph.facebook.com в channels.{channel}.api_url, а в channels.{channel}.version — версию, которую Facebook ещё поддерживает.",
        ),
    },
    "unreachable": {
        "en": (
            "Facebook cannot be reached: {reason}",
            "See whether this machine reaches {api_url}. Facebook repeats what was said meanwhile for 36 hours.",
        ),
        "ru": (
            "Facebook недоступен: {reason}",
            "Проверьте, открывается ли с этой машины {api_url}. Сказанное за это время Facebook повторяет 36 часов.",
        ),
    },
    "other": {
        "en": (
            "the token is of another page, {other}",
            "Set channels.{channel}.page_id to {other}, or take a token of the page {page}.",
        ),
        "ru": (
            "маркер доступа от другой страницы, {other}",
            "Впишите {other} в channels.{channel}.page_id или возьмите маркер страницы {page}.",
        ),
    },
    "unsubscribed": {
        "en": (
            "Facebook does not tell the bridge of: {missing}",
            f"The bridge subscribes the page by itself within minutes. If that does not last, choose these fields for the page at {_WHERE}; after an hour of failures Facebook stops calling, so see also whether {{url}} is open to the internet by HTTPS.",
        ),
        "ru": (
            "Facebook не сообщает мосту: {missing}",
            f"Мост сам подпишет страницу в течение нескольких минут. Если не выходит, отметьте эти поля у страницы: {_WHERE_RU}. После часа ошибок Facebook перестаёт обращаться к серверу: проверьте и то, открывается ли {{url}} из интернета по HTTPS.",
        ),
    },
    "trouble": {
        "en": (
            "the page could not be subscribed: {reason}",
            f"The token needs pages_manage_metadata: generate it anew at {_WHERE}. The bridge tries again every minute.",
        ),
        "ru": (
            "не удалось подписать страницу: {reason}",
            f"Маркеру нужно право pages_manage_metadata: создайте его заново ({_WHERE_RU}). Мост пробует снова каждую минуту.",
        ),
    },
    "callback": {
        "en": (
            "Facebook does not take the bridge's address: {reason}",
            f"Set the callback URL {{url}} and the verify token of config.yaml at {_WHERE}, and see whether channels.{{channel}}.app_id and app_secret are of this app. The address must be open to the internet by HTTPS with a valid certificate.",
        ),
        "ru": (
            "Facebook не принимает адрес моста: {reason}",
            f"Впишите адрес {{url}} и verify_token из config.yaml: {_WHERE_RU} — и проверьте, от этого ли приложения channels.{{channel}}.app_id и app_secret. Адрес должен открываться из интернета по HTTPS с верным сертификатом.",
        ),
    },
}


def refused(error: SendError, channel: str, api_url: str) -> Health:
    """What it means that Facebook could not be asked."""
    names = {NoToken: "token", NoRight: "rights", NoMethod: "unknown"}
    name = next((name for kind, name in names.items() if isinstance(error, kind)), "unreachable")
    return _ill(name, channel=channel, api_url=api_url, reason=error.reason)


def held(me: Fields, page: str, channel: str) -> Health | None:
    """What is wrong with the token; None when nothing is."""
    other = me.words("id")
    return _ill("other", other=other, page=page, channel=channel) if other and other != page else None


def subscribed(missing: Sequence[str], trouble: str, callback: str, url: str, channel: str) -> Health | None:
    """What is wrong with what Facebook tells us; None when contacts are heard."""
    if trouble and NEEDED & set(missing):
        return _ill("trouble", reason=trouble)
    if NEEDED & set(missing):
        return _ill("unsubscribed", missing=", ".join(missing), url=url or f"/hooks/{channel}")
    return _ill("callback", reason=callback, url=url, channel=channel) if callback else None


def well(me: Fields, last_at: datetime | None, missing: Sequence[str]) -> Health:
    """All is well: what the page is called, when the latest event came, and what is not told."""
    latest = f", the latest event at {last_at:%H:%M} UTC" if last_at else ""
    untold = f"; Facebook does not tell of {', '.join(missing)}" if missing else ""
    name = text.excerpt(me.words("name") or me.words("id"), 80)
    return Health(ok=True, reason=f"{name}, called by Facebook{latest}{untold}")


def _ill(name: str, **slots: object) -> Health:
    said = {
        language: (reason.format(**slots), repair.format(**slots))
        for language, (reason, repair) in _SAID[name].items()
    }
    reason, repair = said["en"]
    return Health(ok=False, reason=reason, repair=repair, said=said)
