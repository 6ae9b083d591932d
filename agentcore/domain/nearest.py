"""What to say of a name that does not exist: the nearest one that does."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

SHOWN_NAMES: Final = 12
"""How many known names a message lists when none is near."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist, with the nearest that does."""
    names = sorted(known)
    start = f"unknown {kind} `{name}`"
    near = get_close_matches(name, names, n=1)
    if near:
        return f"{start}; did you mean `{near[0]}`?"
    if not names:
        return f"{start}; there are none"
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"{start}; known: {', '.join(names[:SHOWN_NAMES])}{more}"
