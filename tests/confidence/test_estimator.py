"""The estimator and its members: the same figures for one row as for many, and through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agentcore.confidence.estimator import Estimator, EstimatorSettings, as_rows, fit_estimator
from agentcore.confidence.linear import Linear, fit_linear
from agentcore.confidence.trees import Forest, ForestSettings, fit_forest, fit_random_forest

FEATURES = ("signal", "noise", "other")


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(1).normal(size=(400, 3))


@pytest.fixture(scope="module")
def labels(rows):
    return (rows[:, 0] + 0.5 * np.random.default_rng(2).normal(size=len(rows)) > 0).astype(int)


@pytest.fixture(scope="module")
def estimator(rows, labels):
    return fit_estimator(rows, labels, FEATURES, settings=EstimatorSettings(random_trees=10))


def test_it_orders_right_before_wrong(estimator):
    new = np.random.default_rng(3).normal(size=(300, 3))
    said = estimator.probabilities(new)
    assert said[new[:, 0] > 1].min() > said[new[:, 0] < -1].max()


def test_one_row_is_as_many(estimator, rows):
    many = estimator.probabilities(rows[:20])
    one = [estimator.probability(dict(zip(FEATURES, row, strict=True))) for row in rows[:20].tolist()]
    assert one == pytest.approx(many.tolist())
    assert all(0.0 <= each <= 1.0 for each in one)


def test_it_survives_json(estimator, rows):
    again = Estimator.from_json(json.loads(json.dumps(estimator.as_json())))
    assert again == estimator
    assert again.probabilities(rows).tolist() == estimator.probabilities(rows).tolist()


def test_the_same_data_and_seed_give_the_same_estimator(estimator, rows, labels):
    assert fit_estimator(rows, labels, FEATURES, settings=EstimatorSettings(random_trees=10)) == estimator


def test_missing_evidence_is_named(estimator):
    with pytest.raises(KeyError, match="noise"):
        estimator.probability({"signal": 1.0, "other": 0.0})


def test_a_forest_says_what_lightgbm_says(rows, labels):
    import lightgbm as lgb

    settings = ForestSettings(rounds=20)
    forest = fit_forest(rows, labels, FEATURES, settings=settings)
    booster = lgb.train(
        {
            "objective": "binary",
            "num_leaves": settings.leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": settings.least_rows_in_leaf,
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "lambda_l2": settings.l2,
            "use_missing": False,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": 0,
            "verbosity": -1,
        },
        lgb.Dataset(rows, label=labels),
        num_boost_round=settings.rounds,
    )
    assert forest.probabilities(rows) == pytest.approx(np.asarray(booster.predict(rows)), abs=1e-6)


@pytest.mark.parametrize("fit", [fit_forest, fit_linear, fit_random_forest])
def test_labels_of_one_kind_give_nearly_that_label(fit, rows):
    assert fit(rows, np.ones(len(rows)), FEATURES).probability([0.0, 0.0, 0.0]) > 0.99
    assert fit(rows, np.zeros(len(rows)), FEATURES).probability([0.0, 0.0, 0.0]) < 0.01


@pytest.mark.parametrize("fit", [fit_forest, fit_linear, fit_random_forest])
def test_what_is_not_finite_or_not_there_is_refused(fit, rows):
    with pytest.raises(ValueError, match="finite"):
        fit([[float("nan")] * 3], [1], FEATURES)
    with pytest.raises(ValueError, match="labels"):
        fit(rows, [1], FEATURES)


def test_nothing_rare_decides_alone(rows, labels):
    linear = fit_linear(rows, labels, FEATURES)
    assert linear.probability([1e9, 0.0, 0.0]) == linear.probability([1e6, 0.0, 0.0])


@pytest.mark.parametrize(
    "trees",
    [
        [[[0], [0.5], [0], [-1], [1.0]]],  # to itself
        [[[3], [0.5], [-1], [-2], [1.0, 2.0]]],  # of a feature that is not there
        [[[0], [0.5], [-1], [-3], [1.0, 2.0]]],  # to a leaf that is not there
        [[[0], [], [-1], [-2], [1.0, 2.0]]],
        [[[], [], [], [], []]],
    ],
)
def test_a_forest_in_which_a_walk_would_not_end_is_refused(trees):
    with pytest.raises(ValueError, match="tree"):
        Forest.from_json({"features": ["a"], "log_odds": True, "trees": trees})


def test_other_models_that_are_not_whole_are_refused(estimator):
    with pytest.raises(ValueError, match="scale"):
        Linear.from_json({"features": ["a"], "means": [0], "scales": [0], "weights": [1], "bias": 0})
    with pytest.raises(ValueError, match="no kind"):
        Estimator.from_json({"features": [], "members": [{"kind": "pickle"}]})
    with pytest.raises(ValueError, match="members"):
        Estimator.from_json({**estimator.as_json(), "features": ["signal"]})


def test_rows_follow_the_names():
    assert as_rows([{"a": 1.0, "b": 2.0}], ("b", "a")).tolist() == [[2.0, 1.0]]
    assert as_rows([], ("b", "a")).shape == (0, 2)
