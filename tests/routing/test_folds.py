"""Splits by question."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.folds import cross_fitted_ece, folds


@given(st.integers(2, 6), st.integers(6, 40), st.integers(0, 5))
def test_each_question_is_left_out_once(parts, count, seed):
    split = list(folds(count, parts, seed=seed))
    assert sorted(np.concatenate([test for _, test in split]).tolist()) == list(range(count))
    assert all(not set(train) & set(test) and len(train) + len(test) == count for train, test in split)


def test_too_few_questions_are_refused():
    with pytest.raises(ValueError, match="3 questions cannot be split into 5 parts"):
        list(folds(3, 5, seed=0))


def test_honest_scores_have_a_small_error_of_calibration():
    rng = np.random.default_rng(0)
    scores = rng.random(2000)
    assert cross_fitted_ece(scores, rng.random(2000) < scores, seed=0) < 0.06
