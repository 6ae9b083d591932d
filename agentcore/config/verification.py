"""Verification: the key `verify` of an agent."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from agentcore.config.approvals import ApprovalRuleKeys, approval_rule
from agentcore.config.checks import CheckKeys, as_check
from agentcore.config.strict import Strict
from agentcore.domain.agent import Independence, Verification
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.ids import AgentName

PERSON = "person"
"""Who decides when `escalate_to` names no agent."""

HALF = 0.5
"""The quorum of a panel with weights that names none: more than half."""

HEAVIEST = 1000


class MemberKeys(Strict):
    """A verifier with what it weighs."""

    agent: str = Field(description="An agent of the role `verifier`.")
    weight: float = Field(
        default=1.0, gt=0, le=HEAVIEST, description="What its vote weighs; `agentcore route verifiers` measures it."
    )


class DebateKeys(Strict):
    """A debate of the panel."""

    rounds: int = Field(default=1, ge=1, le=3, description="How often they vote again at most, 1 to 3.")


def _member_form(value: Any) -> str | None:
    if isinstance(value, str):
        return "<name>"
    return "<weighed>" if isinstance(value, dict | MemberKeys) else None


PanelMember: TypeAlias = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[MemberKeys, Tag("<weighed>")],
    Discriminator(
        _member_form,
        custom_error_type="panel_form",
        custom_error_message="takes names of verifiers, or `{agent: …, weight: …}`",
    ),
]


def _escalation_form(value: Any) -> str | None:
    if isinstance(value, str):
        return "<name>"
    return "<rule>" if isinstance(value, dict | ApprovalRuleKeys) else None


Escalation: TypeAlias = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[ApprovalRuleKeys, Tag("<rule>")],
    Discriminator(
        _escalation_form,
        custom_error_type="escalation_form",
        custom_error_message="takes a verifier, `person`, or `{approvers: […], due_seconds: …, on_due: …}`",
    ),
]


class VerificationKeys(Strict):
    """How outputs are verified."""

    checks: tuple[CheckKeys, ...] = Field(
        default=(), description="Deterministic checks, all of which must pass: `name`, or `name: {option: …}`."
    )
    panel: tuple[PanelMember, ...] = Field(
        default=(), description="Agents of the role `verifier`, who vote: `name`, or `{agent: name, weight: 2}`."
    )
    required: int | None = Field(
        default=None,
        ge=0,
        description="How many of the panel must accept; more than half by default, unless weights are given.",
    )
    quorum: float | None = Field(
        default=None,
        ge=HALF,
        le=1,
        description=(
            "Which share of the panel's weight must accept, 0.5 to 1, and always more than half: who abstains accepts "
            "nothing, and a tie rejects. 0.5 when weights are given."
        ),
    )
    independent: Independence = Field(
        default="none",
        description=(
            "What a verifier's model must not share with the model that wrote the output: `family`, `model` or "
            "`none`. A verifier that no other model is left for abstains."
        ),
    )
    debate: DebateKeys | None = Field(
        default=None,
        description="A panel that disagrees votes again, each seeing the others' reasons; the last votes count.",
    )
    escalate_to: Escalation | None = Field(
        default=None,
        description=(
            "Who decides when the panel neither reaches what it takes nor rejects by more than half: a verifier, "
            "`person`, or who of them as in `approval`."
        ),
    )
    pairwise: bool = Field(
        default=False,
        description=(
            "Where an attempt makes several answers (`routing.ensemble`, `routing.samples`) that differ, the panel "
            "compares them in pairs, in both orders; the winner is verified."
        ),
    )

    def verification(self) -> Verification:
        """Return the value."""
        weights = {
            AgentName(member.agent): member.weight
            for member in self.panel
            if isinstance(member, MemberKeys) and member.weight != 1
        }
        quorum = (HALF if weights else 0.0) if self.quorum is None else self.quorum
        majority = len(self.panel) // 2 + 1 if self.panel and not quorum else 0
        return Verification(
            checks=tuple(as_check(each) for each in self.checks),
            panel=tuple(AgentName(each if isinstance(each, str) else each.agent) for each in self.panel),
            required=majority if self.required is None else self.required,
            weights=weights,
            quorum=quorum,
            independent=self.independent,
            debate=0 if self.debate is None else self.debate.rounds,
            escalate_to=AgentName(self.escalate_to)
            if isinstance(self.escalate_to, str) and self.escalate_to != PERSON
            else None,
            escalate_to_person=_rule(self.escalate_to),
            pairwise=self.pairwise,
        )


def _rule(escalation: str | ApprovalRuleKeys | None) -> ApprovalRule | None:
    return approval_rule(escalation == PERSON if isinstance(escalation, str) else escalation)
