"""`agentcore validate`: everything that is wrong with a project's files."""

from __future__ import annotations

from pathlib import Path

import click

from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.problem_report import show_problems
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
@logged
def validate(context: click.Context, folder: Path | None, *, as_json: bool) -> None:
    """Check the project in FOLDER, by default that of the current folder, and name every problem with its place."""
    from agentcore.app import validate_project  # noqa: PLC0415  # for start-up time
    from agentcore.config.load import find_root  # noqa: PLC0415  # as above

    root = find_root(Path()) if folder is None else folder
    report = validate_project(root)
    show_problems(report, counted(len(report.problems), "problems"), root, as_json=as_json)
    if report.problems:
        context.exit(ExitCode.USAGE)
