"""Budgets: the keys of `budget` in a project, which a scenario may override one by one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from agentcore.config.strict import Strict
from agentcore.domain.budget import Budget
from agentcore.domain.team import OnExceeded

DEFAULT_BUDGET = Budget(tokens=200_000, usd=Decimal(1), calls=200, seconds=900.0)
"""What a run may spend when nobody said."""


class BudgetKeys(Strict):
    """What a run may spend; null is no limit."""

    tokens: int | None = Field(default=DEFAULT_BUDGET.tokens, ge=0, description="Tokens, input plus output.")
    usd: Decimal | None = Field(default=DEFAULT_BUDGET.usd, ge=0, description="US dollars.")
    seconds: float | None = Field(default=DEFAULT_BUDGET.seconds, gt=0, description="Wall time of the run.")
    calls: int | None = Field(default=DEFAULT_BUDGET.calls, ge=0, description="Model and tool calls.")
    on_exceeded: OnExceeded = Field(
        default="stop",
        description=(
            "stop: end the run, keeping what is done. downgrade: take the cheapest model that fits. "
            "fail: the attempt fails, and the supervisor may plan again."
        ),
    )

    def budget(self) -> Budget:
        """Return the value."""
        return Budget(tokens=self.tokens, usd=self.usd, calls=self.calls, seconds=self.seconds)

    def over(self, budget: Budget) -> Budget:
        """Return another budget with the limits that are written here instead of its own."""
        written: dict[str, Any] = {key: getattr(self, key) for key in self.model_fields_set - {"on_exceeded"}}
        return replace(budget, **written)
