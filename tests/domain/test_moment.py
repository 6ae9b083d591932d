"""The time of a decision, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.moment import Moment


def test_hours_and_weekdays():
    assert Moment.of(datetime(2026, 11, 23, 0, 0, tzinfo=UTC).timestamp()) == (0, 1)  # a Monday
    assert Moment.of(datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC).timestamp()) == (23, 7)


@given(st.integers(0, 4_000_000_000))
def test_a_week_later_is_the_same_moment(at):
    assert Moment.of(at) == Moment.of(at + 7 * 86_400)
