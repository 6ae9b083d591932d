from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.dawid_skene import Skill, estimate

SKILLS = {"good": (0.95, 0.9), "fair": (0.85, 0.7), "lax": (0.97, 0.4)}
BALLOTS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.booleans(), max_size=3), min_size=1, max_size=20
)


def simulated(outputs, skills, *, seed=0, share=0.7, silent=0.1):
    """Return votes of verifiers that err independently, and what is right."""
    chance = random.Random(seed)  # noqa: S311  no secret
    votes, truths = [], []
    for _ in range(outputs):
        right = chance.random() < share
        truths.append(right)
        votes.append(
            {
                name: chance.random() < sensitivity if right else chance.random() >= specificity
                for name, (sensitivity, specificity) in skills.items()
                if chance.random() >= silent
            }
        )
    return votes, truths


def test_skills_are_found_from_agreement_alone():
    votes, truths = simulated(4000, SKILLS)
    found = estimate(votes)
    assert found.steady
    for name, (sensitivity, specificity) in SKILLS.items():
        assert found.skills[name].sensitivity == pytest.approx(sensitivity, abs=0.05)
        assert found.skills[name].specificity == pytest.approx(specificity, abs=0.08)
    assert found.share_right == pytest.approx(0.7, abs=0.05)
    weights = {name: skill.weight for name, skill in found.skills.items()}
    assert weights["good"] > weights["fair"] > weights["lax"] > 0
    alone = sum(each.get("good", True) == truth for each, truth in zip(votes, truths, strict=True))
    together = sum((p > 0.5) == truth for p, truth in zip(found.right, truths, strict=True))
    assert together > alone


def test_known_truths_tell_two_verifiers_apart_that_agreement_cannot():
    votes, truths = simulated(600, {"good": (0.95, 0.95), "bad": (0.6, 0.5)}, silent=0.0)
    skills = estimate(votes, dict(enumerate(truths[:300]))).skills
    assert skills["good"].specificity == pytest.approx(0.95, abs=0.05)
    assert skills["bad"].specificity == pytest.approx(0.5, abs=0.08)


def test_a_known_truth_stands_whatever_the_votes_are():
    found = estimate([{"a": True, "b": True}, {"a": True, "b": True}], {0: False})
    assert found.right[0] == 0.0
    assert found.right[1] > 0.0


def test_one_that_accepts_everything_is_worth_nothing():
    votes, _ = simulated(1000, SKILLS)
    found = estimate([{**each, "always": True} for each in votes])
    assert found.skills["always"].balanced == pytest.approx(0.5, abs=0.03)
    assert found.skills["always"].weight < 0.1


def test_one_that_is_worse_than_chance_weighs_nothing():
    votes, truths = simulated(500, {"good": (0.9, 0.9), "wrong": (0.2, 0.2)}, silent=0.0)
    assert estimate(votes, dict(enumerate(truths))).skills["wrong"].weight == 0.0


def test_nothing_and_next_to_nothing():
    nothing = estimate([])
    assert (nothing.skills, nothing.right, nothing.steady) == ({}, (), True)
    assert 0 < estimate([{"a": True}]).right[0] < 1
    assert estimate([{}]).right == pytest.approx((0.5,))


@given(BALLOTS, st.randoms(use_true_random=False))
def test_neither_order_nor_chance_is_in_it(ballots, chance):
    other = [*ballots]
    chance.shuffle(other)
    assert estimate(other).skills == estimate(ballots).skills == estimate(ballots).skills


@given(BALLOTS)
def test_estimates_are_probabilities(ballots):
    found = estimate(ballots)
    for skill in found.skills.values():
        assert isinstance(skill, Skill)
        assert 0 < skill.sensitivity < 1
        assert 0 < skill.specificity < 1
        assert skill.weight >= 0
    assert all(0 <= p <= 1 for p in found.right)


@given(BALLOTS, st.dictionaries(st.integers(0, 19), st.booleans()))
def test_truths_are_kept(ballots, truths):
    known = {place: right for place, right in truths.items() if place < len(ballots)}
    found = estimate(ballots, known)
    assert all(found.right[place] == float(right) for place, right in known.items())
