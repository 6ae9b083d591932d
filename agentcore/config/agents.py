"""Agents: the keys of `agents/*.yaml`, and the definition that they become."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import Discriminator, Field, Tag

from agentcore.config.approvals import ApprovalKeys, approval_rule
from agentcore.config.names import Fraction, InputName, Name, TypeName
from agentcore.config.routing import AgentRoutingKeys
from agentcore.config.strict import Strict
from agentcore.config.verification import VerificationKeys
from agentcore.domain.agent import (
    Agent,
    Capability,
    Example,
    Limits,
    Requirements,
    Role,
    ToolUse,
    Uses,
)
from agentcore.domain.cache_hit import CacheMode
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSONObject


def _form(value: Any) -> str:
    return "<type>" if isinstance(value, str) else "<schema>"


InputKeys = Annotated[
    Annotated[TypeName, Tag("<type>")] | Annotated[dict[str, Any], Tag("<schema>")], Discriminator(_form)
]


class ExampleKeys(Strict):
    """A few-shot example."""

    user: str = Field(min_length=1, description="What the agent is given.")
    assistant: str | dict[str, Any] = Field(description="What it should answer: text, or the fields of its output.")

    def example(self) -> Example:
        """Return the value; an object becomes compact JSON with its keys in the order of the file."""
        if isinstance(self.assistant, str):
            return Example(user=self.user, assistant=self.assistant)
        text = json.dumps(self.assistant, ensure_ascii=False, separators=(",", ":"))
        return Example(user=self.user, assistant=text)


class RequirementKeys(Strict):
    """What the router must respect."""

    any_of: tuple[str, ...] = Field(default=(), description="Models that may be used, best first; any by default.")
    capabilities: frozenset[Capability] = Field(default=frozenset(), description="What the model must be capable of.")
    min_quality: Fraction = Field(default=0.0, description="The least quality, 0 to 1, as declared for the models.")
    max_latency_seconds: float | None = Field(default=None, gt=0, description="The longest expected call.")
    max_usd: Decimal | None = Field(default=None, ge=0, description="The highest expected cost of one call.")

    def requirements(self) -> Requirements:
        """Return the value."""
        return Requirements(
            models=tuple(ModelName(name) for name in self.any_of),
            capabilities=self.capabilities,
            min_quality=self.min_quality,
            max_latency_seconds=self.max_latency_seconds,
            max_usd=self.max_usd,
        )


class LimitKeys(Strict):
    """Bounds of one attempt, and how many attempts."""

    seconds: float = Field(default=120.0, gt=0, description="Time-out of one model call.")
    tool_calls: int = Field(default=8, ge=0, description="Tool calls in one attempt.")
    input_tokens: int | None = Field(
        default=None,
        ge=1,
        description=(
            "Tokens that one model call may read; of a longer request the oldest results of tools and the least "
            "relevant passages are left out. By default what the models take."
        ),
    )
    output_tokens: int = Field(default=512, ge=1, description="Tokens that one model call may write.")
    attempts: int = Field(default=2, ge=1, description="Tries with the same model.")
    escalations: int = Field(default=1, ge=0, description="Further tries, each with a stronger model.")

    def limits(self) -> Limits:
        """Return the value."""
        return Limits(**self.model_dump())


class AgentKeys(Strict):
    """An agent of an agentcore project."""

    name: Name | None = Field(
        default=None, description="Unique in the project; by default the file's name without its ending."
    )
    role: Role = Field(
        default=Role.WORKER, description="supervisor: plans. worker: does steps. verifier: judges outputs of others."
    )
    description: str = Field(default="", description="What it is good for, in words that the supervisor reads.")
    instructions: str | None = Field(
        default=None, description="The system prompt. `{{name}}` stands for a declared input."
    )
    instructions_file: str | None = Field(
        default=None, description="A text file with the instructions, from the project's folder."
    )
    inputs: dict[InputName, InputKeys] = Field(
        default_factory=dict, description="Values that a step must give it: name → type, or JSON Schema."
    )
    output: dict[str, Any] | None = Field(
        default=None, description="JSON Schema of the output; free text without one."
    )
    tools: tuple[str, ...] = Field(default=(), description="Tools that it may call, by their names in the project.")
    tool_use: ToolUse = Field(
        default=ToolUse.AUTO,
        description=(
            "auto: the model decides. required: at least one call. output: the result of one call is the output. "
            "first: the only tool is called with the step's instruction before the model is asked."
        ),
    )
    uses: Uses = Field(
        default=Uses.CHOSEN,
        description=(
            "Which other steps' outputs it sees. chosen: those that the supervisor names. "
            "earlier: all before it in the plan. none: no other step's."
        ),
    )
    may_decline: bool = Field(
        default=False, description="It may say that a step cannot be done from what it was given, and why."
    )
    endorse: bool = Field(
        default=False,
        description=(
            "Its outputs count as its own, whatever it has read; `output` must leave no room for text: enumerations, "
            "numbers, true and false."
        ),
    )
    examples: tuple[ExampleKeys, ...] = Field(default=(), description="Few-shot examples.")
    model: RequirementKeys = Field(default=RequirementKeys(), description="What its model must be.")
    routing: AgentRoutingKeys = Field(
        default=AgentRoutingKeys(),
        description="What its models are chosen by, and how sure its outputs must be; by default as the project says.",
    )
    verify: VerificationKeys = Field(default=VerificationKeys(), description="How its outputs are verified.")
    limits: LimitKeys = Field(default=LimitKeys(), description="Bounds of one attempt, and how many attempts.")
    approval: ApprovalKeys | None = Field(
        default=None,
        description="A person must approve each output that passed verification: `true`, or who and for how long.",
    )
    cache: CacheMode | None = Field(
        default=None,
        description=(
            "Which replies of models are served to it again: off, exact or semantic; by default as `cache.responses` "
            "of the project says."
        ),
    )
    temperature: float = Field(default=0.0, ge=0, le=2, description="Randomness of the model's choice of words.")

    def agent(self, name: AgentName, instructions: str, routing: AgentRoutingKeys | None = None) -> Agent:
        """Return the definition, without its version.

        instructions: the text, wherever it stands.  routing: the project's.
        """
        return Agent(
            name=name,
            role=self.role,
            description=self.description,
            instructions=instructions,
            examples=tuple(each.example() for each in self.examples),
            inputs=self.input_schemas(),
            output=self.output,
            tools=tuple(ToolName(name) for name in self.tools),
            tool_use=self.tool_use,
            uses=self.uses,
            may_decline=self.may_decline,
            endorses=self.endorse,
            requirements=self.model.requirements(),
            routing=self.routing.routing(self.role, routing),
            verification=self.verify.verification(),
            limits=self.limits.limits(),
            approval=approval_rule(self.approval),
            temperature=self.temperature,
            cache=self.cache,
        )

    def input_schemas(self) -> dict[str, JSONObject]:
        """Return the declared inputs as JSON Schemas."""
        return {
            name: {"type": keys} if isinstance(keys, str) else cast("Mapping[str, Any]", keys)
            for name, keys in self.inputs.items()
        }
