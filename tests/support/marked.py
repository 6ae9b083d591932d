"""Runs on a user's behalf that carry a text wherever a text can be, in a store of either kind."""

from __future__ import annotations

from dataclasses import replace

from agentcore.app.store import Store
from agentcore.domain.ids import RunId, ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.engine.response_caching import Caching
from agentcore.engine.runtime import Engine
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

TEAM = (BOSS, replace(FINDER, tools=(ToolName("echo"),)), ADDER, WRITER)
NO_ECHO = {"p.cedar": '@id("all")\npermit(principal, action, resource);\n@id("no-echo")\nforbid(principal, action == '
           'Action::"call_tool", resource);'}  # fmt: skip


def office(store: Store, text: str, *, policies: dict[str, str] | None = None, clock: FakeClock | None = None):
    """Return an engine whose runs say a text to a tool, which says it back, and answer with it."""

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            return Call("echo", {"text": f"argument {text}"}) if last.role == "user" else f"found {text}"
        return f"answer {text}"

    models = {"m": ScriptedModel(answer)}
    return engine(
        models,
        agents=TEAM,
        tools=[Echo()],
        journal=store.journal,
        inbox=store.inbox,
        policies=policies,
        clock=clock,
        caching=Caching(replies=store.responses, mode="exact", scope="user") if store.responses else None,
    )


async def run_of(running: Engine, user: str, text: str, *, tenant: str = "acme", id: str | None = None) -> Run:
    """Do a task on a user's behalf to its end."""
    task = Task(goal=f"goal {text}", inputs={"note": f"input {text}"}, tenant=tenant, principal=user)
    return await (await running.start(task, id=None if id is None else RunId(id))).result()
