"""`agentcore run`: a scenario, or its cases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.config.problem import unknown
from agentcore.domain.errors import ConfigError
from agentcore.domain.trace import trace
from agentcore.surfaces.cli.case_report import CaseResult, cases_json, show_cases
from agentcore.surfaces.cli.dollars import Dollars
from agentcore.surfaces.cli.exit_codes import ExitCode, of_status
from agentcore.surfaces.cli.interrupt import Interruption
from agentcore.surfaces.cli.named_value import NamedValue
from agentcore.surfaces.cli.plan_preview import preview_json, show_preview
from agentcore.surfaces.cli.project_choice import chosen_scenario, project_option, with_store
from agentcore.surfaces.cli.result import show_failure
from agentcore.surfaces.cli.run_end import told
from agentcore.surfaces.cli.run_watch import Order, Watched, run_until_interrupted, watch
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.config.scenarios import Case, Scenario
    from agentcore.domain.json import JSON


@click.command()
@click.argument("scenario")
@click.option(
    "--input", "inputs", type=NamedValue(), metavar="NAME=VALUE", multiple=True, help="An input of the scenario."
)
@click.option("--model", "models", multiple=True, metavar="NAME=PROVIDER:MODEL", help="Another model behind a name.")
@click.option("--budget-usd", type=Dollars(), metavar="USD", help="The most that the run (each case) may cost.")
@click.option("--purpose", metavar="TEXT", help="What the run (each case) is for; otherwise as in the scenario.")
@click.option("--case", "names", multiple=True, metavar="NAME", help="Run this case and compare with what it expects.")
@click.option("--cases", "all_cases", is_flag=True, help="Run all cases of the scenario.")
@click.option("--dry-run", is_flag=True, help="Plan and choose models, but do not do the steps.")
@click.option("--detach", is_flag=True, help="Only record the run: a worker takes it up. Prints its id.")
@click.option("--store", metavar="URL", help="Another store than the project's: a file, or postgres://…")
@click.option("--queue", default="default", metavar="NAME", help="With --detach: the queue of a shared store.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
@click.pass_context
@logged
def run(
    context: click.Context,
    scenario: str,
    *,
    inputs: tuple[tuple[str, str], ...],
    models: tuple[str, ...],
    budget_usd: Decimal | None,
    purpose: str | None,
    names: tuple[str, ...],
    all_cases: bool,
    dry_run: bool,
    detach: bool,
    store: str | None,
    queue: str,
    as_json: bool,
    project: Path | None,
) -> None:
    """Run SCENARIO: a file, or the name of one in the project of the current folder."""
    if (names or all_cases) and (inputs or dry_run):
        raise click.UsageError("a case has its own inputs and is really run: leave out --input and --dry-run")
    if detach and (names or all_cases or dry_run):
        raise click.UsageError("--detach only records a run: leave out --case, --cases and --dry-run")
    if names and all_cases:
        raise click.UsageError("give --case or --cases, not both")
    found_project, found = chosen_scenario(scenario, project, models)
    if store is not None:
        found_project = with_store(found_project, store)
    if budget_usd is not None:
        found = replace(found, budget=replace(found.budget, usd=budget_usd))
    if purpose is not None:
        found = replace(found, purpose=purpose)
    if names or all_cases:
        code = _run_cases(found_project, found, _chosen_cases(found, names), as_json=as_json)
    elif dry_run:
        code = _dry_run(found_project, _order(found, dict(inputs)), as_json=as_json)
    elif detach:
        code = _enqueue(found_project, _order(found, dict(inputs)), queue, as_json=as_json)
    else:
        code = _run_once(found_project, _order(found, dict(inputs)), as_json=as_json)
    context.exit(code)


def _order(scenario: Scenario, inputs: dict[str, JSON]) -> Order:
    return Order(
        task=scenario.task(inputs), name=scenario.name, budget=scenario.budget, on_exceeded=scenario.on_exceeded
    )


def _chosen_cases(scenario: Scenario, names: Sequence[str]) -> list[Case]:
    """Return the cases of these names, all of them when none is named. Raises ConfigError."""
    known = {case.name: case for case in scenario.cases}
    problems = [unknown("case", name, known) for name in names if name not in known]
    if not known:
        problems = ["it has no cases"]
    if problems:
        raise ConfigError([f"scenario `{scenario.name}`: {problem}" for problem in problems])
    return [known[name] for name in names or known]


def _run_once(project: Project, order: Order, *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    seen = Watched()

    async def work() -> None:
        async with Runtime(project, resumed=seen.resumed) as runtime:
            await watch(runtime, order, seen)

    return told(run_until_interrupted(work(), seen.interruption), seen, as_json=as_json)


def _enqueue(project: Project, order: Order, queue: str, *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    async def work() -> str:
        async with Runtime(project, resume=False, queue=queue) as runtime:
            return await runtime.enqueue(
                order.task, name=order.name, budget=order.budget, on_exceeded=order.on_exceeded
            )

    run = asyncio.run(work())
    click.echo(json.dumps({"run": run}) if as_json else run)
    return ExitCode.OK


def _run_cases(project: Project, scenario: Scenario, cases: Sequence[Case], *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    results: list[CaseResult] = []
    interruption = Interruption()

    async def work() -> None:
        async with Runtime(project, resumed=Watched().resumed) as runtime:
            for case in cases:
                seen = Watched(interruption=interruption)
                await watch(runtime, _order(scenario, dict(case.inputs)), seen)
                if seen.trace is not None:
                    results.append(CaseResult(case=case, trace=seen.trace))

    finished = run_until_interrupted(work(), interruption)
    if as_json:
        click.echo(json.dumps(cases_json(scenario.name, results, len(cases)), indent=2))
    else:
        show_cases(output(), results, len(cases))
    if not finished:
        return interruption.code
    return ExitCode.FAILED if any(result.unmet for result in results) else ExitCode.OK


def _dry_run(project: Project, order: Order, *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    codes: list[ExitCode] = []

    async def work() -> None:
        async with Runtime(project, resume=False) as runtime:
            planned, routes = await runtime.dry_run(order.task, name=order.name, budget=order.budget)
            events = await runtime.journal.read(planned.id)
        codes.append(of_status(planned.status))
        if as_json:
            click.echo(json.dumps(preview_json(planned, routes), indent=2))
            return
        screen = output()
        if planned.status != "planned":
            show_failure(screen, trace(events))
        if planned.plan is not None:
            show_preview(screen, planned, routes)

    # A dry run that is broken off is cancelled, whatever the signal: there is nothing in it to go on with.
    return codes[0] if run_until_interrupted(work(), Interruption()) else ExitCode.CANCELLED
