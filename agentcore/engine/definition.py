"""Definition: what shapes the runs of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import Agent
from agentcore.domain.budget import Budget
from agentcore.domain.ids import AgentName
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.permits import Permits
from agentcore.engine.verifier import CustomCheck
from agentcore.policy.engine import PolicyEngine
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps, read_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What shapes a run.

    name: the project's.  snapshot: content hash of all of it.  version: of this package.
    checks: options of a `python` check, as canonical JSON → the function that runs it.
    fitted: what was learnt of its steps.  fitted_text: the file of that, empty when there is none.
    """

    name: str
    version: str
    snapshot: str
    agents: Mapping[AgentName, Agent]
    team: Team
    limits: RunLimits
    budget: Budget
    weights: Weights
    checks: Mapping[str, CustomCheck]
    fitted: FittedSteps = NOTHING_FITTED
    fitted_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A definition with the policies that belong to it."""

    definition: Definition
    policy: PolicyEngine
    permits: Permits


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is kept of a definition, so that a run finishes on it after the project has changed.

    policies: file name → text.  fitted: the text of the fitted router's file.  Models and tools are not in it: runs
    take those of the same name that there are.
    """

    name: str
    version: str
    snapshot: str
    agents: Mapping[AgentName, Agent]
    team: Team
    limits: RunLimits
    budget: Budget
    weights: Weights
    policies: Mapping[str, str]
    fitted: str = ""

    @staticmethod
    def of(definition: Definition, policies: Mapping[str, str]) -> Manifest:
        """Return what is kept of a definition."""
        return Manifest(
            name=definition.name,
            version=definition.version,
            snapshot=definition.snapshot,
            agents=definition.agents,
            team=definition.team,
            limits=definition.limits,
            budget=definition.budget,
            weights=definition.weights,
            policies=policies,
            fitted=definition.fitted_text,
        )

    def definition(self, checks: Mapping[str, CustomCheck]) -> Definition:
        """Return the definition. checks: the functions of its `python` checks."""
        return Definition(
            name=self.name,
            version=self.version,
            snapshot=self.snapshot,
            agents=self.agents,
            team=self.team,
            limits=self.limits,
            budget=self.budget,
            weights=self.weights,
            checks=checks,
            fitted=read_steps(self.fitted),
            fitted_text=self.fitted,
        )
