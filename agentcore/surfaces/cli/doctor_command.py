"""`agentcore doctor`: what is amiss, and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.finding import Finding, State
from agentcore.surfaces.cli.project_choice import project_option
from agentcore.surfaces.cli.terminal import output, say
from agentcore.surfaces.cli.verbosity import logged

_STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@click.pass_context
@logged
def doctor(context: click.Context, *, as_json: bool, project: Path | None) -> None:
    """Check this installation and the project of the current folder. The values of variables are never shown."""
    found = asyncio.run(_findings(project))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        _show(output(), found)
    if any(finding.state == "fail" for finding in found):
        context.exit(ExitCode.FAILED)


async def _findings(folder: Path | None) -> list[Finding]:
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # for start-up time
    from agentcore.app import installed_plugins  # noqa: PLC0415  # as above
    from agentcore.surfaces.cli.diagnose_installation import installation  # noqa: PLC0415  # as above
    from agentcore.surfaces.cli.diagnose_project import project_findings  # noqa: PLC0415  # as above

    plugins = installed_plugins()
    found = list(installation(plugins, os.environ))
    found += [finding async for finding in project_findings(folder, plugins, dict(os.environ), SystemClock())]
    return found


def _show(screen: Console, found: Sequence[Finding]) -> None:
    for finding in found:
        style = _STYLES[finding.state]
        say(
            screen,
            Text.assemble(
                (f"{finding.state:<4}  ", style), (f"{one_line(finding.what)}: ", "bold"), one_line(finding.found)
            ),
        )
        if finding.mend:
            say(screen, Text(f"      → {one_line(finding.mend)}", style="dim"))
    worst = [finding for finding in found if finding.state != "ok"]
    failed = sum(1 for finding in worst if finding.state == "fail")
    say(screen, f"{failed} to mend, {len(worst) - failed} to look at" if worst else "all is well")
