"""Two runs compared, as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore.domain.comparison import Comparison, StepFigures
from agentcore.domain.difference import ABSENT, Difference
from agentcore.domain.json import JSON, JSONObject
from agentcore.surfaces.run_json import as_json, lineage_json


def comparison_json(found: Comparison) -> dict[str, JSON]:
    """Return `equal`, both runs in short, and the differences of each part; see docs/json-output.md."""
    first = found.first
    return {
        "equal": found.equal,
        "left": _run(found, left=True),
        "right": _run(found, left=False),
        "asked": _differences(found.asked),
        "definitions": _differences(found.definitions),
        "plan": _differences(found.plan),
        "steps": [
            {
                "id": step.id,
                "left": _figures(step.left),
                "right": _figures(step.right),
                "differences": _differences(step.differences),
            }
            for step in found.steps
        ],
        "ended": _differences(found.ended),
        "first_event": None
        if first is None
        else {
            "left": first.left,
            "right": first.right,
            "what": first.what,
            "differences": _differences(first.differences),
        },
    }


def _run(found: Comparison, *, left: bool) -> dict[str, JSON]:
    trace = found.left if left else found.right
    run = trace.run
    return {
        "run": run.id,
        "status": run.status,
        "used": as_json(run.used),
        "seconds": trace.seconds,
        "lineage": lineage_json(run),
    }


def _figures(step: StepFigures | None) -> JSON:
    return None if step is None else as_json(step)


def _differences(found: Iterable[Difference]) -> list[JSON]:
    """Return `path`, and `left` and `right` where there is something."""
    return [{"path": each.path, **_side("left", each.left), **_side("right", each.right)} for each in found]


def _side(name: str, value: object) -> JSONObject:
    return {} if value is ABSENT else {name: as_json(value)}
