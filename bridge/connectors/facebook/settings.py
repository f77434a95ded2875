"""What a Facebook channel may set of its own in config.yaml.

Owns the keys and what is wrong with each by itself.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

VERSION = "v23.0"
"""The version of the Graph API that is spoken."""
_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._|-]{1,2048}", re.ASCII)
_SECRET = re.compile(r"[\x21-\x7e]{8,256}", re.ASCII)


def _written(value: object) -> object:
    """An id is a number to YAML, and text to Facebook."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _id(value: str) -> str:
    if _ID.fullmatch(value) is None:
        raise ValueError("must be a number as Facebook shows it, like 111899832631525")
    return value


def _token(value: SecretStr) -> SecretStr:
    if _TOKEN.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be an access token of the page, like EAAG…")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if _SECRET.fullmatch(value.get_secret_value()) is None:
        raise ValueError("must be 8 to 256 letters, digits and signs without a space")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://graph.facebook.com")
    return value.rstrip("/")


Id = Annotated[str, BeforeValidator(_written), AfterValidator(_id)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]


class FacebookSettings(BaseModel):
    """The keys of a channel with `connector: facebook`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    page_id: Id
    """The page's own number."""
    token: Annotated[SecretStr, AfterValidator(_token)]
    """An access token of the page, with the rights pages_messaging and pages_manage_metadata."""
    app_secret: Secret
    """What Facebook signs with when it calls us: the secret of the app."""
    verify_token: Secret
    """What Facebook must say when it asks whether we are its server."""
    app_id: Id | None = None
    """The app's number; with it the bridge also sets the app's callback address by itself."""
    human_agent: bool = False
    """Whether Facebook has granted the app the feature Human Agent: agents may answer for seven days."""
    api_url: Annotated[str, AfterValidator(_address)] = Field(default="https://graph.facebook.com")
    """Facebook's Graph API."""
    version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")] = VERSION
    """The version of it."""
