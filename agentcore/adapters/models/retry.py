"""When to call a server again after it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

    max_retries: calls after the first one.  first_seconds, max_seconds: bounds of the longest wait that chance picks.
    """

    max_retries: int = 2
    first_seconds: float = 0.5
    max_seconds: float = 20.0

    def delay_seconds(self, retry: int, *, chance: float, asked_seconds: float | None) -> float:
        """Return how long to wait before retry number `retry` (the first is 0).

        chance: in [0, 1).  asked_seconds: what the server asked for; the wait is never shorter than that.
        """
        backoff = min(self.max_seconds, self.first_seconds * 2.0 ** min(retry, 32)) * chance
        return max(backoff, asked_seconds or 0.0)


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Return what a server asks for with Retry-After (RFC 9110, seconds or an HTTP date), None if it does not.

    now: seconds since the epoch. `retry-after-ms`, which some providers add, is more exact and wins.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)


def _number(value: str | None) -> float | None:
    """Return a finite number >= 0."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
