"""The secret that signs what browsers carry: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bridge.errors import ConfigError


def kept_secret(data: Path) -> str:
    """The secret of this data folder, made at the first call; several processes get the same one."""
    file = data / "secret"
    try:
        if not file.exists():
            _make(file)
        secret = file.read_text().strip()
    except OSError as error:
        raise ConfigError("secret", f"cannot be kept in {file}: {error.strerror}") from error
    if len(secret) < 16:
        raise ConfigError("secret", f"{file} holds none; delete the file and a new one is made")
    return secret


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)  # fails when another process was first, and never shows half a file
        except FileExistsError:
            return
    finally:
        draft.unlink()
