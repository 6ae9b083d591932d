"""The end of a run as people read it: what failed, or the answer and what it rests on; the tree; what to do next."""

from __future__ import annotations

import json

from rich.console import Console
from rich.text import Text

from agentcore.domain.ids import PLAN
from agentcore.domain.json import JSON
from agentcore.domain.run import Run
from agentcore.domain.trace import StepTrace, Trace
from agentcore.surfaces.citations import (
    CalculationCited,
    Citation,
    OutputCited,
    PassageCited,
    QueryCited,
    Unresolved,
    citations,
    without_citations,
)
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say
from agentcore.surfaces.cli.tree import run_tree

_SHOWN = 200
"""Characters of a quote, query or output in a citation; `agentcore trace` has all of it."""

_ROWS = 3
"""Rows of a query in a citation."""


def show_result(screen: Console, trace: Trace) -> None:
    """Print a run that has ended (or still runs)."""
    run = trace.run
    if run.status == "succeeded":
        show_answer(screen, run.answer)
    elif run.status == "running":
        screen.print(Text("still running", style="yellow"))
    elif run.status == "waiting":
        show_waiting(screen, run)
    else:
        show_failure(screen, trace)
    cited = citations(trace)
    if cited:
        screen.print()
    for number, citation in enumerate(cited, start=1):
        line = Text.assemble((f"  [{number}] ", "cyan"), citation_text(citation))
        say(screen, line)
    screen.print()
    screen.print(run_tree(trace))
    screen.print()
    say(screen, Text(f"agentcore trace {run.id}{_failed_option(trace)}", style="dim"))


def show_waiting(screen: Console, run: Run) -> None:
    """Print what a run waits for, and how to decide and to go on."""
    say(screen, Text(f"waits for {counted(len(run.asked), 'decisions')}", style="bold magenta"))
    for asked in run.asked:
        of = asked.approver or "anybody"
        say(
            screen,
            Text.assemble(("  ? ", "magenta"), f"{asked.id} of {one_line(of)}: {one_line(asked.reason, _SHOWN)}"),
        )
    screen.print()
    for asked in run.asked:
        say(screen, Text(f"agentcore approvals show {asked.id}", style="dim"))
    if len(run.asked) == 1:
        say(screen, Text(f"agentcore approvals approve {run.asked[0].id}", style="dim"))
    say(screen, Text(f"agentcore runs resume {run.id}", style="dim"))


def show_answer(screen: Console, answer: JSON) -> None:
    """Print an answer: text as it is, anything else as JSON, without what it cites."""
    rest = without_citations(answer)
    text = rest if isinstance(rest, str) else json.dumps(rest, indent=2, ensure_ascii=False)
    say(screen, Text(text, style="bold"))


def citation_text(citation: Citation) -> str:
    """Return one line: the source, and in short what stands there."""
    match citation:
        case PassageCited(id=id, quote=quote):
            return f'{one_line(id)} "{one_line(quote, _SHOWN)}"'
        case QueryCited():
            return f"{one_line(citation.step)}: {one_line(citation.query, _SHOWN)} → {_rows(citation)}"
        case CalculationCited(step=step, expression=expression, terms=terms, value=value):
            middle = "" if terms == expression else f" = {one_line(terms, _SHOWN)}"
            return f"{one_line(step)}: {one_line(expression, _SHOWN)}{middle} = {one_line(value)}"
        case OutputCited(step=step, output=output):
            text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
            return f"{one_line(step)}: {one_line(text, _SHOWN)}"
        case Unresolved(name=name):
            return f"{one_line(name)} (nothing in this run is called so)"


def _rows(citation: QueryCited) -> str:
    shown = "; ".join(_row(row) for row in citation.rows[:_ROWS]) or "no row"
    left = len(citation.rows) - _ROWS
    more = f"; and {left} more" if left > 0 else ""
    return one_line(shown, _SHOWN) + more + ("; and others that were not fetched" if citation.truncated else "")


def _row(row: JSON) -> str:
    if isinstance(row, dict):
        return ", ".join(f"{key} = {value}" for key, value in row.items())
    return json.dumps(row, ensure_ascii=False)


def show_failure(screen: Console, trace: Trace) -> None:
    """Print how the run ended and, for each step that failed, why each attempt was rejected."""
    run = trace.run
    status = run.status.replace("_", " ")
    style = "cyan" if run.status == "planned" else "bold red"
    if run.reason.startswith(status):  # "denied by policy: …" needs no "denied: " before it
        say(screen, Text(run.reason, style=style))
    else:
        say(screen, Text.assemble((status, style), f": {run.reason}" if run.reason else ""))
    for step in trace.steps:
        reasons = _reasons(step)
        if step.status == "failed" and reasons:
            for number, reason in enumerate(reasons, start=1):
                say(screen, Text.assemble(("  ✘ ", "red"), (f"{step.id} ", "bold"), f"attempt {number}: {reason}"))


def _reasons(step: StepTrace) -> list[str]:
    """Return why each attempt at a step was rejected."""
    if step.id == PLAN:
        return ["; ".join(rejected.problems) for rejected in step.rejected_plans]
    return [
        "; ".join(attempt.verdict.reasons) for attempt in step.attempts if attempt.verdict and attempt.verdict.reasons
    ]


def _failed_option(trace: Trace) -> str:
    failed = next((step.id for step in trace.steps if step.status == "failed"), None)
    return f" --step {failed}" if failed else ""
