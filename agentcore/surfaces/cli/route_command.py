"""`agentcore route`: routers, fitted and replayed on outcomes that are known."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "fit": (f"{__package__}.route_fit:fit", "Fit a router on a table of outcomes, or on past runs."),
        "replay": (f"{__package__}.route_replay:replay", "Say what another router would have cost and risked."),
        "report": (f"{__package__}.route_report:report", "Draw cost against quality, and how reliable P(right) is."),
    },
)
def route() -> None:
    """Fit routers on known outcomes, and say what they would have cost, chosen and risked."""
