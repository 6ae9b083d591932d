"""What came of a scenario's cases: one line each, and how many are as expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from agentcore.config.scenarios import Case
from agentcore.domain.json import JSON
from agentcore.domain.trace import Trace
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.tree import money
from agentcore.surfaces.expectations import unmet
from agentcore.surfaces.run_json import run_json


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case and its run."""

    case: Case
    trace: Trace

    @property
    def unmet(self) -> tuple[str, ...]:
        """What is not as expected; empty when the case has passed."""
        return unmet(self.case.expect, self.trace)


def cases_json(scenario: str, results: Sequence[CaseResult], planned: int) -> dict[str, JSON]:
    """Return `scenario`, `passed`, `planned` and `cases`, each with `case`, `passed`, `unmet` and its run."""
    return {
        "scenario": scenario,
        "passed": sum(1 for result in results if not result.unmet),
        "planned": planned,
        "cases": [
            {
                "case": result.case.name,
                "passed": not result.unmet,
                "unmet": list(result.unmet),
                **run_json(result.trace),
            }
            for result in results
        ],
    }


def show_cases(screen: Console, results: Sequence[CaseResult], planned: int) -> None:
    """Print a line for each case, what it lacks, and the sum."""
    for result in results:
        screen.print(_line(result), soft_wrap=True)
        for reason in result.unmet:
            screen.print(Text(f"    {one_line(reason)}", style="red"), soft_wrap=True)
        if result.unmet:
            screen.print(Text(f"    agentcore trace {result.trace.run.id}", style="dim"), soft_wrap=True)
    passed = sum(1 for result in results if not result.unmet)
    missing = "" if len(results) == planned else f"; {planned - len(results)} not run"
    screen.print(f"{passed} of {planned} cases are as expected{missing}")


def _line(result: CaseResult) -> Text:
    run = result.trace.run
    mark, style = ("✘", "red") if result.unmet else ("✔", "green")
    seconds = result.trace.seconds
    return Text.assemble(
        (f"{mark} ", style),
        (one_line(result.case.name), "bold"),
        f"  {run.status}"
        + ("" if seconds is None else f" · {seconds:.1f} s")
        + f" · {money(run.used.usd)} · {run.id}",
    )
