"""`agentcore policy dry-run`: what other policies would have decided in past runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.domain.ids import RunId
    from agentcore.policy.rejudge import Rejudged


@click.command("dry-run")
@click.argument("new_policies", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--run", "runs", multiple=True, metavar="RUN", help="Only this run; can be given more than once.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many of the newest runs.")
@click.option("--fail-on-change", is_flag=True, help="Exit with 1 when any decision would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
@click.pass_context
@logged
def dry_run(
    context: click.Context,
    new_policies: Path,
    *,
    runs: Sequence[str],
    limit: int,
    fail_on_change: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Put the recorded decisions of past runs to the policies in the folder NEW_POLICIES, and show what would change.

    Each is decided again from what is recorded of it, by the new policies and by the project's own. Where a policy
    reads what is not recorded, it says so and does not guess. Nothing is run, and nothing is written.
    """
    tried, found = asyncio.run(_tried(chosen_project(project), new_policies, runs, limit))
    if as_json:
        from agentcore.surfaces.rejudged_json import rejudged_json  # noqa: PLC0415  # for start-up time

        click.echo(json.dumps(rejudged_json(found, tried), indent=2))
    elif not tried:
        click.echo("no runs yet")
    else:
        from agentcore.surfaces.cli.rejudged_text import show_rejudged  # noqa: PLC0415  # as above

        show_rejudged(output(), found, len(tried))
    changed = any(each.outcome == "changed" for each in found)
    context.exit(ExitCode.FAILED if fail_on_change and changed else ExitCode.OK)


async def _tried(
    project: Project, folder: Path, prefixes: Sequence[str], limit: int
) -> tuple[list[RunId], list[Rejudged]]:
    from agentcore.app import open_store  # noqa: PLC0415  # for start-up time
    from agentcore.app.policy_trial import PolicyTrial  # noqa: PLC0415  # as above

    store = open_store(project)
    try:
        trial = PolicyTrial.of(project, store, folder)
        runs = await trial.runs(prefixes, limit=limit)
        return runs, [each for run in runs async for each in trial.decisions(run)]
    finally:
        await store.aclose()
