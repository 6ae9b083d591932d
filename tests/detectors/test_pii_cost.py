"""Hostile texts cost no more than in proportion to their length: looks at the characters are counted, not seconds."""

from __future__ import annotations

import pytest
from support.counting import counted_calls

from agentcore.detectors.pii import Pii
from agentcore.domain.detection import NOTHING


def calls(text: str) -> int:
    """Return how many functions of Python are called to look at a text."""
    with counted_calls() as counted:
        Pii().detect(text)
    return counted[0]


@pytest.mark.parametrize(
    "piece",
    [
        *("1 ", "+1 ", "(1", "a@", "a.", "a.a@", "http://a.", "1:", "::", "4111 ", "phone 1 ", "1 Main ", "box 1 "),
        *("GB97 ", "zip ", "passport number is ", "driver's license number no ", "born ", "rue 1 ", "1a ", "f:"),
    ],
)
def test_twice_the_text_is_at_most_about_twice_the_work(piece):
    short, long = piece * 200, piece * 400
    assert calls(long) < 2.3 * calls(short) + 200


@pytest.mark.parametrize("character", ["a", "1", "-", "(", ".", "@", ":", "A1", "1-", "x.", "%1", "_"])
def test_patterns_do_not_go_back_over_long_texts(character):
    # What takes the square of this length would not end before the test is stopped.
    assert Pii().detect(character * 300_000) == NOTHING
