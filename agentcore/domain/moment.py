"""Moment: the time of a decision, as policies ask for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple


class Moment(NamedTuple):
    """An hour of a weekday, in UTC. hour: 0 to 23.  weekday: 1 for Monday to 7 for Sunday."""

    hour: int
    weekday: int

    @staticmethod
    def of(at: float) -> Moment:
        """Return the moment of a time in seconds since the Unix epoch."""
        time = datetime.fromtimestamp(at, UTC)
        return Moment(time.hour, time.isoweekday())


SOME_MOMENT = Moment(hour=12, weekday=1)
"""Where nobody asks for the time."""
