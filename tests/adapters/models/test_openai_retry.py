import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.models.retry import Backoff, retry_after_seconds

NOW = 1_800_000_000.0


@given(
    retry=st.integers(0, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 1e6),
)
def test_waits_are_bounded_and_never_shorter_than_asked(retry, chance, asked):
    delay = Backoff().delay_seconds(retry, chance=chance, asked_seconds=asked)
    assert (asked or 0) <= delay <= max(20.0, asked or 0)


def test_waits_grow():
    delays = [Backoff().delay_seconds(retry, chance=0.5, asked_seconds=None) for retry in range(4)]
    assert delays == [0.25, 0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "3", "retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:10 GMT"}, 10.0),
        ({"Retry-After": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after_seconds(headers, NOW) == seconds
