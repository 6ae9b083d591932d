"""The fitted router's file, as far as it is about steps: what it says, and what is wrong with one."""

from __future__ import annotations

import json

import pytest

from agentcore.domain.agent import Routing
from agentcore.routing.fitted_steps import INFEASIBLE, NOTHING_FITTED, Threshold, read_steps

STEP = {
    "priors": {"small": [0.7, 0.6, 0.8]},
    "calibrations": {"self_consistency": {"scores": [0, 1], "p": [0.4, 0.9], "n": [80, 220], "ece": 0.03}},
    "thresholds": [{"alpha": 0.05, "threshold": 0.82}, {"alpha": 0.01, "threshold": None}],
    "default_alpha": 0.05,
}


def file(step=STEP, **changes):
    return json.dumps(
        {
            "format": "agentcore.router",
            "format_version": 1,
            "dataset": "runs",
            "settings": {"steps": {"finder": step}},
            **changes,
        }
    )


def test_a_file_is_read():
    fitted = read_steps(file())
    step = fitted.step("finder")
    assert fitted.version.startswith("runs-1-")
    assert step is not None
    assert step.priors == {"small": (0.7, 0.6, 0.8)}
    assert step.calibrations["self_consistency"].ece == 0.03
    assert step.thresholds == {0.05: 0.82, 0.01: INFEASIBLE}
    assert fitted.step("writer") is None
    assert read_steps("") is NOTHING_FITTED


def test_a_star_stands_for_every_other_step():
    fitted = read_steps(file(settings={"steps": {"*": STEP}}))
    assert fitted.step("anybody") == fitted.steps["*"]


def test_thresholds_come_from_the_agent_first():
    fitted = read_steps(file())
    version = fitted.version
    assert fitted.threshold("finder", Routing(min_confidence=0.7)) == Threshold(
        value=0.7, version="min_confidence", hard=True
    )
    assert fitted.threshold("finder", Routing(alpha=0.05)) == Threshold(
        value=0.82, version=f"{version}, alpha 0.05", hard=True
    )
    assert fitted.threshold("finder", Routing()) == Threshold(value=0.82, version=f"{version}, alpha 0.05", hard=False)
    assert fitted.threshold("finder", Routing(alpha=0.01)).value == INFEASIBLE
    assert fitted.threshold("finder", Routing(alpha=0.2)).value == INFEASIBLE, "what was not fitted is not held"
    assert fitted.threshold("writer", Routing()) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        (file(format="pickle"), "`format` is 'pickle', not 'agentcore.router'"),
        (file(format_version=2), "`format_version` is 2; this installation reads 1"),
        (file(settings={}), "`settings.steps` is missing"),
        (file({"priors": {"small": [0.9, 0.6, 0.8]}}), r"settings.steps.finder: a prior is \[p, low, high\]"),
        (file({"priors": {"small": [7, 0, 8]}}), "settings.steps.finder: 7 is not between 0 and 1"),
        (
            file({"calibrations": {"verifier": {"scores": [1, 0], "p": [0, 1], "n": [1, 1]}}}),
            "settings.steps.finder: scores and p of a calibration ascend",
        ),
        (file({"calibrations": {"verifier": {"scores": [1]}}}), r"lacks something \(KeyError: 'p'\)"),
        (file({"thresholds": [{"alpha": 0.05}]}), "lacks something"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, message):
    with pytest.raises(ValueError, match=message):
        read_steps(text)
