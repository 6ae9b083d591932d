"""`agentcore route explain`: why a step's answers came of the models that they came of."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agentcore.domain.errors import RunNotFound
from agentcore.routing.explain import explain as explanation_of
from agentcore.surfaces.cli.actor import Look, actor_options, note_look
from agentcore.surfaces.cli.project_choice import project_option, recorded_trace
from agentcore.surfaces.cli.route_text import explanation_text
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import as_json as json_of


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@actor_options
@project_option
@logged
def explain(run: str, step: str, *, as_json: bool, look: Look, project: Path | None) -> None:
    """Say why STEP of RUN went as it did: models, forecasts and what came, thresholds, verifiers, hindsight.

    RUN is an id, the beginning of one, or `latest`.
    """
    found = recorded_trace(project, run)
    note_look(project, look, what="run", runs=[found.run.id])
    wanted = found.step(step)
    if wanted is None:
        known = ", ".join(each.id for each in found.steps)
        hint = f"its steps are {known}" if known else "it has begun none"
        raise RunNotFound(f"run {found.run.id} has no step {step!r}", hint=hint)
    explanation = explanation_of(wanted)
    if as_json:
        click.echo(json.dumps(json_of(explanation), indent=2))
    else:
        output().print(explanation_text(explanation), soft_wrap=True)
