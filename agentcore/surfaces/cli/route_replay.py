"""`agentcore route replay`: what another router would have cost, chosen and risked, on a table or on past runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click

from agentcore.surfaces.cli.past_runs import past_runs, past_runs_options
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.option(
    "--table",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with a table's parquet files; without it, the project's past runs are read.",
)
@click.option(
    "--model",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The router, as `agentcore route fit` wrote it.",
)
@click.option(
    "--policy",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="NEW",
    help="For past runs: a YAML file with `routing:`, as in agentcore.yaml, or a fitted router.",
)
@past_runs_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def replay(
    folder: Path | None,
    *,
    model: Path | None,
    policy: Path | None,
    runs: Sequence[str],
    limit: int,
    labels: Path | None,
    as_json: bool,
    project: Path | None,
) -> None:
    """Say what another router would have cost, chosen and risked. Nothing is run, and nothing is written.

    With --table, a fitted router decides about each question, and pays for the answers that it asks for; labels are
    only read to score. Without it, each recorded choice of past runs is made again by --policy (or by the project as
    it is now): exact where the record has the other model's answer, else estimated, with an interval.
    """
    if folder is not None:
        if policy is not None and model is not None:
            raise click.UsageError("--model and --policy are both given: a table is replayed with one fitted router")
        router = model or policy
        if router is None:
            raise click.UsageError("--table needs --model: the fitted router")
        _replay_table(folder, router, as_json=as_json)
        return
    if model is not None and policy is not None:
        raise click.UsageError("--model and --policy are both given: past runs are replayed with one of them")
    found = asyncio.run(past_runs(chosen_project(project), runs, limit, labels)).replay(policy or model)
    if as_json:
        from agentcore.surfaces.route_replay_json import replay_json  # noqa: PLC0415  # for start-up time

        click.echo(json.dumps(replay_json(found), indent=2, allow_nan=False))
        return
    from agentcore.surfaces.cli.route_replay_text import show_replay  # noqa: PLC0415  # as above

    show_replay(output(), found)


def _replay_table(folder: Path, model: Path, *, as_json: bool) -> None:
    from agentcore.app.route_tables import replay_table  # noqa: PLC0415  # for start-up time

    replayed = replay_table(folder, model)
    if replayed.in_sample:
        say(
            messages(),
            "warning: the router was fitted on this very table: its figures are too good for other questions",
        )
    if as_json:
        click.echo(json.dumps(replayed.as_json(), indent=2, allow_nan=False))
        return
    from agentcore.surfaces.cli.route_figures import figures_table  # noqa: PLC0415  # as above

    screen = output()
    say(screen, f"{replayed.dataset}: {replayed.queries} questions, router {replayed.fitted.version}")
    screen.print(figures_table(replayed.settings))
