"""`agentcore policy matrix`: who can ever do what with which data."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import cast, get_args

import click

from agentcore.domain.decision import Action
from agentcore.domain.errors import ConfigError
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.option("--action", type=click.Choice(get_args(Action)), help="Only what is said of this action.")
@click.option("--all", "everything", is_flag=True, help="Also what is never permitted, and what is not given.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write an HTML page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: all rows, sources by themselves, and the policies.")
@click.option(
    "--assert",
    "asserted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What must hold; by default assertions.yaml in the folder of policies, if it is there.",
)
@project_option
@click.pass_context
@logged
def matrix(
    context: click.Context,
    action: str | None,
    *,
    everything: bool,
    html: Path | None,
    as_json: bool,
    asserted: Path | None,
    project: Path | None,
) -> None:
    """Show who can ever do what with which data, as the project's policies have it.

    It is computed from the policies, for all arguments, budgets, tenants, users and purposes; nothing is run.
    The exit code is 1 when an assertion does not hold.
    """
    from agentcore.app.policy_matrix import assertions_of, policy_matrix  # noqa: PLC0415  # for start-up time
    from agentcore.policy.matrix_assertions import violation  # noqa: PLC0415  # as above

    found_project = chosen_project(project)
    found = asyncio.run(policy_matrix(found_project))
    assertions = assertions_of(found_project, found.space, asserted)
    violations = [broken for each in assertions if (broken := violation(each, found)) is not None]
    chosen = cast("Action | None", action)
    if html is not None:
        from agentcore.surfaces.matrix_html import matrix_html  # noqa: PLC0415  # as above

        _write_page(html, matrix_html(found, chosen, title=found_project.name, everything=everything))
    if as_json:
        from agentcore.surfaces.matrix_json import matrix_json  # noqa: PLC0415  # as above

        click.echo(json.dumps(matrix_json(found, chosen, assertions, violations), indent=2))
    else:
        from agentcore.surfaces.cli.matrix_table import show_matrix, show_violations  # noqa: PLC0415  # as above

        screen = output()
        if html is None:
            show_matrix(screen, found, chosen, everything=everything)
        show_violations(screen, assertions, violations)
    context.exit(ExitCode.FAILED if violations else ExitCode.OK)


def _write_page(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{file} cannot be written: {(error.strerror or str(error)).lower()}"]) from error
    say(messages(), f"written: {file}")
