"""What docs/routing-offline.md shows is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agentcore.app import load_project
from agentcore.app.learning import NEWEST_RUNS
from agentcore.app.route_runs import read_reviews
from agentcore.confidence.risk import labels_needed
from agentcore.config.project_file import MOST_EXPLORE
from agentcore.config.route_policy import read_route_policy
from agentcore.domain.agent import Routing
from agentcore.routing.fit_runs import WARM
from agentcore.routing.off_policy import FEW, Estimate

PAGE = (Path(__file__).resolve().parents[2] / "docs/routing-offline.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language):
    return [text for kind, text in BLOCK.findall(PAGE) if kind == language]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentcore.yaml").write_text(
        "models: { local: { provider: llama, options: { model: smollm2-135m-instruct } } }\n"
        "team: { supervisor: planner, workers: [writer], answer: writer }\n",
        encoding="utf-8",
    )
    (tmp_path / "agents/planner.yaml").write_text("role: supervisor\ninstructions: plan\n", encoding="utf-8")
    (tmp_path / "agents/writer.yaml").write_text("instructions: write\n", encoding="utf-8")
    return load_project(tmp_path)


def test_the_policy_that_is_shown_can_be_read(project, tmp_path):
    text, _ = blocks("yaml")
    path = tmp_path / "new.yaml"
    path.write_text(text, encoding="utf-8")
    policy = read_route_policy(path, project)
    assert (policy.weights.cost, policy.weights.latency) == (0.5, project.weights.latency)
    assert policy.terms("planner") == Routing(objective="balanced")
    assert policy.terms("writer") == Routing(objective="best", max_latency_seconds=20.0)


def test_the_share_that_explores_is_a_key_of_the_project(project):
    _, text = blocks("yaml")
    path = project.root / "agentcore.yaml"
    path.write_text(text + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_project(project.root).explore == 0.02
    assert f"the newest {NEWEST_RUNS} runs" in PAGE
    assert f"at most {MOST_EXPLORE:g}" in PAGE


def test_the_review_that_is_shown_can_be_read(tmp_path):
    (text,) = blocks("json")
    path = tmp_path / "labels.jsonl"
    path.write_text(text, encoding="utf-8")
    given = json.loads(text)
    assert read_reviews(path) == {(given["run"], given["step"], None): True}


def test_the_output_that_is_shown_is_of_the_words_that_are_printed():
    shown = Estimate(
        method="doubly robust", value=0.0008, low=0.0007, high=0.0009, choices=412, effective=341.0, unsupported=0.17
    )
    assert f"  now {shown.says()}\n" in PAGE
    assert f"alpha 0.03: {labels_needed(0.03) - 12} more reviews or decisions are needed, there are 12" in PAGE
    assert f"alpha 0.05: {labels_needed(0.05) - 12} more reviews or decisions are needed, there are 12" in PAGE


def test_numbers_in_the_words_are_those_of_the_code():
    assert f"fewer than {FEW:.0f} effective choices" in PAGE
    assert WARM == 4.0
    assert "which counts as four of them" in PAGE
