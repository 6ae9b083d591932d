"""The end of a watched run: what is printed, and the exit code."""

from __future__ import annotations

import json

import click

from agentcore.surfaces.cli.exit_codes import ExitCode, of_status
from agentcore.surfaces.cli.result import show_result
from agentcore.surfaces.cli.run_watch import Watched
from agentcore.surfaces.cli.terminal import output, say
from agentcore.surfaces.run_json import run_json


def told(finished: bool, seen: Watched, *, as_json: bool) -> ExitCode:  # what came of it
    """Print how a run ended, waits, or was left; return the exit code. finished: no signal broke it off."""
    found = seen.trace
    if found is None:
        return seen.interruption.code
    if as_json:
        click.echo(json.dumps(run_json(found), indent=2))
    else:
        show_result(output(), found)
    if finished:
        return of_status(found.run.status)
    if seen.interruption.leaves and found.run.status == "running":
        id = found.run.id
        say(seen.screen, f"run {id} is left to be resumed: `agentcore runs resume {id}`, or by `agentcore worker`")
    return seen.interruption.code
