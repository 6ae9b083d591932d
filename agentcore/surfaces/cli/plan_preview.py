"""What a dry run shows: the plan, and the model that each step would be given first, with its forecast and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentcore.domain.ids import StepId
from agentcore.domain.json import JSON
from agentcore.domain.route import Route
from agentcore.domain.run import Run
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.terminal import say
from agentcore.surfaces.cli.tree import money
from agentcore.surfaces.run_json import as_json

Routes = Mapping[StepId, Route]


def preview_json(run: Run, routes: Routes) -> dict[str, JSON]:
    """Return `run`, `status`, `reason`, `forecast_usd` and `steps`, each with its `route`."""
    return {
        "run": run.id,
        "status": run.status,
        "reason": run.reason,
        "forecast_usd": float(_total(routes)),
        "steps": [
            {
                "id": step.id,
                "agent": step.agent,
                "instruction": step.instruction,
                "needs": sorted(step.needs),
                "route": as_json(routes.get(step.id)),
            }
            for step in (run.plan.steps if run.plan else ())
        ],
    }


def show_preview(screen: Console, run: Run, routes: Routes) -> None:
    """Print one row a step, then why each model was chosen, and why others were not."""
    steps = run.plan.steps if run.plan else ()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("step", "needs", "model"):
        table.add_column(column)
    table.add_column("cost", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for step in steps:
        route = routes.get(step.id)
        first = route.candidates[0] if route and route.candidates else None
        table.add_row(
            Text.assemble((one_line(step.id), "bold"), (f" {one_line(step.instruction, 60)}", "dim")),
            Text(", ".join(sorted(step.needs)) or "-"),
            Text(route.model if route else "-"),
            money(first.usd) if first else "-",
            f"{first.seconds:.1f} s" if first else "-",
        )
    screen.print(table)
    screen.print()
    for model, reason, names in _grouped((step, route.model, route.reason) for step, route in routes.items()):
        say(screen, Text.assemble((model, "bold"), f": {reason} ({names})"))
    filtered = ((step, name, why) for step, route in routes.items() for name, why in route.filtered.items())
    for model, reason, names in _grouped(filtered):
        say(screen, Text.assemble(("not ", "dim"), (model, "bold"), f": {reason} ({names})"))
    say(
        screen,
        f"{len(steps)} steps; the first model calls would cost {money(_total(routes))};"
        f" planning used {run.used.tokens:,} tokens, {money(run.used.usd)}",
    )


def _grouped(reasons: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return (model, reason, its steps) for (step, model, reason): what holds for many steps is said once."""
    found: dict[tuple[str, str], list[str]] = {}
    for step, model, reason in reasons:
        found.setdefault((model, reason), []).append(step)
    return [(model, reason, ", ".join(steps)) for (model, reason), steps in found.items()]


def _total(routes: Routes) -> Decimal:
    return sum((route.candidates[0].usd for route in routes.values() if route.candidates), Decimal(0))
