"""`agentcore policy check`: what is wrong with a project's policies."""

from __future__ import annotations

from pathlib import Path

import click

from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.problem_report import show_problems
from agentcore.surfaces.cli.project_choice import chosen_folder
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
@logged
def check(context: click.Context, folder: Path | None, *, as_json: bool) -> None:
    """Check the policies of the project in FOLDER against its agents, tools and models.

    An error is a name that the project does not have; a warning is a policy without effect, or something that is
    always denied. FOLDER is by default that of the project which the current folder belongs to.
    """
    from agentcore.app.policy_check import check_policies  # noqa: PLC0415  # for start-up time

    root = chosen_folder(folder)
    report = check_policies(root)
    told = f"{counted(len(report.problems), 'problems')}, {counted(len(report.warnings), 'warnings')}"
    show_problems(report, told, root, as_json=as_json)
    if report.problems:
        context.exit(ExitCode.USAGE)
