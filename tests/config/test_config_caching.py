"""Which replies are served again, as a project and its agents say it."""

from __future__ import annotations

import pytest

from agentcore.config.caching import CacheSettings
from agentcore.config.load import load_project, validate


def with_cache(written: str) -> str:
    return f"""
        models: {{local: {{provider: llama, options: {{model: small}}}}}}
        tools: {{handbook: {{provider: documents, options: {{path: handbook}}}}}}
        team: {{supervisor: planner, workers: [researcher], answer: writer}}
        cache: {written}
    """


def test_nothing_is_served_again_by_default(project, plugins):
    loaded = load_project(project(), plugins)
    assert loaded.cache == CacheSettings()
    assert loaded.cache.responses == "off"
    assert {agent.cache for agent in loaded.agents.values()} == {None}


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        ("{responses: off}", CacheSettings()),
        ("{responses: exact, expires: 15m}", CacheSettings(responses="exact", seconds=900.0)),
        (
            "{responses: semantic, threshold: 0.9, scope: user, most_entries: 5}",
            CacheSettings(responses="semantic", threshold=0.9, scope="user", most_entries=5),
        ),
    ],
)
def test_what_a_project_says(project, plugins, written, settings):
    assert load_project(project(project=with_cache(written)), plugins).cache == settings


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{responses: exakt}", 'must be one of off, exact, semantic, not "exakt"; did you mean exact?'),
        ("{responses: true}", "must be one of off, exact, semantic, not true"),
        ("{respnses: exact}", "unknown key `respnses`; did you mean `responses`?"),
        ("{expires: 1 day}", "`expires` '1 day' is no duration"),
        ("{expires: 0s}", "must be longer than nothing; `responses: off` serves no reply again"),
        ("{threshold: 0.2}", "`threshold` must be at least 0.5, not 0.2"),
        ("{threshold: 97}", "`threshold` must be at most 1"),
        ("{scope: world}", "must be one of tenant, user"),
        ("{most_entries: 0}", "`most_entries` must be at least 1, not 0"),
    ],
)
def test_anything_else_is_told_with_its_place(project, plugins, written, message):
    problems = validate(project(project=with_cache(written)), plugins).problems
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith("agentcore.yaml:") for problem in problems)


def test_it_is_no_part_of_what_a_run_is_made_of(project, plugins):
    with_it = load_project(project(project=with_cache("{responses: exact}")), plugins).snapshot
    assert load_project(project(project=with_cache("{expires: 2d}")), plugins).snapshot == with_it
