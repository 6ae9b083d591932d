"""Approval: a question that a run waits with until a person has decided; Ruling: what the person decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import ApprovalError
from agentcore.domain.ids import AgentName, ApprovalId, EffectId, RunId, StepId
from agentcore.domain.json import JSON

Subject = Literal["call", "outcome", "output"]
"""What is asked about.

call: a tool call that is about to be made.  outcome: a call that began, and of which nobody knows whether it happened.
output: what a step has come to.
"""

Verb = Literal["approve", "edit", "reject", "respond", "escalate", "terminate"]
"""What a person can do.

approve: go on; a call of unknown outcome is made (again).  edit: go on with other arguments, or another output.
reject: the call is not made, the output not accepted; the agent is told why.  respond: the call is not made (again);
the value is its result.  escalate: somebody else shall decide.  terminate: the run ends.
"""

RUNTIME = "agentcore"
"""The actor of what the runtime rules itself, because a question was not answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A question.

    name: the tool's, or the agent's for an output.  value: the arguments of the call, or the output.
    reason: why it is asked, a sentence.  key: the idempotency key of the call, empty for an output.
    version: 1, and one more for each escalation; who decides says which version was looked at.
    asked_at, due_at: seconds since the Unix epoch.
    """

    id: ApprovalId
    subject: Subject
    step: StepId
    attempt: int
    agent: AgentName
    name: str
    value: JSON
    reason: str
    rule: ApprovalRule
    asked_at: float
    effect: EffectId | None = None
    key: str = ""
    version: int = 1
    due_at: float | None = None

    @property
    def approver(self) -> str:
        """Who is asked; empty is anybody."""
        approvers = self.rule.approvers
        return approvers[min(self.version, len(approvers)) - 1] if approvers else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided about a question.

    actor: who decided.  value: the other arguments, output or result of `edit` and `respond`.
    version: of the question that was looked at.  at: seconds since the Unix epoch.
    """

    verb: Verb
    actor: str
    reason: str = ""
    value: JSON = None
    version: int = 1
    at: float = 0.0

    @property
    def closes(self) -> bool:
        """Whether the runtime takes the question back, because the run ends."""
        return self.actor == RUNTIME and self.verb == "terminate"

    def same_as(self, other: Ruling) -> bool:
        """Return whether the other says the same: the same person did the same once more."""
        return (self.verb, self.actor, self.value) == (other.verb, other.actor, other.value)


def escalated(approval: Approval, now: float) -> Approval:
    """Return the question as the next one is asked."""
    due = approval.rule.due_seconds
    return Approval(
        id=approval.id,
        subject=approval.subject,
        step=approval.step,
        attempt=approval.attempt,
        agent=approval.agent,
        name=approval.name,
        value=approval.value,
        reason=approval.reason,
        rule=approval.rule,
        asked_at=approval.asked_at,
        effect=approval.effect,
        key=approval.key,
        version=approval.version + 1,
        due_at=None if due is None else now + due,
    )


def closing(now: float) -> Ruling:
    """Return what the runtime rules about a question that is open when its run ends."""
    return Ruling(verb="terminate", actor=RUNTIME, reason="the run ended", at=now)


def overdue(approval: Approval, now: float) -> Ruling:
    """Return what the runtime rules about a question whose time is over."""
    nobody_left = approval.version >= max(1, len(approval.rule.approvers))
    verb: Verb = "reject" if approval.rule.on_due == "reject" or nobody_left else "escalate"
    asked = approval.approver or "anybody"
    return Ruling(
        verb=verb,
        actor=RUNTIME,
        reason=f"{asked} did not decide within {approval.rule.due_seconds:g} s",
        version=approval.version,
        at=now,
    )


ApprovalStatus = Literal["pending", "decided", "closed"]
"""decided: the run goes on, or will.  closed: the run ended before anybody decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """A question as it is listed. ruling: the answer, None while it is pending."""

    run: RunId
    tenant: str
    approval: Approval
    status: ApprovalStatus = "pending"
    ruling: Ruling | None = None


def judge_ruling(record: ApprovalRecord, ruling: Ruling) -> bool:
    """Return whether a ruling is to be taken; False when the very same has been taken already.

    Raises ApprovalError, with what to do: answered otherwise, closed, another version, or a verb that does not fit.
    """
    approval, id = record.approval, record.approval.id
    if record.status == "closed":
        raise ApprovalError(f"{id} is closed: its run ended before anybody decided", hint="nothing is left to do")
    if record.ruling is not None:
        if record.ruling.same_as(ruling):
            return False
        given = record.ruling
        raise ApprovalError(
            f"{id} is decided: {given.actor} chose to {given.verb} it",
            hint=f"look at it with `agentcore approvals show {id}`",
        )
    if ruling.version != approval.version:
        raise ApprovalError(
            f"{id} has changed since you looked at it: it is at version {approval.version}, not {ruling.version}",
            hint=f"look at it again with `agentcore approvals show {id}`",
        )
    if problem := _misfit(approval, ruling):
        raise ApprovalError(f"{id}: {problem}", hint="choose another verb, or another value")
    return True


def choices(approval: Approval) -> tuple[Verb, ...]:
    """Return the verbs that fit a question, each of which does something else."""
    fitting = (verb for verb in get_args(Verb) if not _misfit(approval, Ruling(verb=verb, actor="", value={})))
    return tuple(verb for verb in fitting if (verb, approval.subject) != ("respond", "output"))  # which is to edit it


def _misfit(approval: Approval, ruling: Ruling) -> str:
    match ruling.verb, approval.subject:
        case "edit", "outcome":
            return "a call that began cannot be edited; approve makes it again, respond says what came of it"
        case "edit", "call" if not isinstance(ruling.value, Mapping):
            return "the arguments of a call are a JSON object"
        case "escalate", _ if approval.version >= max(1, len(approval.rule.approvers)):
            return "there is nobody else to ask"
        case _:
            return ""
