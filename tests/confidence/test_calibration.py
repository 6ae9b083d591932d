from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.calibration import Isotonic, ece, fit_isotonic, reliability, wilson


def overconfident(seed: int, count: int = 3000):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.3, 0.9, size=count)
    return truth**0.2, rng.uniform(size=count) < truth


def test_it_makes_overconfident_scores_right():
    line = fit_isotonic(*overconfident(1))
    scores, right = overconfident(2)
    calibrated = [line.probability(score) for score in scores]
    assert ece(scores, right) > 0.2
    assert ece(calibrated, right) < 0.04


def test_the_interval_holds_the_probability_and_narrows_with_labels():
    few, many = (fit_isotonic(*overconfident(1, count)) for count in (60, 6000))
    for line in (few, many):
        low, high = line.interval(0.9)
        assert 0.0 <= low <= line.probability(0.9) <= high <= 1.0
    assert np.subtract(*many.interval(0.9)) > np.subtract(*few.interval(0.9))


def test_no_probability_is_certain():
    line = fit_isotonic([0.1] * 20 + [0.9] * 20, [0] * 20 + [1] * 20)
    assert 0.0 < line.probability(0.0) < line.probability(1.0) < 1.0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=80),
    st.lists(st.floats(-1, 2), min_size=2, max_size=10),
    st.integers(1, 20),
)
def test_more_score_is_never_less_probability(labelled, scores, least):
    line = fit_isotonic([score for score, _ in labelled], [label for _, label in labelled], least=least)
    said = [line.probability(score) for score in sorted(scores)]
    assert said == sorted(said)
    assert all(0.0 < each < 1.0 for each in said)
    assert sum(line.counts) == len(labelled)
    assert Isotonic.from_json(json.loads(json.dumps(line.as_json()))) == line


def test_a_line_that_falls_is_refused():
    with pytest.raises(ValueError, match="rising"):
        Isotonic.from_json({"scores": [0.1, 0.2], "probabilities": [0.5, 0.4], "counts": [1, 1]})


def test_labels_are_needed():
    with pytest.raises(ValueError, match="at least one"):
        fit_isotonic([], [])


def test_ece_is_the_distance_of_said_and_seen():
    assert ece([0.8] * 10, [1] * 8 + [0] * 2, bins=1) == pytest.approx(0.0)
    assert ece([0.8] * 10, [1] * 5 + [0] * 5, bins=1) == pytest.approx(0.3)
    assert ece([], []) == 0.0
    assert [each.count for each in reliability([0.1, 0.2, 0.3], [0, 1, 1], bins=2)] == [2, 1]


def test_wilson_is_wide_without_labels():
    assert wilson(0.5, 0) == (0.0, 1.0)
    assert wilson(0.5, 100) == pytest.approx((0.404, 0.596), abs=0.001)
