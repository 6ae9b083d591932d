"""Paths of values in JSON, as policies name them: `to.account`, and `to[].name` for what is in a list of objects."""

from __future__ import annotations


def joined(path: str, key: str) -> str:
    r"""Return the path of what stands at a key. A `.`, `[` or `\` in it is preceded by `\`: no two share a path."""
    escaped = key.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[")
    return f"{path}.{escaped}" if path else escaped
