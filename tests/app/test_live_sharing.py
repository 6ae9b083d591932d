"""Runtimes of one store share what they see of models, at once and one after the other."""

from __future__ import annotations

import asyncio

import pytest
from support.desk import profile
from support.postgres import new_database

from agentcore.app.runtime import Runtime
from agentcore.config.project import Project
from agentcore.domain.agent import Agent
from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.task import Task
from agentcore.testing.scripted import ScriptedModel

READER = Agent(name=AgentName("reader"), instructions="Read the order.")
FIRST, SECOND = ModelName("first"), ModelName("second")


def project(store, *, first="yes"):
    models = [
        (profile("first", 0.9), ScriptedModel(lambda _: first)),
        (profile("second", 0.5), ScriptedModel(lambda _: "yes")),
    ]
    return Project(name="inbox", agents=[READER], built_models=models, store=store)


def pool(runtime):
    return runtime._engine._parts.pool


async def run(runtime, times):
    for _ in range(times):
        assert (await runtime.run(Task(goal="Is it complete?"))).status == "succeeded"


async def heard(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # of another process, no event tells
            await asyncio.sleep(0.05)


async def test_the_next_process_begins_with_what_the_last_one_has_seen(tmp_path):
    store = tmp_path / "runs.sqlite"
    async with Runtime(project(store)) as runtime:
        await run(runtime, 3)
    async with Runtime(project(store)) as runtime:
        await heard(lambda: pool(runtime).live[FIRST].calls == 3)
        stats = pool(runtime).board.of("reader")[FIRST]
        assert (stats.calls, stats.judged) == (3, pytest.approx(3, abs=0.1))


async def both(store):
    async with Runtime(project(store, first=ModelUnavailable("down"))) as one, Runtime(project(store)) as two:
        await run(one, 5)
        await heard(lambda: pool(two).breakers[FIRST].until is not None)
        before = len(pool(two).entries[FIRST].model.requests)
        await run(two, 1)
        assert len(pool(two).entries[FIRST].model.requests) == before
        assert len(pool(two).entries[SECOND].model.requests) == 1


async def test_what_one_finds_broken_the_other_leaves_alone(tmp_path):
    await both(tmp_path / "runs.sqlite")


async def test_in_postgresql_too():
    async with new_database() as url:
        await both(url)
