"""`agentcore trace`: what happened in a run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agentcore.domain.errors import RunNotFound
from agentcore.surfaces.cli.actor import Look, actor_options, note_look
from agentcore.surfaces.cli.project_choice import project_option, recorded_trace
from agentcore.surfaces.cli.step_detail import step_detail
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.tree import run_tree
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import step_json, trace_json


@click.command()
@click.argument("run")
@click.option("--step", metavar="ID", help="Everything about one step: prompts, calls, routes, decisions, votes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@actor_options
@project_option
@logged
def trace(run: str, step: str | None, *, as_json: bool, look: Look, project: Path | None) -> None:
    """Show the steps of RUN as a tree: an id, the beginning of one, or `latest`."""
    found = recorded_trace(project, run)
    note_look(project, look, what="run", runs=[found.run.id])
    if step is None:
        if as_json:
            click.echo(json.dumps(trace_json(found), indent=2))
            return
        screen = output()
        screen.print(run_tree(found))
        return
    wanted = found.step(step)
    if wanted is None:
        known = ", ".join(each.id for each in found.steps)
        raise RunNotFound(f"run {found.run.id} has no step {step!r}", hint=f"its steps are {known}")
    if as_json:
        click.echo(json.dumps(step_json(wanted), indent=2))
    else:
        output().print(step_detail(found, wanted), soft_wrap=True)
