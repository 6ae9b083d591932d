"""What policies are told about a run: what is left of its budget, what it is for, where models are served."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan, profile

from agentcore.domain.budget import Budget
from agentcore.domain.ids import ToolName
from agentcore.domain.task import Task
from agentcore.testing.scripted import Call, ScriptedModel

KEEP_SOME = """
@id("all")
permit (principal, action, resource);
@id("keep-some")
forbid (principal, action == Action::"{action}", resource)
when {{ context has budget_micro_usd && context.budget_micro_usd < {keep} }};
"""


@pytest.mark.parametrize(("usd", "status"), [("0.49", "denied"), ("0.50", "succeeded"), (None, "succeeded")])
@pytest.mark.parametrize("action", ["call_model", "plan", "release"])
async def test_a_policy_can_ask_what_is_left_of_the_budget(usd, status, action):
    model = ScriptedModel([plan("finder"), "found", "done"])
    budget = Budget(usd=None if usd is None else Decimal(usd))
    policies = {"p.cedar": KEEP_SOME.format(action=action, keep=500_000)}
    async with engine({"m": model}, policies=policies, budget=budget) as running:
        run = await (await running.start(Task(goal="add things"))).result()
    assert run.status == status


async def test_what_is_left_is_asked_anew_at_each_call():
    policies = {"p.cedar": KEEP_SOME.format(action="call_model", keep=5_500_000)}
    model = ScriptedModel([plan("finder"), "found", "done"])
    cent_a_token = [(profile("m", usd_per_million=10_000), model)]
    async with engine(cent_a_token, policies=policies, budget=Budget(usd=Decimal("5.55"))) as running:
        run = await (await running.start(Task(goal="add things"))).result()
    assert run.used.usd > Decimal("0.05")
    assert (run.status, len(model.requests)) == ("denied", 1)


async def test_a_tools_policy_can_ask_too():
    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "a"}), "found", "done"])
    tool = Echo()
    policies = {"p.cedar": KEEP_SOME.format(action="call_tool", keep=500_000)}
    agents = (BOSS, finder, ADDER, WRITER)
    async with engine(
        {"m": model}, agents=agents, tools=[tool], policies=policies, budget=Budget(usd=Decimal("0.1"))
    ) as running:
        run = await (await running.start(Task(goal="add things"))).result()
    assert run.status == "succeeded"
    assert tool.calls == []
    assert "keep-some" in model.requests[2].messages[-1].content


FOR_BILLING = """
@id("all")
permit (principal, action, resource);
@id("for-billing")
forbid (principal, action == Action::"{action}", resource)
unless {{ context.purpose == "billing" }};
"""


@pytest.mark.parametrize(("purpose", "status"), [("billing", "succeeded"), ("research", "denied"), ("", "denied")])
@pytest.mark.parametrize("action", ["call_model", "plan", "delegate", "release"])
async def test_a_policy_can_ask_what_a_run_is_for(purpose, status, action):
    model = ScriptedModel([plan("finder"), "found", "done"])
    policies = {"p.cedar": FOR_BILLING.format(action=action)}
    async with engine({"m": model}, policies=policies) as running:
        handle = await running.start(Task(goal="add things", purpose=purpose))
        events = [event async for event in handle.events()]
        run = await handle.result()
    assert run.status == status
    assert events[0].fact.task.purpose == purpose


async def test_a_model_is_called_only_where_a_policy_allows_it_to_be_served():
    in_europe = """
    @id("all") permit (principal, action, resource);
    @id("in-europe") forbid (principal, action == Action::"call_model", resource)
    unless { ["eu", "ch"].contains(resource.region) };
    """
    near, far, anywhere = (ScriptedModel([plan("finder"), "found", "done"]) for _ in range(3))
    models = [
        (replace(profile("near", quality=0.1), region="eu"), near),
        (replace(profile("far", quality=0.9), region="us"), far),
        (profile("anywhere", quality=0.9), anywhere),
    ]
    async with engine(models, policies={"p.cedar": in_europe}) as running:
        run = await (await running.start(Task(goal="add things"))).result()
    assert run.status == "succeeded"
    assert [len(each.requests) for each in (near, far, anywhere)] == [3, 0, 0]
