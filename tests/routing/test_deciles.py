"""The frontier at the deciles of the score."""

from __future__ import annotations

import numpy as np
import pytest

from agentcore.routing.deciles import decile_curve


def outcomes(count=1000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random(count), rng.random(count) < 0.6, rng.random(count) < 0.8


def test_it_has_eleven_points_from_no_call_to_every_call():
    need, weak, strong = outcomes()
    curve = decile_curve(need, weak, strong)
    assert curve.shares == pytest.approx(np.linspace(0.0, 1.0, 11), abs=0.002)
    assert curve.accuracies[0] == weak.mean()
    assert curve.accuracies[-1] == strong.mean()


def test_chance_recovers_half_of_the_gap_and_knowledge_more():
    _, weak, strong = outcomes()
    chance = [decile_curve(outcomes(seed=seed)[0], weak, strong).apgr() for seed in range(20)]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.03)
    known = strong.astype(float) - weak + np.arange(1000) * 1e-6
    assert decile_curve(known, weak, strong).apgr() > 1.0


def test_a_better_answer_after_an_escalation_is_measured_against_the_arms_alone():
    need, weak, strong = outcomes()
    both = decile_curve(need, weak, strong, escalated_right=weak | strong)
    assert both.accuracies[-1] == (weak | strong).mean()
    assert both.apgr() > decile_curve(need, weak, strong).apgr()
    assert both.cpt(0.5) < 0.5


def test_there_is_no_figure_where_the_strong_arm_is_no_better():
    need, weak, _ = outcomes()
    assert decile_curve(need, weak, weak).apgr() is None
    assert decile_curve(need, weak, weak).cpt(0.5) is None


def test_what_no_share_recovers_is_none():
    weak, strong = np.array([False] * 10), np.array([True] * 10)
    assert decile_curve(np.arange(10.0), weak, strong, escalated_right=weak).cpt(0.5) is None
