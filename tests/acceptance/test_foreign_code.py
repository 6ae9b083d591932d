"""Tools and models of others: whatever they raise or return is their recorded failure, and the run ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import BOSS, FINDER, TEAM, WRITER, Echo, engine, plan, profile

from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.agent import ToolUse
from agentcore.domain.ids import ToolName
from agentcore.domain.label import Label
from agentcore.domain.task import Task
from agentcore.domain.trace import trace
from agentcore.ports.tool import ToolResult
from agentcore.surfaces.run_json import trace_json
from agentcore.testing.scripted import Call, ScriptedModel

ALONE = replace(TEAM, workers=(FINDER.name,))
NESTED = "[" * 200 + "]" * 200


class Odd(Echo):
    """A tool that returns what it is told to, without any care."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    async def call(self, arguments, context):
        if isinstance(self.value, Exception):
            raise self.value
        return ToolResult(value=self.value, label=Label())


def model(finder="found", writer="done"):
    def say(request):
        system = request.messages[0].content
        said = plan("finder") if system.startswith("Plan") else finder if system.startswith("Find") else writer
        if isinstance(said, Exception):
            raise said
        return said

    return ScriptedModel(say)


async def ended(tmp_path, models, tool=None):
    """Run, and return the run as it is read again from the file, and its trace as JSON."""
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    finder = replace(FINDER, tools=(ToolName("echo"),), tool_use=ToolUse.OUTPUT) if tool else FINDER
    async with engine(
        models, agents=(BOSS, finder, WRITER), tools=[tool] if tool else [], journal=journal, team=ALONE
    ) as running:
        run = await (await running.start(Task(goal="g"))).result()
    read = trace(await journal.read(run.id))
    await journal.aclose()
    assert read.run == run
    return run, trace_json(read)


def deep(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [{1, 2}, object(), b"bytes", {1: {2}}, deep(100_000)], ids=lambda value: type(value).__name__
)
async def test_a_tool_that_returns_no_json_fails_and_the_run_ends(tmp_path, value):
    run, shown = await ended(tmp_path, {"m": model(Call("echo", {"text": "a"}))}, Odd(value))
    assert run.status == "failed"
    assert "echo" in run.reason or "tool" in run.reason
    errors = [effect["error"] for step in shown["steps"] for each in step["attempts"] for effect in each["effects"]]
    assert any(error.startswith("echo returned what is not JSON") for error in errors)


@pytest.mark.parametrize("value", [2**80, "\ud83d", deep(300), {"a": None}, ""])
async def test_odd_values_of_a_tool_are_kept(tmp_path, value):
    run, _ = await ended(tmp_path, {"m": model(Call("echo", {"text": "a"}))}, Odd(value))
    assert run.status == "succeeded"


@pytest.mark.parametrize("error", [KeyError("price"), RuntimeError("boom"), RecursionError("deep"), TimeoutError()])
async def test_whatever_a_tool_raises_is_its_failure(tmp_path, error):
    run, _ = await ended(tmp_path, {"m": model(Call("echo", {"text": "a"}))}, Odd(error))
    assert run.status == "failed"
    assert "internal error" not in run.reason


@pytest.mark.parametrize("error", [KeyError("choices"), RuntimeError("boom"), AssertionError(), OSError("gone")])
async def test_whatever_a_model_raises_is_its_failure(tmp_path, error):
    run, shown = await ended(tmp_path, {"m": model(error)})
    assert run.status == "failed"
    assert run.reason.endswith(f"m failed: {type(error).__name__}: {error}")
    effects = [effect for step in shown["steps"] for each in step["attempts"] for effect in each["effects"]]
    assert effects[-1]["error"] == f"m failed: {type(error).__name__}: {error}"


async def test_another_model_takes_over_from_one_that_is_broken(tmp_path):
    models = [(profile("broken", quality=0.9), model(KeyError("x"))), (profile("good", quality=0.1), model())]
    run, _ = await ended(tmp_path, models)
    assert run.status == "succeeded"
