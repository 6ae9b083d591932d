"""What is wrong with a project, or a part of it, as lines for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import click

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted


class ProblemReport(Protocol):
    """What a check found."""

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong, each with its place."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What is doubtful."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """Of what → how many were looked at."""
        ...


def show_problems(report: ProblemReport, told: str, root: Path, *, as_json: bool) -> None:
    """Print a report. told: how many of what were found, before where and in how much."""
    if as_json:
        found = {
            "valid": not report.problems,
            "problems": list(report.problems),
            "warnings": list(report.warnings),
            "counts": dict(report.counts),
        }
        click.echo(json.dumps(found, indent=2))
        return
    for problem in report.problems:
        click.echo(clean(f"error: {problem}"))
    for warning in report.warnings:
        click.echo(clean(f"warning: {warning}"))
    counts = ", ".join(counted(count, what) for what, count in report.counts.items())
    click.echo(f"{told} in {clean(str(root))}" + (f": {counts}" if counts else ""))
