"""A team of one agent: its task is its step, and nobody is asked for a plan."""

from __future__ import annotations

import pytest
from support.desk import profile

from agentcore.app.runtime import Runtime
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Role
from agentcore.domain.errors import ConfigError
from agentcore.domain.event import PlanAccepted
from agentcore.domain.ids import ANSWER, AgentName
from agentcore.domain.task import Task
from agentcore.domain.team import Team
from agentcore.testing.scripted import ScriptedModel

READER = Agent(name=AgentName("reader"), instructions="Read the order.")


async def test_one_agent_is_given_the_task_as_it_is(tmp_path):
    model = ScriptedModel(["12 routers"])
    project = Project(
        name="inbox", agents=[READER], built_models=[(profile("m"), model)], store=tmp_path / "runs.sqlite"
    )
    async with Runtime(project) as runtime:
        handle = await runtime.start(Task(goal="Please send 12 routers."))
        run = await handle.result()
        events = [event.fact async for event in handle.events()]
    assert (run.status, run.answer, run.used.calls) == ("succeeded", "12 routers", 1)
    assert model.requests[0].messages[-1].content == "Question: Please send 12 routers."
    (accepted,) = (fact for fact in events if isinstance(fact, PlanAccepted))
    assert [(step.id, step.agent, step.uses) for step in accepted.plan.steps] == [(ANSWER, "reader", ())]
    assert accepted.decisions == ()


def test_whoever_has_workers_needs_a_supervisor():
    writer = Agent(name=AgentName("writer"))
    with pytest.raises(ConfigError, match=r"team.supervisor: `writer` is a worker; a supervisor is needed here"):
        Project(
            name="inbox",
            agents=[READER, writer],
            team=Team(supervisor=writer.name, workers=(READER.name,), answer=writer.name),
        )


def test_a_supervisor_needs_workers():
    boss = Agent(name=AgentName("boss"), role=Role.SUPERVISOR)
    with pytest.raises(ConfigError, match=r"team.workers: a team needs at least one worker"):
        Project(
            name="inbox",
            agents=[boss, READER],
            team=Team(supervisor=boss.name, workers=(), answer=READER.name),
        )
