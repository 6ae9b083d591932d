"""Asking a person: the question is recorded, the attempt ends, and it finds the answer when it is driven again."""

from __future__ import annotations

from agentcore.domain.approval import Approval, Ruling, Subject
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import RunTerminated
from agentcore.domain.event import ApprovalRequested
from agentcore.domain.ids import ApprovalId, EffectId, RunId
from agentcore.domain.json import JSON, digest
from agentcore.engine.effect import Caller, Effects


class WaitsForPerson(Exception):  # no error: it ends an attempt whose question is open
    """The attempt ends here until somebody has decided."""


def approval_id(run: RunId, about: str, subject: Subject, turn: int = 1) -> ApprovalId:
    """Return the id of a question: the same when the attempt is driven again.

    turn: how often the call has broken off, as each time is a question of its own.
    """
    return ApprovalId(f"{run}.{digest([about, subject, *([turn] if turn > 1 else [])])[:10]}")


def ruling_on(effects: Effects, about: EffectId, subject: Subject, turn: int = 1) -> Ruling | None:
    """Return what was decided about an effect or an output, None while nothing is. Raises RunTerminated."""
    question = effects.recorder.history.question(approval_id(effects.recorder.run.id, about, subject, turn))
    ruling = None if question is None else question.ruling
    if ruling is not None and ruling.verb == "terminate":
        raise RunTerminated(ruling.actor, ruling.reason)
    return ruling


async def ask_person(
    effects: Effects,
    caller: Caller,
    rule: ApprovalRule,
    *,
    about: EffectId,
    subject: Subject,
    name: str,
    value: JSON,
    reason: str,
    key: str = "",
    turn: int = 1,
) -> Ruling:
    """Return what a person has decided; ask, and raise WaitsForPerson, when nobody has.

    about: the effect; for an output, the attempt as an id of that form.  turn: how often the call has broken off.
    Raises RunTerminated when the ruling says so.
    """
    ruling = ruling_on(effects, about, subject, turn)
    if ruling is not None:
        return ruling
    recorder = effects.recorder
    id = approval_id(recorder.run.id, about, subject, turn)
    if recorder.history.question(id) is None:
        now = effects.clock.now()
        approval = Approval(
            id=id,
            subject=subject,
            step=caller.step,
            attempt=caller.attempt,
            agent=caller.agent.name,
            name=name,
            value=value,
            reason=reason,
            rule=rule,
            asked_at=now,
            effect=about,
            key=key,
            due_at=None if rule.due_seconds is None else now + rule.due_seconds,
        )
        await recorder.record(ApprovalRequested(approval=approval), durable=True)
    raise WaitsForPerson
