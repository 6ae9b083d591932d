"""`agentcore route replay`: what a fitted router would have cost, chosen and risked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.option(
    "--table",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with the table's parquet files.",
)
@click.option(
    "--model",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The router, as `agentcore route fit` wrote it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@logged
def replay(folder: Path, *, model: Path, as_json: bool) -> None:
    """Say what a fitted router does on a table: accuracy, cost, latency, and the risk it takes.

    Each setting decides about each question, and pays for the answers that it asks for. Labels are only read to score.
    """
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
