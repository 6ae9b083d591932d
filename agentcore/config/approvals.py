"""`approval` of tools and agents: who must approve a call or an output."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from agentcore.config.strict import Strict
from agentcore.domain.approval_rule import ApprovalRule, OnDue


class ApprovalRuleKeys(Strict):
    """Who is asked, and for how long."""

    approvers: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Persons or roles; the first is asked, `escalate` asks the next. Anybody by default."
    )
    due_seconds: float | None = Field(
        default=None, gt=0, description="How long each of them may take; for ever by default."
    )
    on_due: OnDue = Field(
        default="reject",
        description=(
            "What happens then. reject: the call is not made, the output not accepted. "
            "escalate: the next is asked, and after the last it is rejected."
        ),
    )

    @model_validator(mode="after")
    def _can_be_due(self) -> ApprovalRuleKeys:
        if "on_due" in self.model_fields_set and self.due_seconds is None:
            raise ValueError("has `on_due`, which needs `due_seconds`")
        return self

    def rule(self) -> ApprovalRule:
        """Return the value."""
        return ApprovalRule(approvers=self.approvers, due_seconds=self.due_seconds, on_due=self.on_due)


def _form(value: Any) -> str | None:
    if isinstance(value, bool):
        return "<whether>"
    return "<rule>" if isinstance(value, dict | ApprovalRuleKeys) else None


ApprovalKeys: TypeAlias = Annotated[
    Annotated[bool, Tag("<whether>")] | Annotated[ApprovalRuleKeys, Tag("<rule>")],
    Discriminator(
        _form,
        custom_error_type="approval_form",
        custom_error_message="takes true, false or `{approvers: […], due_seconds: …, on_due: …}`",
    ),
]


def approval_rule(keys: bool | ApprovalRuleKeys | None) -> ApprovalRule | None:
    """Return the rule; `true` asks anybody, and waits for ever."""
    if isinstance(keys, ApprovalRuleKeys):
        return keys.rule()
    return ApprovalRule() if keys else None
