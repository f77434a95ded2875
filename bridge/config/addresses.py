"""Addresses in config.yaml: of the bridge itself, of its database, its Redis, its files.

Owns which kinds are taken. It must never connect to one.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bridge.config.values import Expanded, Text, refuse


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        refuse("must be an address like https://support.example.com")
    return text.rstrip("/")


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        refuse("must be an IP address or network like 10.0.0.0/8")
    return text


def _database_url(text: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if text.startswith(prefix):
            text = f"postgresql+psycopg://{text.removeprefix(prefix)}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        refuse("no database address; write postgresql://user:password@host/name or sqlite:///file.db")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        refuse(f"unknown kind of database {url.drivername!r}; known: sqlite, postgresql")
    if url.drivername == "sqlite" and (
        not url.database or ":memory:" in url.database or "mode=memory" in text
    ):
        refuse("needs a file, as in sqlite:///data/bridge.db: what is only in memory is lost")
    return text


def _redis_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        refuse("must begin with redis://, rediss:// or unix://, or be left out for the embedded server")
    return text


def _files_url(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    if not separator or scheme in ("file", "local"):
        return text
    from fsspec import available_protocols, get_filesystem_class

    if scheme not in available_protocols():
        refuse(
            f"unknown kind of storage {scheme!r}; write a folder, or an fsspec address like s3://bucket/folder"
        )
    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        refuse(f"{scheme}:// needs a package that is not installed: {error}")
    return text


PublicUrl = Annotated[Text, AfterValidator(_url)]
Network = Annotated[Text, AfterValidator(_network)]
DatabaseUrl = Annotated[Expanded, AfterValidator(_database_url)]
RedisUrl = Annotated[Expanded, AfterValidator(_redis_url)]
FilesUrl = Annotated[Expanded, AfterValidator(_files_url)]
