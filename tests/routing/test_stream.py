from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.sketch import ACCURACY
from agentcore.routing.stream import HALF_LIFE_SECONDS, MEMORY, RECENT, Stream

observed = st.lists(st.tuples(st.floats(0, 300), st.floats(0.01, 600)), max_size=40)


def after(history, *, start=1_000.0, margin=1.3) -> Stream:
    stream, now = Stream(), start
    for gap, value in history:
        now += gap
        stream = stream.observe(value, now=now, margin=margin)
    return stream


def same(one: Stream, two: Stream) -> None:
    assert (one.at, one.since, one.recent) == (two.at, two.since, two.recent)
    assert one.summary() == pytest.approx(two.summary(), rel=1e-3, abs=1e-3)


@given(observed)
def test_what_is_estimated_lies_between_the_extremes(history):
    weight, mean, median, late = after(history).summary()
    assert 0 <= weight <= MEMORY + RECENT
    if history:
        low, high = min(v for _, v in history), max(v for _, v in history)
        for found in (mean, median, late):
            assert low * (1 - 2 * ACCURACY) <= found <= high * (1 + 2 * ACCURACY)
        assert median <= late


@given(observed, observed, observed)
def test_the_order_of_merging_makes_no_difference(one, two, three):
    a, b, c = after(one), after(two, start=900.0), after(three, start=2_000.0)
    same(a.merged(b), b.merged(a))
    same(a.merged(b).merged(c), a.merged(b.merged(c)))


def test_a_number_counts_half_after_a_half_life():
    stream = after([(0, 1.0)] * 30)
    assert stream.aged(stream.at + HALF_LIFE_SECONDS).summary()[0] == pytest.approx(stream.summary()[0] / 2)


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_jump_is_followed_after_five_numbers(factor):
    chance = random.Random(1)  # noqa: S311  # repeatable
    usual = [(1.0, chance.lognormvariate(0, 0.3)) for _ in range(300)]
    jumped = [(1.0, factor * chance.lognormvariate(0, 0.3)) for _ in range(7)]
    stream = after([*usual, *jumped])
    assert stream.since > 1_300.0
    assert stream.summary()[1] == pytest.approx(factor, rel=0.5)


def test_noise_is_no_change():
    chance = random.Random(2)  # noqa: S311  # repeatable
    stream = after([(1.0, chance.lognormvariate(0, 0.8)) for _ in range(3_000)])
    assert stream.since == 0.0


def test_few_numbers_are_no_past_that_could_be_over():
    assert after([(1, 1.0)] * 4 + [(1, 10.0)] * 5).since == 0.0


def test_a_change_that_one_has_noticed_is_one_for_all():
    changed, other = after([(1, 1.0)] * 50 + [(1, 10.0)] * 5), after([(1.02, 1.0)] * 54)
    assert other.summary()[1] == pytest.approx(1.0)
    kept = other.forgetting(changed.since).recent
    assert kept
    assert all(when >= changed.since for when, _ in kept)
    assert changed.merged(other).older.weight == 0.0


def test_a_clock_that_goes_back_stands_still():
    stream = after([(0, 1.0), (-500, 2.0)])
    assert stream.at == 1_000.0
    assert stream.summary()[0] == 2.0
