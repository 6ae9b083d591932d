"""Budget and Account: what a run may spend, and what it has spent. Pure; no clock."""

from __future__ import annotations

from decimal import Decimal

from agentcore.domain.errors import BudgetExceeded
from agentcore.domain.frozen import frozen

NOTHING_USD = Decimal(0)


@frozen
class Usage:
    """What one or more effects used, or may use at the most.

    tokens count input plus output; cached_tokens are those of the input that the provider had cached.
    calls: model and tool calls.  usd: Decimal dollars.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    calls: int = 0
    usd: Decimal = NOTHING_USD

    @property
    def tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            calls=self.calls + other.calls,
            usd=self.usd + other.usd,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens - other.input_tokens,
            output_tokens=self.output_tokens - other.output_tokens,
            cached_tokens=self.cached_tokens - other.cached_tokens,
            calls=self.calls - other.calls,
            usd=self.usd - other.usd,
        )


NO_USE = Usage()


@frozen
class Budget:
    """Limits of a run; None is no limit.

    tokens: input plus output.   usd: Decimal dollars.   calls: model and tool calls.
    seconds: wall time from the start of the run; enforced by the runtime's clock, kept here for the record.
    """

    tokens: int | None = None
    usd: Decimal | None = None
    calls: int | None = None
    seconds: float | None = None


@frozen
class Account:
    """What has been taken from a run's limits.

    taken: what calls that have ended used, and what calls under way have reserved.
    """

    limits: Budget
    taken: Usage = NO_USE

    @property
    def left(self) -> Budget:
        """What may still be reserved. Never negative: a call that used more than it reserved leaves nothing."""
        limits, taken = self.limits, self.taken
        return Budget(
            tokens=None if limits.tokens is None else max(0, limits.tokens - taken.tokens),
            usd=self.usd_left,
            calls=None if limits.calls is None else max(0, limits.calls - taken.calls),
            seconds=limits.seconds,
        )

    @property
    def usd_left(self) -> Decimal | None:
        """The money in `left`."""
        limit = self.limits.usd
        return None if limit is None else max(NOTHING_USD, limit - self.taken.usd)

    def holds(self, need: Usage, *, times: int = 1) -> bool:
        """Return whether so many times `need` is left."""
        limits, taken = self.limits, self.taken
        return (
            (limits.tokens is None or need.tokens * times <= max(0, limits.tokens - taken.tokens))
            and (limits.usd is None or need.usd * times <= max(NOTHING_USD, limits.usd - taken.usd))
            and (limits.calls is None or need.calls * times <= max(0, limits.calls - taken.calls))
        )

    def reserve(self, need: Usage) -> Account:
        """Return the account after setting `need` aside.

        Raises BudgetExceeded, naming the limit that ran out.
        """
        if not self.holds(need):
            raise _exceeded(self.left, need)
        return Account(limits=self.limits, taken=self.taken + need)

    def settle(self, reserved: Usage, used: Usage) -> Account:
        """Return the account once a reservation has turned into what was really used, be it more or less."""
        return Account(limits=self.limits, taken=self.taken - reserved + used)


def _exceeded(left: Budget, need: Usage) -> BudgetExceeded:
    if left.tokens is not None and need.tokens > left.tokens:
        return BudgetExceeded("tokens", str(need.tokens), str(left.tokens))
    if left.usd is not None and need.usd > left.usd:
        return BudgetExceeded("usd", f"${need.usd}", f"${left.usd}")
    return BudgetExceeded("calls", str(need.calls), str(left.calls))
