"""`agentcore route`: routers, fitted and replayed on outcomes that are known."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "fit": (f"{__package__}.route_fit:fit", "Fit a router on a table of outcomes."),
        "replay": (f"{__package__}.route_replay:replay", "Say what a fitted router costs and risks on a table."),
        "verifiers": (f"{__package__}.route_verifiers:verifiers", "Say what the votes of verifiers have been worth."),
    },
)
def route() -> None:
    """Fit routers on known outcomes, and say what they would have cost, chosen and risked."""
