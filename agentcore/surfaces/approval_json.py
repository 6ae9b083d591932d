"""A question to a person as JSON for programs. Pure."""

from __future__ import annotations

from agentcore.domain.approval import ApprovalRecord, choices
from agentcore.domain.json import JSON
from agentcore.surfaces.run_json import as_json


def approval_json(record: ApprovalRecord) -> dict[str, JSON]:
    """Return what is asked, who is asked until when, which verbs fit, and the ruling: null while there is none."""
    asked = record.approval
    ruling = record.ruling
    return {
        "approval": asked.id,
        "status": record.status,
        "run": record.run,
        "tenant": record.tenant,
        "step": asked.step,
        "attempt": asked.attempt,
        "agent": asked.agent,
        "subject": asked.subject,
        "name": asked.name,
        "value": asked.value,
        "reason": asked.reason,
        "key": asked.key,
        "approver": asked.approver,
        "approvers": list(asked.rule.approvers),
        "version": asked.version,
        "asked_at": asked.asked_at,
        "due_at": asked.due_at,
        "on_due": asked.rule.on_due if asked.due_at is not None else None,
        "choices": list(choices(asked)) if record.status == "pending" else [],
        "ruling": None if ruling is None else as_json(ruling),
    }
