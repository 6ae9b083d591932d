"""Durations as people write them."""

import pytest

from agentcore.domain.duration import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("4w", 2_419_200), ("1.5H", 5400), (" 0d ", 0)],
)
def test_a_number_and_a_unit(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "30 days", "1y", "1d12h", "٣d", "1e9d", "30d\nx"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="no duration; write a number and a unit: 90s"):
        seconds_of(text)
