"""`agentcore approvals`: what runs ask people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from agentcore.domain.approval import ApprovalRecord
from agentcore.domain.run import Run
from agentcore.surfaces.approval_json import approval_json
from agentcore.surfaces.cli.actor import Look, actor_options, note_look
from agentcore.surfaces.cli.approval_text import approvals_table, show_approval
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Store
    from agentcore.domain.approval import ApprovalStatus

_VERBS = f"{__package__}.approval_verbs"


@click.group(
    cls=LazyGroup,
    lazy={
        "list": (f"{__name__}:list_approvals", "List what waits for a decision."),
        "show": (f"{__name__}:show", "Show a question, and what each decision would do."),
        "approve": (f"{_VERBS}:approve", "Let it go on: the call is made, the output accepted."),
        "edit": (f"{_VERBS}:edit", "Let it go on with other arguments, or another output."),
        "reject": (f"{_VERBS}:reject", "The call is not made, the output not accepted; the agent is told why."),
        "respond": (f"{_VERBS}:respond", "Answer in place of the call, which is not made."),
        "escalate": (f"{_VERBS}:escalate", "Let the next approver decide."),
        "terminate": (f"{_VERBS}:terminate", "End the run."),
    },
)
def approvals() -> None:
    """List what runs ask people; decide."""


@click.command("list")
@click.option(
    "--status",
    type=click.Choice(["pending", "decided", "closed", "all"]),
    default="pending",
    show_default=True,
    help="closed: the run ended before anybody decided.",
)
@click.option("--run", metavar="RUN", help="Only those of one run: its id, the beginning of one, or `latest`.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def list_approvals(status: str, run: str | None, limit: int, *, as_json: bool, project: Path | None) -> None:
    """List questions, the oldest first."""
    wanted = None if status == "all" else cast("ApprovalStatus", status)
    found = asyncio.run(_found(chosen_store(project), wanted, run, limit))
    if as_json:
        click.echo(json.dumps([approval_json(record) for record in found], indent=2))
    elif not found:
        click.echo("no approvals" if wanted is None else f"no {wanted} approvals")
    else:
        output().print(approvals_table(found))


@click.command()
@click.argument("approval")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@actor_options
@project_option
@logged
def show(approval: str, *, as_json: bool, look: Look, project: Path | None) -> None:
    """Show APPROVAL: an id, or the beginning of one."""
    record, run = asyncio.run(_one(chosen_store(project), approval))
    note_look(project, look, what="approval", runs=[record.run])
    if as_json:
        click.echo(json.dumps(approval_json(record), indent=2))
    else:
        show_approval(output(), record, run)


async def _found(
    store: Store, status: ApprovalStatus | None, prefix: str | None, limit: int
) -> Sequence[ApprovalRecord]:
    try:
        run = None if prefix is None else await store.journal.find(prefix)
        return await store.inbox.approvals(run=run, status=status, limit=limit)
    finally:
        await store.aclose()


async def _one(store: Store, prefix: str) -> tuple[ApprovalRecord, Run]:
    try:
        record = await store.inbox.approval(prefix)
        return record, Run.fold(await store.journal.read(record.run))
    finally:
        await store.aclose()
