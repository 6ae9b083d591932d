"""`agentcore graph`: a run's plan as a diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.diagram import mermaid, text
from agentcore.surfaces.cli.project_choice import project_option, recorded_trace
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.argument("run")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid"]),
    default="text",
    show_default=True,
    help="Text for a terminal, mermaid for documents.",
)
@project_option
@logged
def graph(run: str, form: Literal["text", "mermaid"], *, project: Path | None) -> None:
    """Draw the plan of RUN: an id, the beginning of one, or `latest`."""
    found = recorded_trace(project, run)
    click.echo(clean(mermaid(found) if form == "mermaid" else text(found)))
