"""What a VK channel may set of its own in config.yaml.

Owns the keys and what is wrong with each by itself.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,1024}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{8,50}", re.ASCII)
_CONFIRMATION = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


def _token(value: SecretStr) -> SecretStr:
    if _TOKEN.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be an access token of the community, like vk1.a.…")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if _SECRET.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be 8 to 50 characters of A-Z, a-z, 0-9, _ and -")
    return value


def _confirmation(value: str) -> str:
    if _CONFIRMATION.fullmatch(value) is None:
        raise ValueError("must be the string that VK shows for the server, like 8af3c1d0")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://api.vk.ru")
    return value.rstrip("/")


class VkSettings(BaseModel):
    """The keys of a channel with `connector: vk`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    group_id: Annotated[int, Field(gt=0, lt=2**53)]
    """The community's own number."""
    token: Annotated[SecretStr, AfterValidator(_token)]
    """An access token of the community, with the rights to its messages, photos, documents and management."""
    secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """What VK proves itself with when it calls us; made of the bridge's own secret by default."""
    confirmation: Annotated[str, AfterValidator(_confirmation)] | None = None
    """What VK wants to hear before it calls us; asked of VK by default."""
    groups: bool = True
    """Whether the community also answers in group chats it was added to."""
    api_url: Annotated[str, AfterValidator(_address)] = Field(default="https://api.vk.ru")
    """VK's API."""
