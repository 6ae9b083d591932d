"""`agentcore route`: why models were chosen, and what other choices would have cost and risked."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "explain": (f"{__package__}.route_explain:explain", "Say why a step of a run went to the models it went to."),
        "fit": (f"{__package__}.route_fit:fit", "Fit a router on a table of outcomes."),
        "replay": (f"{__package__}.route_replay:replay", "Say what a fitted router costs and risks on a table."),
        "verifiers": (f"{__package__}.route_verifiers:verifiers", "Say what the votes of verifiers have been worth."),
    },
)
def route() -> None:
    """Say why models were chosen, fit routers on known outcomes, and say what they would have cost and risked."""
