"""The master secret of a store's audit: 32 bytes that wrap the subjects' keys and sign checkpoints."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from agentcore.domain.errors import ConfigError, JournalUnavailable

VARIABLE: Final = "AGENTCORE_AUDIT_KEY"
"""The environment variable that has the secret as Base64; else a file beside the store, or a row in it, has it."""

SECRET_BYTES: Final = 32


def secret_from(environment: Mapping[str, str]) -> bytes | None:
    """Return the secret that the environment has, None when it has none. Raises ConfigError when it is none."""
    written = environment.get(VARIABLE, "")
    if not written:
        return None
    secret = decoded(written)
    if secret is None:
        raise ConfigError(
            [f"the environment variable {VARIABLE} is not the Base64 of {SECRET_BYTES} bytes"],
            hint="make one with: openssl rand -base64 32",
        )
    return secret


def secret_of(store: Path) -> bytes:
    """Return the secret of the store in a file: the environment's, or the one beside it.

    Raises ConfigError and JournalUnavailable.
    """
    return secret_from(os.environ) or secret_beside(store)


def secret_file(store: Path) -> Path:
    """Return the file beside a store that has its secret."""
    return store.with_name(f"{store.name}.audit-key")


def secret_beside(store: Path) -> bytes:
    """Return the secret in the file beside a store, which is made if it is not there, for its owner's eyes alone.

    Raises JournalUnavailable.
    """
    path = secret_file(store)
    try:
        if not path.exists():
            _make(path)
        secret = decoded(path.read_text(encoding="ascii"))
    except (OSError, UnicodeError) as error:
        raise JournalUnavailable(
            f"the key of the audit, {path}, cannot be read or made: {error}", hint=f"check it, or set {VARIABLE}"
        ) from error
    if secret is None:
        raise JournalUnavailable(f"{path} is no key of an audit", hint="put the file back that was there")
    return secret


def new_secret() -> bytes:
    """Return a new secret."""
    return secrets.token_bytes(SECRET_BYTES)


def encoded(secret: bytes) -> str:
    """Return the secret as text."""
    return base64.b64encode(secret).decode()


def decoded(text: str) -> bytes | None:
    """Return the secret of a text, None when it is none."""
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == SECRET_BYTES else None


def _make(path: Path) -> None:
    """Make the file, whole or not at all; another process may be quicker, and then it is that one's."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(encoded(new_secret()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
