"""How long runs are kept, as a project says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore.config.load import load_project, validate
from agentcore.config.retention import RetentionSettings


def with_retention(written: str) -> str:
    return f"""
        models: {{local: {{provider: llama, options: {{model: small}}}}}}
        tools: {{handbook: {{provider: documents, options: {{path: handbook}}}}}}
        team: {{supervisor: planner, workers: [researcher], answer: writer}}
        retention: {written}
    """


def test_runs_are_kept_for_ever_by_default(project, plugins):
    assert load_project(project(), plugins).retention is None


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("{keep: 30d}", RetentionSettings(keep_seconds=2_592_000)),
        ("{keep: 12h, export: old/runs}", RetentionSettings(keep_seconds=43_200, export=Path("old/runs"))),
    ],
)
def test_a_time_and_a_folder(project, plugins, written, settings):
    assert load_project(project(project=with_retention(written)), plugins).retention == settings


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{keep: 30}", "4:19: `keep` must be text, not 30"),
        ("{keep: 30 days}", "4:19: `keep` '30 days' is no duration; write a number and a unit: 90s, 15m, 12h"),
        ("{keeps: 30d}", "unknown key `keeps`; did you mean `keep`?"),
        ("{export: old}", "`keep` is required in `retention`"),
        ('{keep: 30d, export: ""}', "`export` must not be empty"),
        ("30d", '`retention` must be a mapping, not "30d"'),
    ],
)
def test_anything_else_is_told_with_its_place(project, plugins, written, message):
    problems = validate(project(project=with_retention(written)), plugins).problems
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith("agentcore.yaml:") for problem in problems)


def test_it_is_no_part_of_what_a_run_is_made_of(project, plugins):
    with_it = load_project(project(project=with_retention("{keep: 30d}")), plugins).snapshot
    without = load_project(project(project=with_retention("{keep: 1d, export: old}")), plugins).snapshot
    assert with_it == without
