"""A label goes wherever the value goes: into the next attempt, into the reasons of a failure, into the next plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

from agentcore.domain.agent import Check, Limits, ToolUse, Verification
from agentcore.domain.ids import ToolName
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.task import Task
from agentcore.ports.tool import ToolResult
from agentcore.testing.scripted import Call, ScriptedModel

TASK = Task(goal="add things")
SECRETS_STAY = {
    "p.cedar": '@id("all")\npermit(principal, action, resource);\n'
    '@id("secrets-stay")\nforbid(principal, action == Action::"call_model", resource)\n'
    'when { context.confidentiality == Confidentiality::"secret" && context.sources.contains("tool:vault") };'
}
LOOK = Call("vault", {"text": "pin"})


class Vault(Echo):
    async def call(self, arguments, context):
        label = Label(sources=frozenset({"tool:vault"}), confidentiality=Confidentiality.SECRET)
        return ToolResult(value={"pin": 4711}, label=label)


FINDER_WITH_VAULT = replace(FINDER, tools=(ToolName("vault"),))


async def run_of(model, finder, policies=None):
    agents = (BOSS, finder, ADDER, WRITER)
    async with engine({"m": model}, agents=agents, tools=[Vault(name="vault")], policies=policies) as running:
        handle = await running.start(TASK)
        events = [event async for event in handle.events()]
        return await handle.result(), events


def shown(model, word):
    return [index for index, request in enumerate(model.requests) if word in str(request.messages)]


async def test_what_an_attempt_quotes_from_the_last_one_has_its_label():
    good = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))
    finder = replace(FINDER_WITH_VAULT, verification=good, limits=Limits(attempts=2))
    run, events = await run_of(ScriptedModel([plan("finder"), LOOK, "it is 4711", "good", "done"]), finder)
    assert run.status == "succeeded"
    assert run.steps[run.plan.steps[0].id].label.confidentiality is Confidentiality.SECRET
    labels = [fact.label for event in events if (fact := event.fact).kind == "attempt_finished"]
    assert [label.confidentiality for label in labels] == [Confidentiality.SECRET] * 3


async def test_the_error_of_a_failed_attempt_has_the_label_of_what_it_was_told():
    finder = replace(FINDER_WITH_VAULT, output={"type": "object"}, limits=Limits(attempts=2))
    model = ScriptedModel([plan("finder"), LOOK, "not JSON: 4711", {"a": 1}, "done"])
    run, events = await run_of(model, finder)
    assert run.status == "succeeded"
    assert "4711" in model.requests[3].messages[-1].content  # the reason quotes the output
    labels = [fact.label for event in events if (fact := event.fact).kind == "attempt_finished"]
    assert [label.confidentiality for label in labels] == [Confidentiality.SECRET] * 3


@pytest.mark.parametrize("attempts", [1, 2])
async def test_no_model_is_shown_by_a_detour_what_policy_keeps_from_it(attempts):
    # The tool's result is the output, so no model sees it; but then its check fails, and the next prompt quotes it.
    finder = replace(
        FINDER_WITH_VAULT,
        tool_use=ToolUse.OUTPUT,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=attempts, escalations=0),
    )
    model = ScriptedModel([plan("finder"), LOOK, "never", "never", "never"])
    run, _ = await run_of(model, finder, SECRETS_STAY)
    assert run.status == "denied"
    assert shown(model, "4711") == []
    assert len(model.requests) == 2


async def test_a_plan_made_from_what_failed_has_its_label_and_so_have_its_steps():
    finder = replace(
        FINDER_WITH_VAULT,
        output={"type": "object", "required": ["a"]},
        limits=Limits(attempts=1, escalations=0),
    )
    model = ScriptedModel([plan("finder"), LOOK, {"b": 4711}, plan("adder"), "sum", "done"])
    run, events = await run_of(model, finder)
    assert run.status == "succeeded"
    assert run.label.confidentiality is Confidentiality.SECRET
    planned = [fact.label for event in events if (fact := event.fact).kind == "plan_accepted"]
    assert [label.confidentiality.name for label in planned] == ["INTERNAL", "SECRET"]
    labels = [fact.label for event in events if (fact := event.fact).kind == "attempt_finished"]
    assert labels[-1].confidentiality is Confidentiality.SECRET


async def test_what_a_tool_returns_is_known_to_come_from_it_whatever_it_says():
    class Silent(Echo):
        async def call(self, arguments, context):
            return ToolResult(value={"pin": 4711}, label=Label(confidentiality=Confidentiality.PUBLIC))

    agents = (BOSS, FINDER_WITH_VAULT, ADDER, WRITER)
    model = ScriptedModel([plan("finder"), LOOK, "found", "done"])
    async with engine({"m": model}, agents=agents, tools=[Silent(name="vault")]) as running:
        run = await (await running.start(TASK)).result()
    label = run.steps[run.plan.steps[0].id].label
    assert label.sources == {"user", "model:m", "tool:vault"}
    assert label.confidentiality is Confidentiality.INTERNAL  # the task's
