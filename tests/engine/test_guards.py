"""Guards: what detectors find stays with all that is made of it, and what they fail on goes no further."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import ADDER, BOSS, FINDER, PERMIT_ALL, WRITER, Echo, engine, plan
from support.outside import Outside, Post

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import ToolUse
from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.effect import Safety
from agentcore.domain.errors import GuardDenied, ToolOutcomeUnknown
from agentcore.domain.event import EffectFinished, RunStarted
from agentcore.domain.ids import ToolName
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.task import Task
from agentcore.engine.guards import Guard, Guards
from agentcore.testing.scripted import Call, ScriptedModel


class Finds:
    """A detector of one word."""

    name, version = "word", "1"

    def __init__(self, word="KEY", error=None, seconds=0.0):
        self.word, self.error, self.seconds = word, error, seconds
        self.seen = []

    def detect(self, text):
        self.seen.append(text)
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        at = text.find(self.word)
        if at < 0:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=(Span(type="WORD", start=at, end=at + len(self.word)),))


FOUND = frozenset({"word", "word:WORD"})
SEEKER = replace(FINDER, tools=(ToolName("echo"),), tool_use=ToolUse.AUTO)
AGENTS = (BOSS, SEEKER, ADDER, WRITER)


def says(found="nothing", sought="it"):
    """Return a model whose finder calls the tool with `sought`, and says `found` afterwards."""

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            return Call("echo", {"text": sought}) if last.role == "user" else found
        return "Done."

    return ScriptedModel(answer)


async def outcome(model, guards, *, task="go", tools=None, policies=None):
    """Return the run, and the labels of its calls by the beginning of the caller's name and kind."""
    journal = MemoryJournal()
    async with engine(
        {"m": model}, agents=AGENTS, tools=tools or [Echo()], guards=guards, journal=journal, policies=policies
    ) as running:
        run = await (await running.start(Task(goal=task))).result()
    labels = {
        event.fact.effect.rpartition("/")[0].rpartition("/")[2]
        + "/"
        + event.fact.effect.rpartition("/")[2]: event.fact
        for event in await journal.read(run.id)
        if isinstance(event.fact, EffectFinished)
    }
    return run, labels


async def test_what_is_found_in_a_task_stays_with_everything():
    run, finished = await outcome(
        says(), Guards([Guard(detector=Finds(), raises=Confidentiality.SECRET)]), task="a KEY"
    )
    assert run.started.task.label.findings == FOUND
    assert {fact.label.findings for fact in finished.values()} == {FOUND}
    assert {fact.label.confidentiality for fact in finished.values()} == {Confidentiality.SECRET}
    assert run.steps["answer"].label.findings == FOUND


async def test_what_a_tool_returns_is_looked_at_and_known_from_there_on():
    run, finished = await outcome(
        says(sought="the KEY"), Guards([Guard(detector=Finds(), at=frozenset({"tool_result"}))])
    )
    assert finished["boss/model.1"].label.findings == frozenset()
    assert finished["finder/model.1"].label.findings == frozenset()
    assert finished["finder/tool.1"].label.findings == FOUND
    assert finished["finder/model.2"].label.findings == FOUND
    assert run.steps["answer"].label.findings == FOUND
    assert run.steps["answer"].label.confidentiality is Confidentiality.INTERNAL


async def test_what_a_model_says_is_looked_at_its_calls_included():
    _, finished = await outcome(
        says(sought="a KEY"), Guards([Guard(detector=Finds(), at=frozenset({"model_output"}))])
    )
    assert finished["finder/model.1"].label.findings == FOUND


async def test_policies_ask_for_findings():
    scope, condition = '(principal, action == Action::"release", resource)', 'context.findings.contains("word")'
    forbid = f'@id("no") forbid {scope} when {{ {condition} }};'
    policies = {**PERMIT_ALL, "no.cedar": forbid}
    guards = Guards([Guard(detector=Finds())])
    denied, _ = await outcome(says(found="a KEY"), guards, policies=policies)
    assert (denied.status, denied.answer) == ("denied", None)
    assert "no" in denied.reason
    assert (await outcome(says(), guards, policies=policies))[0].status == "succeeded"


@pytest.mark.parametrize("detector", [Finds(error=RuntimeError("broken")), Finds(seconds=0.2)], ids=["raises", "slow"])
async def test_a_detector_that_fails_denies(detector):
    guard = Guard(detector=detector, at=frozenset({"input"}), seconds=0.05)
    journal = MemoryJournal()
    async with engine(
        {"m": says()}, agents=AGENTS, tools=[Echo()], guards=Guards([guard]), journal=journal
    ) as running:
        with pytest.raises(GuardDenied, match="detector word failed on the task") as caught:
            await running.start(Task(goal="go"))
    assert "on_failure" in caught.value.hint
    assert not list(journal.all()), "nothing was begun"


async def test_a_result_that_cannot_be_looked_at_is_withheld_and_the_call_is_not_forgotten():
    echo = Echo()
    guard = Guard(detector=Finds(error=RuntimeError("broken")), at=frozenset({"tool_result"}))
    run, finished = await outcome(says(), Guards([guard]), tools=[echo])
    assert run.status == "succeeded"
    assert len(echo.calls) == 1
    assert "word failed on the result of echo" in finished["finder/tool.1"].output["withheld"]
    assert finished["finder/tool.1"].error == ""


@pytest.mark.parametrize(
    ("detector", "findings", "told"),
    [(Finds("receipt"), FOUND, "receipt"), (Finds(error=RuntimeError("broken")), frozenset(), "withheld")],
    ids=["finds", "fails"],
)
async def test_a_result_that_is_looked_up_is_looked_at_too(detector, findings, told):
    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            return Call("post", {"text": "hi"}) if last.role == "user" else last.content
        return "Done."

    outside = Outside()
    post = Post(outside, Safety.UNSAFE, looks_up=True, after=ToolOutcomeUnknown("the line broke"))
    guards = Guards([Guard(detector=detector, at=frozenset({"tool_result"}))])
    agents = (BOSS, replace(FINDER, tools=(ToolName("post"),)), ADDER, WRITER)
    async with engine({"m": ScriptedModel(answer)}, agents=agents, tools=[post], guards=guards) as running:
        run = await (await running.start(Task(goal="go"))).result()
    assert run.status == "succeeded"
    assert run.steps["finder"].label.findings == findings
    assert told in run.steps["finder"].output
    assert len(outside.received) == 1


async def test_a_call_that_is_cancelled_while_its_result_is_looked_at_has_no_result():
    looking = threading.Event()

    class Slow(Finds):
        def detect(self, text):
            looking.set()
            return super().detect(text)

    journal, echo = MemoryJournal(), Echo()
    guards = Guards([Guard(detector=Slow(seconds=0.3), at=frozenset({"tool_result"}))])
    async with engine({"m": says()}, agents=AGENTS, tools=[echo], guards=guards, journal=journal) as running:
        handle = await running.start(Task(goal="go"))
        await asyncio.to_thread(looking.wait)
        await handle.cancel()
    facts = [event.fact for event in await journal.read(handle.id)]
    (finished,) = [fact for fact in facts if isinstance(fact, EffectFinished) and "/tool." in fact.effect]
    assert (finished.output, finished.error, finished.unknown) == (None, "cancelled", True)


async def test_a_reply_that_cannot_be_looked_at_is_not_used():
    guard = Guard(detector=Finds(error=RuntimeError("broken")), at=frozenset({"model_output"}))
    run, finished = await outcome(says(), Guards([guard]))
    assert run.status == "failed"
    assert all(fact.output is None for fact in finished.values())
    assert "withheld" in next(iter(finished.values())).error


async def test_a_failure_may_count_as_a_finding_or_as_nothing():
    for on_failure, findings in (("flag", {"word", "word:failed"}), ("ignore", set())):
        guard = Guard(detector=Finds(error=RuntimeError("broken")), at=frozenset({"input"}), on_failure=on_failure)
        run, _ = await outcome(says(), Guards([guard]))
        assert run.started.task.label.findings == findings


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Task(goal="x" * 101), "101 characters, more than 100"),
        (Task(goal="x", inputs={"a": ["y" * 60, {"b": "z" * 40}]}), "more than 100"),
        (Task(goal="x\x00y"), "binary data"),
        (Task(goal="x" + "\x01" * 5), "binary data"),
        (Task(goal="x", inputs={"a": "\ud800"}), "half of a character"),
    ],
)
async def test_a_task_that_is_no_text_is_refused_before_any_model_sees_it(task, message):
    model = says()
    async with engine({"m": model}, agents=AGENTS, tools=[Echo()], guards=Guards(largest_input=100)) as running:
        for begin in (running.start, running.enqueue):
            with pytest.raises(GuardDenied, match=message):
                await begin(task)
    assert model.requests == []


async def test_text_of_every_kind_is_a_task():
    for goal in ("tab\tand\nline", "\x1b[31mred\x1b[0m", "日本語 🏴󠁧󠁢󠁥󠁮󠁧󠁿", ""):
        task = Task(goal=goal)
        assert await Guards().task(task) is task


async def test_a_replay_comes_to_the_same_labels():
    journal = MemoryJournal()
    guards = Guards([Guard(detector=Finds())])
    async with engine(
        {"m": says(found="KEY", sought="KEY")}, agents=AGENTS, tools=[Echo()], guards=guards, journal=journal
    ) as running:
        run = await (await running.start(Task(goal="go"))).result()
    async with engine({"m": says()}, agents=AGENTS, tools=[Echo()], journal=journal) as later:  # without guards
        replayed = await later.replay(run.id)
    assert replayed.steps["answer"].label == run.steps["answer"].label
    assert isinstance((await journal.read(run.id))[0].fact, RunStarted)


LABELS = st.builds(
    Label,
    sources=st.frozensets(st.sampled_from(["user", "tool:a", "agent:b"])),
    confidentiality=st.sampled_from(Confidentiality),
    findings=st.frozensets(st.sampled_from(["pii", "word", "word:WORD"])),
)


@given(LABELS, LABELS, LABELS)
def test_labels_only_grow(a, b, c):
    joined = a.join(b, c)
    for one in (a, b, c):
        assert one.sources <= joined.sources
        assert one.findings <= joined.findings
        assert one.confidentiality <= joined.confidentiality
    assert joined == c.join(a).join(b)
    assert a.join(a) == a.join() == a
    more = a.also_from("x")
    assert (more.sources, more.findings, more.confidentiality) == (a.sources | {"x"}, a.findings, a.confidentiality)
