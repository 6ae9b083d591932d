"""Agent: who does a step, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

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


Objective = Literal["cheapest", "fastest", "best", "balanced"]
"""What the router ranks models by.

cheapest: forecast cost, those first that are likely enough right.  fastest: forecast latency.  best: P(correct).
balanced: a utility of the three.
"""

PERSON = "person"
"""Whom `escalate_to` names instead of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What an agent's models are chosen by, and how sure its outputs must be.

    max_latency_seconds: forecast, of one call.  min_confidence: the least P(correct) that is accepted.  alpha: the
    share of outputs that may be accepted and wrong; a fitted router has the threshold for it.
    escalate_to: a model, or `person`, for when nothing was sure enough.  ensemble: how many models answer at once, or
    which (`ensemble_of`).  samples: how many times one model does.  independent: whether the models of an ensemble
    are of different families.  hedge: whether a second model is asked when the first is late; None is for calls with a
    deadline.
    """

    objective: Objective = "balanced"
    max_latency_seconds: float | None = None
    min_confidence: float | None = None
    alpha: float | None = None
    escalate_to: str = ""
    ensemble: int = 1
    ensemble_of: tuple[ModelName, ...] = ()
    samples: int = 1
    independent: bool = False
    hedge: bool | None = None

    @property
    def size(self) -> int:
        """How many answers an attempt makes."""
        return max(self.ensemble, len(self.ensemble_of), self.samples)

    @property
    def weighs(self) -> bool:
        """Whether the confidence of outputs is asked for."""
        return self.min_confidence is not None or self.alpha is not None or self.size > 1

    @property
    def hard(self) -> bool:
        """Whether an output that is not sure enough must not be accepted without a person."""
        return self.min_confidence is not None or self.alpha is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A deterministic verifier by name, with its options, e.g. `regex` with `pattern`."""

    name: str
    options: JSONObject = field(default_factory=dict[str, JSON])


Independence = Literal["none", "model", "family"]
"""What a verifier's model must not share with the author's for its vote to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How an agent's outputs are verified.

    checks: all must pass.  panel: verifier agents; at least `required` of them must accept.
    weights: what each of them weighs, 1 when it is not named.  quorum: the share of the panel's weight that must
    accept, at least 0.5 and always more than half; 0 when votes are counted and not weighed.
    independent: a verifier that shares this with the author does not count.  debate: how often the panel may vote
    again, each seeing the others' reasons, while it disagrees.
    escalate_to: the verifier that decides when the panel does not; escalate_to_person: who is asked then, after that
    verifier if it does not decide either.
    pairwise: the panel compares the candidates of an attempt, where it makes several that differ.
    """

    checks: tuple[Check, ...] = ()
    panel: tuple[AgentName, ...] = ()
    required: int = 0
    weights: Mapping[AgentName, float] = field(default_factory=dict[AgentName, float])
    quorum: float = 0.0
    independent: Independence = "none"
    debate: int = 0
    escalate_to: AgentName | None = None
    escalate_to_person: ApprovalRule | None = None
    pairwise: bool = False


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
    routing: Routing = field(default_factory=Routing)
    verification: Verification = field(default_factory=Verification)
    limits: Limits = field(default_factory=Limits)
    approval: ApprovalRule | None = None
    temperature: float = 0.0
    cache: CacheMode | None = None
    version: str = ""
