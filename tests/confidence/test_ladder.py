"""The ladder: which evidence is used, what it comes to without a calibration, and with one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.calibration_knots import Knots, wilson
from agentcore.confidence.ladder import climb, declared, rung
from agentcore.domain.answer_candidate import Signals
from agentcore.domain.confidence import Confidence

ALL = Signals(sound=True, agreement=0.5, log_probability=-0.1, in_favour=1.0)
SHARES = st.floats(0, 1)
PRIORS = st.floats(0.02, 0.98)


@pytest.mark.parametrize(
    ("signals", "source", "score"),
    [
        (ALL, "deterministic", 1.0),
        (Signals(agreement=0.5, log_probability=-0.1, in_favour=1.0), "verifier", 1.0),
        (Signals(agreement=0.5, log_probability=-0.1), "self_consistency", 0.5),
        (Signals(log_probability=math.log(0.25)), "log_probability", pytest.approx(0.25)),
        (Signals(passed=True), "prior", 1.0),
    ],
)
def test_the_highest_rung_is_taken(signals, source, score):
    assert rung(signals) == (source, score)


@given(PRIORS, SHARES, SHARES)
def test_more_in_favour_is_never_less_likely(prior, one, other):
    less, more = sorted((one, other))
    for source in ("log_probability", "self_consistency", "verifier", "deterministic"):
        assert declared(prior, source, less) <= declared(prior, source, more)


@given(PRIORS)
def test_evidence_that_says_nothing_leaves_the_prior(prior):
    assert declared(prior, "self_consistency", 0.5) == pytest.approx(prior)
    assert declared(prior, "prior", 1.0) == prior


@given(st.floats(0, 1), SHARES)
def test_a_confidence_lies_in_its_interval(prior, share):
    said = climb(Signals(agreement=share), prior=(prior, prior, prior), calibrations={})
    assert 0.0 <= said.low <= said.p <= said.high <= 1.0
    assert said.calibration == "uncalibrated"


def test_a_calibration_replaces_the_declared_mapping():
    knots = Knots(scores=(0.0, 1.0), ps=(0.2, 0.9), counts=(50, 50))
    said = climb(Signals(agreement=0.5), prior=(0.6, 0.6, 0.6), calibrations={"self_consistency": knots}, version="v")
    assert (said.p, said.source, said.calibration) == (pytest.approx(0.55), "self_consistency", "v")
    assert said.low < said.p < said.high


def test_a_fitted_prior_keeps_its_interval_and_an_estimate_goes_before_all():
    assert climb(Signals(), prior=(0.7, 0.6, 0.8), calibrations={}, version="v") == Confidence(
        p=0.7, low=0.6, high=0.8, source="prior", calibration="v"
    )
    said = climb(ALL, prior=None, calibrations={}, version="v", estimate=(0.4, 0.3, 0.5))
    assert (said.p, said.source) == (0.4, "estimator")


@given(st.lists(SHARES, min_size=1, max_size=6, unique=True), st.data())
def test_a_calibration_is_monotone_and_between_its_knots(scores, data):
    scores = sorted(scores)
    ps = sorted(data.draw(st.lists(SHARES, min_size=len(scores), max_size=len(scores))))
    counts = data.draw(st.lists(st.integers(0, 500), min_size=len(scores), max_size=len(scores)))
    knots = Knots(scores=tuple(scores), ps=tuple(ps), counts=tuple(counts))
    one, other = sorted(data.draw(st.tuples(st.floats(-1, 2), st.floats(-1, 2))))
    less, more = knots.at(one), knots.at(other)
    assert less[0] <= more[0] + 1e-12
    for p, low, high in (less, more):
        assert ps[0] - 1e-12 <= p <= ps[-1] + 1e-12
        assert 0.0 <= low <= p <= high <= 1.0


@pytest.mark.parametrize(
    ("scores", "ps", "counts"),
    [((), (), ()), ((0.5, 0.2), (0.1, 0.2), (1, 1)), ((0.1, 0.2), (0.9, 0.2), (1, 1)), ((0.1,), (1.5,), (1,))],
)
def test_what_is_no_calibration_is_refused(scores, ps, counts):
    with pytest.raises(ValueError, match="calibration"):
        Knots(scores=scores, ps=ps, counts=counts)


def test_without_observations_an_interval_is_everything():
    assert wilson(0.3, 0) == (0.3, 0.0, 1.0)
    _, low, high = wilson(0.5, 100)
    assert (round(low, 3), round(high, 3)) == (0.404, 0.596)


def test_a_shortfall_shows_as_many_digits_as_tell_it():
    def short(p, threshold):
        return Confidence(p=p, low=0, high=1, source="prior", threshold=threshold).shortfall

    assert short(0.62, 0.8) == "not confident enough: 0.62 < 0.80"
    assert short(0.7996, 0.8) == "not confident enough: 0.7996 < 0.8000"
    assert short(0.8, 0.8) == ""
