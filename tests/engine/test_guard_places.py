"""Where guards look: each place labels, sanitises and denies, and a replay without guards comes to the same."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from support.desk import ADDER, BOSS, FINDER, PERMIT_ALL, WRITER, Echo, engine, plan
from support.finds import Finds
from support.outside import Outside, Post

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import ToolUse
from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.detection import NOTHING, Detection
from agentcore.domain.effect import Safety
from agentcore.domain.errors import GuardDenied
from agentcore.domain.event import EffectFinished, EffectStarted, TextGuarded
from agentcore.domain.guarding import GUARD_PLACES, GuardAction
from agentcore.domain.ids import ToolName
from agentcore.domain.label import Confidentiality
from agentcore.domain.task import Task
from agentcore.domain.trace import trace
from agentcore.engine.guards import Guard, Guards
from agentcore.policy.past_decision import past_decisions
from agentcore.surfaces.cli.step_detail import step_detail
from agentcore.surfaces.run_json import trace_json
from agentcore.testing.scripted import Call, ScriptedModel

FOUND = frozenset({"word", "word:WORD"})
CLEAN = frozenset({"word:sanitised"})
SEEKER = replace(FINDER, tools=(ToolName("echo"),), tool_use=ToolUse.AUTO)
AGENTS = (BOSS, SEEKER, ADDER, WRITER)


def guards(place, action="label", detector=None, **options):
    guard = Guard(detector=detector or Finds(), at=frozenset({place}), action=action, **options)
    return Guards([guard])


def says(task="do finder", sought="it", found="nothing", answer="Done."):
    """Return a model whose plan has one step, whose finder calls the tool and then answers, and whose writer does."""

    def reply(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return {"steps": [{"agent": "finder", "task": task}]}
        if system.startswith("Find."):
            return Call("echo", {"text": sought}) if last.role == "user" else found
        return answer

    return ScriptedModel(reply)


class Ran:
    """What a run was and what it has recorded."""

    def __init__(self, run, facts, model):
        self.run, self.facts, self.model = run, facts, model

    @property
    def guarded(self):
        return [fact for fact in self.facts if isinstance(fact, TextGuarded)]

    def label(self, call):
        """The label of a call: `finder/model.1`."""
        (found,) = [
            fact.label for fact in self.facts if isinstance(fact, EffectFinished) and fact.effect.endswith(call)
        ]
        return found

    def request(self, call):
        (found,) = [
            fact.request for fact in self.facts if isinstance(fact, EffectStarted) and fact.effect.id.endswith(call)
        ]
        return found


async def ran(model, looking, *, goal="go", tools=None, policies=None, agents=AGENTS):
    """Return a run; it was replayed, without any guard and without the model, to the same end."""
    journal = MemoryJournal()
    parts = {"agents": agents, "journal": journal, "policies": policies}
    async with engine({"m": model}, tools=tools or [Echo()], guards=looking, **parts) as running:
        run = await (await running.start(Task(goal=goal))).result()
    async with engine({"m": ScriptedModel([])}, tools=tools or [Echo()], **parts) as later:
        again = await later.replay(run.id)
    assert (again.status, again.answer, again.reason) == (run.status, run.answer, run.reason)
    assert {id: state.label for id, state in again.steps.items()} == {
        id: state.label for id, state in run.steps.items()
    }
    return Ran(run, [event.fact for event in await journal.read(run.id)], model)


def prompts(model, beginning):
    """What a model was told, by the beginning of the system message."""
    return [
        "\n".join(message.content for message in request.messages)
        for request in model.requests
        if request.messages[0].content.startswith(beginning)
    ]


async def test_a_plan_is_looked_at_before_it_is_accepted():
    done = await ran(says(task="use the KEY"), guards("plan"))
    assert done.run.status == "succeeded"
    assert done.run.label.findings == FOUND, "and so of all that is made of it"
    assert done.label("finder/model.1").findings == FOUND
    assert done.label("boss/model.1").findings == frozenset(), "it was not found in the reply, but in the plan"


async def test_a_plan_goes_on_without_what_is_taken_out():
    done = await ran(says(task="use the KEY"), guards("plan", "sanitise"))
    assert done.run.plan.steps[0].instruction == "use the [WORD]"
    assert "use the [WORD]" in prompts(done.model, "Find.")[0]
    assert done.run.label.findings == CLEAN


async def test_a_plan_that_a_guard_denies_is_not_accepted_and_made_again():
    tasks = iter(["use the KEY", "use nothing"])

    def reply(request):
        if request.messages[0].content.startswith("Plan."):
            return {"steps": [{"agent": "finder", "task": next(tasks)}]}
        return "Done."

    done = await ran(ScriptedModel(reply), guards("plan", "deny"), agents=(BOSS, FINDER, ADDER, WRITER))
    assert done.run.status == "succeeded"
    assert done.run.plan.steps[0].instruction == "use nothing"
    (repair,) = prompts(done.model, "Plan.")[1:]
    assert "the guard word lets the plan go no further: it has found WORD" in repair


async def test_a_plan_that_stays_denied_ends_the_run():
    done = await ran(says(task="use the KEY"), guards("plan", "deny"))
    assert done.run.status == "failed"
    assert "the guard word lets the plan go no further" in done.run.reason
    assert prompts(done.model, "Find.") == []


async def test_values_that_a_plan_gives_are_looked_at_too():
    taker = replace(FINDER, inputs={"what": {"type": "string"}})
    reply = {"steps": [{"agent": "finder", "task": "look", "inputs": {"what": "the KEY"}}]}
    model = ScriptedModel(lambda request: reply if request.messages[0].content.startswith("Plan.") else "Done.")
    done = await ran(model, guards("plan", "sanitise"), agents=(BOSS, taker, ADDER, WRITER))
    assert done.run.plan.steps[0].inputs["what"].value == "the [WORD]"
    assert "the [WORD]" in prompts(model, "Find.")[0]


async def test_a_prompt_is_looked_at_as_a_whole_when_a_guard_asks_for_it():
    forbid = '@id("no") forbid (principal, action == Action::"call_model", resource)'
    policies = {**PERMIT_ALL, "no.cedar": f'{forbid} when {{ context.findings.contains("word") }};'}
    done = await ran(says(found="a KEY"), guards("prompt"))
    assert done.label("writer/model.1").findings == FOUND
    assert done.label("finder/model.2").findings == frozenset()
    denied = await ran(says(found="a KEY"), guards("prompt"), policies=policies)
    assert (denied.run.status, prompts(denied.model, "Write.")) == ("denied", [])


async def test_a_prompt_is_sent_without_what_is_taken_out_and_recorded_so():
    done = await ran(says(found="a KEY"), guards("prompt", "sanitise"))
    assert "a [WORD]" in prompts(done.model, "Write.")[0]
    assert "KEY" not in json.dumps(done.request("writer/model.1"))
    assert done.run.steps["finder"].output == "a KEY", "what was said before stays as it was"
    assert done.label("writer/model.1").findings == CLEAN


async def test_arguments_in_a_prompt_are_sanitised_as_the_json_that_they_are():
    done = await ran(says(sought='KEY "quoted"'), guards("prompt", "sanitise"))
    (call,) = [message for message in done.model.requests[2].messages if message.tool_calls]
    assert json.loads(call.tool_calls[0].arguments) == {"text": '[WORD] "quoted"'}


async def test_a_prompt_that_a_guard_denies_is_not_sent():
    done = await ran(says(found="a KEY"), guards("prompt", "deny"))
    assert done.run.status == "failed"
    assert "the guard word lets the prompt of writer go no further" in done.run.reason
    assert prompts(done.model, "Write.") == []


async def test_what_a_model_says_goes_on_without_what_is_taken_out():
    done = await ran(says(sought="the KEY", found="a KEY"), guards("model_output", "sanitise"))
    assert done.run.steps["finder"].output == "a [WORD]"
    assert done.request("finder/tool.1") == {"text": "the [WORD]"}, "the calls that it wants included"
    assert done.label("finder/model.1").findings == CLEAN
    assert "KEY" not in str(done.facts)


async def test_json_that_a_model_says_is_read_before_it_is_looked_at():
    model = says(sought="the \u212aEY")  # which JSON may write as an escape: the detector has to see the letter
    done = await ran(model, guards("model_output", "sanitise", Finds("\u212aEY")))
    assert done.request("finder/tool.1") == {"text": "the [WORD]"}


async def test_what_a_model_says_is_not_used_when_a_guard_denies_it():
    done = await ran(says(found="a KEY"), guards("model_output", "deny"))
    assert done.run.status == "failed"
    assert "the reply of m is withheld: the guard word lets" in done.run.reason
    assert "KEY" not in str(done.facts)


async def test_arguments_are_looked_at_before_policy_decides_about_the_call():
    forbid = '@id("no") forbid (principal, action == Action::"call_tool", resource)'
    policies = {**PERMIT_ALL, "no.cedar": f'{forbid} when {{ context.findings.contains("word") }};'}
    done = await ran(says(sought="a KEY"), guards("tool_call"))
    assert done.label("finder/tool.1").findings == FOUND
    echo = Echo()
    await ran(says(sought="a KEY"), guards("tool_call"), policies=policies, tools=[echo])
    assert echo.calls == []


async def test_a_tool_is_called_without_what_is_taken_out():
    echo = Echo()
    done = await ran(says(sought="a KEY"), guards("tool_call", "sanitise"), tools=[echo])
    assert [arguments for arguments, _ in echo.calls] == [{"text": "a [WORD]"}]
    assert done.request("finder/tool.1") == {"text": "a [WORD]"}
    assert done.label("finder/tool.1").findings == CLEAN


async def test_a_tool_is_not_called_with_what_a_guard_denies_and_the_model_is_told():
    echo = Echo()
    done = await ran(says(sought="a KEY"), guards("tool_call", "deny"), tools=[echo])
    assert (done.run.status, echo.calls) == ("succeeded", [])
    assert "Error: echo is not called: the guard word lets the arguments of echo" in prompts(done.model, "Find.")[1]


async def test_a_call_with_other_arguments_has_a_key_of_those():
    outside = Outside()
    post = Post(outside, Safety.UNSAFE)
    agents = (BOSS, replace(FINDER, tools=(ToolName("post"),)), ADDER, WRITER)

    def reply(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        return Call("post", {"text": "a KEY"}) if system.startswith("Find.") and last.role == "user" else "Done."

    done = await ran(ScriptedModel(reply), guards("tool_call", "sanitise"), tools=[post], agents=agents)
    assert (done.run.status, len(outside.received)) == ("succeeded", 1)
    assert list(outside.done.values()) == ["a [WORD]"]


async def test_a_result_goes_on_without_what_is_taken_out():
    done = await ran(says(sought="a KEY"), guards("tool_result", "sanitise"))
    assert "a [WORD]" in prompts(done.model, "Find.")[1].splitlines()[-1]
    (finished,) = [fact for fact in done.facts if isinstance(fact, EffectFinished) and "/tool." in fact.effect]
    assert (finished.output, finished.label.findings) == ({"echo": "a [WORD]"}, CLEAN)


async def test_a_result_that_a_guard_denies_is_withheld():
    echo = Echo()
    done = await ran(says(sought="a KEY"), guards("tool_result", "deny"), tools=[echo])
    assert (done.run.status, len(echo.calls)) == ("succeeded", 1)
    assert "withheld" in prompts(done.model, "Find.")[1]


async def test_what_an_agent_is_given_is_looked_at():
    done = await ran(says(found="a KEY"), guards("delegation"))
    assert done.run.steps["finder"].label.findings == frozenset()
    assert done.run.steps["answer"].label.findings == FOUND, "who is given the output of the step"


async def test_an_agent_is_given_what_is_left_when_something_is_taken_out():
    done = await ran(says(found="a KEY", task="the KEY"), guards("delegation", "sanitise"))
    assert "the [WORD]" in prompts(done.model, "Find.")[0]
    assert "a [WORD]" in prompts(done.model, "Write.")[0]
    assert done.run.steps["answer"].label.findings == CLEAN


async def test_a_step_is_not_begun_on_what_a_guard_denies():
    done = await ran(says(found="a KEY"), guards("delegation", "deny"))
    assert done.run.status == "failed"
    assert "the guard word lets what writer is given go no further" in done.run.reason
    assert prompts(done.model, "Write.") == []


async def test_an_answer_is_looked_at_before_policy_decides_about_its_release():
    forbid = '@id("no") forbid (principal, action == Action::"release", resource == Output::"answer")'
    policies = {**PERMIT_ALL, "no.cedar": f'{forbid} when {{ context.findings.contains("word") }};'}
    done = await ran(says(answer="the KEY"), guards("output"), policies=policies)
    assert (done.run.status, done.run.answer) == ("denied", None)
    assert "policy" in done.run.reason
    assert (await ran(says(), guards("output"), policies=policies)).run.status == "succeeded"


async def test_an_answer_leaves_without_what_is_taken_out():
    done = await ran(says(answer="the KEY"), guards("output", "sanitise"))
    assert (done.run.status, done.run.answer) == ("succeeded", "the [WORD]")


async def test_an_answer_that_a_guard_denies_does_not_leave():
    done = await ran(says(answer="the KEY"), guards("output", "deny"))
    assert (done.run.status, done.run.answer) == ("denied", None)
    assert done.run.reason == "denied by a guard: the guard word lets the answer go no further: it has found WORD"


@pytest.mark.parametrize(
    ("action", "reason"), [("sanitise", "there is no [WORD]"), ("deny", "step answer was given up; its reasons are")]
)
async def test_the_reason_why_there_is_no_answer_is_looked_at_like_one(action, reason):
    decliner = replace(WRITER, output={"type": "object", "properties": {}, "required": []}, may_decline=True)
    model = says(answer={"cannot_answer": "there is no KEY"})
    done = await ran(model, guards("output", action), agents=(BOSS, SEEKER, ADDER, decliner))
    assert done.run.status == "refused"
    assert reason in done.run.reason
    assert "KEY" not in done.run.reason


async def test_a_task_begins_without_what_is_taken_out():
    done = await ran(says(), guards("input", "sanitise"), goal="use the KEY")
    assert done.run.started.task.goal == "use the [WORD]"
    assert done.run.started.task.label.findings == CLEAN
    assert "KEY" not in str(done.facts)


@pytest.mark.parametrize("place", [place for place in GUARD_PLACES if place not in {"input", "knowledge"}])
async def test_a_detector_that_fails_denies_everywhere(place):
    class Broken(Finds):
        def detect(self, text):
            raise RuntimeError(text[:0] + "broken")

    done = await ran(says(), guards(place, detector=Broken()))
    if place in {"tool_call", "tool_result"}:  # the agent is told, and goes on
        assert done.run.status == "succeeded"
        assert "the detector word failed" in prompts(done.model, "Find.")[1]
    else:
        assert done.run.status == ("denied" if place == "output" else "failed")
        assert "the detector word failed" in done.run.reason
    flagged = await ran(says(), guards(place, detector=Broken(), on_failure="flag"))
    assert flagged.run.status == "succeeded"


@pytest.mark.parametrize("place", [place for place in GUARD_PLACES if place != "knowledge"])
async def test_where_nothing_is_found_nothing_is_recorded(place):
    detector = Finds()
    done = await ran(says(), guards(place, detector=detector))
    assert detector.seen
    assert done.guarded == []
    assert done.run.steps["answer"].label.findings == frozenset()


async def test_a_guard_looks_where_it_was_told_to_and_nowhere_else():
    detector = Finds()
    await ran(says(answer="the end"), guards("output", detector=detector))
    assert detector.seen == ["the end"]


async def test_what_is_found_as_a_whole_cannot_be_taken_out():
    class Whole(Finds):
        def detect(self, text):
            return Detection(score=1.0, flagged=True) if self.word in text else NOTHING

    done = await ran(says(answer="the KEY"), guards("output", "sanitise", Whole()))
    assert (done.run.status, done.run.answer) == ("denied", None)


async def test_what_is_laid_bare_by_taking_something_out_is_taken_out_too():
    class Nested(Finds):
        def replacement(self, kind, text):
            return ""

    done = await ran(says(answer="K" + "KEY" + "EY"), guards("output", "sanitise", Nested()))
    assert done.run.answer == ""
    deep = "KEY"
    for _ in range(6):
        deep = deep.replace("KEY", "K" + "KEY" + "EY", 1)
    stubborn = await ran(says(answer=deep), guards("output", "sanitise", Nested()))
    assert (stubborn.run.status, stubborn.run.answer) == ("denied", None)


@pytest.mark.parametrize("action", ["label", "sanitise"])
async def test_what_one_guard_lays_bare_is_seen_by_those_before_it(action):
    class Invisible(Finds):
        def replacement(self, kind, text):
            return ""

    first = Guard(detector=Finds(), at=frozenset({"output"}), action=action)
    second = Guard(detector=Invisible("\u200b"), at=frozenset({"output"}), action="sanitise")
    done = await ran(says(answer="the K\u200bEY"), Guards([first, second]))
    assert done.run.answer == ("the KEY" if action == "label" else "the [WORD]")
    (said,) = done.guarded
    assert ("word:WORD" in said.found.findings) == (action == "label")


async def test_a_finding_raises_how_confidential_a_text_counts_as_unless_it_is_taken_out():
    for action, raised in (("label", Confidentiality.SECRET), ("sanitise", Confidentiality.INTERNAL)):
        looking = guards("tool_call", action, raises=Confidentiality.SECRET)
        done = await ran(says(sought="a KEY"), looking)
        assert done.label("finder/tool.1").confidentiality is raised


async def test_a_run_that_goes_on_keeps_what_guards_have_said():
    journal, detector = MemoryJournal(), Finds()
    parts = {"agents": AGENTS, "journal": journal, "tools": [Echo()]}
    async with engine({"m": says(sought="a KEY")}, guards=guards("tool_call", "sanitise", detector), **parts) as one:
        run = await (await one.start(Task(goal="go"))).result()
    events = await journal.read(run.id)
    cut = next(index for index, event in enumerate(events) if isinstance(event.fact, TextGuarded)) + 1
    broken_off = MemoryJournal()
    await broken_off.append(events[:cut], durable=True)
    echo = Echo()
    async with engine({"m": says(sought="a KEY")}, agents=AGENTS, journal=broken_off, tools=[echo]) as other:
        again = await (await other.resume(run.id)).result()
    assert again.status == "succeeded"
    assert [arguments for arguments, _ in echo.calls] == [{"text": "a [WORD]"}]


async def test_what_guards_have_said_outlasts_a_question_to_a_person():
    journal, outside = MemoryJournal(), Outside()
    inbox, post = MemoryInbox(journal), Post(outside, Safety.UNSAFE, approval=ApprovalRule())
    agents = (BOSS, replace(FINDER, tools=(ToolName("post"),)), ADDER, WRITER)

    def reply(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        return Call("post", {"text": "a KEY"}) if system.startswith("Find.") and last.role == "user" else "Done."

    def process(looking=None):
        return engine(
            {"m": ScriptedModel(reply)}, agents=agents, tools=[post], journal=journal, inbox=inbox, guards=looking
        )

    async with process(guards("tool_call", "sanitise")) as running:
        waiting = await (await running.start(Task(goal="go"))).result()
    (asked,) = await inbox.approvals(status="pending")
    assert asked.approval.value == {"text": "a [WORD]"}, "who approves sees what will be sent"
    await inbox.rule(asked.approval.id, Ruling(verb="approve", actor="ann", version=1, at=0.0))
    async with process() as running:
        done = await (await running.resume(waiting.id)).result()
        again = await running.replay(waiting.id)
    assert (done.status, again.status, list(outside.done.values())) == ("succeeded", "succeeded", ["a [WORD]"])


async def test_a_fork_has_what_guards_have_said_of_the_steps_that_it_keeps():
    journal = MemoryJournal()
    async with engine(
        {"m": says(task="use the KEY")}, agents=AGENTS, tools=[Echo()], guards=guards("plan"), journal=journal
    ) as running:
        run = await (await running.start(Task(goal="go"))).result()
        fork = await (await running.fork(run.id, "answer")).result()
        again = await running.replay(fork.id)
    assert fork.status == again.status == "succeeded"
    assert fork.label.findings == FOUND
    assert [fact.id for fact in (event.fact for event in await journal.read(fork.id)) if fact.kind == "text_guarded"]


async def test_what_guards_raise_is_known_when_a_decision_is_looked_at_again():
    journal = MemoryJournal()
    async with engine(
        {"m": says(found="a KEY")},
        agents=AGENTS,
        tools=[Echo()],
        guards=guards("prompt", raises=Confidentiality.SECRET),
        journal=journal,
    ) as running:
        run = await (await running.start(Task(goal="go"))).result()
    known = {
        past.call.partition("/")[2]: past.confidentiality
        for past in past_decisions(await journal.read(run.id))
        if past.decision.action == "call_model"
    }
    assert known["answer/1/writer/model.1"] is Confidentiality.SECRET
    assert known["finder/1/finder/model.2"] is Confidentiality.INTERNAL


LOOKING = st.lists(
    st.tuples(st.sampled_from(GUARD_PLACES), st.sampled_from(get_args(GuardAction)), st.sampled_from(["KEY", "LOCK"])),
    max_size=4,
)
SAID = st.sampled_from(["nothing", "the KEY", "a LOCK and a KEY", "KKEYEY"])


@given(LOOKING, SAID, SAID, SAID, SAID)
def test_whatever_guards_there_are_what_they_take_out_stays_out_and_a_replay_comes_to_the_same(
    looking, task, sought, found, answer
):
    each = [Guard(detector=Finds(word), at=frozenset({place}), action=action) for place, action, word in looking]
    model = says(task=task, sought=sought, found=found, answer=answer)
    done = asyncio.run(ran(model, Guards(each)))
    for place, action, word in looking:
        if action == "label":
            continue
        if place == "output":
            assert word not in str(done.run.answer)
        if place == "prompt":
            assert not any(word in message.content for request in model.requests for message in request.messages)
        if place in {"tool_call", "model_output"}:
            assert word not in str(
                [fact.request for fact in done.facts if isinstance(fact, EffectStarted) and "/tool." in fact.effect.id]
            )
        if place == "plan" and done.run.plan:
            assert word not in done.run.plan.steps[0].instruction


async def test_a_fork_with_other_inputs_is_looked_at_like_a_task():
    journal = MemoryJournal()
    looking = Guards([Guard(detector=Finds(), at=frozenset({"input"}))], largest_input=100)
    async with engine({"m": says()}, agents=AGENTS, tools=[Echo()], guards=looking, journal=journal) as running:
        run = await (await running.start(Task(goal="go", inputs={"what": "x"}))).result()

        def other(what):
            return replace(run.started, task=replace(run.started.task, inputs={"what": what}))

        fork = await (await running.fork(run.id, "plan", started=other("a KEY"))).result()
        assert fork.label.findings == FOUND
        with pytest.raises(GuardDenied, match="more than 100"):
            await running.fork(run.id, "plan", started=other("x" * 200))


async def test_a_trace_shows_what_guards_have_said():
    done = await ran(says(answer="the KEY", found="a KEY"), guards("output", "deny"))
    journal = MemoryJournal()
    async with engine(
        {"m": says(sought="a KEY")}, agents=AGENTS, tools=[Echo()], guards=guards("tool_call"), journal=journal
    ) as running:
        labelled = await (await running.start(Task(goal="go"))).result()
    traced = trace(await journal.read(labelled.id))
    (step,) = [step for step in traced.steps if step.id == "finder"]
    assert trace_json(traced)["steps"][1]["attempts"][0]["guarded"] == [
        {"place": "tool_call", "findings": sorted(FOUND), "value": None, "denied": ""}
    ]
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(step_detail(traced, step))
    assert "found in the tool call: word, word:WORD" in console.export_text()
    (said,) = done.guarded
    assert (said.place, said.denied) == ("output", "the guard word lets the answer go no further: it has found WORD")
