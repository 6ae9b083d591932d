"""`agentcore route fit`: a router from known outcomes, of a table or of past runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from agentcore.surfaces.cli.past_runs import past_runs, past_runs_options
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import messages, say
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.option(
    "--table",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with a table's parquet files; without it, the project's past runs are read.",
)
@click.option("--dataset", type=click.Choice(["bfcl", "mmlu", "gsm8k", "zeroeval"]), help="Which of the tables it is.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to write it."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="For splits: the same seed gives the same router."
)
@past_runs_options
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of outputs that may be accepted and wrong, for agents that name none.",
)
@project_option
@logged
def fit(
    folder: Path | None,
    *,
    dataset: str | None,
    out: Path,
    seed: int,
    runs: Sequence[str],
    limit: int,
    labels: Path | None,
    alpha: float | None,
    project: Path | None,
) -> None:
    """Fit a router on known outcomes, and write it as a JSON file.

    With --table, on a table of outcomes. Without it, on the project's past runs: verdicts, people's decisions about
    outputs, and reviews say which answers were right. It says how many labels there are for each type of step, and how
    many more are needed. Models are compared by all labels; thresholds are made of decisions and reviews alone.

    The file has the hash of what it was fitted on and how good it is, measured on what was left out.
    """
    if folder is not None:
        if dataset is None:
            raise click.UsageError("--table needs --dataset: which of the tables it is")
        if runs or labels is not None or alpha is not None:
            raise click.UsageError("--run, --labels and --alpha are about past runs, and --table is given")
        _fit_table(folder, dataset, out, seed)
        return
    if dataset is not None:
        raise click.UsageError("--dataset needs --table: the folder with its files")
    of = chosen_project(project)
    past = asyncio.run(past_runs(of, runs, limit, labels))
    own = {agent.routing.alpha for agent in of.agents.values() if agent.routing.alpha is not None}
    fitted = past.fit(alphas=sorted(own), default_alpha=alpha)
    from agentcore.app.route_runs import write_router  # noqa: PLC0415  # for start-up time
    from agentcore.surfaces.cli.route_fitted_text import show_fitted  # noqa: PLC0415  # as above

    write_router(out, fitted)
    show_fitted(messages(), fitted, out, runs=len(past.runs), answers=len(past.answers))


def _fit_table(folder: Path, dataset: str, out: Path, seed: int) -> None:
    from agentcore.app.route_tables import fit_table  # noqa: PLC0415  # for start-up time

    fitted = fit_table(folder, dataset, out, seed=seed)
    trained = fitted.trained_on
    screen = messages()
    say(
        screen, f"written: {out} ({fitted.version}), fitted on {trained.queries} questions and {trained.labels} labels"
    )
    for name, value in fitted.metrics.items():
        say(screen, f"  {name}: {value}")
