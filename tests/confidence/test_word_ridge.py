"""Ridge regression on words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agentcore.confidence.question_look import look_at
from agentcore.confidence.word_ridge import WordRidge, fit_word_ridge, hashed


def read(text, kind=""):
    return hashed(look_at(text), kind)


def fitted():
    questions = [
        read(f"{'integral' if at % 2 else 'capital city'} of {at}", "x" if at % 2 else "y") for at in range(60)
    ]
    labels = [[float(at % 2 == 0), 1.0] for at in range(60)]
    return fit_word_ridge(questions, labels, penalty=1.0)


def test_words_tell_which_model_is_right():
    ridge = fitted()
    hard, easy = ridge.predict(read("integral of 99", "x")), ridge.predict(read("capital city of 98", "y"))
    assert hard[0] < 0.3
    assert easy[0] > 0.7
    assert hard[1] == pytest.approx(1.0, abs=1e-3)


def test_words_alone_serve_when_the_kind_is_unknown():
    ridge = fitted()
    assert ridge.predict(read("integral of 99"))[0] < ridge.predict(read("capital city of 98"))[0]
    assert np.isfinite(ridge.predict(read("", "never seen"))).all()


def test_it_comes_back_from_json_as_it_was():
    ridge = fitted()
    again = WordRidge.from_json(json.loads(json.dumps(ridge.as_json())))
    for text in ("integral of 3", "capital of France", ""):
        assert again.predict(read(text, "x")) == pytest.approx(ridge.predict(read(text, "x")), abs=1e-3)


@pytest.mark.parametrize("edit", [{"buckets": [1, 2]}, {"means": [0.0]}])
def test_shapes_that_do_not_fit_are_refused(edit):
    with pytest.raises(ValueError, match="must have as many"):
        WordRidge.from_json({**fitted().as_json(), **edit})


def test_buckets_that_do_not_exist_are_refused():
    found = fitted().as_json()
    with pytest.raises(ValueError, match="has buckets 0 to"):
        WordRidge.from_json({**found, "buckets": [-1, *found["buckets"][1:]]})
