"""Drift: found soon where it is, and hardly ever where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from agentcore.confidence.drift import Drift, DriftLimits


def run(rng, believed, real, outcomes):
    """Return after how many outcomes there was an alarm, None when there was none, and the last state."""
    drift = Drift()
    for number in range(1, outcomes + 1):
        drift = drift.observe(float(rng.random() < real), believed)
        if drift.last:
            return number, drift
    return None, drift


@pytest.mark.parametrize(("believed", "real", "most"), [(0.9, 0.3, 16), (0.9, 0.5, 26), (0.3, 0.9, 16)])
def test_a_change_is_found_within_so_many_outcomes(believed, real, most):
    rng = np.random.default_rng(3)
    found = [run(rng, believed, real, 200) for _ in range(200)]
    assert np.quantile([number for number, _ in found], 0.9) <= most
    assert {drift.last for _, drift in found} == {"worse" if real < believed else "better"}
    assert np.mean([drift.change for _, drift in found]) == pytest.approx(real - believed, abs=0.12)


@pytest.mark.parametrize("probability", [0.5, 0.7, 0.9, 0.97])
def test_there_are_hardly_any_false_alarms(probability):
    rng = np.random.default_rng(5)
    alarms = sum(run(rng, probability, probability, 1_000)[0] is not None for _ in range(60))
    assert alarms <= 15


def test_it_says_so_with_numbers_and_starts_again():
    drift = Drift(limits=DriftLimits(limit=2.0))
    assert drift.says() == "no drift (CUSUM 0.0 worse, 0.0 better, limit 2)"
    drift = drift.observe(0.0, 0.9).observe(0.0, 0.9)
    assert drift.says() == (
        "outcomes are worse than was forecast, by 0.90 over 2 (CUSUM 2.2 worse, 0.0 better, limit 2)"
    )
    assert (drift.alarms, drift.last) == (1, "worse")
    drift = drift.observe(1.0, 0.9)
    assert (drift.alarms, drift.last, drift.worse, drift.run) == (1, None, 0.0, 1)


@pytest.mark.parametrize("wrong", [(2.0, 0.5), (1.0, -0.1), (float("nan"), 0.5)])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Drift().observe(*wrong)
