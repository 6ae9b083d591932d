"""Cron: the times at which a cron expression is due in a time zone. Pure; the time is passed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError

_ONE_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression in a time zone.

    expression: minute, hour, day of the month, month, day of the week; six fields begin with the second.

    Where clocks change, it does as Debian's cron: a time of day that is left out is due right after the gap, one that
    comes twice is due the first time; what is due every so many minutes or hours (`*`, `*/15`) goes by real time.
    """

    expression: str
    zone: tzinfo

    @staticmethod
    def parse(expression: str, zone: tzinfo = UTC) -> Cron:
        """Return the value. Raises ValueError: not a cron expression, or one that is never due."""
        cron = Cron(expression=expression, zone=zone)
        try:
            cron.after(0.0)
        except CronSimError as error:
            problem = str(error)
            raise ValueError(f"is not a cron expression: {problem[:1].lower()}{problem[1:]}") from None
        return cron

    def after(self, at: float) -> float:
        """Return the first due time after a time; both in seconds since the epoch. Raises ValueError: never due."""
        for due in self._times(at):
            if due > at:  # where clocks go back, cronsim begins with a time of day that has been
                return due
        raise ValueError("is a cron expression that is never due")

    def latest(self, at: float) -> float | None:
        """Return the last due time up to and including a time, None when there is none."""
        found = next((due for due in self._times(at + _ONE_SECOND, back=True) if due <= at), None)
        if found is None:
            return None
        later = self.after(found)
        while later <= at:  # where clocks go back, cronsim goes past a time of day that has been
            found, later = later, self.after(later)
        return found

    def told(self, due: float) -> str:
        """Return a due time as ISO 8601 text in the time zone, such as 2026-11-02T07:00:00+01:00."""
        return datetime.fromtimestamp(due, self.zone).isoformat()

    def _times(self, at: float, *, back: bool = False) -> Iterator[float]:
        start = datetime.fromtimestamp(int(at), self.zone)
        for due in CronSim(self.expression, start, reverse=back):
            yield due.timestamp()
