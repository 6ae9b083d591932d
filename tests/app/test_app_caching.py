"""A project's `cache` in its runtime: in the store of its runs, with the embeddings that are at hand."""

from __future__ import annotations

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, plan, profile

from agentcore.app import Runtime
from agentcore.app.caching import build_caching
from agentcore.app.store import sqlite_store
from agentcore.config.caching import CacheSettings
from agentcore.config.models import model
from agentcore.config.project import Project
from agentcore.domain.ids import ModelName
from agentcore.domain.trace import trace
from agentcore.testing.scripted import ScriptedModel

AGENTS = (BOSS, FINDER, ADDER, WRITER)


def reply(request):
    return plan("finder") if request.messages[0].content.startswith("Plan.") else "Four."


def desk(tmp_path, said, mode):
    return Project(
        name="desk",
        agents=AGENTS,
        built_models=[(profile("m"), said)],
        root=tmp_path,
        cache=CacheSettings(responses=mode),
    )


async def saved(project, *questions):
    """Return what each run saved, and how it was found; each in a process of its own."""
    found = []
    for question in questions:
        async with Runtime(project) as runtime:
            run = await runtime.run(question)
            assert run.answer == "Four."
            shown = trace(await runtime.journal.read(run.id))
        found.append((shown.savings.exact.replies, shown.savings.semantic.replies))
    return found


@pytest.mark.parametrize(("mode", "found"), [("off", 0), ("exact", 3)])
async def test_another_process_of_the_store_serves_what_one_has_kept(tmp_path, mode, found):
    said = ScriptedModel(reply)
    question = "How many orders are open?"
    assert await saved(desk(tmp_path, said, mode), question, question) == [(0, 0), (found, 0)]
    assert len(said.requests) == 6 - found


async def test_another_wording_is_found_by_the_embeddings_at_hand_and_another_question_is_not(tmp_path):
    project = desk(tmp_path, ScriptedModel(reply), "semantic")
    questions = (
        "How many orders are open?",
        "What is the number of open orders?",
        "How many orders are not open?",
        "How many orders of 2024 are open?",
    )
    # of every goal the finder is told the same
    assert await saved(project, *questions) == [(0, 0), (1, 2), (1, 0), (1, 0)]


async def test_a_model_with_other_options_behind_its_name_is_another_one(tmp_path):
    def digest_of(options):
        project = Project(name="p", agents=AGENTS, models=[model("m", "llama", options=options)], root=tmp_path)
        caching = build_caching(project, sqlite_store(tmp_path / "s").responses)
        return caching.providers[ModelName("m")]

    assert digest_of({"model": "a"}) == digest_of({"model": "a"})
    assert digest_of({"model": "a"}) != digest_of({"model": "b"})


def test_a_store_without_replies_caches_none(tmp_path):
    assert build_caching(desk(tmp_path, ScriptedModel(reply), "exact"), None) is None
