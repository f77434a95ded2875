"""What a Telegram channel may set of its own in config.yaml.

Owns the keys and what is wrong with each by itself.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

_TOKEN = re.compile(r"[0-9]{1,16}:[A-Za-z0-9_-]+", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}", re.ASCII)


def _token(value: SecretStr) -> SecretStr:
    if _TOKEN.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be the token that @BotFather gives for the bot, like 123456789:AAE…")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if _SECRET.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be 16 to 256 characters of A-Z, a-z, 0-9, _ and -")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://api.telegram.org")
    return value.rstrip("/")


class TelegramSettings(BaseModel):
    """The keys of a channel with `connector: telegram`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[SecretStr, AfterValidator(_token)]
    """The bot's token, from @BotFather."""
    webhook_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """What Telegram proves itself with when it calls us; made of the bridge's own secret by default."""
    groups: bool = True
    """Whether the bot also answers in groups it was added to."""
    api_url: Annotated[str, AfterValidator(_address)] = Field(default="https://api.telegram.org")
    """The Bot API server: Telegram's, or one's own."""

    @property
    def bot(self) -> int:
        """The bot's own number, which its token begins with."""
        return int(self.token.get_secret_value().partition(":")[0])
