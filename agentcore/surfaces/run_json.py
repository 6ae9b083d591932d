"""A run as JSON for programs: the summary that `agentcore run --json` prints, and the whole trace. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, cast

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.run import Run
from agentcore.domain.trace import AttemptTrace, EffectTrace, StepTrace, Trace
from agentcore.surfaces.citations import citation_json, citations

_STATES = {"effect_refused": "refused", "effect_reused": "reused"}


def run_json(trace: Trace) -> dict[str, JSON]:
    """Return a run: `run`, `status`, `answer`, `steps` and the other keys that docs/json-output.md explains.

    usd: dollars as a number; sums are made in decimals and converted once, so it has no digits but its own, up to 15.
    seconds: None while the run is under way.
    """
    run = trace.run
    return {
        "run": run.id,
        "name": run.started.name,
        "goal": run.started.task.goal,
        "status": run.status,
        "answer": run.answer,
        "reason": run.reason,
        "waits_for": [asked.id for asked in run.asked],
        "used": as_json(run.used),
        "saved": {**cast("JSONObject", as_json(trace.savings)), "usd": as_json(trace.savings.usd)},
        "seconds": trace.seconds,
        "lineage": lineage_json(run),
        "steps": [_step(step) for step in trace.steps],
        "citations": [citation_json(citation) for citation in citations(trace)],
    }


def trace_json(trace: Trace) -> dict[str, JSON]:
    """Return what `run_json` does, with all that is recorded of each step."""
    return {
        **run_json(trace),
        "started_at": trace.run.started_at,
        "started": as_json(trace.run.started),
        "steps": [step_json(step) for step in trace.steps],
    }


def lineage_json(run: Run) -> JSON:
    """Return where a fork comes from: `run`, `step`, `events`, `changes`; None for a run that is none."""
    return None if run.started.lineage is None else as_json(run.started.lineage)


def step_json(step: StepTrace) -> dict[str, JSON]:
    """Return all that is recorded of a step: inputs, decisions, plans that were rejected, attempts, their effects."""
    return {
        **_step(step),
        "inputs": as_json(step.step.inputs) if step.step else {},
        "decisions": as_json(step.decisions),
        "rejected_plans": [as_json(rejected) for rejected in step.rejected_plans],
        "attempts": [_attempt(attempt) for attempt in step.attempts],
    }


def as_json(value: Any) -> JSON:
    """Return a value of the domain as JSON: fields by their names, numbers for decimals, sorted lists for sets."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    match value:
        case str() | bool() | int() | float() | None:
            return value
        case Decimal():
            return float(value)
        case Mapping():
            return {str(key): as_json(item) for key, item in cast("Mapping[Any, Any]", value).items()}
        case frozenset() | set():
            return [as_json(item) for item in sorted(cast("frozenset[Any]", value))]
        case Sequence():
            return [as_json(item) for item in cast("Sequence[Any]", value)]
        case _:
            raise TypeError(f"{type(value).__name__} is not a value of the domain")


def _step(step: StepTrace) -> dict[str, JSON]:
    verdict = step.verdict
    return {
        "id": step.id,
        "agent": step.agent,
        "status": step.status,
        "instruction": step.step.instruction if step.step else "",
        "needs": sorted(step.step.needs) if step.step else [],
        "models": list(step.models),
        "attempts": len(step.attempts),
        "verdict": None if verdict is None else as_json(verdict),
        "used": as_json(step.used),
        "seconds": step.seconds,
    }


def _attempt(attempt: AttemptTrace) -> JSONObject:
    finished = attempt.finished
    return {
        "attempt": attempt.number,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "output": finished.output if finished else None,
        "declined": finished.declined if finished else "",
        "error": finished.error if finished else "",
        "resort": attempt.resort,
        "candidates": as_json(finished.candidates) if finished else [],
        "chosen": finished.chosen if finished else 0,
        "why_chosen": finished.why_chosen if finished else "",
        "effects": [_effect(effect) for effect in attempt.effects],
        "questions": [
            {
                "approval": question.approval.id,
                "subject": question.approval.subject,
                "name": question.approval.name,
                "reason": question.approval.reason,
                "asked_at": question.at,
                "rulings": as_json(question.rulings),
            }
            for question in attempt.questions
        ],
        "guarded": [
            {
                "place": said.place,
                "findings": sorted(said.found.findings),
                "value": said.value,
                "denied": said.denied,
            }
            for said in attempt.guarded
        ],
        "verdict": as_json(attempt.verdict),
    }


def _effect(effect: EffectTrace) -> JSONObject:
    started: dict[str, Any] = {
        field.name: getattr(effect.started, field.name)
        for field in fields(effect.started)
        if field.name not in {"effect", "kind"}
    }
    finished = effect.finished
    return {
        **cast("JSONObject", as_json(effect.started.effect)),
        "at": effect.at,
        "state": _STATES.get(effect.started.kind) or ("finished" if finished else "running"),
        "tries": effect.tries,
        **cast("JSONObject", as_json(started)),
        "output": finished.output if finished else None,
        "error": finished.error if finished else "",
        "used": as_json(finished.used) if finished else None,
        "cached": as_json(finished.cached) if finished else None,
        "spared": as_json(finished.spared) if finished else None,
        "seconds": finished.seconds if finished else None,
    }
