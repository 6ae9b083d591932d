"""What a report is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.past_answers import answer

from agentcore.domain.agent import Routing
from agentcore.routing.frontier import Figures
from agentcore.routing.rechoose import RoutePolicy, replay_routes
from agentcore.routing.report import Point, Reliability, Report, runs_report, table_report

SETTINGS = [
    Figures(setting="balanced", accuracy=0.9, cost_usd_per_1k=0.25, calls_per_query=2.0),
    Figures(setting="risk-0.05", accuracy=0.9, cost_usd_per_1k=0.25, risk_alpha=0.05, risk_realised=0.04),
    Figures(setting="arm:small", accuracy=0.8, cost_usd_per_1k=0.1, calls_per_query=1.0),
    Figures(setting="arm:large", accuracy=0.9, cost_usd_per_1k=2.0, calls_per_query=1.0),
    Figures(setting="arm:unpriced", accuracy=0.95, cost_usd_per_1k=None),
    Figures(setting="oracle", accuracy=0.99, cost_usd_per_1k=0.05),
]


def test_the_frontier_is_what_nothing_beats():
    report = table_report("t", (), SETTINGS, None)
    assert [point.name for point in report.frontier] == ["small", "balanced"]
    assert "unpriced" not in {point.name for point in report.drawn}
    assert {point.name: point.kind for point in report.points} == {
        "balanced": "setting",
        "small": "arm",
        "large": "arm",
        "unpriced": "arm",
        "oracle": "bound",
    }


def test_the_table_has_the_columns_that_apply_and_every_row():
    report = table_report("t", (), SETTINGS, None)
    assert report.columns == (
        "setting",
        "accuracy",
        "USD per 1,000",
        "calls per query",
        "alpha",
        "accepted and wrong",
    )
    assert report.rows[0] == ("balanced", "0.900", "0.2500", "2.00", "", "")
    assert len(report.rows) == len(SETTINGS)


def test_reliability_is_of_all_answers():
    found = Reliability.of([0.9] * 80 + [0.5] * 20, [True] * 72 + [False] * 8 + [True] * 10 + [False] * 10)
    assert (found.answers, len(found.bins)) == (100, 10)
    assert sum(each.count for each in found.bins) == 100
    assert Reliability.of([], []) is None


def test_past_runs_are_shown_by_model_and_by_policy():
    answers = [replace(answer(n, right=n % 2 == 0), confidence=0.7) for n in range(4)]
    answers += [answer(9, "large", right=True)]
    policies = [RoutePolicy(name="now"), RoutePolicy(name="best.yaml", default=Routing(objective="best"))]
    report = runs_report("desk", answers, [replay_routes(answers, policy) for policy in policies])
    assert [(row[0], row[1]) for row in report.rows] == [
        ("large", "1.000"),
        ("small", "0.500"),
        ("now", "0.520"),
        ("best.yaml", "0.840"),
    ]
    assert [(point.name, point.kind) for point in report.points][2:] == [("now", "setting"), ("best.yaml", "setting")]
    assert report.reliability.answers == 4
    assert report.reliability.ece == pytest.approx(0.5)


def test_bounds_are_no_part_of_the_frontier():
    report = Report(
        title="",
        about=(),
        points=(Point(name="oracle", kind="bound", accuracy=1.0, usd_per_1k=0.01),),
        reliability=None,
        columns=(),
        rows=(),
    )
    assert report.frontier == []
