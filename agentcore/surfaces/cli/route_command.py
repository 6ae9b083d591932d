"""`agentcore route`: why models were chosen, and what another choice would have cost and risked."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "explain": (f"{__package__}.route_explain:explain", "Say why a step of a run went to the models it went to."),
    },
)
def route() -> None:
    """Say why models were chosen, and what another choice would have cost and risked."""
