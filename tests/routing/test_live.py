from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.live import HALF_LIFE_SECONDS, MEMORY_CALLS, RECENT_CALLS, LiveStats

calls = st.lists(
    st.tuples(
        st.floats(-10, 10_000),  # seconds since the last call; a clock may go back
        st.floats(0, 600),
        st.integers(0, 4_000),
        st.booleans(),
    ),
    max_size=80,
)


def after(history: list[tuple[float, float, int, bool]]) -> LiveStats:
    stats, now = LiveStats(), 1_000.0
    for gap, seconds, tokens, failed in history:
        now += gap
        stats = stats.observe(now=now, seconds=seconds, output_tokens=tokens, failed=failed)
    return stats


@given(calls)
def test_what_is_estimated_lies_between_the_observed_extremes(history):
    stats = after(history)
    good = [(seconds, tokens) for _, seconds, tokens, failed in history if not failed]
    assert stats.calls == len(history)
    assert stats.failures == len(history) - len(good)
    assert 0 <= stats.failure_rate <= 1
    assert 0 <= stats.weight <= MEMORY_CALLS
    assert len(stats.recent) <= RECENT_CALLS
    if good:
        slack = 1e-6
        assert min(s for s, _ in good) - slack <= stats.seconds <= max(s for s, _ in good) + slack
        assert min(s for s, _ in good) <= stats.p95_seconds <= max(s for s, _ in good)
        assert min(t for _, t in good) - slack <= stats.output_tokens <= max(t for _, t in good) + slack


@given(calls, st.floats(0, 100), st.floats(0, 1e6), st.integers(0, 4_000))
def test_a_forecast_lies_between_what_is_declared_and_what_was_measured(history, declared, later, limit):
    stats = after(history)
    now = stats.at + later
    forecast = stats.forecast_seconds(declared, now)
    assert min(declared, stats.seconds) - 1e-6 <= forecast <= max(declared, stats.seconds) + 1e-6
    assert 0 <= stats.forecast_output_tokens(limit) <= limit


def test_before_any_call_the_declared_values_are_the_forecast():
    stats = LiveStats()
    assert stats.forecast_seconds(5.0, 0.0) == 5.0
    assert stats.forecast_late_seconds(5.0, 0.0) == 5.0
    assert stats.forecast_output_tokens(512) == 512


def test_measured_calls_outweigh_what_is_declared_and_fade_again_in_silence():
    stats = LiveStats()
    for second in range(40):
        stats = stats.observe(now=float(second), seconds=2.0, output_tokens=100)
    assert stats.forecast_seconds(20.0, 40.0) == pytest.approx(2.86, abs=0.05)
    assert stats.forecast_seconds(20.0, 40.0 + 20 * HALF_LIFE_SECONDS) == pytest.approx(20.0, abs=0.01)
    assert stats.forecast_output_tokens(512) == 100


def test_a_shift_is_followed_within_the_memory():
    stats = LiveStats()
    for second in range(200):
        stats = stats.observe(now=float(second), seconds=1.0)
    for second in range(200, 260):
        stats = stats.observe(now=float(second), seconds=9.0)
    assert 6.0 < stats.seconds < 9.0
    assert stats.p95_seconds == 9.0


def test_the_quantile_is_that_of_the_recent_calls():
    stats = LiveStats()
    for second in range(32):
        stats = stats.observe(now=float(second), seconds=float(second))
    assert stats.p95_seconds == 30.0


def test_a_failed_call_says_nothing_about_latency():
    stats = LiveStats().observe(now=0.0, seconds=2.0, output_tokens=10)
    failed = stats.observe(now=1.0, seconds=120.0, failed=True)
    assert (failed.seconds, failed.p95_seconds, failed.output_tokens) == (2.0, 2.0, 10.0)
    assert failed.failure_rate == pytest.approx(0.5, abs=0.01)
