"""P(correct) from all the evidence: learned where there is enough of it, and better than one rung alone."""

from __future__ import annotations

import numpy as np
import pytest

from agentcore.confidence.signal_estimator import Example, SignalEstimator, fit_signals
from agentcore.domain.answer_candidate import Signals


def examples(rng, count):
    """Return answers whose rightness hangs on two signals at once: checks, and what the answer leaves out."""
    found = []
    for number in range(count):
        sound, unused = bool(rng.random() < 0.8), int(rng.integers(0, 4))
        p = 0.05 if not sound else (0.97, 0.8, 0.5, 0.3)[unused]
        signals = Signals(passed=sound, sound=sound, unused_figures=unused)
        found.append(Example(model="small", signals=signals, right=bool(rng.random() < p), fold=number % 5))
    return found


def test_it_tells_answers_apart_that_are_on_the_same_rung():
    fitted = fit_signals(examples(np.random.default_rng(5), 400))
    alone, among = (fitted.at("small", Signals(passed=True, sound=True, unused_figures=unused)) for unused in (0, 3))
    assert alone[0] == pytest.approx(0.97, abs=0.06)
    assert among[0] == pytest.approx(0.3, abs=0.12)
    assert alone[1] < alone[0] < alone[2]


def test_it_is_data_that_says_the_same_when_it_is_read_again():
    fitted = fit_signals(examples(np.random.default_rng(6), 200))
    again = SignalEstimator.from_json(fitted.as_json())
    for unused in range(4):
        signals = Signals(passed=True, sound=True, agreement=0.5, unused_figures=unused)
        assert again.at("small", signals) == pytest.approx(fitted.at("small", signals), abs=1e-6)


def test_too_few_answers_or_only_right_ones_fit_nothing():
    rng = np.random.default_rng(7)
    assert fit_signals(examples(rng, 39)) is None
    right = [Example(model="m", signals=Signals(), right=True, fold=n % 5) for n in range(100)]
    assert fit_signals(right) is None


def test_of_a_model_that_it_has_never_seen_it_says_nothing():
    assert fit_signals(examples(np.random.default_rng(8), 200)).at("other", Signals()) is None


def test_a_file_whose_weights_do_not_fit_its_features_is_refused():
    found = fit_signals(examples(np.random.default_rng(9), 200)).as_json()
    found["models"] = ["small", "large"]
    with pytest.raises(ValueError, match="a weight for each signal and each model"):
        SignalEstimator.from_json(found)
