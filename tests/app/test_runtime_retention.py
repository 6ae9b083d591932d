"""A runtime keeps what its project says, and the definitions that its runs are made of."""

from __future__ import annotations

import asyncio

import pytest

from agentcore import Project, Runtime, agent
from agentcore.adapters.journal.run_files import file_name
from agentcore.app import sqlite_store
from agentcore.app.definitions import KEEP_AGAIN_SECONDS
from agentcore.config.models import STRUCTURED
from agentcore.config.retention import RetentionSettings
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.contracts.archive import record
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ScriptedModel


@agent(role="supervisor")
def planner() -> None:
    """You plan."""


@agent(uses="none")
def clerk() -> None:
    """You work."""


def project(folder, **more):
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=100_000,
        capabilities=STRUCTURED,
        price=Price(),
        latency_seconds=0.1,
    )

    def say(request):
        plans = request.messages[0].content.startswith("You plan")
        return {"steps": [{"agent": "clerk", "task": "work"}]} if plans else "done"

    agents = [planner, clerk]
    return Project(name="shop", root=folder, agents=agents, built_models=[(profile, ScriptedModel(say))], **more)


@pytest.fixture
async def store(tmp_path):
    """The project's store, opened a second time."""
    store = sqlite_store(tmp_path / ".agentcore/journal.sqlite")
    yield store
    await store.aclose()


async def listed(store):
    return {summary.run for summary in await store.journal.list()}


async def test_an_open_runtime_prunes_its_store(tmp_path, store):
    await record(store.journal, "old", ended_at=1.0)
    settings = RetentionSettings(keep_seconds=60.0, export=tmp_path / "old")
    async with Runtime(project(tmp_path, retention=settings)) as runtime:
        run = await runtime.run("work")
        for _ in range(1000):
            if await listed(store) == {run.id}:
                break
            await asyncio.sleep(0.005)
    assert await listed(store) == {run.id}
    assert (tmp_path / "old" / f"{file_name('old')}.sealed").is_file()


async def test_runs_stay_when_the_project_says_nothing(tmp_path, store):
    await record(store.journal, "old", ended_at=1.0)
    async with Runtime(project(tmp_path)) as runtime:
        await runtime.run("work")
    assert "old" in await listed(store)


async def test_definitions_of_an_open_runtime_are_kept_anew(tmp_path, store):
    clock = FakeClock()
    made = project(tmp_path)
    async with Runtime(made, clock=clock, resume=False) as runtime:
        await runtime.enqueue("work")
        kept = "SELECT kept_at FROM snapshots"
        (first,) = await store.journal.ask(lambda journal: journal.rows(kept))
        await runtime.enqueue("work")
        assert await store.journal.ask(lambda journal: journal.rows(kept)) == [first]
        await clock.advance(KEEP_AGAIN_SECONDS)
        await runtime.enqueue("work")
        (second,) = await store.journal.ask(lambda journal: journal.rows(kept))
        assert second > first
    runs = await store.journal.ask(lambda journal: journal.rows("SELECT snapshot FROM runs"))
    assert runs == [(made.snapshot,)] * 3
