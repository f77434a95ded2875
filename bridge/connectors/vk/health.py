"""How a VK channel is, in words, and what to do about it.

Owns what counts as wrong and how it is said, in English and in Russian. It must never show a token.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge import text
from bridge.connectors.vk.refusals import NoToken
from bridge.errors import SendError
from bridge.fields import Fields
from bridge.messages import Health

_WHERE = "API usage → Access tokens"
_WHERE_RU = "«Работа с API» → «Ключи доступа»"

_SAID: dict[str, dict[str, tuple[str, str]]] = {
    "token": {
        "en": (
            "VK does not accept the community's token",
            f"Create a token in the community's settings, {_WHERE}, and set it as channels.{{channel}}.token.",
        ),
        "ru": (
            "ВКонтакте не принимает ключ доступа сообщества",
            f"Создайте ключ в настройках сообщества, {_WHERE_RU}, и впишите его в channels.{{channel}}.token.",
        ),
    },
    "unreachable": {
        "en": (
            "VK cannot be reached: {reason}",
            "See whether this machine reaches {api_url}. What was said meanwhile is read again.",
        ),
        "ru": (
            "ВКонтакте недоступен: {reason}",
            "Проверьте, открывается ли с этой машины {api_url}. Сказанное за это время будет прочитано.",
        ),
    },
    "other": {
        "en": (
            "the token is of another community, {other}",
            "Set channels.{channel}.group_id to {other}, or take a token of the community {group}.",
        ),
        "ru": (
            "ключ доступа от другого сообщества, {other}",
            "Впишите {other} в channels.{channel}.group_id или возьмите ключ сообщества {group}.",
        ),
    },
    "rights": {
        "en": (
            "the token lacks rights: {rights}",
            f"Create a token with the rights to messages, photos, documents and management in the community's settings, {_WHERE}, and set it as channels.{{channel}}.token.",
        ),
        "ru": (
            "ключу доступа не хватает прав: {rights}",
            f"Создайте ключ с правами на сообщения, фотографии, документы и управление в настройках сообщества, {_WHERE_RU}, и впишите его в channels.{{channel}}.token.",
        ),
    },
    "unregistered": {
        "en": (
            "VK does not call the bridge: {reason}",
            "The bridge registers {url} by itself within minutes. If that does not last: the token needs the right to manage the community, and VK takes ten servers at most (API usage → Callback API).",
        ),
        "ru": (
            "ВКонтакте не присылает события: {reason}",
            "Мост сам подключит {url} в течение нескольких минут. Если не выходит: ключу нужно право на управление сообществом, а серверов может быть не больше десяти («Работа с API» → «Callback API»).",
        ),
    },
    "unconfirmed": {
        "en": (
            "VK could not confirm the bridge's server",
            "{url} must be open to the internet by HTTPS with a valid certificate. The bridge tries again every five minutes.",
        ),
        "ru": (
            "ВКонтакте не смог подтвердить сервер моста",
            "{url} должен открываться из интернета по HTTPS с верным сертификатом. Мост пробует снова каждые пять минут.",
        ),
    },
    "off": {
        "en": (
            "Long Poll is switched off in the community",
            "Switch it on in the community's settings, API usage → Long Poll API, or give the token the right to manage the community.",
        ),
        "ru": (
            "в сообществе выключен Long Poll",
            "Включите его в настройках сообщества, «Работа с API» → «Long Poll API», или дайте ключу право на управление сообществом.",
        ),
    },
    "trouble": {
        "en": (
            "no events come: {reason}",
            "See whether this machine reaches {api_url}. What was said meanwhile is read again.",
        ),
        "ru": (
            "события не приходят: {reason}",
            "Проверьте, открывается ли с этой машины {api_url}. Сказанное за это время будет прочитано.",
        ),
    },
    "lost": {
        "en": (
            "messages may be missing: VK's queue has forgotten some, and the conversations cannot be read: {reason}",
            "Look through the community's messages on vk.com. The token needs the right to messages.",
        ),
        "ru": (
            "могли потеряться сообщения: очередь ВКонтакте их забыла, а переписку прочитать нельзя: {reason}",
            "Просмотрите сообщения сообщества на vk.com. Ключу доступа нужно право на сообщения.",
        ),
    },
}


def refused(error: SendError, channel: str, api_url: str) -> Health:
    """What it means that the community's own name could not be asked for."""
    name = "token" if isinstance(error, NoToken) else "unreachable"
    return _ill(name, channel=channel, api_url=api_url, reason=error.reason)


def held(me: Fields, permissions: Fields, group: int, channel: str) -> Health | None:
    """What is wrong with the token; None when nothing is."""
    other = me.number("id")
    if other is not None and other != group:
        return _ill("other", other=other, group=group, channel=channel)
    missing = lacking(permissions, ("messages",))
    return _ill("rights", rights=", ".join(missing), channel=channel) if missing else None


def lacking(permissions: Fields, wanted: Iterable[str]) -> list[str]:
    """The rights that a token lacks of those wanted; none where VK does not tell them."""
    known = {one.words("name") for one in permissions.many("permissions")}
    return [right for right in wanted if known and right not in known]


def hooked(server: Fields, url: str, trouble: str) -> Health | None:
    """What is wrong with the server at VK; None when nothing is."""
    status = server.words("status")
    if not server or trouble:
        return _ill("unregistered", url=url, reason=trouble or "its server is not registered")
    return _ill("unconfirmed", url=url) if status in ("failed", "unconfigured") else None


def asked(settings: Fields, trouble: str, lost: str, api_url: str) -> Health | None:
    """What is wrong where the bridge asks for events; None when nothing is."""
    if settings and settings.value("is_enabled") not in (True, 1):
        return _ill("off")
    if trouble:
        return _ill("trouble", reason=trouble, api_url=api_url)
    return _ill("lost", reason=lost) if lost else None


def well(me: Fields, how: str, last_at: datetime | None, lacking: list[str]) -> Health:
    """All is well: who the community is, how its events come, when the latest did, and what it cannot do."""
    latest = f", the latest at {last_at:%H:%M} UTC" if last_at else ""
    cannot = f"; the token lacks the rights {', '.join(lacking)}" if lacking else ""
    name = text.excerpt(me.words("name") or me.words("screen_name") or str(me.number("id") or ""), 80)
    return Health(ok=True, reason=f"{name}, {how}{latest}{cannot}")


def _ill(name: str, **slots: object) -> Health:
    said = {
        language: (reason.format(**slots), repair.format(**slots))
        for language, (reason, repair) in _SAID[name].items()
    }
    reason, repair = said["en"]
    return Health(ok=False, reason=reason, repair=repair, said=said)
