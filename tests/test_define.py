from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from pydantic import BaseModel

from agentcore.config.versions import versioned
from agentcore.define import agent, tool
from agentcore.domain.agent import Agent, Check, Example, Limits, Requirements, Role, ToolUse, Uses, Verification
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import ConfigError


class Answer(BaseModel):
    answer: str
    sources: list[int]


@tool
def look_up(product: str) -> str:
    """Look a product up."""
    return product


@agent(
    tools=[look_up, "handbook"],
    tool_use="required",
    uses="earlier",
    may_decline=True,
    model=["local", "large"],
    examples=[("Question: why?", '{"answer":"so","sources":[1]}')],
    verify=["numbers", Check(name="regex", options={"pattern": "."})],
    panel=["critic", "judge"],
    limits=Limits(attempts=3),
)
def writer(question: str, tone: Literal["plain", "warm"] = "plain") -> Answer:
    """Answers questions in one sentence.

    Answer {{question}} in a {{tone}} tone.
    """


def test_a_function_becomes_a_definition(tmp_path) -> None:
    assert writer == versioned(
        Agent(
            name="writer",
            role=Role.WORKER,
            description="Answers questions in one sentence.",
            instructions="Answers questions in one sentence.\n\nAnswer {{question}} in a {{tone}} tone.",
            examples=(Example(user="Question: why?", assistant='{"answer":"so","sources":[1]}'),),
            inputs={
                "question": {"type": "string"},
                "tone": {"default": "plain", "enum": ["plain", "warm"], "type": "string"},
            },
            output={
                "properties": {
                    "answer": {"type": "string"},
                    "sources": {"items": {"type": "integer"}, "type": "array"},
                },
                "required": ["answer", "sources"],
                "type": "object",
            },
            tools=("look_up", "handbook"),
            tool_use=ToolUse.REQUIRED,
            uses=Uses.EARLIER,
            may_decline=True,
            requirements=Requirements(models=("local", "large")),
            verification=Verification(
                checks=(Check(name="numbers"), Check(name="regex", options={"pattern": "."})),
                panel=("critic", "judge"),
                required=2,
            ),
            limits=Limits(attempts=3),
        ),
        tmp_path,
    )
    assert len(writer.version) == 64
    assert versioned(replace(writer, instructions="other"), tmp_path).version != writer.version


def test_the_least_is_a_docstring() -> None:
    @agent()
    def poet() -> str:
        """Write a poem."""

    assert (poet.name, poet.description, poet.output, poet.inputs) == ("poet", "Write a poem.", None, {})
    assert poet.verification == Verification()


def test_shared_types_come_with_each_input() -> None:
    @agent(role="verifier", name="judge-2", model="local")
    def judge(answer: Answer, n: int) -> bool:
        """Judge."""

    assert judge.role is Role.VERIFIER
    assert judge.requirements.models == ("local",)
    assert judge.inputs["n"] == {"type": "integer"}
    assert judge.inputs["answer"]["$ref"] == "#/$defs/Answer"
    assert "Answer" in judge.inputs["answer"]["$defs"]
    assert judge.output == {"type": "boolean"}


def test_what_is_wrong_is_named_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"test_define\.py:\d+: mute: an agent needs a docstring"):

        @agent()
        def mute() -> str: ...

    with pytest.raises(ConfigError, match=r"test_define\.py:\d+: lost: .*goal"):

        @agent()
        def lost(question: str) -> str:
            """Reach {{goal}}."""

    with pytest.raises(ConfigError, match="'a b' is not an agent's name"):

        @agent(name="a b")
        def named() -> str:
            """Do."""


def test_approval_in_python() -> None:
    @tool(approval=ApprovalRule(approvers=("lead",)))
    def pay(amount: int) -> None:
        """Pay."""

    @agent(approval=True)
    def editor() -> str:
        """Edit."""

    assert pay.definition.approval == ApprovalRule(approvers=("lead",))
    assert editor.approval == ApprovalRule()
    assert writer.approval is None
