"""PolicyCase: a question to the policies of a project with the answer that is expected."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.domain.decision import Decision
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """One case.

    place: `file:line:column` of it.  permitted: what is expected.  policies: the ids of those that must determine the
    decision, none for a denial by default; None when any may.  asks: of those that must ask for approval; the same.
    obliges: kinds or ids, that each obligation is of one of, and each of which some obligation is of; the same.
    """

    name: str
    place: str
    request: PolicyRequest
    permitted: bool
    policies: frozenset[str] | None = None
    asks: frozenset[str] | None = None
    obliges: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """A case and what was decided."""

    case: PolicyCase
    decision: Decision

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        as_wanted = self.case.policies is None or (
            not self.decision.errors and self.case.policies == frozenset(self.decision.policies)
        )
        due = self.decision.obligations
        asked = frozenset(each.policy for each in due if each.kind == "approve")
        asked_for = self.case.asks is None or self.case.asks == asked
        wanted = self.case.obliges
        obliged = wanted is None or (
            all(each.kind in wanted or each.policy in wanted for each in due)
            and wanted <= {name for each in due for name in (each.kind, each.policy)}
        )
        return self.decision.permitted is self.case.permitted and as_wanted and asked_for and obliged


def decide_case(case: PolicyCase, engine: PolicyEngine) -> CaseOutcome:
    """Return what the policies say of a case."""
    return CaseOutcome(case=case, decision=engine.decide(case.request))
