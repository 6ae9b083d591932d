"""What a fork of a project's run starts on: its definitions, which are kept, and its inputs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentcore.adapters.journal.memory_snapshots import MemorySnapshots
from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.app import Replays, Runtime, memory_store
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Capability, Role
from agentcore.domain.errors import ForkError
from agentcore.domain.task import Task
from agentcore.engine.definition import Manifest
from agentcore.routing.profile import ModelProfile
from agentcore.testing.scripted import ScriptedModel

PLAN = {"steps": [{"id": "s1", "agent": "clerk", "task": "do", "uses": [], "inputs": {"to": "task.to"}}]}
TASK = Task(goal="go", inputs={"to": "Ann", "many": 3, "list": [1]})


def say(request):
    return PLAN if request.messages[0].content.startswith("Plan") else request.messages[0].content


def profile(name):
    return ModelProfile(
        name=name,
        family=name,
        quality=0.5,
        context_tokens=100_000,
        capabilities=frozenset({Capability.JSON_SCHEMA}),
        latency_seconds=1.0,
    )


def project(folder, **more):
    agents = [
        Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."),
        Agent(name="clerk", instructions="Do {{to}}.", inputs={"to": {"type": "string"}}),
        Agent(name="writer", instructions="Write."),
    ]
    models = [(profile("small"), ScriptedModel(say)), (profile("large"), ScriptedModel(say))]
    return Project(name="desk", root=folder, agents=agents, built_models=models, **more)


async def test_a_changed_agent_has_another_version_and_is_kept(tmp_path):
    found = project(tmp_path)
    async with Runtime(found) as runtime:
        run = await runtime.run(TASK)
        fork = await (await runtime.fork(run.id, "s1", prompt="Do it for {{to}}.", model="large")).result()
        assert fork.steps["s1"].output == "Do it for Ann."
        before, after = run.started, fork.started
        assert {name for name in before.agents if before.agents[name] != after.agents[name]} == {"clerk"}
        assert before.snapshot != after.snapshot
        kept = ValueCodec(Manifest).decode(await runtime._store.snapshots.get(after.snapshot))
        assert kept.agents["clerk"].version == after.agents["clerk"]
        assert kept.agents["clerk"].requirements.models == ("large",)
        same = await (await runtime.fork(run.id, "answer")).result()
        assert same.started.snapshot == before.snapshot
        again = await (await runtime.fork(run.id, "s1", prompt="Do it for {{to}}.", model="large")).result()
        assert again.started.snapshot == after.snapshot, "the same changes make the same definitions"
    async with Runtime(found) as runtime:  # another process
        of_fork = await (await runtime.fork(fork.id, "answer", prompt="Sing.")).result()
        assert (of_fork.steps["s1"].output, of_fork.answer) == ("Do it for Ann.", "Sing.")
    async with Replays(found) as replays:
        for each in (run, fork, of_fork):
            assert (await replays.replay(each.id)).answer == each.answer


async def test_a_fork_that_was_enqueued_is_done_on_its_own_definitions(tmp_path):
    found = project(tmp_path)
    async with Runtime(found, resume=False) as runtime:
        run = await runtime.run(TASK)
        fork = await runtime.enqueue_fork(run.id, "s1", prompt="Sing for {{to}}.")
    async with Runtime(found) as runtime:
        assert (await runtime.wait(fork)).steps["s1"].output == "Sing for Ann."


async def test_a_store_in_memory_keeps_definitions_too(tmp_path):
    async with Runtime(project(tmp_path), store=memory_store()) as runtime:
        run = await runtime.run(TASK)
        fork = await (await runtime.fork(run.id, "s1", prompt="Sing.")).result()
        of_fork = await (await runtime.fork(fork.id, "answer", model="large")).result()
        assert (await runtime.replay(of_fork.id)).answer == of_fork.answer
    snapshots = MemorySnapshots()
    await snapshots.put("d", "one")
    await snapshots.put("d", "other")
    assert (await snapshots.get("d"), await snapshots.get("e")) == ("one", None)


async def test_inputs_are_read_as_what_they_were(tmp_path):
    async with Runtime(project(tmp_path), store=memory_store()) as runtime:
        run = await runtime.run(TASK)
        fork = await (await runtime.fork(run.id, "answer", inputs={"to": "7", "many": "4", "list": "[2]"})).result()
        assert fork.started.task.inputs == {"to": "7", "many": 4, "list": [2]}
        assert fork.steps["s1"].output == "Do 7.", "a step that was given a changed input is done anew"
        assert fork.started.lineage.changes == ("input.to=7", "input.many=4", "input.list=[2]")


@pytest.mark.parametrize(
    ("step", "changes", "message", "hint"),
    [
        ("nine", {}, "has no step nine", "fork from one of: plan, s1, answer"),
        ("s1", {"model": "larg"}, "unknown model `larg`; did you mean `large`?", "models"),
        ("s1", {"prompt": "Do {{of}}."}, "`{{of}}` is not a declared input", "change"),
        ("plan", {"inputs": {"of": "x"}}, "unknown input `of`", "its inputs are: to, many, list"),
        ("plan", {"inputs": {"many": "x"}}, "input `many` must be a number", "it was 3"),
    ],
)
async def test_a_fork_that_cannot_begin(tmp_path, step, changes, message, hint):
    async with Runtime(project(tmp_path), store=memory_store()) as runtime:
        run = await runtime.run(TASK)
        with pytest.raises(ForkError) as caught:
            await runtime.fork(run.id, step, **changes)
        assert message in caught.value.message
        assert hint in caught.value.hint
        assert len(await runtime.journal.list()) == 1


async def test_a_planned_run_is_done_by_a_fork(tmp_path):
    async with Runtime(project(tmp_path), store=memory_store()) as runtime:
        planned, _ = await runtime.dry_run(TASK)
        assert (await runtime.replay(planned.id)).status == "planned"
        fork = await (await runtime.fork(planned.id, "answer")).result()
        assert (fork.status, fork.started.dry) == ("succeeded", False)


async def test_the_project_may_have_changed(tmp_path):
    found = project(tmp_path)
    async with Runtime(found) as runtime:
        run = await runtime.run(TASK)
    other = [
        replace(agent, instructions="Sing.") if agent.name == "writer" else agent for agent in found.agents.values()
    ]
    async with Runtime(replace(found, agents=other)) as runtime:
        fork = await (await runtime.fork(run.id, "answer")).result()
        assert fork.answer == "Write."
        assert fork.started.snapshot == run.started.snapshot
