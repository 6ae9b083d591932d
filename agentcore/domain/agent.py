"""Agent: who does a step, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.cache_hit import CacheMode
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSON, JSONObject


class Role(StrEnum):
    """What an agent is for."""

    SUPERVISOR = "supervisor"
    WORKER = "worker"
    VERIFIER = "verifier"


class Capability(StrEnum):
    """What a step may require of its model."""

    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    LOGPROBS = "logprobs"
    VISION = "vision"


class ToolUse(StrEnum):
    """How a worker uses its tools.

    auto: the model decides.  required: at least one call before the output.
    output: one call, whose result is the output of the step, with no further model call.
    first: the only tool is called with the step's instruction before the model is asked.
    """

    AUTO = "auto"
    REQUIRED = "required"
    OUTPUT = "output"
    FIRST = "first"


class Uses(StrEnum):
    """Which other steps' outputs an agent sees.

    chosen: those that the supervisor names.  earlier: all that stand before it in the plan.  none: no other step's.
    """

    CHOSEN = "chosen"
    EARLIER = "earlier"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the router must respect for an agent's calls.

    models: names in order of preference; empty is any.  min_quality: 0 to 1.
    max_latency_seconds: forecast; max_usd: forecast for one call.
    """

    models: tuple[ModelName, ...] = ()
    capabilities: frozenset[Capability] = frozenset()
    min_quality: float = 0.0
    max_latency_seconds: float | None = None
    max_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A deterministic verifier by name, with its options, e.g. `regex` with `pattern`."""

    name: str
    options: JSONObject = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How an agent's outputs are verified.

    checks: all must pass.  panel: verifier agents; at least `required` of them must accept.
    """

    checks: tuple[Check, ...] = ()
    panel: tuple[AgentName, ...] = ()
    required: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one attempt, and how many attempts.

    seconds: one model call.  tool_calls: in one attempt.  output_tokens: of one model call.
    attempts: tries with the same model; escalations: further tries, each with a stronger model if there is one.
    input_tokens: of one model call, beyond which the request is trimmed; None is what the models take.
    """

    seconds: float = 120.0
    tool_calls: int = 8
    output_tokens: int = 512
    attempts: int = 2
    escalations: int = 1
    input_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A few-shot pair: what the user side says, what the agent should answer (text or JSON text)."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A definition.

    instructions: the system prompt's text; `{{name}}` names a declared input.
    inputs: name → JSON Schema of the values that a step must wire to it.  output: JSON Schema of the result;
    None is free text.  may_decline: it may say that the step cannot be done from what it was given, and why.
    endorses: its outputs count as its own, whatever it has read; they have no room for text.
    approval: who must approve each output that the verifiers have accepted, None when nobody has to.
    cache: which replies of models may be served to it again; None is as the project says.
    version: content hash of all of this, 64 hexadecimal digits.
    """

    name: AgentName
    role: Role = Role.WORKER
    description: str = ""
    instructions: str = ""
    examples: tuple[Example, ...] = ()
    inputs: Mapping[str, JSONObject] = field(default_factory=dict[str, JSONObject])
    output: JSONObject | None = None
    tools: tuple[ToolName, ...] = ()
    tool_use: ToolUse = ToolUse.AUTO
    uses: Uses = Uses.CHOSEN
    may_decline: bool = False
    endorses: bool = False
    requirements: Requirements = field(default_factory=Requirements)
    verification: Verification = field(default_factory=Verification)
    limits: Limits = field(default_factory=Limits)
    approval: ApprovalRule | None = None
    temperature: float = 0.0
    cache: CacheMode | None = None
    version: str = ""
