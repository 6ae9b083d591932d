from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.errors import ConfigError
from agentcore.routing.fitted import FittedRouter, TrainedOn, read_fitted, rounded

FITTED = FittedRouter(
    dataset="bfcl",
    trained_on=TrainedOn(sha256="ab", queries=2, labels=4, arms=("a", "b"), columns={"f.parquet": ("x", "y")}),
    metrics={"ece": {"pair": 0.02}},
    estimators={"stages": [{"weights": [0.1, 0.2]}]},
    thresholds={"risk-0.05": {"value": None}},
    settings={"balanced": {"confidence": [0.7]}},
)


def test_a_router_survives_its_file():
    text = FITTED.to_text()
    again = read_fitted(text, "m.json")
    assert again == FITTED
    assert again.to_text() == text
    assert again.version == FITTED.version == f"bfcl-1-{FITTED.sha256()[:12]}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "other"}, '"format" is not "agentcore.router"'),
        ({"format_version": 2}, "format version 2, and this installation reads 1"),
        ({"trained_on": {}}, "not a whole fitted router"),
        ({"estimators": []}, "an object is needed, not list"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(change, problem):
    text = json.dumps(json.loads(FITTED.to_text()) | change)
    with pytest.raises(ConfigError) as caught:
        read_fitted(text, "m.json")
    assert caught.value.message.startswith("m.json: ")
    assert problem in caught.value.message
    assert "agentcore route fit" in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": NaN}', pickle.dumps({}).decode("latin1")])
def test_what_is_no_router_is_refused(text):
    with pytest.raises(ConfigError, match="not a fitted router"):
        read_fitted(text, "m.json")


def test_what_json_cannot_hold_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        FittedRouter(dataset="x", trained_on=FITTED.trained_on, metrics={"bad": float("nan")}).to_text()
    with pytest.raises(ValueError, match="cannot be written"):
        rounded(float("inf"))


@given(st.floats(-1e9, 1e9))
def test_rounding_keeps_nine_digits(value):
    assert rounded(value) == pytest.approx(value, rel=1e-8)
