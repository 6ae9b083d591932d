"""Runs as JSON for programs."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.budget import Usage
from agentcore.routing.profile import Price
from agentcore.surfaces.run_json import as_json

AMOUNTS = st.integers(0, 10**15 - 1).map(lambda digits: Decimal(digits).scaleb(-9))


@given(AMOUNTS)
def test_an_amount_of_up_to_15_digits_is_written_exactly(usd):
    assert json.loads(json.dumps(as_json(usd)), parse_float=Decimal, parse_int=Decimal) == usd


def test_costs_are_summed_before_they_become_numbers():
    price = Price(input=Decimal("0.1"), output=Decimal("0.2"))
    cost = price.cost(input_tokens=1, output_tokens=1)
    used = sum((Usage(usd=cost) for _ in range(10)), Usage())
    assert json.dumps(as_json(used.usd)) == "3e-06"
