from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.profile import Price

tokens = st.integers(0, 1_000_000)


@given(fresh=tokens, cached=tokens, output=tokens, rate=st.decimals(0, 100, places=4))
def test_without_a_discount_cached_input_costs_the_same(fresh, cached, output, rate):
    price = Price(input=rate, output=rate * 3)
    with_cache = price.cost(input_tokens=fresh + cached, output_tokens=output, cached_tokens=cached)
    assert with_cache == price.cost(input_tokens=fresh + cached, output_tokens=output)


def test_cost_is_exact_and_discounts_what_was_cached():
    price = Price(input=Decimal("2.50"), output=Decimal(10), cached_input=Decimal("0.25"))
    assert price.cost(input_tokens=1_000, output_tokens=1) == Decimal("0.00251")
    assert price.cost(input_tokens=1_000, output_tokens=0, cached_tokens=800) == Decimal("0.0007")
