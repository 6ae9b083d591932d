"""Whole runs on scripted models: what is recorded, and how each trouble ends."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from support.desk import ADDER, BOSS, FINDER, TEAM, WRITER, Echo, engine, plan, profile

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Agent, Check, Limits, Role, ToolUse, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.effect import Safety
from agentcore.domain.errors import JournalUnavailable, ModelRequestRejected, ModelUnavailable
from agentcore.domain.event import (
    AttemptFinished,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    PlanRejected,
    RunFinished,
    RunStarted,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, AgentName, ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.domain.trace import trace
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, Calls, Delayed, ScriptedModel

TASK = Task(goal="add things")
NUMBER = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


async def done(running, task: Task = TASK) -> tuple[Run, list[Event]]:
    handle = await running.start(task)
    events = [event async for event in handle.events()]
    return await handle.result(), events


def of(kind: type[Fact], events: list[Event]) -> list:
    return [event.fact for event in events if isinstance(event.fact, kind)]


async def test_a_task_is_planned_worked_on_and_answered():
    model = ScriptedModel([plan("finder", "adder"), "found 3", "3", "It is 3."])
    async with engine({"m": model}) as running:
        run, events = await done(running)
    assert (run.status, run.answer) == ("succeeded", "It is 3.")
    assert run.used.calls == 4
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert Run.fold(events) == run
    assert [step.id for step in trace(events).steps] == ["plan", "finder", "adder", ANSWER]


async def test_workers_see_their_own_task_and_the_outputs_they_use_and_nothing_else():
    model = ScriptedModel([plan("finder", "adder"), "found 3", "3", "It is 3."])
    async with engine({"m": model}) as running:
        await done(running)
    planner, finder, adder, writer = ([message.content for message in each.messages] for each in model.requests)
    assert planner == ["Plan.\nTeam:\nfinder: finds\nadder: adds", "Goal: add things"]
    assert finder == ["Find.", "Task: do finder"]
    assert adder == ["Add.", '# do finder\nfinder = "found 3"\nTask: do adder']
    assert writer == [
        "Write.",
        '# do finder\nfinder = "found 3"\n# do adder\nadder = "3"\nQuestion: add things',
    ]


async def test_independent_steps_run_at_the_same_time_within_the_limit():
    clock = FakeClock(auto=True)

    def script(request):
        return plan(*["finder"] * 6) if "Plan." in request.messages[0].content else Delayed(10.0, "x")

    for limit, seconds in ((6, 20.0), (2, 40.0)):
        began = clock.monotonic()
        async with engine(
            {"m": ScriptedModel(script, clock=clock)}, clock=clock, limits=RunLimits(parallel_steps=limit)
        ) as running:
            run, _ = await done(running)
        assert run.status == "succeeded"
        assert clock.monotonic() - began == pytest.approx(seconds)


async def test_calls_of_one_model_at_once_are_limited():
    clock = FakeClock(auto=True)

    def script(request):
        return plan(*["finder"] * 4) if "Plan." in request.messages[0].content else Delayed(10.0, "x")

    began = clock.monotonic()
    async with engine({"m": ScriptedModel(script, clock=clock)}, clock=clock, parallel=1) as running:
        await done(running)
    assert clock.monotonic() - began == pytest.approx(50.0)


async def test_an_invalid_plan_is_shown_to_the_model_once_and_mended():
    model = ScriptedModel([plan("nobody"), plan("finder"), "found", "Answer."])
    async with engine({"m": model}) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert of(PlanRejected, events)[0].problems == (
        "step nobody: there is no agent 'nobody'; choose one of finder, adder",
    )
    shown = model.requests[1].messages[-1].content
    assert "there is no agent 'nobody'" in shown


@pytest.mark.parametrize("bad", ["Sure! First, we should find it.", plan("nobody"), '{"steps": [{"agent":'])
async def test_a_plan_that_is_invalid_twice_ends_the_run(bad):
    async with engine({"m": ScriptedModel([bad, bad])}) as running:
        run, events = await done(running)
    assert run.status == "failed"
    assert run.reason.startswith("the plan is not valid: ")
    assert len(of(PlanRejected, events)) == 2


async def test_a_rejected_attempt_is_repeated_with_the_reasons_and_then_by_a_stronger_model():
    finder = replace(
        FINDER,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=2, escalations=1),
    )
    weak = ScriptedModel([plan("finder"), "bad 1", "bad 2", "Done."])
    strong = ScriptedModel(["good"])
    models = [(profile("weak", 0.5), weak), (profile("strong", 0.9, usd_per_million=100_000), strong)]
    async with engine(models, agents=(BOSS, finder, ADDER, WRITER)) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert [verdict.verdict.accepted for verdict in of(VerdictReached, events)] == [False, False, True, True]
    retry = weak.requests[2].messages[-1].content
    assert 'Not accepted: "bad 1"' in retry
    assert "Reason: " in retry
    route = next(fact.route for fact in of(EffectStarted, events) if fact.effect.name == "strong")
    assert route.reason.startswith("escalated to a stronger model")


async def test_a_step_whose_attempts_are_all_rejected_is_replanned_and_then_refused_with_the_reasons():
    finder = replace(
        FINDER,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=1, escalations=0),
    )
    model = ScriptedModel([plan("finder"), "bad", plan("finder"), "bad again"])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER)) as running:
        run, events = await done(running)
    assert run.status == "refused"
    assert "finder" in run.reason
    assert [accepted.revision for accepted in of(PlanAccepted, events)] == [0, 1]
    assert "Failed (find another way):\nfinder: do finder\n- " in model.requests[2].messages[-1].content


async def test_what_has_succeeded_is_kept_by_the_next_plan():
    adder = replace(
        ADDER,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=1, escalations=0),
    )
    model = ScriptedModel([plan("finder", "adder"), "found 3", "bad", plan("adder"), "good", "Done."])
    async with engine({"m": model}, agents=(BOSS, FINDER, adder, WRITER)) as running:
        run, _ = await done(running)
    assert run.status == "succeeded"
    assert 'finder = "found 3"' in model.requests[4].messages[-1].content
    assert run.answer == "Done."


async def test_an_agent_may_decline_and_the_run_is_refused_with_its_reason():
    writer = replace(WRITER, output=NUMBER, may_decline=True)
    model = ScriptedModel([plan("finder"), "nothing", {"cannot_answer": "no order says so", "amount": 0}])
    async with engine({"m": model}, agents=(BOSS, FINDER, ADDER, writer)) as running:
        run, _ = await done(running)
    assert (run.status, run.answer) == ("refused", None)
    assert run.reason == "the answer was given up: no order says so"


async def test_an_output_schema_is_enforced_together_with_tools():
    echo = Echo()
    finder = replace(FINDER, tools=(ToolName("echo"),), output=NUMBER)
    model = ScriptedModel(
        [plan("finder"), Call("echo", {"text": "hi"}), '{"amount": "three"}', {"amount": 3}, "Three."]
    )
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[echo]) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert [given["text"] for given, _ in echo.calls] == ["hi"]
    assert model.requests[1].schema == NUMBER
    assert model.requests[1].tools[0].name == "echo"
    assert of(AttemptFinished, events)[1].output == {"amount": 3}


async def test_the_result_of_a_tool_can_be_the_output():
    finder = replace(FINDER, tools=(ToolName("echo"),), tool_use=ToolUse.OUTPUT)
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "hi"}), "Done."])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo()]) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert model.requests[1].tool_required
    assert model.requests[1].messages[-1].content == "knows goal, task\nTask: do finder"
    assert of(AttemptFinished, events)[0].output == {"echo": "hi"}
    assert of(AttemptFinished, events)[0].label.sources >= {"user", "tool:echo", "model:m"}


async def test_a_tool_can_be_called_before_the_model_is_asked():
    finder = replace(FINDER, tools=(ToolName("echo"),), tool_use=ToolUse.FIRST)
    model = ScriptedModel([plan("finder"), "found", "Done."])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo()]) as running:
        run, _ = await done(running)
    assert run.status == "succeeded"
    assert model.requests[1].messages[-1].content == 'echo.echo = "do finder"\nTask: do finder'
    assert model.requests[1].tools == ()


async def test_a_tool_error_is_told_to_the_model_which_may_go_on():
    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "hi"}), "gave up on echo", "Done."])
    async with engine(
        {"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo(error=RuntimeError("broken"))]
    ) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert model.requests[2].messages[-1].content == "Error: echo failed: RuntimeError: broken"
    assert [fact.error for fact in of(EffectFinished, events) if fact.error] == ["echo failed: RuntimeError: broken"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (Call("nothing", {}), "Error: there is no tool 'nothing'; there is echo"),
        (Call("echo", {"text": 3}), 'Error: echo: at $.text: 3 is not of type "string"'),
        (Call("echo", {}), 'Error: echo: at $: "text" is a required property'),
    ],
)
async def test_a_wrong_tool_call_is_told_to_the_model(call, told):
    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), call, "well", "Done."])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo()]) as running:
        run, _ = await done(running)
    assert run.status == "succeeded"
    assert model.requests[2].messages[-1].content == told


async def test_a_model_that_repeats_a_failing_call_ends_its_attempt():
    finder = replace(FINDER, tools=(ToolName("echo"),), limits=Limits(attempts=1, escalations=0))
    call = Call("echo", {"text": 3})
    model = ScriptedModel([plan("finder"), call, call])
    async with engine(
        {"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo()], limits=RunLimits(replans=0)
    ) as running:
        run, _ = await done(running)
    assert run.status == "failed"
    assert "the model repeats a call that fails: echo: at $.text" in run.reason


async def test_tool_calls_are_limited_per_attempt_and_per_run():
    finder = replace(FINDER, tools=(ToolName("echo"),), limits=Limits(tool_calls=2))
    calls = Calls(tuple(Call("echo", {"text": text}) for text in "xyz"))
    model = ScriptedModel([plan("finder"), calls, "well", "Done."])
    async with engine(
        {"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[echo := Echo(max_calls=1)]
    ) as running:
        run, _ = await done(running)
    assert run.status == "succeeded"
    assert len(echo.calls) == 1
    told = [message.content for message in model.requests[2].messages if message.role == "tool"]
    assert told == [
        '{"echo":"x"}',
        "Error: echo has been called as often as a run may call it (1)",
        "Error: no more than 2 tool calls are allowed",
    ]
    assert model.requests[2].tools == ()


async def test_a_tool_that_is_not_read_only_is_recorded_durably_before_it_is_called():
    kept: list[tuple[list[str], bool]] = []

    class Watching(MemoryJournal):
        async def append(self, events, *, durable):
            kept.append(([event.fact.kind for event in events], durable))
            await super().append(events, durable=durable)

    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "x"}), "ok", "Done."])
    echo = Echo(safety=Safety.UNSAFE)
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[echo], journal=Watching()) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    durable = [kinds for kinds, is_durable in kept if is_durable]
    assert durable == [["run_started"], ["effect_started"], ["effect_finished"], ["run_finished"]]
    started = next(fact for fact in of(EffectStarted, events) if fact.effect.kind == "tool")
    assert echo.calls[0][1].key == started.effect.key
    assert re.fullmatch(rf"{run.id}/finder/echo/[0-9a-f]{{16}}\.1", started.effect.key)


async def test_when_a_model_fails_the_next_one_answers():
    def broken(request):
        return ModelUnavailable("m is down")

    good = ScriptedModel([plan("finder"), "found", "Done."])
    models = [(profile("first", 0.9), ScriptedModel(broken)), (profile("second", 0.5), good)]
    async with engine(models) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    routes = [(fact.route.model, fact.route.reason) for fact in of(EffectStarted, events)]
    assert routes[0][0] == "first"
    assert routes[1][0] == "second"
    assert routes[1][1].startswith("fallback after first failed")


async def test_a_model_that_keeps_failing_is_left_alone_by_its_circuit_breaker():
    failing = ScriptedModel(lambda _: ModelUnavailable("down"))
    good = ScriptedModel([plan(*["finder"] * 8), *["x"] * 8, "Done."])
    models = [(profile("first", 0.9), failing), (profile("second", 0.5), good)]
    async with engine(models, limits=RunLimits(parallel_steps=1)) as running:
        run, events = await done(running, TASK)
    assert run.status == "succeeded"
    assert len(failing.requests) < 10
    filtered = [fact.route.filtered.get("first", "") for fact in of(EffectStarted, events)]
    assert any("circuit is open" in why for why in filtered)


async def test_when_every_model_fails_the_run_fails_with_the_reason():
    async with engine({"m": ScriptedModel(lambda _: ModelRequestRejected("the key is not valid"))}) as running:
        run, _ = await done(running)
    assert (run.status, run.reason) == ("failed", "the key is not valid")


async def test_a_model_that_fails_in_a_step_fails_the_run_after_its_attempts():
    def script(request):
        return plan("finder") if "Plan." in request.messages[0].content else ModelRequestRejected("no")

    async with engine({"m": ScriptedModel(script)}, limits=RunLimits(replans=0)) as running:
        run, _ = await done(running)
    assert run.status == "failed"
    assert run.reason == "step finder (finder) was given up: no"


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(calls=2), "calls"),
        (Budget(tokens=540), "tokens"),
        (Budget(usd=Decimal("0.0001")), "usd"),
    ],
)
async def test_a_run_stops_when_its_budget_does_not_allow_the_next_call(budget, limit):
    model = ScriptedModel([plan("finder", "adder"), "found 3", "3", "It is 3."])
    async with engine([(profile("m", usd_per_million=1), model)], budget=budget) as running:
        run, events = await done(running)
    assert run.status == "over_budget"
    assert f"the budget's {limit} ran out" in run.reason
    assert of(EffectRefused, events)[-1].by == "budget"


async def test_downgrade_takes_the_model_that_fits():
    def script(request):
        return plan("finder") if "Plan." in request.messages[0].content else "x"

    dear, cheap = ScriptedModel(script), ScriptedModel(script)
    models = [(profile("dear", 0.9, usd_per_million=10), dear), (profile("cheap", 0.2), cheap)]
    budget = Budget(usd=Decimal("0.0053"))
    async with engine(models, budget=budget, limits=RunLimits(on_exceeded="downgrade")) as running:
        run, _ = await done(running)
    assert run.status == "succeeded"
    assert len(dear.requests) == 1
    assert len(cheap.requests) == 2


async def test_effects_of_a_step_that_is_planned_again_have_ids_of_their_own():
    def script(request):
        return plan("finder") if "Plan." in request.messages[0].content else ModelRequestRejected("no")

    async with engine({"m": ScriptedModel(script)}, limits=RunLimits(replans=1)) as running:
        _, events = await done(running)
    ids = [started.effect.id for started in of(EffectStarted, events)]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if id.endswith("/finder/1/finder/model.1")] == [
        "1/finder/1/finder/model.1",
        "2/finder/1/finder/model.1",
    ]
    assert [id for id in ids if "/plan/" in id] == ["0/plan/1/boss/model.1", "1/plan/2/boss/model.1"]


async def test_a_bound_is_reserved_while_much_is_left_and_a_count_when_little_is():
    def script(request):
        return plan("finder") if "Plan." in request.messages[0].content else "x"

    reserved = {}
    for tokens in (100_000, 2_000):
        async with engine({"m": ScriptedModel(script)}, budget=Budget(tokens=tokens)) as running:
            run, events = await done(running)
        assert run.status == "succeeded"
        reserved[tokens] = [started.reserved for started in of(EffectStarted, events)]
    for bound, count in zip(*reserved.values(), strict=True):
        assert bound.input_tokens > count.input_tokens > 0
        assert bound.output_tokens == count.output_tokens == 512


async def test_fail_lets_the_attempt_fail_instead_of_the_run():
    model = ScriptedModel([plan("finder"), "x"])
    async with engine(
        {"m": model}, budget=Budget(calls=2), limits=RunLimits(on_exceeded="fail", replans=0)
    ) as running:
        run, _ = await done(running)
    assert run.status == "failed"
    assert "the answer was given up: the budget's calls ran out" in run.reason


async def test_a_run_that_takes_too_long_is_stopped():
    class Slow(ScriptedModel):
        async def complete(self, request, on_text=None):
            if "Find." in request.messages[0].content:
                await asyncio.sleep(60)
            return await super().complete(request, on_text)

    from agentcore.adapters.clock import SystemClock

    async with engine(
        [(replace(profile("m"), latency_seconds=0.01), Slow([plan("finder")]))],
        budget=Budget(seconds=0.3),
        clock=SystemClock(),  # type: ignore[arg-type]
    ) as running:
        run, _ = await done(running)
    assert run.status == "over_budget"
    assert "seconds" in run.reason


async def test_a_call_that_no_model_can_make_in_time_is_not_begun():
    model = ScriptedModel([plan("finder")])
    async with engine({"m": model}, budget=Budget(seconds=0.5)) as running:
        run, _ = await done(running)
    assert model.requests == []
    assert run.status == "over_budget"
    assert run.reason == ("the budget's seconds ran out: more (m may take 1.0 s with 0.5 s left) needed, 0.5 s left")


POLICY = """
@id("most") permit(principal, action, resource);
@id("no-echo") forbid(principal, action == Action::"call_tool", resource == Tool::"echo");
"""


async def test_a_denied_tool_call_is_recorded_and_told_to_the_model():
    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "x"}), "well", "Done."])
    echo = Echo()
    async with engine(
        {"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[echo], policies={"p.cedar": POLICY}
    ) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert echo.calls == []
    refused = of(EffectRefused, events)[0]
    assert (refused.by, refused.decisions[0].policies) == ("policy", ("no-echo",))


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("plan", "boss may not plan desk"),
        ("delegate", "boss may not delegate finder"),
        ("call_model", "boss may not call_model m"),
        ("release", "writer may not release answer"),
    ],
)
async def test_a_denied_action_ends_the_run_as_denied(action, reason):
    policy = f"""
    @id("most") permit(principal, action, resource);
    @id("no") forbid(principal, action == Action::"{action}", resource);
    """
    model = ScriptedModel([plan("finder"), "found", "Done."])
    async with engine({"m": model}, policies={"p.cedar": policy}) as running:
        run, _ = await done(running)
    assert (run.status, run.answer) == ("denied", None)
    assert reason in run.reason


async def test_a_forbidden_model_is_filtered_with_the_policy_as_the_reason():
    policy = """
    @id("most") permit(principal, action, resource);
    @id("no") forbid(principal, action, resource == Model::"a");
    """
    a = ScriptedModel([])
    b = ScriptedModel([plan("finder"), "found", "Done."])
    async with engine([(profile("a", 0.9), a), (profile("b", 0.1), b)], policies={"p.cedar": policy}) as running:
        run, events = await done(running)
    assert run.status == "succeeded"
    assert a.requests == []
    started = of(EffectStarted, events)[0]
    assert "no" in started.route.filtered["a"]
    assert [decision.permitted for decision in started.decisions] == [True, False]


CRITICS = tuple(
    Agent(name=AgentName(name), role=Role.VERIFIER, instructions=f"Judge {name}.") for name in ("one", "two", "three")
)


@pytest.mark.parametrize(("accepting", "status"), [(3, "succeeded"), (2, "succeeded"), (1, "refused"), (0, "refused")])
async def test_a_panel_decides_by_quorum(accepting, status):
    finder = replace(
        FINDER,
        verification=Verification(panel=tuple(critic.name for critic in CRITICS), required=2),
        limits=Limits(attempts=1, escalations=0),
    )

    def script(request):
        system = request.messages[0].content
        for index, critic in enumerate(CRITICS):
            if critic.instructions in system:
                good = index < accepting
                return {"checked": "all", "problems": [] if good else [f"{critic.name} objects"], "accepts": good}
        return plan("finder") if "Plan." in system else "text"

    async with engine(
        {"m": ScriptedModel(script)}, agents=(BOSS, finder, ADDER, WRITER, *CRITICS), limits=RunLimits(replans=0)
    ) as running:
        run, events = await done(running)
    assert run.status == status
    verdict = of(VerdictReached, events)[0].verdict
    assert (verdict.required, verdict.panel) == (2, 3)
    assert sum(1 for vote in verdict.votes if vote.verifier.startswith("agent:")) == 3


async def test_a_projects_own_check_votes_and_a_fault_in_it_rejects():
    def broken(subject):
        raise ZeroDivisionError("oops")

    check = Check(name="python", options={"file": "checks.py", "function": "f"})
    finder = replace(FINDER, verification=Verification(checks=(check,)), limits=Limits(attempts=1, escalations=0))
    from agentcore.domain.json import canonical

    async with engine(
        {"m": ScriptedModel([plan("finder"), "x"])},
        agents=(BOSS, finder, ADDER, WRITER),
        checks={canonical(check.options): broken},
        limits=RunLimits(replans=0),
    ) as running:
        run, _ = await done(running)
    assert run.status == "refused"
    assert "ZeroDivisionError: oops" in run.reason


async def test_a_projects_own_check_that_hangs_rejects_and_does_not_stop_other_runs():
    import threading

    from agentcore.adapters.clock import SystemClock
    from agentcore.domain.json import canonical

    release = threading.Event()
    check = Check(name="python", options={"file": "checks.py", "function": "f"})
    finder = replace(
        FINDER,
        verification=Verification(checks=(check,)),
        limits=Limits(attempts=1, escalations=0, seconds=0.2),
    )
    async with engine(
        {"m": ScriptedModel([plan("finder"), "x"])},
        agents=(BOSS, finder, ADDER, WRITER),
        checks={canonical(check.options): lambda subject: release.wait(20)},
        limits=RunLimits(replans=0),
        clock=SystemClock(),
    ) as running:
        run, _ = await done(running)
        release.set()
    assert run.status == "refused"
    assert "the check did not finish within 0.2 s" in run.reason


async def test_the_reasons_of_a_refusal_are_released_by_policy_like_an_answer():
    policy = """
    @id("most") permit(principal, action, resource);
    @id("quiet") forbid(principal, action == Action::"release", resource == Output::"reason");
    """
    finder = replace(
        FINDER,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=1, escalations=0),
    )
    async with engine(
        {"m": ScriptedModel([plan("finder"), "bad secret"])},
        agents=(BOSS, finder, ADDER, WRITER),
        policies={"p.cedar": policy},
        limits=RunLimits(replans=0),
    ) as running:
        run, events = await done(running)
    assert run.status == "refused"
    assert run.reason == ("step finder was given up; its reasons are withheld: finder may not release reason: quiet")
    assert of(RunFinished, events)[0].decisions[-1].policies == ("quiet",)


async def test_cancelling_records_the_end_and_what_was_under_way():
    started = asyncio.Event()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if "Find." in request.messages[0].content:
                started.set()
                await asyncio.Event().wait()
            return await super().complete(request, on_text)

    async with engine({"m": Hanging([plan("finder")])}) as running:
        handle = await running.start(TASK)
        await started.wait()
        run = await handle.cancel()
        events = [event async for event in handle.events()]
    assert run.status == "cancelled"
    assert of(EffectFinished, events)[-1].error == "cancelled"
    assert isinstance(events[-1].fact, RunFinished)


async def test_leaving_the_engine_records_the_calls_that_it_breaks_off_and_leaves_the_runs_to_others():
    journal = MemoryJournal()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            await asyncio.Event().wait()
            raise AssertionError

    async with engine({"m": Hanging([])}, journal=journal) as running:
        handle = await running.start(TASK)
        await asyncio.sleep(0)
    events = await journal.read(handle.id)
    assert Run.fold(events).status == "running"
    assert isinstance(events[-1].fact, EffectFinished)
    assert (events[-1].fact.unknown, events[-1].fact.error) == (True, "cancelled")


async def test_a_journal_that_fails_stops_the_run_and_the_caller_is_told():
    class Full(MemoryJournal):
        async def append(self, events, *, durable):
            if any(isinstance(event.fact, PlanAccepted) for event in events):
                raise JournalUnavailable("no space left")
            await super().append(events, durable=durable)

    async with engine({"m": ScriptedModel([plan("finder")])}, journal=Full()) as running:
        handle = await running.start(TASK)
        with pytest.raises(JournalUnavailable, match="no space left"):
            await handle.result()


async def test_a_fact_that_cannot_be_encoded_is_as_if_it_never_was():
    from agentcore.domain.ids import RunId
    from agentcore.domain.label import Label
    from agentcore.domain.plan import Plan, Step
    from agentcore.engine.recorder import Recorder

    class Strict(MemoryJournal):
        async def append(self, events, *, durable):
            if any(isinstance(event.fact, AttemptFinished) for event in events):
                raise TypeError("not JSON")
            await super().append(events, durable=durable)

    journal = Strict()
    recorder = Recorder(RunId("r"), journal, FakeClock(auto=True))
    started = RunStarted(task=TASK, name="n", budget=Budget(), agents={}, snapshot="", runtime="")
    await recorder.record(
        started, PlanAccepted(plan=Plan(steps=(Step(id=ANSWER, agent=WRITER.name, instruction="x"),)), revision=0)
    )
    with pytest.raises(TypeError):
        await recorder.record(AttemptFinished(step=ANSWER, attempt=1, output=None, label=Label()))
    await recorder.record(RunFinished(status="failed", answer=None))
    assert [event.sequence for event in await journal.read(RunId("r"))] == [1, 2, 3]


async def test_a_dry_run_plans_and_routes_and_calls_no_worker():
    model = ScriptedModel([plan("finder", "adder")])
    async with engine({"m": model}) as running:
        run, routes = await running.dry_run(TASK)
    assert run.status == "planned"
    assert {step: route.model for step, route in routes.items()} == {"finder": "m", "adder": "m", ANSWER: "m"}
    assert len(model.requests) == 1


async def test_five_hundred_runs_at_once_all_succeed():
    def script(request):
        return plan("finder", "finder", "adder") if "Plan." in request.messages[0].content else "x"

    async with engine({"m": ScriptedModel(script)}, parallel=64) as running:
        handles = [await running.start(TASK) for _ in range(500)]
        runs = [await handle.result() for handle in handles]
    assert {run.status for run in runs} == {"succeeded"}
    assert len({run.id for run in runs}) == 500


def test_the_team_of_these_tests_is_complete():
    assert {TEAM.supervisor, *TEAM.workers, TEAM.answer} == {BOSS.name, FINDER.name, ADDER.name, WRITER.name}
