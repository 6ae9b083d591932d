from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.live import LiveStats
from agentcore.routing.stream import HALF_LIFE_SECONDS
from agentcore.routing.tally import Tally

calls = st.lists(
    st.tuples(
        st.floats(-10, 10_000),  # seconds since the last call; a clock may go back
        st.floats(0, 600),
        st.integers(0, 4_000),
        st.booleans(),
    ),
    max_size=80,
)


def after(history) -> Tally:
    tally, now = Tally(), 1_000.0
    for gap, seconds, tokens, failed in history:
        now += gap
        if failed:
            tally = tally.broke(now=now)
        else:
            tally = tally.answered(now=now, seconds=seconds, output_tokens=tokens, input_tokens=10, cached_tokens=5)
    return tally


def steady(count, seconds, **more) -> Tally:
    tally = Tally()
    for index in range(count):
        tally = tally.answered(now=1_000.0 + index, seconds=seconds, **more)
    return tally


@given(calls)
def test_what_is_estimated_lies_between_the_observed_extremes(history):
    stats = LiveStats.of(after(history))
    good = [(seconds, tokens) for _, seconds, tokens, failed in history if not failed]
    assert stats.calls == len(history)
    assert stats.failures == len(history) - len(good)
    assert -1e-9 <= stats.failure_rate <= 1 + 1e-9
    if good:
        assert stats.cached_share == pytest.approx(0.5)
        assert min(t for _, t in good) - 1e-6 <= stats.output_tokens <= max(t for _, t in good) + 1e-6


@given(calls, st.floats(0, 100), st.floats(0, 1e6), st.integers(0, 4_000))
def test_a_forecast_lies_between_what_is_declared_and_what_was_measured(history, declared, later, limit):
    stats = LiveStats.of(after(history))
    now = stats.at + later
    forecast = stats.forecast_seconds(declared, now)
    assert min(declared, stats.seconds) - 1e-6 <= forecast <= max(declared, stats.seconds) + 1e-6
    assert 0 <= stats.forecast_output_tokens(limit) <= limit
    assert stats.forecast_median_seconds(declared, now) <= stats.forecast_late_seconds(declared, now) + 1e-6


def test_before_any_call_the_declared_values_are_the_forecast():
    stats = LiveStats()
    assert stats.forecast_seconds(5.0, 0.0) == 5.0
    assert stats.forecast_late_seconds(5.0, 0.0) == 5.0
    assert stats.forecast_output_tokens(512) == 512
    assert stats.forecast_price(0.0) == 1.0
    assert stats.forecast_quality(0.7, 0.0) == 0.7


def test_measured_calls_outweigh_what_is_declared_and_fade_again_in_silence():
    stats = LiveStats.of(steady(50, 1.0))
    assert stats.forecast_seconds(9.0, stats.at) == pytest.approx(1.3, abs=0.1)
    assert stats.forecast_seconds(9.0, stats.at + 20 * HALF_LIFE_SECONDS) == pytest.approx(9.0, abs=0.01)


def test_a_step_type_without_calls_goes_by_the_model_and_then_by_what_is_declared():
    model = LiveStats.of(steady(100, 1.0, output_tokens=30, price=2.0))
    step = LiveStats.of(Tally(), model)
    assert step.forecast_seconds(9.0, model.at) == model.forecast_seconds(9.0, model.at)
    assert step.forecast_late_seconds(9.0, model.at) == model.forecast_late_seconds(9.0, model.at)
    assert step.forecast_output_tokens(512) == 30
    assert step.forecast_price(model.at) == pytest.approx(2.0, rel=0.01)


def test_a_step_types_own_calls_outweigh_the_models():
    model = LiveStats.of(steady(100, 1.0))
    step = LiveStats.of(steady(20, 8.0), model)
    assert step.forecast_seconds(1.0, step.at) > 7.0


def test_ten_times_the_latency_is_followed_within_ten_calls():
    tally = steady(200, 1.0)
    for index in range(10):
        tally = tally.answered(now=1_300.0 + index, seconds=10.0)
    stats = LiveStats.of(tally)
    assert stats.forecast_seconds(1.0, stats.at) > 8.0
    assert stats.forecast_late_seconds(1.0, stats.at) > 8.0


def test_another_price_is_followed_within_ten_calls():
    tally = steady(200, 1.0, price=1.0)
    for index in range(6):
        tally = tally.answered(now=1_300.0 + index, seconds=1.0, price=3.0)
    stats = LiveStats.of(tally)
    assert stats.forecast_price(stats.at) == pytest.approx(3.0, rel=0.05)


def test_verdicts_lower_the_declared_quality_and_never_raise_it():
    good = bad = Tally()
    for index in range(40):
        good, bad = good.judged(True, now=1_000.0 + index), bad.judged(index % 2 == 0, now=1_000.0 + index)
    assert LiveStats.of(good).forecast_quality(0.5, 1_040.0) == 0.5
    assert LiveStats.of(bad).forecast_quality(0.9, 1_040.0) == pytest.approx(0.55, abs=0.05)
    assert LiveStats.of(bad).forecast_quality(0.9, 1_040.0 + 20 * HALF_LIFE_SECONDS) == pytest.approx(0.9, abs=0.01)


def test_failures_say_nothing_about_latency():
    stats = LiveStats.of(steady(10, 1.0).broke(now=1_020.0))
    assert stats.seconds == pytest.approx(1.0)
    assert stats.failure_rate == pytest.approx(1 / 11, rel=0.1)


@given(calls, calls)
def test_what_several_have_seen_is_added_up_in_any_order(one, two):
    a, b = after(one), after(two)
    left, right = LiveStats.of(a.merged(b)), LiveStats.of(b.merged(a))
    assert left.calls == right.calls == len(one) + len(two)
    assert left.seconds == pytest.approx(right.seconds)
    assert left.p95_seconds == pytest.approx(right.p95_seconds)
