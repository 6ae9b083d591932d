"""The answer as it is written: shown to those who watch, as far as guards and policies let it out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, PERMIT_ALL, WRITER, engine, plan
from support.finds import Finds

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Check, Verification
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.json import canonical
from agentcore.domain.task import Task
from agentcore.domain.verdict import Vote
from agentcore.engine.drafts import Draft
from agentcore.engine.guards import Guard, Guards
from agentcore.testing.scripted import ScriptedModel

AGENTS = (BOSS, FINDER, ADDER, WRITER)
ANSWER = "The first line.\nThe second line.\n"


def says(*answers):
    """Return a model that gives these answers one after the other."""
    left = iter(answers)

    def reply(request):
        system = request.messages[0].content
        if system.startswith("Plan."):
            return plan("finder")
        return "Found." if system.startswith("Find.") else next(left)

    return ScriptedModel(reply)


async def watched(model, *, guards=None, agents=AGENTS, policies=None, journal=None, checks=None):
    """Return a run and what was seen of its answer."""
    seen: list[Draft] = []

    async def watch(handle):
        seen.extend([draft async for draft in handle.drafts()])

    async with engine(
        {"m": model}, agents=agents, guards=guards, policies=policies, journal=journal, checks=checks
    ) as running:
        handle = await running.start(Task(goal="go"))
        watching = asyncio.create_task(watch(handle))
        run = await handle.result()
        await watching
    return run, seen


def looking(action, at="output"):
    return Guards([Guard(detector=Finds(), at=frozenset({at}), action=action)])


async def test_an_answer_is_seen_as_it_is_written_and_nothing_of_it_is_recorded():
    journal, other = MemoryJournal(), MemoryJournal()
    run, seen = await watched(says(ANSWER), journal=journal)
    assert run.status == "succeeded"
    assert seen == [Draft(number=1, text="The first line.\n"), Draft(number=1, text="The second line.\n")]
    async with engine({"m": says(ANSWER)}, agents=AGENTS, journal=other) as running:
        unwatched = await (await running.start(Task(goal="go"))).result()
    assert [event.fact for event in await journal.read(run.id)] == [
        event.fact for event in await other.read(unwatched.id)
    ]


async def test_a_model_is_asked_to_stream_only_when_somebody_watches():
    asked = []

    class Model(ScriptedModel):
        async def complete(self, request, on_text=None):
            asked.append((request.slot, on_text is not None))
            return await super().complete(request, on_text)

    def model():
        return Model(says(ANSWER)._next)

    await watched(model())
    assert asked == [("boss", False), ("finder", False), ("writer", True)]
    asked.clear()
    async with engine({"m": model()}, agents=AGENTS) as running:
        await (await running.start(Task(goal="go"))).result()
    assert not any(streamed for _, streamed in asked)


async def test_another_attempt_is_another_draft():
    votes = iter([False, True])

    def check(subject):
        return Vote(verifier="check:mine", accepts=next(votes), reasons=("no",), checked="mine")

    rejecting = replace(WRITER, verification=Verification(checks=(Check(name="python", options={"file": "a"}),)))
    run, seen = await watched(
        says("Wrong.", "Right."),
        agents=(BOSS, FINDER, ADDER, rejecting),
        checks={canonical({"file": "a"}): check},
    )
    assert (run.status, run.answer) == ("succeeded", "Right.")
    assert seen == [Draft(number=1, text="Wrong."), Draft(number=2, text="Right.")]


@pytest.mark.parametrize("at", ["output", "model_output"])
async def test_what_is_taken_out_of_the_answer_is_never_seen(at):
    run, seen = await watched(says("a KEY\n" + ANSWER * 40), guards=looking("sanitise", at))
    assert run.answer.strip() == "".join(draft.text for draft in seen).strip()
    assert len(seen) > 2, "it was seen in parts"
    assert "KEY" not in str(seen)


@pytest.mark.parametrize("at", ["output", "model_output"])
async def test_an_answer_stops_where_a_guard_denies(at):
    run, seen = await watched(says(ANSWER * 20 + "the KEY\n" + ANSWER * 20, "x"), guards=looking("deny", at))
    assert run.status in {"denied", "failed", "succeeded"}
    assert "KEY" not in str([draft for draft in seen if not draft.stopped])
    stopped = [draft for draft in seen if draft.stopped]
    assert stopped[0].number == 1
    assert "the guard word lets the answer go no further" in stopped[0].stopped
    assert all(draft.number > 1 for draft in seen[seen.index(stopped[0]) + 1 :])


async def test_nothing_is_seen_of_an_answer_that_policy_does_not_release():
    forbid = '@id("no") forbid (principal, action == Action::"release", resource == Output::"answer");'
    run, seen = await watched(says(ANSWER), policies={**PERMIT_ALL, "no.cedar": forbid})
    assert run.status == "denied"
    assert [(draft.text, "policy" in draft.stopped) for draft in seen] == [("", True)]


@pytest.mark.parametrize(
    "writer",
    [
        replace(WRITER, approval=ApprovalRule()),
        replace(WRITER, output={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
    ],
    ids=["a person approves it", "it is JSON"],
)
async def test_some_answers_are_not_seen_before_they_are_complete(writer):
    _, seen = await watched(says({"a": "b"}), agents=(BOSS, FINDER, ADDER, writer))
    assert seen == []


async def test_who_comes_too_late_sees_nothing():
    async with engine({"m": says(ANSWER)}, agents=AGENTS) as running:
        handle = await running.start(Task(goal="go"))
        await handle.result()
        assert [draft async for draft in handle.drafts()] == []
