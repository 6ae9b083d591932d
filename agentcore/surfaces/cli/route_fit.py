"""`agentcore route fit`: a router from known outcomes."""

from __future__ import annotations

from pathlib import Path

import click

from agentcore.surfaces.cli.terminal import messages, say
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
    "--dataset",
    required=True,
    type=click.Choice(["bfcl", "mmlu", "gsm8k", "zeroeval"]),
    help="Which of the tables it is.",
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to write it."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="For splits: the same seed gives the same router."
)
@logged
def fit(folder: Path, *, dataset: str, out: Path, seed: int) -> None:
    """Fit a router on a table of outcomes, and write it as a JSON file.

    The file has the hash of what it was fitted on and how good it is, measured on questions that were left out.
    """
    from agentcore.app.route_tables import fit_table  # noqa: PLC0415  # for start-up time

    fitted = fit_table(folder, dataset, out, seed=seed)
    trained = fitted.trained_on
    screen = messages()
    say(
        screen, f"written: {out} ({fitted.version}), fitted on {trained.queries} questions and {trained.labels} labels"
    )
    for name, value in fitted.metrics.items():
        say(screen, f"  {name}: {value}")
