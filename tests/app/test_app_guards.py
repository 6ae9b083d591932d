"""Guards of a project, through its runtime: what its tools take in, and its answer as it is written."""

from __future__ import annotations

import asyncio

import pytest

from agentcore import Agent, ModelProfile, Price, Project, Runtime, agent
from agentcore.config.guards import guard
from agentcore.config.models import STRUCTURED, tool
from agentcore.domain.agent import ToolUse, Uses
from agentcore.domain.event import EffectFinished
from agentcore.domain.ids import AgentName, ToolName
from agentcore.domain.label import Confidentiality
from agentcore.testing.scripted import ScriptedModel

SEARCHER = Agent(
    name=AgentName("searcher"),
    description="searches",
    instructions="You search.",
    tools=(ToolName("handbook"),),
    tool_use=ToolUse.FIRST,
    uses=Uses.NONE,
)
PROFILE = ModelProfile(
    name="m",
    family="m",
    quality=0.5,
    context_tokens=100_000,
    capabilities=STRUCTURED,
    price=Price(),
    latency_seconds=0.1,
)


@agent(role="supervisor")
def planner() -> None:
    """You plan."""


@agent(uses="earlier")
def writer() -> None:
    """You write."""


def project(folder, guards, answer="Done."):
    (folder / "handbook").mkdir(exist_ok=True)
    (folder / "handbook" / "people.md").write_text("# Cellar keys\nAsk ann@example.com for the cellar keys.")
    (folder / "handbook" / "smuggled.txt").write_bytes(b"cellar\x00keys")

    def reply(request):
        system = request.messages[0].content
        if system.startswith("You plan"):
            return {"steps": [{"agent": "searcher", "task": "cellar keys"}]}
        return request.messages[-1].content if system.startswith("You search") else answer

    return Project(
        name="desk",
        root=folder,
        agents=[planner, SEARCHER, writer],
        tools=[tool("handbook", "documents", options={"path": "handbook"})],
        built_models=[(PROFILE, ScriptedModel(reply))],
        guards=guards,
    )


async def found(folder, guards):
    """Return the step that searches, and what its tool has returned."""
    async with Runtime(project(folder, guards)) as runtime:
        run = await runtime.run("Who has the cellar keys?")
        facts = [event.fact for event in await runtime.journal.read(run.id)]
    assert run.status == "succeeded", run.reason
    (result,) = [fact.output for fact in facts if isinstance(fact, EffectFinished) and "/tool." in fact.effect]
    return run.steps["searcher"], result


@pytest.mark.parametrize(
    ("action", "shown", "findings"),
    [
        ("label", "Ask ann@example.com for", {"pii", "pii:EMAIL_ADDRESS"}),
        ("sanitise", "Ask [EMAIL_ADDRESS] for", {"pii:sanitised"}),
        ("deny", "Task: cellar keys", set()),
    ],
)
async def test_what_a_tool_takes_in_is_looked_at_by_the_guards_of_knowledge(tmp_path, action, shown, findings):
    step, result = await found(
        tmp_path, [guard("pii", at=("knowledge",), action=action, raises=Confidentiality.PERSONAL)]
    )
    assert shown in step.output
    assert ("ann@example.com" in step.output) == (action == "label")
    assert step.label.findings == findings
    denied = "the guard pii lets the document people.md go no further: it has found EMAIL_ADDRESS"
    assert result["left_out"].get("people.md") == (denied if action == "deny" else None)
    assert (step.label.confidentiality is Confidentiality.PERSONAL) == (action == "label")


async def test_binary_data_is_not_taken_in_whatever_guards_there_are(tmp_path):
    step, result = await found(tmp_path, [])
    assert result["left_out"] == {"smuggled.txt": "the document smuggled.txt has binary data in a text"}
    assert "Ask ann@example.com" in step.output


async def test_an_answer_is_seen_as_it_is_written_without_what_is_taken_out(tmp_path):
    lines = [f"Line {number} says what can be said.\n" for number in range(40)]
    answer = "".join([*lines, "Ask ann@example.com.\n", *lines])
    seen: list[str] = []

    async def watch(handle):
        seen.extend([draft.text async for draft in handle.drafts()])

    async with Runtime(project(tmp_path, [guard("pii", at=("output",), action="sanitise")], answer)) as runtime:
        handle = await runtime.start("Who has the cellar keys?")
        watching = asyncio.create_task(watch(handle))
        run = await handle.result()
        await watching
    assert "".join(seen).strip() == run.answer == answer.replace("ann@example.com", "[EMAIL_ADDRESS]").strip()
    assert len(seen) > 10
