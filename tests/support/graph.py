"""A team for random plans: readers, senders whose calls reach a sink, a critic; answers follow from requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import strategies as st

from agentcore.domain.agent import Agent, Role, ToolUse, Verification
from agentcore.domain.ids import AgentName, ToolName
from agentcore.domain.team import RunLimits, Team
from agentcore.testing.scripted import Call, ScriptedModel
from support.desk import BOSS, WRITER, Echo

READER = Agent(name=AgentName("reader"), description="reads", instructions="Read.")
SENDER = Agent(
    name=AgentName("sender"),
    description="sends",
    instructions="Send.",
    tools=(ToolName("echo"),),
    tool_use=ToolUse.REQUIRED,
    verification=Verification(panel=(AgentName("critic"),), required=1),
)
CRITIC = Agent(name=AgentName("critic"), role=Role.VERIFIER, instructions="Judge.")
TEAM = Team(supervisor=BOSS.name, workers=(READER.name, SENDER.name), answer=WRITER.name)
AGENTS = (BOSS, READER, SENDER, CRITIC, WRITER)
LIMITS = RunLimits(parallel_steps=3, max_steps=20, max_depth=20)


@dataclass
class Sink:
    """What the outside has received: key → how often."""

    received: Counter = field(default_factory=Counter)


class Sending(Echo):
    """An Echo whose calls reach a sink."""

    def __init__(self, sink, safety):
        super().__init__(safety=safety)
        self.sink = sink

    async def call(self, arguments, context):
        self.sink.received[context.key] += 1
        await asyncio.sleep(0)
        return await super().call(arguments, context)


def model(plan, called):
    """Return a model whose every answer is a function of what it is asked. called: how often which request was."""

    def answer(request):
        return say(request)

    def say(request):
        system, last = request.messages[0].content, request.messages[-1]
        called[system.split("\n")[0], last.role, last.content] += 1
        if system.startswith("Plan."):
            return {"steps": plan}
        if system.startswith("Judge."):
            return {"checked": "all", "problems": [], "accepts": True}
        if system.startswith("Send.") and last.role == "user":
            return Call("echo", {"text": last.content})
        return f"<{last.content}>"

    made = ScriptedModel(answer)
    made.say = say
    return made


@st.composite
def plans(draw):
    """Return the steps of a plan: each uses some of those before it."""
    size = draw(st.integers(1, 6))
    return [
        {
            "id": f"s{number}",
            "agent": draw(st.sampled_from(["reader", "sender"])),
            "task": f"do {number}",
            "uses": sorted(draw(st.sets(st.sampled_from([f"s{k}" for k in range(number)]), max_size=3)))
            if number
            else [],
        }
        for number in range(size)
    ]
