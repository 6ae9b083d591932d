"""A run as a tree for the terminal: each step under the last of those that it needs."""

from __future__ import annotations

from decimal import Decimal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from agentcore.domain.budget import Usage
from agentcore.domain.event import EffectRefused, Lineage, RunStatus
from agentcore.domain.ids import ANSWER, PLAN, StepId
from agentcore.domain.savings import Savings
from agentcore.domain.trace import StepTrace, Trace, TraceStatus
from agentcore.domain.verdict import Verdict
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted

_MARKS: dict[TraceStatus, tuple[str, str]] = {
    "succeeded": ("✔", "green"),
    "failed": ("✘", "red"),
    "running": ("…", "yellow"),
    "attempted": ("…", "yellow"),
    "asking": ("?", "magenta"),
    "ready": ("·", "dim"),
    "waiting": ("·", "dim"),
    "stopped": ("■", "dim"),
}
_STATUS_STYLES: dict[RunStatus, str] = {
    "succeeded": "green",
    "running": "yellow",
    "waiting": "magenta",
    "planned": "cyan",
}
_TASK_WIDTH = 48
_STEP_WIDTH = 20
_VERDICT_WIDTH = 16
"""Narrower than these, nothing can be read."""

_HEAD_WIDTH = len("tokens")
_GAP = 2


class _Steps:
    """The table of the steps. Where it is narrow, the steps' tasks are cut, so that the figures stay."""

    def __init__(self, trace: Trace) -> None:
        self._rows = [
            (
                _label(guide, step),
                Text(", ".join(step.models) or "-"),
                _verdict(step),
                Text(_tokens(step.used)),
                Text(money(step.used.usd)),
                Text(f"{step.seconds:.1f} s" if step.attempts else "-"),
            )
            for guide, step in _arranged(trace)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        others = (
            [max(cell_len(row[index].plain) for row in self._rows) for index in (1, 3, 4, 5)] if self._rows else []
        )
        left = options.max_width - sum(max(width, _HEAD_WIDTH) + _GAP for width in others) - _VERDICT_WIDTH - _GAP
        table = Table(box=None, pad_edge=False, show_header=True, header_style="dim", padding=(0, _GAP, 0, 0))
        table.add_column("step", no_wrap=True, overflow="ellipsis", max_width=max(left, _STEP_WIDTH))
        table.add_column("model", no_wrap=True, overflow="ellipsis")
        table.add_column("verdict", min_width=_VERDICT_WIDTH)
        for name in ("tokens", "cost", "time"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in self._rows:
            table.add_row(*row)
        yield table


def run_tree(trace: Trace) -> RenderableType:
    """Return the header, what was saved, and the steps as a tree: agent, model, verdict, tokens, cost and time."""
    lineage = trace.run.started.lineage
    saved = (savings_text(trace.savings),) if trace.savings.any else ()
    return Group(header(trace), *(() if lineage is None else (lineage_text(lineage),)), *saved, _Steps(trace))


def savings_text(savings: Savings) -> Text:
    """Return one line: what a run was spared."""
    parts = [
        f"{counted(served.replies, 'calls')}, {served.used.tokens:,} tokens, {money(served.used.usd)} {how}"
        for served, how in ((savings.exact, "by replies served again"), (savings.semantic, "to other wordings"))
        if served.replies
    ]
    cached, trimmed = savings.prompt_cache, savings.trimmed
    if cached.tokens:
        off = f", {money(cached.usd)} off" if cached.usd else ""
        parts.append(f"{cached.tokens:,} input tokens by the provider's cache{off}")
    if trimmed.requests:
        parts.append(f"{trimmed.tokens:,} tokens left out of {counted(trimmed.requests, 'requests')}")
    return Text(f"saved {'; '.join(parts)}", style="green")


def lineage_text(lineage: Lineage) -> Text:
    """Return one line: where a fork comes from, what it shares, and what is different."""
    changed = f"; changed: {', '.join(map(one_line, lineage.changes))}" if lineage.changes else ""
    shares = counted(lineage.events, "events")
    return Text(f"forked from {lineage.run} at {one_line(lineage.step)}, shares {shares}{changed}", style="dim")


def header(trace: Trace) -> Text:
    """Return one line: name, id, status, and the totals of the run."""
    run = trace.run
    used = run.used
    took = "" if trace.seconds is None else f" · {trace.seconds:.1f} s"
    return Text.assemble(
        (run.started.name, "bold"),
        f" {run.id} ",
        (run.status.replace("_", " "), status_style(run.status)),
        f" · {counted(used.calls, 'calls')} · {used.tokens:,} tokens · {money(used.usd)}{took}",
    )


def status_style(status: RunStatus) -> str:
    """Return the colour of a status: red for all that did not end well."""
    return _STATUS_STYLES.get(status, "red")


def money(usd: Decimal) -> str:
    """Return dollars with as many digits as tell something: $0 for nothing, else at least four decimals."""
    if not usd:
        return "$0"
    return f"${usd:.4f}" if usd >= Decimal("0.001") else f"${usd:.6f}"


def verdict_text(verdict: Verdict) -> str:
    """Return what was checked, or why it was rejected."""
    if not verdict.accepted:
        return "; ".join(verdict.reasons) or "rejected"
    accepting = [vote for vote in verdict.votes if vote.accepts and vote.counts]
    passed = [vote.verifier.partition(":")[2] or vote.verifier for vote in accepting]
    return ", ".join(passed) if passed else "not checked"


def _arranged(trace: Trace) -> list[tuple[str, StepTrace]]:
    """Return the steps in the order of the tree, each with the lines drawn before it."""
    order = {step.id: index for index, step in enumerate(trace.steps)}
    children: dict[StepId | None, list[StepTrace]] = {}
    for step in trace.steps:
        needs = [need for need in (step.step.needs if step.step else ()) if need in order]
        parent = max(needs, key=lambda need: order[need]) if needs else None
        children.setdefault(parent, []).append(step)
    rows: list[tuple[str, StepTrace]] = []

    # An explicit stack: a chain of ten thousand steps is deeper than Python's recursion.
    stack = [("", step, index == len(children[None]) - 1) for index, step in enumerate(children.get(None, []))]
    stack.reverse()
    while stack:
        before, step, last = stack.pop()
        rows.append((before + ("└─ " if last else "├─ "), step))
        below = children.get(step.id, [])
        inner = before + ("   " if last else "│  ")
        stack += reversed([(inner, child, index == len(below) - 1) for index, child in enumerate(below)])
    return rows


def _label(guide: str, step: StepTrace) -> Text:
    mark, style = _MARKS[step.status]
    if step.id == PLAN:
        what = "makes the plan"
    elif step.id == ANSWER:
        what = "writes the answer"
    else:
        what = step.step.instruction if step.step else ""
    if len(what) > _TASK_WIDTH:
        what = what[: _TASK_WIDTH - 1] + "…"
    name = step.agent if step.id in {PLAN, ANSWER, step.agent} else f"{step.id} ({step.agent})"
    return Text.assemble((guide, "dim"), (mark, style), " ", (name, "bold"), "  ", (what, "dim"))


def _verdict(step: StepTrace) -> Text:
    open_questions = [question.approval for question in step.questions if question.open]
    if open_questions and step.status == "asking":
        asked = open_questions[-1]
        return Text(f"? waits for {asked.approver or 'approval'} {asked.id}", style="magenta")
    tries = f" (attempt {len(step.attempts)})" if len(step.attempts) > 1 else ""
    verdict = step.verdict
    if verdict is not None:
        checked = any(vote.accepts for vote in verdict.votes)
        mark, style = ("✘ ", "red") if not verdict.accepted else ("✔ ", "green") if checked else ("", "dim")
        return Text(mark + verdict_text(verdict) + tries, style=style)
    if step.id == PLAN and step.status == "succeeded":
        return Text("✔ valid" + (" after a repair" if step.rejected_plans else ""), style="green")
    if step.rejected_plans:
        return Text("✘ " + "; ".join(step.rejected_plans[-1].problems), style="red")
    refused = [effect.started for effect in step.effects if isinstance(effect.started, EffectRefused)]
    return Text(f"✘ {refused[-1].reason}" if refused else "-", style="red" if refused else "dim")


def _tokens(used: Usage) -> str:
    return f"{used.input_tokens:,} + {used.output_tokens:,}" if used.tokens else "-"
