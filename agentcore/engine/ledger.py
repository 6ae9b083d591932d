"""Ledger: the budget of one run while it is driven."""

from __future__ import annotations

from agentcore.domain.budget import NO_USE, Account, Budget, Usage
from agentcore.domain.errors import BudgetExceeded
from agentcore.ports.clock import Clock


class Ledger:
    """Sets aside before each call, settles after it.

    Reserving and settling never await, so calls that run at once cannot spend the same money twice.
    used, seconds: what was used before, by the processes that drove the run, and for how long they did.
    """

    def __init__(self, budget: Budget, clock: Clock, *, used: Usage = NO_USE, seconds: float = 0.0) -> None:
        self._account = Account(limits=budget, taken=used)
        self._clock = clock
        self._deadline = None if budget.seconds is None else clock.monotonic() + budget.seconds - seconds
        self._seconds = budget.seconds
        self._limited = budget.tokens is not None or budget.usd is not None

    @property
    def left(self) -> Budget:
        """What may still be spent, reservations taken off."""
        return self._account.left

    @property
    def micro_usd_left(self) -> int | None:
        """Millionths of a dollar that may still be spent, rounded down; None without a limit."""
        usd = self._account.usd_left
        return None if usd is None else int(usd * 1_000_000)

    @property
    def seconds_left(self) -> float | None:
        """Wall time left, None without a limit."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())

    @property
    def limited(self) -> bool:
        """Whether tokens or money are limited, so that a prompt must be sized before it is sent."""
        return self._limited

    def holds(self, need: Usage, *, times: int) -> bool:
        """Return whether so many times `need` is left."""
        return self._account.holds(need, times=times)

    def reserve(self, need: Usage) -> None:
        """Set `need` aside. Raises BudgetExceeded, naming the limit that ran out, and then sets nothing aside."""
        if self.seconds_left == 0.0:
            raise BudgetExceeded("seconds", "more time", f"0 of {self._seconds}")
        self._account = self._account.reserve(need)

    def settle(self, reserved: Usage, used: Usage) -> None:
        """Turn a reservation into what was really used."""
        self._account = self._account.settle(reserved, used)
