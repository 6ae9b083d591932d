"""Durations as people write them: `90s`, `15m`, `12h`, `30d`, `4w`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SECONDS: Final[Mapping[str, int]] = MappingProxyType({"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800})
_FORM: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw])")


def seconds_of(text: str) -> float:
    """Return the seconds of a duration. Raises ValueError, whose message says what a duration looks like."""
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no duration; write a number and a unit: 90s, 15m, 12h, 30d or 4w")
    return float(found[1]) * _SECONDS[found[2]]
