"""The pre-router: P(correct) of each model from the question alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agentcore.routing.prerouter import PreRouter, fit_prerouter, read_question

WORDS = ("integral", "derivative", "capital", "river", "poet", "matrix")


def asked(count=240):
    rng = np.random.default_rng(1)
    texts = [f"{WORDS[at % 6]} number {rng.integers(99)}?\nA. one\nB. two" for at in range(count)]
    kinds = ["sums" if WORDS[at % 6] in {"integral", "derivative", "matrix"} else "facts" for at in range(count)]
    hard = np.array([kind == "sums" for kind in kinds])
    labels = np.column_stack([~hard | (rng.random(count) < 0.1), rng.random(count) < 0.9])
    return [read_question(text, kind) for text, kind in zip(texts, kinds, strict=True)], labels


@pytest.fixture(scope="module")
def router():
    return fit_prerouter(*asked(), seed=0)


def test_the_weak_model_is_doubted_where_it_fails(router):
    weak, strong = router.probabilities("integral number 7?\nA. one\nB. two", "sums")
    assert weak < 0.4
    assert strong > 0.7
    weak, _ = router.probabilities("river number 7?\nA. one\nB. two", "facts")
    assert weak > 0.7


def test_probabilities_are_probabilities_for_any_text(router):
    for text, kind in (("", ""), ("integral " * 50, "never seen"), ("\nA. \nB. ", "sums")):
        assert all(0.0 <= each <= 1.0 for each in router.probabilities(text, kind))


def test_it_comes_back_from_json_as_it_was(router):
    again = PreRouter.from_json(json.loads(json.dumps(router.as_json())))
    assert again.probabilities("poet?", "facts") == pytest.approx(router.probabilities("poet?", "facts"), abs=1e-3)


def test_the_same_seed_gives_the_same_router(router):
    assert fit_prerouter(*asked(), seed=0).as_json() == router.as_json()


def test_parts_that_do_not_fit_are_refused(router):
    found = router.as_json()
    with pytest.raises(ValueError, match="an output, a forest and an accuracy for each arm"):
        PreRouter.from_json({**found, "forests": found["forests"][:1]})
