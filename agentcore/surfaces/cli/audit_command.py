"""`agentcore audit`: the chain of decisions, outcomes and looks at what is recorded."""

from __future__ import annotations

import click

from agentcore.surfaces.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "list": (f"{__package__}.audit_list:list_entries", "List entries, the newest last."),
        "verify": (f"{__package__}.audit_verify:verify", "Check that nothing was edited, deleted or moved."),
        "checkpoint": (
            f"{__package__}.audit_export:checkpoint",
            "Sign where the chains stand, and keep it elsewhere.",
        ),
        "hold": (f"{__package__}.audit_hold:hold", "Keep a run, or all of a user's, whatever retention says."),
        "export": (f"{__package__}.audit_export:export", "Print chains and checkpoints as JSON lines."),
    },
)
def audit() -> None:
    """Look at the audit chain, check it, and take it elsewhere."""
