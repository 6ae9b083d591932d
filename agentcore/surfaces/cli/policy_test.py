"""`agentcore policy test`: do the policies decide as the project's cases say?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from agentcore.domain.json import JSON
from agentcore.policy.case import CaseOutcome
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.policy_json import facts_json, outcomes_json


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@click.pass_context
@logged
def test(context: click.Context, files: tuple[Path, ...], *, as_json: bool, project: Path | None) -> None:
    """Put the cases in each FILE to the project's policies; by default those in `tests` in the policies' folder.

    Prints a line for each case that is decided otherwise than it says.
    """
    from agentcore.app.policy_tests import run_policy_tests  # noqa: PLC0415  # for start-up time

    outcomes = run_policy_tests(chosen_project(project), files)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        click.echo(json.dumps(outcomes_json(outcomes), indent=2))
    else:
        screen = output()
        for outcome in failed:
            screen.print(_line(outcome), soft_wrap=True, style="red")
        screen.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases are decided as expected")
    if failed:
        context.exit(ExitCode.FAILED)


def _line(outcome: CaseOutcome) -> str:
    """Return what was expected of a case, what came, by which policies, and the facts."""
    case, decision = outcome.case, outcome.decision
    wanted = _answer(case.permitted) + ("" if case.policies is None else f" by {_listed(sorted(case.policies))}")
    wanted += "" if case.asks is None else f", which {_listed(sorted(case.asks))} asks to approve"
    wanted += "" if case.obliges is None else f", which obliges to {', '.join(sorted(case.obliges)) or 'nothing'}"
    if decision.errors:
        came = f"deny, because evaluation failed ({'; '.join(decision.errors)})"
    else:
        came = f"{_answer(decision.permitted)} by {_listed(decision.policies)}"
        asks = [each.policy for each in decision.obligations if each.kind == "approve"]
        others = [f"{each.kind} ({each.policy})" for each in decision.obligations]
        if asks or case.asks is not None:
            came += f", which {_listed(asks)} asks to approve"
        if len(others) > len(asks) or case.obliges is not None:
            came += f", which obliges to {', '.join(others) or 'nothing'}"
    facts = "; ".join(_facts(facts_json(case.request)))
    return one_line(f"{case.place}: {case.name}: expected {wanted}; decided: {came}; {facts}")


def _answer(permitted: bool) -> str:
    return "permit" if permitted else "deny"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(ids) or "no policy"


def _facts(facts: dict[str, JSON]) -> Iterator[str]:
    for name, value in facts.items():
        match value:
            case str():
                shown = value
            case None:
                continue
            case _:
                shown = json.dumps(value, ensure_ascii=False)
        yield f"{name} {shown}"
