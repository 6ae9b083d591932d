"""`agentcore route report`: the frontier of cost and quality and the reliability diagram, as PNG and HTML."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.past_runs import past_runs, past_runs_options
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import messages, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.routing.report import Report


@click.command()
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR2", help="Where to write it."
)
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
    help="For a table: the router, as `agentcore route fit` wrote it.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="NEW",
    help="For past runs: another way of choosing, as for `route replay`; can be given more than once.",
)
@past_runs_options
@project_option
@logged
def report(
    out: Path,
    *,
    folder: Path | None,
    model: Path | None,
    policies: Sequence[Path],
    runs: Sequence[str],
    limit: int,
    labels: Path | None,
    project: Path | None,
) -> None:
    """Draw what routing costs and achieves: frontier.png, reliability.png, and report.html with both and the numbers.

    With --table and --model, of a fitted router on a table. Without them, of the project's past runs, beside what
    --policy would have come to.
    """
    if (folder is None) != (model is None):
        raise click.UsageError("--table and --model belong together: a table, and the router that is tried on it")
    if folder is not None and model is not None:
        if policies or runs or labels is not None:
            raise click.UsageError("--policy, --run and --labels are about past runs, and --table is given")
        from agentcore.app.route_report import report_on_table  # noqa: PLC0415  # for start-up time

        found = report_on_table(folder, model)
    else:
        from agentcore.app.route_report import report_on_runs  # noqa: PLC0415  # as above

        of = chosen_project(project)
        found = report_on_runs(asyncio.run(past_runs(of, runs, limit, labels)), of.name, policies)
    from agentcore.app.route_report import write_report  # noqa: PLC0415  # as above

    files = _files(found)
    write_report(out, files)
    say(messages(), f"written: {', '.join((out / name).as_posix() for name in files)}")


def _files(found: Report) -> dict[str, bytes]:
    from agentcore.surfaces.report_figures import frontier_figure, png, reliability_figure, svg  # noqa: PLC0415
    from agentcore.surfaces.report_html import report_html  # noqa: PLC0415  # for start-up time, as above

    frontier = frontier_figure(found) if found.drawn else None
    trusted = reliability_figure(found.reliability, found.title) if found.reliability else None
    page = report_html(
        found,
        frontier=None if frontier is None else svg(frontier),
        reliability=None if trusted is None else svg(trusted),
    )
    return {
        **({} if frontier is None else {"frontier.png": png(frontier)}),
        **({} if trusted is None else {"reliability.png": png(trusted)}),
        "report.html": page.encode("utf-8"),
    }
