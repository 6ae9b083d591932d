"""Versions: what names a definition by its content, so that a record says exactly what was run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from agentcore.domain.agent import Agent
from agentcore.domain.json import JSON, digest


def versioned(agent: Agent, root: Path) -> Agent:
    """Return the agent with its version: the digest of the definition, and of the project's own checks.

    root: the folder from which the files of `python` checks are read; one that cannot be read counts as empty.
    """
    parts = asdict(agent)
    del parts["version"]
    files = sorted({str(check.options["file"]) for check in agent.verification.checks if "file" in check.options})
    # The order of keys counts: a model writes an object's fields in the order of its schema.
    text = json.dumps([plain(parts), [[file, file_digest(root / file)] for file in files]], ensure_ascii=False)
    return replace(agent, version=hashlib.sha256(text.encode()).hexdigest())


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, of nothing when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return hashlib.sha256().hexdigest()


def policies_digest(folder: Path | None) -> str:
    """Return the digest of the names and texts of all policies in a folder; the empty text without one."""
    if folder is None:
        return ""
    return digest(
        [[path.relative_to(folder).as_posix(), file_digest(path)] for path in sorted(folder.rglob("*.cedar"))]
    )


def plain(value: Any) -> JSON:
    """Return a value of the domain as JSON; sets become sorted lists, decimals and enums their text."""
    match value:
        case Enum():
            return str(value.value)
        case Decimal():
            return str(value)
        case dict():
            items: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]  asdict gives no types
            return {str(key): plain(item) for key, item in items.items()}
        case frozenset():
            return sorted(str(plain(item)) for item in value)  # pyright: ignore[reportUnknownVariableType]  as above
        case list() | tuple():
            return [plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  as above
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
