from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.frontier import baselines, figures, share_curve
from agentcore.routing.outcomes import Answer, OutcomeTable, Question, Routed


def table(labels, *, usd=(0.001, 0.01), seconds=(1.0, 3.0)) -> OutcomeTable:
    arms = ("small", "large")
    return OutcomeTable(
        dataset="made",
        arms=arms,
        questions=tuple(Question(id=str(at), text="") for at in range(len(labels))),
        answers=tuple(
            tuple(Answer(arm=arm, text="", usd=usd[at], seconds=seconds[at]) for at, arm in enumerate(arms))
            for _ in labels
        ),
        labels=np.array(labels, dtype=np.bool_),
    )


SMALL = Routed(rounds=(("small",),), chosen="small")
BOTH = Routed(rounds=(("small", "large"),), chosen="large")
ESCALATED = Routed(rounds=(("small",), ("large",)), chosen="large", accepted=False)


def test_arms_of_one_round_cost_their_sum_and_take_the_longest():
    found = figures(table([[1, 1], [0, 1], [0, 0]]), [SMALL, BOTH, ESCALATED], "mixed", risk_alpha=0.1)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.cost_usd_per_1k == pytest.approx(1000 * (0.001 + 0.011 + 0.011) / 3)
    assert found.mean_latency_s == pytest.approx((1 + 3 + 4) / 3)
    assert found.p95_latency_s == pytest.approx(np.quantile([1, 3, 4], 0.95))
    assert found.calls_per_query == pytest.approx(5 / 3)
    assert (found.risk_realised, found.accept_rate) == (0.0, pytest.approx(2 / 3))


def test_what_was_not_measured_is_not_made_up():
    found = figures(table([[1, 0]], usd=(None, 0.01), seconds=(None, None)), [SMALL], "one")
    assert found.as_json() == {
        "setting": "one",
        "accuracy": 1.0,
        "cost_usd_per_1k": None,
        "mean_latency_s": None,
        "p95_latency_s": None,
        "calls_per_query": 1.0,
    }


def test_baselines_are_the_arms_chance_and_the_oracle():
    rows = {each.setting: each for each in baselines(table([[1, 1], [0, 1], [0, 0], [1, 0]]))}
    assert list(rows) == ["arm:small", "arm:large", "random", "oracle"]
    assert rows["random"].accuracy == 0.5
    assert rows["random"].apgr == 0.5
    assert rows["oracle"].accuracy == 0.75
    assert rows["oracle"].cost_usd_per_1k == pytest.approx(1000 * (0.001 * 3 + 0.01) / 4)


def test_a_table_without_questions_has_no_figures():
    with pytest.raises(ValueError, match="at least one"):
        figures(table([[1, 1]]).rows([]), [], "none")


def test_the_perfect_order_and_the_worst():
    weak, strong = [0, 0, 1, 1], [1, 1, 1, 1]
    best = share_curve([4, 3, 2, 1], weak, strong)
    assert best.apgr() == pytest.approx(0.75)
    assert best.cpt(0.5) == pytest.approx(0.25)
    assert best.cpt(0.8) == pytest.approx(0.4)
    assert share_curve([1, 2, 3, 4], weak, strong).apgr() == pytest.approx(0.25)


def test_equal_needs_are_chance():
    curve = share_curve([1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1])
    assert curve.apgr() == pytest.approx(0.5)
    assert curve.cpt(0.8) == pytest.approx(0.8)


def test_without_a_gap_there_is_nothing_to_recover():
    curve = share_curve([1, 2], [1, 1], [1, 0])
    assert curve.apgr() is None
    assert curve.cpt(0.5) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_a_curve_goes_from_the_weak_arm_to_the_strong_one(rows):
    need, weak, strong = zip(*rows, strict=True)
    curve = share_curve(need, weak, strong)
    assert (curve.shares[0], curve.shares[-1]) == (0.0, 1.0)
    assert curve.accuracies[0] == pytest.approx(np.mean(weak))
    assert curve.accuracies[-1] == pytest.approx(np.mean(strong))
    if (apgr := curve.apgr()) is not None:
        mirrored = share_curve([-each for each in need], weak, strong).apgr()
        assert mirrored is not None
        assert apgr + mirrored == pytest.approx(1.0)
        assert 0.0 <= curve.cpt(0.5) <= curve.cpt(0.8) <= 1.0
