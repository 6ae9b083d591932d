"""HedgeShare: how many calls may be asked of a second model while the first is still at it. Pure.

Were every slow call asked twice, an outage that makes all of them slow would double the load. So each call earns a
small credit, and a second question costs a whole one: see Dean and Barroso, "The Tail at Scale" (2013), who ask a
second time after the 95th percentile and so in one call of twenty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHARE: Final = 0.05
"""So many second questions for each call."""

MOST: Final = 3.0
"""How many may be saved up."""


@dataclass(frozen=True, slots=True)
class HedgeShare:
    """How many second questions may be asked now."""

    credit: float = 1.0

    def called(self) -> HedgeShare:
        """Return the share after one more call."""
        return HedgeShare(min(MOST, self.credit + SHARE))

    @property
    def allows(self) -> bool:
        """Whether a second question may be asked."""
        return self.credit >= 1.0 - 1e-9

    def asked(self) -> HedgeShare:
        """Return the share after a second question."""
        return HedgeShare(self.credit - 1.0)
