"""`agentcore route`: why models were chosen, and what another choice would have cost and risked."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "explain": (f"{__package__}.route_explain:explain", "Say why a step of a run went to the models it went to."),
        "fit": (f"{__package__}.route_fit:fit", "Fit a router on a table of outcomes, or on past runs."),
        "replay": (f"{__package__}.route_replay:replay", "Say what another router would have cost and risked."),
        "report": (f"{__package__}.route_report:report", "Draw cost against quality, and how reliable P(right) is."),
        "verifiers": (f"{__package__}.route_verifiers:verifiers", "Say what the votes of verifiers have been worth."),
    },
)
def route() -> None:
    """Say why models were chosen, and what another choice would have cost and risked; fit routers."""
