"""Dollars: an amount of money on the command line."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click


class Dollars(click.ParamType[Decimal]):
    """An amount of dollars, 0 or more."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the amount. Fails for what is not a number, or less than 0."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value} is not an amount of dollars, 0 or more", param, ctx)
        return amount
