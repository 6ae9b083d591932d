"""Runs whose ids follow from their causes, in a real runtime."""

from __future__ import annotations

import asyncio

import pytest

from agentcore import Project, Runtime, agent
from agentcore.domain.budget import Budget
from agentcore.domain.errors import RunNotFound
from agentcore.domain.run_id import run_id_for
from agentcore.domain.task import Task
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import ScriptedModel
from agentcore.triggers.runtime_starter import RuntimeStarter


@agent(role="supervisor")
def planner():
    """You plan."""


@agent(uses="none")
def clerk():
    """You work."""


PLAN = '{"steps": [{"agent": "clerk", "task": "x"}]}'


@pytest.fixture
def project(tmp_path):
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=8000,
        capabilities=frozenset({"json_schema", "tools"}),
        price=Price(),
        latency_seconds=0.1,
    )
    model = ScriptedModel(lambda request: PLAN if request.schema else "done")
    return Project(name="shop", root=tmp_path, agents=[planner, clerk], built_models=[(profile, model)])


async def test_one_of_many_starts_succeeds(project):
    id = run_id_for("orders", "1")
    async with Runtime(project) as runtime:
        starter = RuntimeStarter(runtime)
        started = await asyncio.gather(
            *(starter.start(Task(goal="x"), name="orders", id=id, budget=Budget(calls=9)) for _ in range(10))
        )
        assert sorted(started) == [False] * 9 + [True]
        both = await asyncio.gather(starter.wait(id), starter.wait(id))
        assert [run.status for run in both] == ["succeeded", "succeeded"]
        assert (both[0].started.name, both[0].started.budget.calls) == ("orders", 9)
        assert [run.run for run in await runtime.journal.list()] == [id]
    async with Runtime(project) as runtime:  # the next process
        starter = RuntimeStarter(runtime)
        assert not await starter.start(Task(goal="another"), name="orders", id=id)
        assert (await starter.wait(id)).answer == "done"
        with pytest.raises(RunNotFound):
            await starter.wait(run_id_for("orders", "2"))


async def test_a_run_that_another_runtime_began_is_waited_for_too(project):
    id = run_id_for("orders", "1")
    async with Runtime(project) as one, Runtime(project) as other:
        await RuntimeStarter(one).start(Task(goal="x"), name="orders", id=id)
        run = await RuntimeStarter(other).wait(id)
        assert (run.status, run.epoch) == ("succeeded", 0)
