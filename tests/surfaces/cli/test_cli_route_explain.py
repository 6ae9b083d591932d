"""`agentcore route explain`: why a step went to the models it went to."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

LARGE = """\
  large:
    provider: openai
    quality: 0.9
    latency_seconds: 2
    price: {{ input_usd_per_million: "10", output_usd_per_million: "20", as_of: 2999-01-01 }}
    options: {{ model: large, base_url: "{url}" }}
tools:
"""


@pytest.fixture
def two_models(desk, server):
    """Return a function that adds a larger model, and routing to the writer."""

    def change(routing):
        project = desk / "agentcore.yaml"
        text = project.read_text(encoding="utf-8").replace("tools:\n", LARGE.format(url=server), 1)
        project.write_text(text, encoding="utf-8")
        writer = desk / "agents" / "writer.yaml"
        text = writer.read_text(encoding="utf-8").replace("escalations: 0", "escalations: 1")
        writer.write_text(f"{text}routing: {routing}\n", encoding="utf-8")

    return change


def test_an_escalation_is_explained(two_models, agentcore, steady):
    two_models("{ objective: cheapest, min_confidence: 0.95 }")
    agentcore("run", "price")
    assert steady(agentcore("route", "explain", "latest", "answer").stdout) == snapshot("""\
answer · writer · succeeded · 2 attempts
attempt 1
  call: local: the cheapest of 2 models
    candidate: local  quality 0.5; forecast $0.0012, 0.0 s; really $0.000013, 0.0 s
    candidate: large  quality 0.9; forecast $0.0018, 0.0 s
    router: ranked by cheapest; threshold P(correct) ≥ 0.95 (min_confidence); not explored
  verifier: check:schema accepts
  verifier: check:numbers accepts
  verifier: confidence rejects: not confident enough: 0.90 < 0.95
  confidence: P(correct) 0.90 [0.70, 1.00] by deterministic, uncalibrated; < 0.95 (min_confidence)
  escalated: not confident enough: 0.90 < 0.95
attempt 2
  call: large: escalated to a stronger model after a rejected attempt: the only model that can tak…
    candidate: large  quality 0.9; forecast $0.0018, 0.0 s; really $0.000130, 0.0 s
    not: local: its answer was not sure enough
    router: ranked by cheapest; threshold P(correct) ≥ 0.95 (min_confidence); not explored
  verifier: check:schema accepts
  verifier: check:numbers accepts
  confidence: P(correct) 0.99 [0.79, 1.00] by deterministic, uncalibrated; ≥ 0.95 (min_confidence)
  stopped: accepted
in hindsight: local was the cheapest that was good enough, in attempt 1 for $0.000013: it says the…
""")


def test_candidates_are_explained(two_models, agentcore, steady):
    two_models("{ ensemble: [large, local] }")
    agentcore("run", "price")
    assert steady(agentcore("route", "explain", "latest", "answer").stdout) == snapshot("""\
answer · writer · succeeded · 1 attempt
attempt 1
  call: large: the only model that can take the call
    candidate: large  quality 0.9; forecast $0.0018, 0.0 s; really $0.000130, 0.0 s
    not: local: this answer is asked of large
    router: ranked by balanced; not explored
  call: local (candidate 1): the only model that can take the call
    candidate: local  quality 0.5; forecast $0.0012, 0.0 s; really $0.000013, 0.0 s
    not: large: another candidate of this attempt has it
    router: ranked by balanced; not explored
  candidate 0: large  {"answer": "It is 6652.80.", "sources": ["researcher", "anal…; 100% of the o…
  candidate 1: local  {"answer": "It is 6652.80.", "sources": ["researcher", "anal…; 100% of the o…
  chosen: candidate 0, all of 2 answers say the same
  verifier: check:schema accepts
  verifier: check:numbers accepts
  confidence: P(correct) 0.99 [0.79, 1.00] by deterministic, uncalibrated
  stopped: accepted
in hindsight: local was the cheapest that was good enough, in attempt 1 for $0.000013: it says the…
""")


def test_json_has_the_same_for_programs(two_models, agentcore):
    two_models("{ objective: cheapest, min_confidence: 0.95 }")
    agentcore("run", "price")
    said = json.loads(agentcore("route", "explain", "latest", "answer", "--json").stdout)
    assert [attempt["outcome"] for attempt in said["attempts"]] == snapshot(
        ["escalated: not confident enough: 0.90 < 0.95", "stopped: accepted"]
    )
    assert said["hindsight"]["model"] == "local"
    (call,) = said["attempts"][0]["calls"]
    assert call["route"]["threshold"] == 0.95
    assert call["route"]["propensity"] == 1.0
    assert {"p_correct", "p_low", "p_high", "usd", "seconds"} <= call["route"]["candidates"][0].keys()


def test_a_step_that_is_not_there_is_named(desk, agentcore):
    agentcore("run", "price")
    assert agentcore("route", "explain", "latest", "nobody").stderr.splitlines()[-1] == snapshot(
        "hint: its steps are plan, researcher, analyst, calculator, answer"
    )


def test_the_planning_is_explained_too(desk, agentcore, steady):
    agentcore("run", "price")
    assert steady(agentcore("route", "explain", "latest", "plan").stdout) == snapshot("""\
plan · planner · succeeded · 1 attempt
attempt 1
  call: local: the only model that can take the call
    candidate: local  quality 0.5; forecast $0.0012, 0.0 s; really $0.000013, 0.0 s
    router: ranked by balanced; not explored
  nobody has verified it
""")


def test_the_trace_shows_how_sure_an_output_is(two_models, agentcore, steady):
    two_models("{ objective: cheapest, min_confidence: 0.95 }")
    agentcore("run", "price")
    shown = steady(agentcore("trace", "latest", "--step", "answer").stdout)
    assert [line.strip() for line in shown.splitlines() if "confiden" in line] == snapshot(
        [
            "confidence: P(correct) 0.90 [0.70, 1.00] by deterministic, uncalibrated; < 0.95 (min_confidenc…",
            "vote: confidence rejects: not confident enough: 0.90 < 0.95 (checked P(correct) against the th…",
            "confidence: P(correct) 0.99 [0.79, 1.00] by deterministic, uncalibrated; ≥ 0.95 (min_confidenc…",
        ]
    )
