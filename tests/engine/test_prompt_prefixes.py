"""What prompts begin with is the same byte for byte from call to call, so that providers can have it cached."""

from __future__ import annotations

from dataclasses import replace

from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

from agentcore.domain.agent import Agent, Check, Example, Limits, Role, Verification
from agentcore.domain.ids import AgentName, RunId, ToolName
from agentcore.domain.task import Task
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel

EXAMPLES = (Example(user="Task: find x", assistant="x is 1"),)
JUDGE = Agent(name=AgentName("judge"), role=Role.VERIFIER, instructions="Judge.", examples=EXAMPLES)
SEEKER = replace(
    FINDER,
    tools=(ToolName("echo"),),
    examples=EXAMPLES,
    limits=Limits(attempts=2, escalations=0),
    verification=Verification(checks=(Check(name="regex", options={"pattern": "good"}),), panel=(JUDGE.name,)),
)
AGENTS = (replace(BOSS, examples=EXAMPLES), SEEKER, ADDER, replace(WRITER, examples=EXAMPLES), JUDGE)
GOALS = ("find the first", "find another 2 of 2024", "find the first")


class Talk:
    """Runs of several tasks, users and moments; the finder calls a tool, and its first output is rejected."""

    def __init__(self):
        self.model = ScriptedModel(self.reply)
        self.clock = FakeClock(auto=True)

    def reply(self, request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder", "adder")
        if system.startswith("Judge."):
            return {"checked": "all", "problems": [], "accepts": True}
        if system.startswith("Find."):
            if last.role == "user":
                return Call("echo", {"text": "x"})
            return "good" if "Do it again" in str(request.messages) else "bad"
        return "done"

    async def run(self):
        async with engine({"m": self.model}, agents=AGENTS, tools=[Echo()], clock=self.clock) as running:
            for number, goal in enumerate(GOALS):
                task = Task(goal=goal, principal=f"user-{number}", tenant=f"tenant-{number}")
                run = await (await running.start(task, id=RunId(f"run-id-{number}"))).result()
                assert run.status == "succeeded"
                await self.clock.sleep(86_400)
        return self.model.requests


async def test_every_call_of_an_agent_begins_with_the_same_messages_and_tools():
    requests = await Talk().run()
    slots = {request.slot for request in requests}
    assert slots == {"boss", "finder", "adder", "writer", "judge"}
    for slot in slots:
        theirs = [request for request in requests if request.slot == slot]
        assert len(theirs) >= len(GOALS)
        shared = {request.shared_messages for request in theirs}
        assert shared == {1 if slot == "adder" else 3}
        assert len({request.messages[: request.shared_messages] for request in theirs}) == 1
        assert len({str([replace(tool, note="") for tool in each.tools]) for each in theirs}) == 1
        assert len({str(request.schema) for request in theirs}) == 1


async def test_nothing_in_a_prompt_tells_one_run_from_another():
    for request in await Talk().run():
        text = str(request.messages)
        for told in ("run-id", "user-", "tenant-", "1800", "finder/", "attempt"):
            assert told not in text


async def test_turns_and_attempts_only_add_to_what_was_sent():
    requests = [request for request in await Talk().run() if request.slot == "finder"]
    first, second, again, *_ = requests
    assert second.messages[: len(first.messages)] == first.messages
    assert again.messages[:-1] == first.messages[:-1]
    assert again.messages[-1].content.startswith(first.messages[-1].content)


async def test_data_stand_before_the_question():
    writer = next(request for request in await Talk().run() if request.slot == "writer")
    data, _, question = writer.messages[-1].content.rpartition("Question: ")
    assert question == GOALS[0]
    assert 'finder = "good"' in data
