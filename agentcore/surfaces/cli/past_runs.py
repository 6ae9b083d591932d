"""Which past runs a command looks at: its options, and their answers as the store has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agentcore.app.route_runs import PastRuns
    from agentcore.config.project import Project

_OPTIONS = (
    click.option("--run", "runs", multiple=True, metavar="RUN", help="Only this run; can be given more than once."),
    click.option(
        "--limit", type=click.IntRange(1), default=1000, show_default=True, help="How many of the newest runs."
    ),
    click.option(
        "--labels",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE.jsonl",
        help="Reviews of past runs from outside: lines with run, step and correct.",
    ),
)


def past_runs_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `runs`, `limit` and `labels`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


async def past_runs(project: Project, prefixes: Sequence[str], limit: int, labels: Path | None) -> PastRuns:
    """Return the answers of a project's past runs. Raises what `PastRuns.read` raises."""
    from agentcore.app import open_store  # noqa: PLC0415  # for start-up time
    from agentcore.app.route_runs import PastRuns  # noqa: PLC0415  # as above

    store = open_store(project)
    try:
        past = PastRuns(project, store)
        await past.read(prefixes, limit=limit, reviews=labels)
    finally:
        await store.aclose()
    return past
