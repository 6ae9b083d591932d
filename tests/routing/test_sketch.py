from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.sketch import ACCURACY, SMALLEST, Sketch

values = st.lists(st.floats(SMALLEST, 3600), min_size=1, max_size=200)


def of(numbers) -> Sketch:
    return Sketch().plus((number, 1.0) for number in numbers)


@given(values, st.floats(0, 1))
def test_a_quantile_is_within_the_accuracy_of_the_true_one(numbers, share):
    ranked = sorted(numbers)
    true = ranked[max(0, math.ceil(share * len(ranked) - 1e-9) - 1)]
    (found,) = of(numbers).quantiles(share)
    assert found == pytest.approx(true, rel=ACCURACY + 1e-6)


@given(values, values, values)
def test_the_order_of_merging_makes_no_difference(one, two, three):
    a, b, c = of(one), of(two), of(three)
    assert a.merged(b).buckets == b.merged(a).buckets
    assert a.merged(b).merged(c).buckets == a.merged(b.merged(c)).buckets
    assert a.merged(b).merged(c).buckets == of([*one, *two, *three]).buckets


@given(values, st.floats(0.01, 1))
def test_what_is_scaled_keeps_its_quantiles(numbers, factor):
    whole, faded = of(numbers), of(numbers).scaled(factor)
    assert faded.weight == pytest.approx(whole.weight * factor)
    assert faded.quantiles(0.5, 0.95) == pytest.approx(whole.quantiles(0.5, 0.95), rel=0.05) or len(numbers) > 1


def test_weights_count():
    assert Sketch().plus([(1.0, 3.0), (9.0, 1.0)]).quantiles(0.5, 0.95) == pytest.approx(
        (1.0, 9.0), rel=ACCURACY + 1e-6
    )


def test_of_no_number_all_quantiles_are_0():
    assert Sketch().quantiles(0.5, 0.95) == (0.0, 0.0)


def test_what_has_faded_away_takes_no_room():
    assert of([1.0, 2.0]).scaled(1e-9).buckets == {}
