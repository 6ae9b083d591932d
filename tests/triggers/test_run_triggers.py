"""All triggers of a project, in a real runtime."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from textwrap import dedent

import pytest
from pydantic import BaseModel
from support.triggers import until

from agentcore import Project, Runtime
from agentcore.adapters.plugins import EntryPointPlugins
from agentcore.adapters.triggers.memory import MemorySource
from agentcore.app import load_project
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.ports.plugin import TriggerPlugin
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.fake_starter import FakeStarter
from agentcore.testing.scripted import ScriptedModel
from agentcore.triggers.run import run_triggers
from agentcore.triggers.runtime_starter import RuntimeStarter

SETTINGS = """
    models: { local: { provider: llama, options: { model: smollm2-135m-instruct } } }
    team: { supervisor: planner, workers: [clerk], answer: clerk }
"""
TRIGGERS = """
    triggers:
      orders: { scenario: price, provider: redis, options: { stream: orders } }
      hourly: { scenario: price, schedule: { cron: "0 * * * *" }, inputs: { customer: "$.due" } }
"""
PLAN = '{"steps": [{"agent": "clerk", "task": "x"}]}'


class Options(BaseModel):
    stream: str


class Plugins(EntryPointPlugins):
    """The installed ones, but messages come from memory."""

    def __init__(self):
        super().__init__()
        self.source = MemorySource()
        self.closed = 0

    def trigger(self, provider):
        super().trigger(provider)
        return TriggerPlugin(options=Options, build=lambda name, options, context: self)

    def __getattr__(self, name):
        return getattr(self.source, name)

    async def aclose(self):
        self.closed += 1


@pytest.fixture
def plugins():
    return Plugins()


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(triggers=TRIGGERS) -> Project:
        files = {
            "agentcore.yaml": f"name: shop\n{dedent(SETTINGS)}{dedent(triggers)}",
            "agents/planner.yaml": "role: supervisor\ninstructions: plan\n",
            "agents/clerk.yaml": "instructions: work\n",
            "scenarios/price.yaml": 'goal: "{{customer}}?"\ninputs: { customer: {} }\nbudget: { calls: 9 }\n',
        }
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return load_project(tmp_path)

    return write


def scripted(found: Project) -> Project:
    """Return the project with a model that answers at once."""
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
    kept = {
        name: getattr(found, name) for name in ("name", "root", "agents", "team", "scenarios", "triggers", "store")
    }
    return Project(**kept, built_models=[(profile, model)])


async def test_messages_become_runs_of_the_runtime_each_once(project, plugins):
    found = scripted(project())
    for _ in range(2):  # the second process gets the same messages again
        async with Runtime(found) as runtime:
            starter = RuntimeStarter(runtime)
            task = asyncio.ensure_future(run_triggers(found, starter, only=["orders"], plugins=plugins))
            for id in ("a", "b", "a"):
                await plugins.publish(json.dumps({"customer": id}).encode(), id=id)
            await until(lambda: len(plugins.acknowledged) == 3)
            for run in await runtime.journal.list():
                await starter.wait(run.run)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            runs = await runtime.journal.list()
        assert sorted((run.name, run.goal, run.status) for run in runs) == [
            ("price", "a?", "succeeded"),
            ("price", "b?", "succeeded"),
        ]
        plugins.acknowledged.clear()
    assert plugins.closed == 2


async def test_all_triggers_at_once(project, plugins):
    starter, clock = FakeStarter(), FakeClock(start=1_800_000_000.0)
    task = asyncio.ensure_future(run_triggers(project(), starter, plugins=plugins, clock=clock))
    await plugins.publish(b'{"customer": "Acme"}')
    await until(lambda: bool(plugins.acknowledged))
    await clock.advance(3600)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [each.inputs["customer"] for each in starter.started.values()] == ["Acme", "2027-01-15T09:00:00+00:00"]


async def test_a_project_without_triggers_is_done_at_once(project, plugins):
    await run_triggers(project(""), FakeStarter(), plugins=plugins)


async def test_a_trigger_that_there_is_not(project, plugins):
    with pytest.raises(ConfigError, match="unknown trigger `order`; did you mean `orders`"):
        await run_triggers(project(), FakeStarter(), only=["order"], plugins=plugins)


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        ('goal: "{{who}}?"\ninputs: { who: {} }\n', "trigger `hourly`: inputs.customer: unknown input `customer`"),
        ("gaol: x\n", "unknown key `gaol`"),
    ],
)
async def test_a_scenario_that_does_not_fit(project, plugins, tmp_path, scenario, problem):
    found = project()
    (tmp_path / "scenarios/price.yaml").write_text(scenario, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        await run_triggers(found, FakeStarter(), plugins=plugins)
    (tmp_path / "scenarios/price.yaml").unlink()
    with pytest.raises(ConfigError, match=r"scenarios/price\.yaml: the file does not exist"):
        await run_triggers(found, FakeStarter(), plugins=plugins)


async def test_a_variable_that_is_not_set_and_a_provider_that_is_not_installed(project, plugins):
    found = project(TRIGGERS.replace("stream: orders", 'stream: "${NO_STREAM}"'))
    with pytest.raises(ConfigError, match="the environment variable NO_STREAM is not set"):
        await run_triggers(found, FakeStarter(), plugins=plugins)
    with pytest.raises(PluginError, match=r"no plug-in redis in agentcore\.triggers; installed: none"):
        await run_triggers(project(), FakeStarter(), plugins=EntryPointPlugins(lambda group: []))
