"""The keys of `agentcore.yaml`."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from agentcore.config.audit import AuditKeys
from agentcore.config.budgets import BudgetKeys
from agentcore.config.caching import CacheKeys
from agentcore.config.guards import GuardKeys
from agentcore.config.models import ModelKeys, ToolKeys
from agentcore.config.names import Name
from agentcore.config.retention import RetentionKeys
from agentcore.config.routing import AgentRoutingKeys
from agentcore.config.strict import Strict
from agentcore.config.triggers import TriggerKeys
from agentcore.config.webhook import ApprovalsKeys
from agentcore.domain.ids import AgentName
from agentcore.domain.team import OnExceeded, RunLimits, Team
from agentcore.routing.choose import Weights

MOST_EXPLORE = 0.03
"""The largest share of choices that a project may give to exploring."""

PROJECT_FILE = "agentcore.yaml"
STORE = ".agentcore/journal.sqlite"


class TeamKeys(Strict):
    """Who works on a run."""

    supervisor: str | None = Field(
        default=None, description="The agent that plans; may be left out where `answer` does everything alone."
    )
    workers: tuple[str, ...] = Field(default=(), description="The agents that may be given steps.")
    answer: str = Field(
        description="The agent that makes the answer from the steps' outputs. Alone, it is given the goal as it is."
    )

    def team(self) -> Team:
        """Return the value."""
        return Team(
            supervisor=AgentName(self.answer if self.supervisor is None else self.supervisor),
            workers=tuple(AgentName(name) for name in self.workers),
            answer=AgentName(self.answer),
        )


class RunLimitKeys(Strict):
    """Bounds of a run."""

    parallel_steps: int = Field(default=4, ge=1, description="Steps at the same time.")
    max_steps: int = Field(default=16, ge=2, description="Steps of a plan, the answer's included.")
    max_depth: int = Field(default=8, ge=2, description="Steps in the longest chain of a plan.")
    replans: int = Field(default=1, ge=0, description="How often to plan again after a step has failed for good.")
    input_characters: int = Field(
        default=1_000_000, ge=1, description="Characters of a task, all its inputs together; a larger one is refused."
    )

    result_characters: int = Field(
        default=200_000,
        ge=1,
        description="Characters of what a tool returns, as JSON; of a larger result the agent is told only that.",
    )

    def limits(self, on_exceeded: OnExceeded) -> RunLimits:
        """Return the value."""
        return RunLimits(**self.model_dump(), on_exceeded=on_exceeded)


class RoutingKeys(AgentRoutingKeys):
    """What the router trades when several models can take a call, and what agents that say nothing of it go by."""

    model: str | None = Field(
        default=None,
        min_length=1,
        description="The file of a fitted router, from the project's folder: what was learnt of its steps.",
    )

    quality_weight: float = Field(default=Weights().quality, ge=0, description="Points for a quality of 1.")
    cost_weight: float = Field(default=Weights().cost, ge=0, description="Points lost per US cent.")
    latency_weight: float = Field(default=Weights().latency, ge=0, description="Points lost per second.")

    explore: float = Field(
        default=0.0,
        ge=0,
        le=MOST_EXPLORE,
        description="Learn from verdicts while runs go on, and give up to this share of first choices to other models "
        "than the best, at most 0.03; 0 learns nothing. Not with `audit.regulated`.",
    )

    def weights(self) -> Weights:
        """Return the value."""
        return Weights(quality=self.quality_weight, cost=self.cost_weight, latency=self.latency_weight)


class ProjectKeys(Strict):
    """An agentcore project."""

    model_config = ConfigDict(json_schema_extra={"required": ["models", "team"]})

    name: str = Field(default="", description="By default the folder's name.")
    models: dict[Name, ModelKeys] = Field(default_factory=dict, description="The models, by names of your choice.")
    tools: dict[Name, ToolKeys] = Field(default_factory=dict, description="The tools, by names of your choice.")
    triggers: dict[Name, TriggerKeys] = Field(
        default_factory=dict, description="What starts runs by itself, by names of your choice."
    )
    guards: dict[Name, GuardKeys] = Field(
        default_factory=dict, description="Detectors that look at what comes into runs, by names of your choice."
    )
    # Required like the models, which is said after all else has been read, so that all problems are told at once.
    team: TeamKeys | None = Field(default=None, description="Who works on a run.")
    limits: RunLimitKeys = Field(default=RunLimitKeys(), description="Bounds of a run.")
    budget: BudgetKeys = Field(default=BudgetKeys(), description="What a run may spend; null is no limit.")
    routing: RoutingKeys = Field(
        default=RoutingKeys(), description="What the router trades, and what agents that say nothing of it go by."
    )
    cache: CacheKeys = Field(
        default=CacheKeys(), description="Which replies of models are served again instead of a call."
    )
    approvals: ApprovalsKeys = Field(default=ApprovalsKeys(), description="What is done about questions to people.")
    store: str = Field(
        default=STORE,
        min_length=1,
        description="The file that runs are recorded in, or a database: `postgres://USER:PASSWORD@HOST/DATABASE`. "
        "`${NAME}` is an environment variable.",
    )
    retention: RetentionKeys | None = Field(
        default=None, description="How long runs stay in the store after their end; for ever by default."
    )
    audit: AuditKeys = Field(default=AuditKeys(), description="What the audit notes, and how long it stays.")
    policies: str | None = Field(
        default=None, description="The folder of `*.cedar`; by default `policies`, if there is one."
    )
    agents: str = Field(default="agents", min_length=1, description="The folder of the agents' files.")
    scenarios: str | None = Field(
        default=None, description="The folder of the scenarios; by default `scenarios`, if there is one."
    )
