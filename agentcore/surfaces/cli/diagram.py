"""A run's plan as a diagram: mermaid for documents, text for terminals."""

from __future__ import annotations

from agentcore.domain.ids import PLAN, StepId
from agentcore.domain.trace import StepTrace, Trace, TraceStatus

_CLASSES: dict[TraceStatus, str] = {
    "succeeded": "done",
    "failed": "failed",
    "running": "running",
    "attempted": "running",
    "ready": "waiting",
    "waiting": "waiting",
    "stopped": "waiting",
}


def mermaid(trace: Trace) -> str:
    """Return a mermaid flowchart: a box a step with its agent and model, an arrow from each need."""
    lines = ["flowchart TD"]
    steps = [step for step in trace.steps if step.id != PLAN]
    names = {step.id: f"n{number}" for number, step in enumerate(steps, start=1)}
    for step in steps:
        model = f"<br/><i>{_escaped(', '.join(step.models))}</i>" if step.models else ""
        what = _escaped(step.step.instruction if step.step else "")
        lines.append(
            f'  {names[step.id]}["<b>{_escaped(step.id)}</b> · {_escaped(step.agent)}<br/>{what}{model}"]'
            f":::{_CLASSES[step.status]}"
        )
    lines += [f"  {names[need]} --> {names[step.id]}" for step in steps for need in _needs(step) if need in names]
    lines += [
        "  classDef done stroke:#2a7,stroke-width:2px",
        "  classDef failed stroke:#c33,stroke-width:2px",
        "  classDef running stroke:#c90,stroke-width:2px",
        "  classDef waiting stroke:#999,stroke-dasharray:4",
    ]
    return "\n".join(lines)


def text(trace: Trace) -> str:
    """Return one line a step: its needs, an arrow, and itself."""
    lines: list[str] = []
    for step in trace.steps:
        if step.id == PLAN:
            continue
        needs = ", ".join(_needs(step))
        what = step.step.instruction if step.step else ""
        lines.append(f"{needs + ' → ' if needs else ''}{step.id} [{step.agent}] {step.status}: {what}")
    return "\n".join(lines)


def _needs(step: StepTrace) -> list[StepId]:
    return sorted(step.step.needs) if step.step else []


def _escaped(words: str) -> str:
    """Model output is untrusted: nothing in it may end a label or start markup."""
    for mark, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;"), ("\n", " ")):
        words = words.replace(mark, entity)
    return words
