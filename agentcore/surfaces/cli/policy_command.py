"""`agentcore policy`: what guards a project."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "check": (
            f"{__package__}.policy_check:check",
            "Check policies against the project's agents, tools and models.",
        ),
        "test": (f"{__package__}.policy_test:test", "Decide cases from files, and say which come out otherwise."),
        "explain": (
            f"{__package__}.policy_explain:explain",
            "Show what policies decided in a run, and by which text.",
        ),
        "template": (f"{__package__}.policy_template:template", "Print policies for a common need, filled in."),
        "scan": (f"{__package__}.policy_scan:scan", "Look at texts with a detector."),
        "matrix": (f"{__package__}.policy_matrix:matrix", "Show who can ever do what with which data."),
        "dry-run": (f"{__package__}.policy_dry_run:dry_run", "Put past decisions to other policies."),
    },
)
def policy() -> None:
    """Check, try and explain what guards a project: its policies and its detectors."""
